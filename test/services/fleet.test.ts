/** The two flows of examples/fleet with a real Redis: several Node-RED processes share the meters of a queue. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Queue } from "bullmq";
import { createMeter, householdDefinition, type MeterDefinition, type SimulatedMeter } from "../../src/index";
import { delayAnswers } from "../../src/simulator/behaviours/behaviours";
import { root } from "../support/node-red-process";
import { type FlowNode, ObservedNodeRed } from "../support/observed-node-red";
import { type Server, skipWithout, startRedis } from "./server";

const read = (name: string): FlowNode[] =>
  JSON.parse(readFileSync(join(root, "examples", "fleet", `${name}.json`), "utf8")) as FlowNode[];
const worker = read("worker");
const scheduler = read("scheduler");
const modules = ["bullmq", "ioredis"];
/** Short, so that a dead worker's jobs are taken over within seconds. */
const locks = { LOCK_MS: "2000", STALLED_MS: "1000", GIVE_UP: "20" };

function idOf(flow: readonly FlowNode[], name: string): string {
  const found = flow.find((node) => node.name === name && node.type !== "group");
  assert.ok(found, name);
  return found.id;
}

interface Report {
  readonly meters: number;
  readonly read: number;
  readonly failed: readonly { readonly meter: string; readonly code: string }[];
  readonly late: readonly string[];
}

/** A meter that serves one client at a time, as many real ones do, and records a second one. */
class FleetMeter {
  readonly meter: SimulatedMeter;
  port = 0;
  /** associations requested while another one was open */
  second = 0;
  /** association requests with a password */
  passwords = 0;
  #close = (): Promise<void> => Promise.resolve();

  constructor(definition: MeterDefinition) {
    this.meter = createMeter(definition);
    this.meter.use({
      name: "one client at a time",
      request: (apdu) => {
        if (apdu.apdu !== "aarq") return undefined;
        if (this.meter.associations > 0) this.second++;
        if (apdu.authenticationValue !== undefined) this.passwords++;
        return undefined;
      },
    });
  }

  async listen(): Promise<void> {
    const listener = await this.meter.listen();
    this.port = listener.port;
    this.#close = () => listener.close();
  }

  close(): Promise<void> {
    return this.#close();
  }
}

/** A flow as a process of the fleet uses it. */
function deployed(flow: readonly FlowNode[], change: (node: FlowNode) => FlowNode): FlowNode[] {
  return flow.filter(({ type }) => type !== "dlms-simulator").map(change);
}

