import assert from "node:assert/strict";
import { SharedMeter } from "../../src/fleet/shared-meter";
import { EndpointAccess, AccessRegistry, withExclusiveAccess } from "../../src/fleet/exclusive-access";
import { createClient, demoPassword } from "../../src";
import { bench, requests } from "../support/meters";
import { type Message, allNodes, clean, flowFor, helper, startMeter, value, maxAssociationsOf } from "./support";

/** Sends all at once and waits for as many values. */
async function all(messages: readonly object[]): Promise<unknown[]> {
  const values: unknown[] = [];
  const done = new Promise<unknown[]>((resolve, reject) => {
    helper.getNode("out").on("input", (msg) => {
      if (values.push(msg.payload) === messages.length) resolve(values);
    });
    helper.getNode("caught").on("input", (msg: Message) => {
      reject(new Error(msg.dlmsError?.message ?? "an error"));
    });
  });
  for (const msg of messages) helper.getNode("read").receive({ ...msg });
  return done;
}

describe("a meter that both a config node and messages describe", () => {
  afterEach(clean);

  it("has one session for equal settings, in any spelling", async () => {
    const one = await startMeter();
    await helper.load(allNodes, flowFor(one.port));
    await value();
    const same = [
      { name: "cellar" },
      { host: "127.0.0.1", port: one.port, name: "attic" },
      { meter: "test meter", port: `0x${one.port.toString(16)}`, clientAddress: 16, serverAddress: "1", framing: "" },
    ];
    for (const meter of same) {
      const msg = await value({ meter: { ...meter } });
      assert.equal(msg.dlms?.meter, meter.name ?? "test meter");
    }
    assert.equal(one.meter.counters.connections, 1);
    assert.equal(one.meter.associations, 1);
  });

  it("never has a second association, for any messages", async () => {
    const one = await startMeter();
    const most = maxAssociationsOf(one);
    await helper.load(allNodes, flowFor(one.port, {}, { timeout: "20000" }), { meter: { password: demoPassword } });
    const kinds: object[] = [
      {},
      { meter: { clientAddress: 17, authentication: "LOW" } },
      { meter: { timeout: 15_000 } },
      { meter: { timeout: 15_000, maxPduSize: 512 } },
    ];
    const values = await all(Array.from({ length: 40 }, (_, index) => kinds[index % kinds.length] ?? {}));
    assert.ok(values.every((each) => typeof each === "number"));
    assert.equal(most(), 1);
    await helper.unload();
    assert.equal(one.meter.associations, 0);
  });

  it("counts as one meter also if only messages describe it", async () => {
    const one = await startMeter();
    const most = maxAssociationsOf(one);
    await helper.load(allNodes, flowFor(1, {}, { timeout: "20000" }));
    const { port } = one;
    await all([0, 1, 2, 0, 1, 2].map((n) => ({ meter: { port, timeout: 10_000 + n } })));
    assert.equal(most(), 1);
  });

  it("is tested from the dialog without a second association", async () => {
    const one = await startMeter();
    const most = maxAssociationsOf(one);
    const flow = flowFor(one.port);
    await helper.load(allNodes, flow);
    await value({ meter: { timeout: 2000 } });
    assert.equal(one.meter.associations, 1, "of the message");
    const { text } = await helper.request().post("/dlms/test-connection").send({ id: "meter", properties: flow[1] });
    assert.match(text, /"step":"read","ok":true/);
    assert.equal(most(), 1);
  });
});

describe("exclusive access to one meter", () => {
  const occupant = (log: string[], name: string): { release(): Promise<void> } => ({
    release: async () => {
      log.push(`${name} leaves`);
      await Promise.resolve();
      log.push(`${name} has left`);
    },
  });

  it("has one holder at a time, which keeps it until another client asks", async () => {
    const log: string[] = [];
    const turn = new EndpointAccess();
    const [a, b] = [occupant(log, "a"), occupant(log, "b")];
    await turn.enter(a);
    await turn.enter(a);
    const other = turn.enter(b).then(() => log.push("b"));
    turn.exit(a);
    await Promise.resolve();
    assert.deepEqual(log, [], "one request of a is under way");
    turn.exit(a);
    await other;
    assert.deepEqual(log, ["a leaves", "a has left", "b"]);
    turn.exit(b);
    await turn.enter(b);
    assert.equal(log.length, 3, "b is still there");
  });

  it("follows the order of arrival, so that every request is served", async () => {
    const log: string[] = [];
    const turn = new EndpointAccess();
    const [a, b] = [occupant([], "a"), occupant([], "b")];
    await turn.enter(a);
    const enter = (name: string, who: typeof a): Promise<void> =>
      turn.enter(who).then(() => {
        log.push(name);
        turn.exit(who);
      });
    const rest = [enter("b1", b), enter("a2", a), enter("b2", b)];
    turn.exit(a);
    await Promise.all(rest);
    assert.deepEqual(log, ["b1", "a2", "b2"]);
  });

  it("is shared by all clients of the same meter", () => {
    const turns = new AccessRegistry();
    const first = turns.at("a");
    for (let n = 0; n < 1000; n++) turns.at(`other ${n}`);
    assert.equal(turns.at("a"), first);
    assert.notEqual(turns.at("b"), first);
  });
});

describe("a probed meter that another client used for a while", () => {
  it("is probed again afterwards", async () => {
    const time = {
      classId: 8,
      logicalName: "0.0.1.0.0.255",
      attributes: { 2: { type: "null-data", value: null } },
    } as const;
    const { clock, meter } = bench({ objects: [time] });
    const turn = new EndpointAccess();
    const session = new SharedMeter({
      makeClient: () =>
        createClient({ transport: meter.transport(), client: { sap: 16 }, server: { logical: 1 }, clock }),
      clock,
      access: turn,
      probeInterval: 15_000,
      offlineAfter: 45_000,
      changed: () => undefined,
    });
    session.addUser({ id: "a", meterChanged: () => undefined });
    const probes = (): number => requests(meter).filter((name) => name === "get-request-normal").length;
    await clock.tickAsync(20_000);
    const before = probes();
    assert.ok(before > 0);
    await clock.runUntil(withExclusiveAccess(turn, new AbortController().signal, () => Promise.resolve()));
    assert.equal(meter.associations, 0, "given up");
    await clock.tickAsync(60_000);
    assert.equal(probes() - before, 4, "one each interval");
    session.close().catch(() => undefined);
    await clock.tickAsync(5000);
    assert.equal(clock.pending, 0);
  });
});
