import assert from "node:assert/strict";
import { type MeterDefinition, type SimulatedMeter, createMeter, householdDefinition } from "../../src/index";
import { createBus } from "../../src/simulator";
import { freePort } from "../support/node-red-process";
import { type DeployKind, type FlowNode, MeasuredNodeRed, type Measurement } from "../support/measured-node-red";

/** A machine may be busy: the test fails after this time, in ms. */
const patience = 60_000;

/** A meter outside of Node-RED, and the most associations that it ever had at one time. */
class WatchedMeter {
  readonly meter: SimulatedMeter;
  maxAssociations = 0;

  constructor(definition: MeterDefinition = householdDefinition()) {
    this.meter = createMeter(definition);
    this.meter.use({
      name: "count",
      request: ({ apdu }) => {
        // the meter may notice an abandoned connection only when the AARQ of the next one arrives
        if (apdu !== "aarq") this.maxAssociations = Math.max(this.maxAssociations, this.meter.associations);
        return undefined;
      },
    });
  }

  /** The next request. */
  async asked(): Promise<void> {
    const since = (this.meter.received.at(-1)?.sequence ?? 0) + 1;
    await this.meter.waitFor((item) => item.kind === "apdu", { since, timeoutMs: patience });
  }

  async left(): Promise<void> {
    while (this.meter.counters.openConnections > 0) {
      const since = (this.meter.received.at(-1)?.sequence ?? 0) + 1;
      await this.meter.waitFor((item) => item.kind === "closed", { since, timeoutMs: patience });
    }
  }
}

const meters = {
  socket: new WatchedMeter(),
  interval: new WatchedMeter(),
  dynamic1: new WatchedMeter(),
  dynamic2: new WatchedMeter(),
  line1: new WatchedMeter({ ...householdDefinition(), framing: "HDLC", physicalAddress: 17 }),
  line2: new WatchedMeter({ ...householdDefinition(), framing: "HDLC", physicalAddress: 18 }),
} as const;

interface Ports {
  readonly socket: number;
  readonly interval: number;
  readonly line: number;
  readonly simulator: number;
  readonly nobody: number;
}

/** Every kind of read on a separate socket in one tab, on a shared line and to a simulator of the flow in another. */
function flowOf(ports: Ports): FlowNode[] {
  const meter = (id: string, port: number, more: object = {}): FlowNode => ({
    ...{
      id,
      type: "dlms-meter",
      name: `meter ${id}`,
      version: 1,
      transportType: "TCP",
      host: "127.0.0.1",
      port: String(port),
    },
    ...{ timeout: "2000", retries: "0", reconnectMin: "100", reconnectMax: "200", ...more },
  });
  const node = (z: string, id: string, type: string, more: object = {}): FlowNode => {
    return { id, type, z, x: 0, y: 0, version: 1, wires: [["out"]], ...more };
  };
  const read = (z: string, id: string, of: string, more: object = {}): FlowNode =>
    node(z, id, "dlms-read", { meter: of, mode: "attribute", logicalName: "1-0:1.7.0*255", ...more });
  const points = ["1-0:1.8.0*255", "1-0:32.7.0*255"].map((logicalName) => ({ name: logicalName, logicalName }));
  const list = { mode: "list", points };
  const profile = { mode: "profile", logicalName: "1-0:99.1.0*255", range: '{"last":30}', rangeType: "json" };
  const hdlc = (physicalAddress: number): object => ({ framing: "HDLC", physicalAddress: String(physicalAddress) });
  return [
    { id: "tab1", type: "tab", label: "sockets" },
    { id: "tab2", type: "tab", label: "line and simulator" },
    meter("socket", ports.socket, { probeInterval: "60000" }),
    meter("interval", ports.interval),
    meter("base", ports.nobody, { poolIdle: "60000", poolSize: "1" }),
    meter("line1", ports.line, hdlc(17)),
    meter("line2", ports.line, hdlc(18)),
    meter("simulated", ports.simulator),
    read("tab1", "attribute", "socket"),
    read("tab1", "list", "socket", list),
    read("tab1", "profile", "socket", profile),
    read("tab1", "own-interval", "interval", { interval: "1" }),
    read("tab1", "dynamic", "base"),
    read("tab1", "nobody", "base"),
    node("tab1", "monitor", "dlms-monitor", { meter: "socket", frames: true }),
    node("tab1", "out", "junction", { wires: [[]] }),
    node("tab1", "catch", "catch", { scope: null }),
    read("tab2", "line-attribute", "line1"),
    read("tab2", "line-profile", "line1", profile),
    read("tab2", "line-list", "line2", list),
    node("tab2", "line-monitor", "dlms-monitor", { meter: "line2", frames: true }),
    node("tab2", "simulator", "dlms-simulator", { port: String(ports.simulator) }),
    read("tab2", "simulated-list", "simulated", list),
    node("tab2", "simulated-monitor", "dlms-monitor", { meter: "simulated" }),
    node("tab2", "catch2", "catch", { scope: null }),
  ];
}

