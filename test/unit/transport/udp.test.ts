import assert from "node:assert/strict";
import dgram from "node:dgram";
import { once } from "node:events";
import type { DlmsConnectionError } from "../../../src/errors";
import { udpTransport } from "../../../src/transport";
import type { HostAddress } from "../../../src/transport/udp";
import { VirtualClock } from "../../support/virtual-clock";

async function socketAt(): Promise<{ socket: dgram.Socket; port: number }> {
  const socket = dgram.createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { socket, port: socket.address().port };
}

describe("udpTransport", () => {
  it("carries datagrams both ways, and closes", async () => {
    const { socket, port } = await socketAt();
    socket.on("message", (bytes, from) => {
      socket.send(Buffer.concat([bytes, bytes]), from.port, from.address);
    });
    const transport = udpTransport({ host: "127.0.0.1", port });
    assert.equal(transport.endpoint, `udp 127.0.0.1:${port}`);
    let answer = (_bytes: Uint8Array): void => undefined;
    const answered = new Promise<Uint8Array>((resolve) => {
      answer = resolve;
    });
    const connection = await transport.open(
      {
        data: (bytes) => {
          answer(bytes);
        },
        lost: (error) => assert.fail(error.message),
      },
      { timeoutMs: 5000 },
    );
    connection.write(Uint8Array.of(1, 2));
    assert.deepEqual([...(await answered)], [1, 2, 1, 2]);
    await connection.close();
    await connection.close();
    socket.close();
    await once(socket, "close");
  });

  it("reports a port without a listener", async () => {
    const { socket, port } = await socketAt();
    socket.close();
    await once(socket, "close");
    let tell = (_error: DlmsConnectionError): void => undefined;
    const lost = new Promise<DlmsConnectionError>((resolve) => {
      tell = resolve;
    });
    const connection = await udpTransport({ host: "127.0.0.1", port }).open(
      { data: () => undefined, lost: tell },
      { timeoutMs: 5000 },
    );
    connection.write(Uint8Array.of(1));
    assert.equal((await lost).code, "DLMS_CONN_REFUSED");
    await connection.close();
  });

  it("an unknown host: CONN_DNS; an abort: its reason", async () => {
    const nobody = { data: () => undefined, lost: () => undefined };
    const transport = udpTransport({ host: "no-such-host.invalid", port: 1 });
    await assert.rejects(transport.open(nobody, { timeoutMs: 5000 }), { code: "DLMS_CONN_DNS" });
    const reason = new Error("mine");
    const options = { timeoutMs: 5000, signal: AbortSignal.abort(reason) };
    await assert.rejects(transport.open(nobody, options), (error) => error === reason);
  });

  for (const [what, addresses] of [
    // an address of IPv6 that also a machine without a route for it reaches
    ["IPv6 only", [{ address: "::ffff:127.0.0.1", family: 6 }]],
    [
      "IPv6 and IPv4",
      [
        { address: "2001:db8::1", family: 6 },
        { address: "127.0.0.1", family: 4 },
      ],
    ],
  ] as const) {
    it(`reaches a host whose name has ${what}`, async () => {
      const { socket, port } = await socketAt();
      const names: string[] = [];
      const transport = udpTransport({ host: "meter.invalid", port }, undefined, (host) => {
        names.push(host);
        return Promise.resolve(addresses);
      });
      const nobody = { data: () => undefined, lost: (error: Error) => assert.fail(error.message) };
      const connection = await transport.open(nobody, { timeoutMs: 5000 });
      const received = once(socket, "message");
      connection.write(Uint8Array.of(7));
      const [bytes] = (await received) as [Buffer];
      assert.deepEqual([...bytes], [7]);
      assert.deepEqual(names, ["meter.invalid"]);
      await connection.close();
      socket.close();
      await once(socket, "close");
    });
  }

  it("opens no socket for a name that is resolved too late", async () => {
    const clock = new VirtualClock();
    let found = (_addresses: readonly HostAddress[]): void => undefined;
    const late = new Promise<readonly HostAddress[]>((resolve) => {
      found = resolve;
    });
    const nobody = { data: () => undefined, lost: () => undefined };
    const opening = udpTransport({ host: "meter.invalid", port: 1 }, clock, () => late).open(nobody, {
      timeoutMs: 300,
    });
    const rejected = assert.rejects(opening, { code: "DLMS_TIMEOUT_CONNECT" });
    clock.tick(300);
    await rejected;
    found([{ address: "127.0.0.1", family: 4 }]);
    await late;
    assert.equal(clock.pending, 0);
  });
});
