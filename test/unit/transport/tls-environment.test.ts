import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import tls from "node:tls";
import { promisify } from "node:util";
import type { TlsOptions } from "../../../src/transport";
import { testCertificate, testKey } from "../../support/test-certificate";

const run = promisify(execFile);
const child = join(__dirname, "..", "..", "support", "tls-client-child.ts");

/** Output of a process with this environment. */
async function attempt(
  options: TlsOptions,
  environment: Readonly<Record<string, string>>,
): Promise<{ opened?: true; code?: string; message?: string }> {
  const { stdout } = await run(process.execPath, ["--import", "tsx", child, JSON.stringify(options)], {
    env: { ...process.env, ...environment },
  });
  return JSON.parse(stdout) as { opened?: true; code?: string; message?: string };
}

async function serverWith(more: tls.TlsOptions): Promise<tls.Server & { readonly port: number }> {
  const server = tls.createServer({ cert: testCertificate, key: testKey, ...more }, (socket) =>
    socket.on("error", () => undefined),
  );
  server.on("tlsClientError", () => undefined).listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(server, { port: (server.address() as AddressInfo).port });
}

describe("tlsTransport and the environment of the process", function () {
  this.timeout(60_000);
  const unverified = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };
  const right = { ca: testCertificate, serverName: "meter.test" };
  let server: Awaited<ReturnType<typeof serverWith>>;

  before(async () => {
    server = await serverWith({});
  });
  after(() => server.close());

  const options = (more: Partial<TlsOptions>): TlsOptions => ({ host: "127.0.0.1", port: server.port, ...more });

  it("NODE_TLS_REJECT_UNAUTHORIZED=0 does not make an untrusted certificate trusted", async () => {
    const { code, message } = await attempt(options({ serverName: "meter.test" }), unverified);
    assert.equal(code, "DLMS_CONN_TLS");
    assert.match(message ?? "", /self-signed: give it, or its CA, as transport\.ca/);
  });

  it("NODE_TLS_REJECT_UNAUTHORIZED=0 does not make another server's certificate the meter's", async () => {
    const { code, message } = await attempt(options({ ca: testCertificate, serverName: "other.test" }), unverified);
    assert.equal(code, "DLMS_CONN_TLS");
    assert.match(message ?? "", /give that name as transport\.serverName/);
  });

  it("a trusted server is reached with it; an untrusted one only with verify: false", async () => {
    assert.deepEqual(await attempt(options(right), unverified), { opened: true });
    assert.deepEqual(await attempt(options({ verify: false }), {}), { opened: true });
  });

  it("NODE_OPTIONS does not allow versions before TLS 1.2", async () => {
    const old = await serverWith({ minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" });
    try {
      const NODE_OPTIONS = "--tls-min-v1.0 --tls-cipher-list=DEFAULT@SECLEVEL=0";
      const { code } = await attempt({ ...options(right), port: old.port }, { NODE_OPTIONS });
      assert.equal(code, "DLMS_CONN_TLS");
    } finally {
      old.close();
    }
  });
});