const idle: readonly FlowNode[] = [{ id: "tab1", type: "tab", label: "nothing to do" }];
const kinds: readonly DeployKind[] = ["nodes", "flows", "full"];
/** Meters that are waited for, in turn, so that each kind of read is cut off by each kind of deploy. */
const turns = ["socket", "line1", "dynamic1", "line2", "socket", "dynamic2", "line1", "interval"] as const;

const samples = 9;
const redeploysPerSample = 24;
/** Number of objects of a kind that may be alive by chance; a leak in each redeploy would leave hundreds. */
const slack = 3;
/** In bytes, from the first third of the samples to the last, 144 redeploys later. */
const heapSlack = 1_000_000;

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? NaN;

/** @throws AssertionError for each name whose count has grown */
function assertNoMore(after: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>): void {
  const grown = Object.entries(after).filter(([name, count]) => count > (before[name] ?? 0) + slack);
  assert.deepEqual(
    grown.map(([name, count]) => `${name}: ${before[name] ?? 0} -> ${count}`),
    [],
  );
}

describe("hundreds of redeploys in the middle of reads", function () {
  this.timeout(170_000);
  const ends: (() => Promise<unknown>)[] = [];
  let nodeRed: MeasuredNodeRed;
  let dynamicPorts: readonly [number, number];
  let flow: FlowNode[];
  let round = 0;

  before(async () => {
    const listen = async (one: { listen: WatchedMeter["meter"]["listen"] }): Promise<number> => {
      const listener = await one.listen();
      ends.push(() => listener.close());
      return listener.port;
    };
    const bus = createBus([meters.line1.meter, meters.line2.meter]);
    dynamicPorts = [await listen(meters.dynamic1.meter), await listen(meters.dynamic2.meter)];
    flow = flowOf({
      socket: await listen(meters.socket.meter),
      interval: await listen(meters.interval.meter),
      line: await listen(bus),
      simulator: await freePort(),
      nobody: await freePort(),
    });
    nodeRed = await MeasuredNodeRed.start();
    ends.unshift(() => nodeRed.stop());
  });
  after(async () => {
    for (const end of ends) await end();
  });

  async function ask(): Promise<void> {
    const [one, two] = dynamicPorts;
    const plain = flow.filter(({ type, id }) => type === "dlms-read" && !["dynamic", "own-interval"].includes(id));
    await nodeRed.receive([
      ...plain.map(({ id }) => ({ node: id, msg: {} })),
      { node: "dynamic", msg: { meter: { port: one } } },
      { node: "dynamic", msg: { meter: { port: two } } },
    ]);
  }

  async function redeploy(): Promise<void> {
    const kind = kinds[round % kinds.length] ?? "full";
    const ours = flow.filter(({ type }) => type.startsWith("dlms-"));
    const changed = ours[round % ours.length]?.id;
    const asked = meters[turns[round % turns.length] ?? "socket"].asked();
    await ask();
    await asked;
    flow = flow.map((node) => (node.id === changed ? { ...node, name: `${kind} ${round}` } : node));
    await nodeRed.deploy(flow, kind);
    round++;
  }

  /** The counts without any node. */
  async function measureIdle(): Promise<Measurement> {
    await nodeRed.deploy(idle, "full");
    for (const one of Object.values(meters)) await one.left();
    const measured = await nodeRed.measure();
    await nodeRed.deploy(flow, "full");
    return measured;
  }

  it("leave no instance, listener, route, timer, socket, heap or second association", async () => {
    await nodeRed.deploy(flow, "full");
    const running = await nodeRed.measure();
    const measured: Measurement[] = [];
    // the first is the warm-up
    for (let sample = -1; sample < samples; sample++) {
      for (let n = 0; n < redeploysPerSample; n++) await redeploy();
      const one = await measureIdle();
      if (sample >= 0) measured.push(one);
    }
    const { listeners, users } = await nodeRed.measure();
    const [first, last] = [measured[0], measured.at(-1)];
    assert.ok(first && last);

    assert.ok(Object.keys(last.instances).length > 30, "classes are watched");
    for (const kind of ["SharedMeter", "MeterPool", "Supervisor", "Socket", "AbortController", "dlms-read"]) {
      assert.ok(kind in last.instances, `${kind} is watched`);
    }
    assertNoMore(last.instances, {});
    assertNoMore(last.resources, first.resources);
    assert.deepEqual(last.listeners, { ...first.listeners, "clients' events": 0 });
    const third = samples / 3;
    const heap = measured.map(({ heapUsed }) => heapUsed);
    const growth = median(heap.slice(-third)) - median(heap.slice(0, third));
    assert.ok(growth < heapSlack, `the heap grew by ${growth} bytes: ${heap.join(", ")}`);

    // with everything deployed it is as it was after the first deploy
    assert.deepEqual({ ...listeners, "clients' events": 0 }, { ...running.listeners, "clients' events": 0 });
    assert.deepEqual(users, running.users);
    assert.deepEqual(users.socket, [4, 4], "three reads and a monitor");
    for (const [name, { maxAssociations, meter }] of Object.entries(meters)) {
      assert.equal(maxAssociations, 1, `${name}: associations at one time`);
      assert.ok(meter.counters.connections > samples, `${name} was connected to again and again`);
    }
  });
});
