import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { DlmsError } from "../../../src/errors";
import { type Connection, tlsTransport } from "../../../src/transport";
import { testCertificate, testKey } from "../../support/test-certificate";
import { VirtualClock } from "../../support/virtual-clock";

const failure = (promise: Promise<Connection>): Promise<DlmsError> =>
  promise.then(
    () => assert.fail("it opened"),
    (error: unknown) => {
      assert.ok(error instanceof DlmsError, String(error));
      return error;
    },
  );

const nobody = { data: () => undefined, lost: () => undefined };

async function listening(server: net.Server): Promise<number> {
  server.on("connection", (socket) => socket.on("error", () => undefined));
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as net.AddressInfo).port;
}

describe("tlsTransport", () => {
  let server: tls.Server;
  let port: number;

  beforeEach(async () => {
    server = tls.createServer(
      { cert: testCertificate, key: testKey, requestCert: true, rejectUnauthorized: false },
      (socket) => {
        socket.on("error", () => undefined);
        socket.on("data", (bytes: Buffer) =>
          socket.write(Buffer.concat([bytes, Buffer.from(String(socket.getPeerCertificate().subject?.CN))])),
        );
      },
    );
    port = await listening(server);
  });

  afterEach(async () => {
    server.close();
    await once(server, "close");
  });

  it("connects to a server whose certificate it trusts, and shows its own", async () => {
    const came: number[] = [];
    let changed = (): void => undefined;
    const all = new Promise<void>((resolve) => {
      changed = () => {
        if (came.length >= 11) resolve();
      };
    });
    const transport = tlsTransport({
      host: "127.0.0.1",
      port,
      ca: testCertificate,
      serverName: "meter.test",
      certificate: testCertificate,
      key: testKey,
    });
    assert.equal(transport.lineKey, undefined);
    const connection = await transport.open(
      {
        data: (bytes) => {
          came.push(...bytes);
          changed();
        },
        lost: () => undefined,
      },
      { timeoutMs: 5000 },
    );
    connection.write(Uint8Array.of(0x21));
    await all;
    assert.equal(Buffer.from(came).toString(), "!meter.test");
    await connection.close();
  });

  it("refuses an untrusted certificate: CONN_TLS with the reason and a remedy", async () => {
    const error = await failure(
      tlsTransport({ host: "127.0.0.1", port, serverName: "meter.test" }).open(nobody, { timeoutMs: 5000 }),
    );
    assert.equal(error.code, "DLMS_CONN_TLS");
    assert.match(error.message, /self[- ]signed.*transport\.ca/);
    assert.equal(error.details.phase, "tls-handshake");
  });

  it("refuses a certificate for another name", async () => {
    const transport = tlsTransport({ host: "127.0.0.1", port, ca: testCertificate, serverName: "other.test" });
    const error = await failure(transport.open(nobody, { timeoutMs: 5000 }));
    assert.equal(error.code, "DLMS_CONN_TLS");
    assert.match(error.message, /transport\.serverName/);
  });

  it("refuses settings that are not PEM before it connects, without showing them", async () => {
    for (const [option, name] of [
      [{ ca: "SECRETca" }, /transport\.ca/],
      [{ certificate: testCertificate, key: "SECRETkey" }, /transport\.certificate and transport\.key/],
    ] as const) {
      const error = await failure(
        tlsTransport({ host: "127.0.0.1", port, ...option }).open(nobody, { timeoutMs: 5000 }),
      );
      assert.equal(error.code, "DLMS_CONFIG_INVALID");
      assert.match(error.message, name);
      assert.doesNotMatch(JSON.stringify(error), /SECRET/);
    }
  });

  it("distinguishes a server without TLS from one that does not answer", async () => {
    const plain = net.createServer((socket) => {
      socket.on("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    const plainPort = await listening(plain);
    const error = await failure(tlsTransport({ host: "127.0.0.1", port: plainPort }).open(nobody, { timeoutMs: 5000 }));
    assert.equal(error.code, "DLMS_CONN_TLS");
    plain.close();
    await once(plain, "close");

    const clock = new VirtualClock();
    const silent = net.createServer((socket) => socket.resume());
    const silentPort = await listening(silent);
    const opening = failure(
      tlsTransport({ host: "127.0.0.1", port: silentPort }, clock).open(nobody, { timeoutMs: 700 }),
    );
    const [socket] = (await once(silent, "connection")) as [net.Socket];
    await once(socket, "data");
    clock.tick(700);
    const late = await opening;
    assert.equal(late.code, "DLMS_TIMEOUT_CONNECT");
    assert.match(late.message, /TLS handshake did not finish within 700 ms; .*or try transport TCP/);
    silent.close();
    await once(silent, "close");
  });

  it("reports that the server requires a client certificate, which TLS 1.3 reveals after the handshake", async () => {
    const strict = tls.createServer({
      cert: testCertificate,
      key: testKey,
      ca: testCertificate,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const transport = tlsTransport({
      host: "127.0.0.1",
      port: await listening(strict),
      ca: testCertificate,
      serverName: "meter.test",
    });
    const lost = await new Promise<Error>((resolve) => {
      const events = { data: () => undefined, lost: resolve };
      transport.open(events, { timeoutMs: 5000 }).catch(resolve);
    });
    assert.equal((lost as { code?: string }).code, "DLMS_CONN_TLS");
    assert.match(
      lost.message,
      /certificate required; the server wants a client certificate: give certificate and key$/,
    );
    strict.close();
  });
});
