/** Push sources over TLS with the core `tls-config` node: a port for meters, and a gateway. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server } from "node:net";
import tls from "node:tls";
import type { NodeInitializer } from "node-red";
import type { PushSourceNode } from "../../nodes/push/push-source-node";
import { freePort } from "../support/node-red-process";
import { testCertificate, testKey } from "../support/test-certificate";
import { aidon } from "./push-frames";
import { allNodes, clean, helper, next, statusesOf } from "./support";

// eslint-disable-next-line @typescript-eslint/no-require-imports
const tlsConfig = require("@node-red/nodes/core/network/05-tls.js") as NodeInitializer;

describe("a dlms-push-source over TLS", () => {
  let port: number;
  const sockets: tls.TLSSocket[] = [];
  const servers: Server[] = [];

  beforeEach(async () => {
    port = await freePort();
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await clean();
    for (const server of servers.splice(0)) server.close();
  });

  async function load(from: string, credentials: object, more: object = {}): Promise<void> {
    const flow = [
      { id: "tab", type: "tab", label: "test" },
      { id: "tls", type: "tls-config", cert: "", key: "", ca: "", verifyservercert: true, ...more },
      { id: "source", type: "dlms-push-source", version: 1, from, port: String(port), tls: "tls", counters: "OFF" },
      { id: "listen", type: "dlms-listen", z: "tab", x: 0, y: 0, version: 1, source: "source", wires: [["out"]] },
      { id: "out", type: "helper", z: "tab", x: 0, y: 0 },
      { id: "catch", type: "catch", z: "tab", x: 0, y: 0, scope: null, wires: [["caught"]] },
      { id: "caught", type: "helper", z: "tab", x: 0, y: 0 },
    ];
    await helper.load([tlsConfig, ...allNodes] as never, flow, { tls: credentials });
  }

  const listening = (): Promise<void> =>
    new Promise((resolve) => {
      (helper.getNode("source") as unknown as PushSourceNode).push.source?.addUser({
        ...{ id: "test", push: () => undefined, problem: () => undefined },
        changed: ({ state }) => {
          if (state === "listening") resolve();
        },
      });
    });

  it("takes pushes of meters with a certificate of the authority, and refuses others", async () => {
    await load("TCP_LISTEN", { certdata: testCertificate, keydata: testKey, cadata: testCertificate });
    await listening();
    const dial = (more: tls.ConnectionOptions): tls.TLSSocket => {
      const socket = tls.connect({ port, host: "127.0.0.1", ca: testCertificate, servername: "meter.test", ...more });
      sockets.push(socket);
      socket.on("error", () => undefined).resume();
      return socket;
    };
    const sent = next("out");
    dial({ cert: testCertificate, key: testKey }).write(aidon());
    assert.equal((await sent).topic, "7359992000000001");
    const refused = next("caught");
    dial({});
    assert.equal((await refused).dlmsError?.code, "DLMS_CONN_TLS");
  });

  async function gateway(): Promise<void> {
    const server = tls.createServer({ cert: testCertificate, key: testKey }, (socket) => {
      sockets.push(socket);
      socket.on("error", () => undefined);
      socket.write(aidon());
    });
    servers.push(server);
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  }

  it("takes pushes of a gateway whose certificate is trusted", async () => {
    await gateway();
    await load("TCP_CONNECT", { cadata: testCertificate }, { servername: "meter.test" });
    assert.equal((await next("out")).topic, "7359992000000001");
  });

  it("does not read from a gateway whose certificate is not trusted", async () => {
    await gateway();
    await load("TCP_CONNECT", {});
    await statusesOf("listen").until(/^red ring dlms-listen\.status\.retry$/);
    const { source } = (helper.getNode("source") as unknown as PushSourceNode).push;
    assert.equal(source?.view.error?.code, "DLMS_CONN_TLS");
    assert.equal(source.view.facts?.bytes, 0);
  });
});
