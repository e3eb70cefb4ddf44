import assert from "node:assert/strict";
import net from "node:net";
import type { AddressInfo } from "node:net";
import { connect, DlmsConfigError } from "../../src/index";
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

  it("has the framing that the definition names, whatever the node's default is", async () => {
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

describe("a meter that is not there", () => {
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
