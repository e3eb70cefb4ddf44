import assert from "node:assert/strict";
import net from "node:net";
import type { AddressInfo } from "node:net";
import { connect, DlmsConfigError, memoryCounterStore, toHex } from "../../src/index";
import { findMeter } from "../../nodes/meters/meter-node";
import { allNodes, clean, flowFor, helper, statusesOf, value } from "./support";

type Found = Parameters<typeof findMeter>[0];

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });

describe("a simulator from a definition", () => {
  afterEach(clean);

  it("has the framing of the definition, whatever the node's default is", async () => {
    const port = await freePort();
    const definition = JSON.stringify({
      framing: "HDLC",
      associations: [{ client: 16 }],
      objects: [
        { classId: 1, logicalName: "1.0.0.0.0.255", attributes: { 2: { type: "double-long-unsigned", value: 7 } } },
      ],
    });
    await helper.load(allNodes, [
      { id: "s", type: "dlms-simulator", host: "127.0.0.1", port, framing: "WRAPPER", definition },
    ]);
    await statusesOf("s").until(/^green/);
    const client = await connect({
      transport: { kind: "tcp", host: "127.0.0.1", port },
      link: { kind: "hdlc" },
      client: { sap: 16 },
      server: { logical: 1 },
    });
    assert.equal((await client.read({ classId: 1, logicalName: "1.0.0.0.0.255", attributeId: 2 })).value, 7);
    await client.close();
  });
});

describe("two simulators with one definition", () => {
  afterEach(clean);

  it("have different system titles, because counters are kept per title and key", async () => {
    const key = "5e".repeat(16);
    const account = { client: 17, mechanism: "hls-gmac", policy: "authenticated-encrypted", suite: 0 };
    const definition = JSON.stringify({
      associations: [{ client: 16 }, { ...account, encryptionKey: key, authenticationKey: key }],
      objects: [],
    });
    const ports = [await freePort(), await freePort()];
    const nodeOf = (port: number): object => ({ id: `s${port}`, type: "dlms-simulator", host: "127.0.0.1", port });
    await helper.load(
      allNodes,
      ports.map((port) => ({ ...nodeOf(port), framing: "WRAPPER", definition }) as never),
    );
    await Promise.all(ports.map((port) => statusesOf(`s${port}`).until(/^green/)));
    const bytes = Buffer.from(key, "hex");
    const titles: string[] = [];
    for (const port of ports) {
      const client = await connect({
        transport: { kind: "tcp", host: "127.0.0.1", port },
        client: { sap: 17, systemTitle: Buffer.from("4d4d4d0000000a01", "hex") },
        server: { logical: 1 },
        auth: { mechanism: "hls-gmac" },
        security: {
          suite: 0,
          policy: "authenticated-encrypted",
          encryptionKey: bytes,
          authenticationKey: bytes,
          invocationCounter: memoryCounterStore(),
        },
      });
      titles.push(toHex(client.association.meterSystemTitle ?? new Uint8Array(0)));
      await client.close();
    }
    assert.equal(new Set(titles).size, 2);
    for (const title of titles) assert.match(title, /^53494d[0-9a-f]{10}$/);
  });
});

describe("a simulator with mode E", () => {
  afterEach(clean);

  it("is read over TCP by a dlms-meter with the same framing and the defaults of both", async () => {
    const port = await freePort();
    const simulator = { id: "s", type: "dlms-simulator", host: "127.0.0.1", port, framing: "HDLC_MODE_E" };
    const flow = flowFor(port, {}, { framing: "HDLC_MODE_E", timeout: "5000", retries: "2" });
    await helper.load(allNodes, [simulator, ...flow]);
    await statusesOf("s").until(/^green/);
    assert.equal(typeof (await value()).payload, "number");
  });
});

describe("a missing meter", () => {
  it("is reported with five of the names that exist", () => {
    const defs = Array.from({ length: 40 }, (_, n) => ({ id: `m${n}`, type: "dlms-meter", name: `Meter ${n}` }));
    const RED = {
      nodes: { getNode: () => null, eachNode: (look: (def: object) => void) => defs.forEach(look) },
    } as unknown as Found;
    assert.throws(
      () => findMeter(RED, "nobody", "meter"),
      (error) =>
        error instanceof DlmsConfigError &&
        error.message.endsWith("; there are Meter 0, Meter 1, Meter 2, Meter 3, Meter 4 and 35 more"),
    );
  });
});
