import assert from "node:assert/strict";
import net from "node:net";
import { createMeter, householdDefinition, type SimulatedMeter } from "../../src/index";
import { createBus } from "../../src/simulator";
import { allNodes, clean, failure, flowFor, helper, next, startMeter, value } from "./support";

describe("several dlms-meter nodes on one gateway", () => {
  let close: (() => Promise<void>) | undefined;

  afterEach(async () => {
    await clean();
    await close?.();
    close = undefined;
  });

  const meterAt = (physicalAddress: number): SimulatedMeter =>
    createMeter({ ...householdDefinition(), framing: "HDLC", physicalAddress });

  /** The value of the second meter. */
  async function second(): Promise<unknown> {
    const message = next("out2");
    helper.getNode("read2").receive({ _msgid: "second" });
    return (await message).payload;
  }

  /** Two meters of one bus, each with a node that reads it. */
  async function load(): Promise<{
    readonly meters: readonly [SimulatedMeter, SimulatedMeter];
    readonly flow: { id: string; type: string; [key: string]: unknown }[];
  }> {
    const meters = [meterAt(17), meterAt(18)] as const;
    const listener = await createBus(meters).listen();
    close = () => listener.close();
    const hdlc = { framing: "HDLC", physicalAddress: "17" };
    const flow = flowFor(listener.port, {}, hdlc);
    const [, meter, read] = flow;
    assert.ok(meter && read);
    const more = [
      { ...meter, id: "meter2", name: "second", physicalAddress: "18" },
      { ...read, id: "read2", meter: "meter2", wires: [["out2"]] },
      { id: "out2", type: "helper", z: "tab", x: 0, y: 0 },
    ];
    const all = [...flow, ...more];
    await helper.load(allNodes, all);
    return { meters, flow: all };
  }

  it("share its connection, with concurrent associations", async () => {
    const { meters } = await load();
    for (let round = 0; round < 3; round++) {
      assert.equal(typeof (await value()).payload, "number");
      assert.equal(typeof (await second()), "number");
    }
    assert.deepEqual(
      meters.map((meter) => [meter.counters.connections, meter.associations]),
      [
        [1, 1],
        [1, 1],
      ],
    );
  });

  it("keep reading on the same association when another one is redeployed", async () => {
    const { meters, flow } = await load();
    await value();
    await second();
    const frames = meters[1].counters.frames;
    const changed = flow.map((node) => (node.id === "meter" ? { ...node, timeout: "1500" } : node));
    const [, during] = await Promise.all([helper.setFlows(changed, "nodes"), second()]);
    assert.equal(typeof during, "number");
    assert.equal(typeof (await second()), "number");
    assert.equal(typeof (await value()).payload, "number");
    const kinds = meters[1].received.flatMap((item) => (item.kind === "frame" ? [item.frame] : []));
    assert.equal(kinds.filter((kind) => kind === "SNRM").length, 1, "the other meter's link was set up once");
    assert.equal(kinds.filter((kind) => kind === "DISC").length, 0);
    assert.ok(meters[1].counters.frames > frames);
    assert.equal(meters[0].counters.connections, 1, "the connection stayed open");
  });

  it("read one meter while the other is dead", async () => {
    const { meters } = await load();
    await second();
    meters[0].use({ name: "dead", frameIn: () => "drop" });
    const dead = failure();
    assert.equal(typeof (await second()), "number");
    assert.match((await dead).dlmsError.code, /TIMEOUT|LINK/);
    assert.equal(typeof (await second()), "number");
  });
});

describe("each transport and framing that the node offers", () => {
  afterEach(clean);

  for (const [name, definition, settings] of [
    ["HDLC over TCP, DISC first", { framing: "HDLC" }, { framing: "HDLC", hdlcDiscFirst: true, hdlcKeepAlive: "500" }],
    [
      "mode E through a gateway of fixed rate",
      { framing: "HDLC_MODE_E" },
      { framing: "HDLC_MODE_E", modeEStartBaud: "9600" },
    ],
    ["the wrapper", { framing: "WRAPPER" }, { framing: "WRAPPER" }],
  ] as const) {
    it(name, async () => {
      const { port } = await startMeter({ ...householdDefinition(), ...definition });
      await helper.load(allNodes, flowFor(port, {}, { ...settings, timeout: "3000" }));
      assert.equal(typeof (await value()).payload, "number");
    });
  }

  it("a wrapper header with swapped bytes, in both directions", async () => {
    const meter = createMeter(householdDefinition());
    const server = net.createServer((socket) => {
      const peer = meter.connect({
        send: (bytes) => socket.write(swapped(bytes)),
        drop: () => socket.destroy(),
      });
      socket.on("data", (bytes) => {
        peer.receive(swapped(bytes));
      });
      socket.on("close", () => {
        peer.closed();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as net.AddressInfo;
      await helper.load(allNodes, flowFor(port, {}, { wrapperSwappedBytes: true }));
      assert.equal(typeof (await value()).payload, "number");
    } finally {
      await helper.unload();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  });
});

/** One WPDU with the bytes of its header's words exchanged. */
function swapped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let at = 0; at < 8; at += 2) {
    copy[at] = bytes[at + 1] ?? 0;
    copy[at + 1] = bytes[at] ?? 0;
  }
  return copy;
}