describe("several Node-REDs that share meters through BullMQ", function () {
  this.timeout(120_000);
  const count = 40;
  const meters: FleetMeter[] = [];
  const processes: ObservedNodeRed[] = [];
  let redis: Server;
  let queue: Queue;

  before(async function () {
    skipWithout(this, "redis-server");
    redis = await startRedis({ durable: true });
    queue = new Queue("dlms", { connection: { host: "127.0.0.1", port: redis.port } });
    // Redis that a test kills gives errors here too
    queue.on("error", () => undefined);
  });

  beforeEach(async () => {
    await queue.obliterate({ force: true });
    for (let n = 0; n < count; n++) {
      const meter = new FleetMeter(householdDefinition({ seed: n }));
      meter.meter.use(delayAnswers(100));
      await meter.listen();
      meters.push(meter);
    }
  });

  afterEach(async () => {
    for (const one of processes.splice(0)) await one.stop("SIGKILL");
    for (const one of meters.splice(0)) await one.close();
  });

  after(async () => {
    await queue?.close();
    await redis?.stop();
  });

  const environment = (): NodeJS.ProcessEnv => ({ REDIS_HOST: "127.0.0.1", REDIS_PORT: String(redis.port), ...locks });

  async function begin(flow: readonly FlowNode[]): Promise<ObservedNodeRed> {
    const nodeRed = await ObservedNodeRed.start(environment(), { modules });
    processes.push(nodeRed);
    await nodeRed.deploy(flow);
    return nodeRed;
  }

  const workerFlow = (change: (node: FlowNode) => FlowNode = (node) => node): FlowNode[] => deployed(worker, change);

  /** The scheduler with this test's meters; its first tick comes at once. */
  const schedulerFlow = (more: (index: number) => object = () => ({})): FlowNode[] =>
    deployed(scheduler, (node) => {
      const list = meters.map(({ port }, index) => ({
        name: `house-${index}`,
        meter: { host: "127.0.0.1", port, ...more(index) },
      }));
      return node.name === "meters" ? { ...node, func: `msg.payload = ${JSON.stringify(list)}; return msg;` } : node;
    });

  const stored = (of: readonly ObservedNodeRed[]): string[] =>
    of.flatMap((one) => one.received(idOf(worker, "store: your database here")).map(({ topic }) => String(topic)));

  async function report(of: ObservedNodeRed): Promise<Report> {
    return (await of.arrival(idOf(scheduler, "report"))).payload as Report;
  }

  /** The values of this many jobs have arrived at a worker's store. */
  const progress = (of: ObservedNodeRed, jobs: number): Promise<unknown> =>
    of.arrivals(idOf(worker, "store: your database here"), jobs);

  async function assertAllRead(of: ObservedNodeRed, workers: readonly ObservedNodeRed[]): Promise<void> {
    const { read, failed, late } = await report(of);
    assert.deepEqual({ read, failed, late }, { read: count, failed: [], late: [] });
    assert.equal(new Set(stored(workers)).size, count, "the values of every meter");
    const counts = await queue.getJobCounts("active", "waiting", "delayed", "failed", "completed");
    assert.deepEqual(Object.values(counts), [0, 0, 0, 0, 0], "no job is left");
  }

  const assertOneAtATime = (): void => {
    assert.deepEqual(
      meters.map(({ second }) => second),
      meters.map(() => 0),
      "no meter was read by two at once",
    );
  };

  it("read every meter once, each worker a part", async () => {
    const workers = [await begin(workerFlow()), await begin(workerFlow())];
    const of = await begin(schedulerFlow());
    await assertAllRead(of, workers);
    assertOneAtATime();
    assert.equal(stored(workers).length, count, "no value twice");
    for (const one of workers) assert.ok(stored([one]).length > 0, "both took part");
  });

  it("take over the jobs of a worker that is killed", async () => {
    const workers = [await begin(workerFlow()), await begin(workerFlow())] as const;
    const of = await begin(schedulerFlow());
    await progress(workers[0], 3);
    await workers[0].stop("SIGKILL");
    await assertAllRead(of, workers);
    assertOneAtATime();
  });

  it("take over the jobs of a worker that is frozen, and drop its late results", async () => {
    const workers = [await begin(workerFlow()), await begin(workerFlow())] as const;
    const of = await begin(schedulerFlow());
    await progress(workers[0], 3);
    workers[0].signal("SIGSTOP");
    await assertAllRead(of, workers);
    workers[0].signal("SIGCONT");
  });

  it("go on after a full deploy, and after a deploy of the read alone, in the middle of a round", async () => {
    for (const kind of ["full", "nodes"] as const) {
      await queue.obliterate({ force: true });
      const only = await begin(workerFlow());
      const of = await begin(schedulerFlow());
      await progress(only, 3);
      await only.deploy(
        workerFlow((node) => (node.type === "dlms-read" ? { ...node, name: "deployed" } : node)),
        kind,
      );
      await assertAllRead(of, [only]);
      for (const one of processes.splice(0)) await one.stop("SIGKILL");
    }
    assertOneAtATime();
  });

  it("go on after Redis is killed and comes back with its data", async () => {
    const workers = [await begin(workerFlow()), await begin(workerFlow())] as const;
    const of = await begin(schedulerFlow());
    await progress(workers[0], 3);
    await redis.kill();
    await redis.restart();
    await assertAllRead(of, workers);
  });

  it("send a wrong password once, report the meter and leave it out of the next round", async () => {
    for (const one of meters.splice(0)) await one.close();
    const definition = householdDefinition();
    for (let n = 0; n < 2; n++) {
      const meter = new FleetMeter(definition);
      await meter.listen();
      meters.push(meter);
    }
    const wrong = { authentication: "LOW", clientAddress: "17", credentials: "Wrong secrets" };
    const secrets: FlowNode = {
      ...(worker.find(({ type }) => type === "dlms-meter") as FlowNode),
      id: "wrong-secrets",
      name: "Wrong secrets",
      port: "1",
      ...{ authentication: "LOW", clientAddress: "17", credentials: { password: "11111111" } },
    };
    const workers = [await begin([...workerFlow(), secrets]), await begin([...workerFlow(), secrets])];
    const of = await begin(schedulerFlow((index) => (index === 0 ? wrong : {})));
    const { read, failed } = await report(of);
    assert.equal(read, 1);
    assert.deepEqual(failed, [{ meter: "house-0", code: "DLMS_ASSOC_AUTH_FAILED" }]);
    await of.inject(idOf(scheduler, "every 15 min"));
    const [, second] = await of.arrivals(idOf(scheduler, "report"), 2);
    assert.equal((second?.payload as Report).meters, 1, "left out");
    assert.equal(meters[0]?.passwords, 1, "one password");
    assert.equal(stored(workers).length, 2);
  });
});
