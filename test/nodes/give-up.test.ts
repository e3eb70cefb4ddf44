import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import type { NodeStatus } from "node-red";
import sinon from "sinon";
import { withDeadline } from "../../nodes/meters/deadline";
import { giveUpAfterOf } from "../../nodes/dlms-read/read-request";
import { EndpointAccess } from "../../src/fleet/exclusive-access";
import { type SimulatedMeter, householdDefinition } from "../../src/index";
import { VirtualClock } from "../support/virtual-clock";
import { allNodes, clean, failure, flowFor, helper, startMeter, value } from "./support";

/** Resolves only by the signal. */
const forEver = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(signal.reason as Error);
    });
  });

describe("a time limit for a whole read", () => {
  it("ends an unfinished read, and removes its timer and listener", async () => {
    const clock = new VirtualClock();
    const ending = new AbortController();
    const late = withDeadline({ clock, after: 5000, ending: ending.signal }, forEver);
    await clock.tickAsync(4999);
    assert.equal(getEventListeners(ending.signal, "abort").length, 1);
    const refused = assert.rejects(late, {
      code: "DLMS_TIMEOUT_RESPONSE",
      message: /given up after 5 s \(giveUpAfter\)/,
    });
    await clock.tickAsync(1);
    await refused;
    assert.equal(await withDeadline({ clock, after: 5000, ending: ending.signal }, () => Promise.resolve(7)), 7);
    assert.equal(clock.pending, 0);
    assert.equal(getEventListeners(ending.signal, "abort").length, 0);
  });

  it("treats 0 as no limit, and ends with the node in either case", async () => {
    for (const after of [0, 5000]) {
      const clock = new VirtualClock();
      const ending = new AbortController();
      const read = withDeadline({ clock, after, ending: ending.signal }, forEver);
      const reason = new Error("deploy");
      const refused = assert.rejects(read, reason);
      if (after === 0) await clock.tickAsync(1_000_000);
      ending.abort(reason);
      await refused;
      assert.equal(clock.pending, 0);
    }
  });

  it("depends on the mode of the read by default, and 0 removes it", () => {
    assert.equal(giveUpAfterOf({ giveUpAfter: "" }, {}, "attribute"), 600_000);
    assert.equal(giveUpAfterOf({}, {}, "list"), 600_000);
    assert.equal(giveUpAfterOf({ giveUpAfter: "" }, {}, "profile"), 86_400_000);
    assert.equal(giveUpAfterOf({ giveUpAfter: "0" }, {}, "profile"), 0);
  });

  it("ends the wait for exclusive access, and the next request acquires it", async () => {
    const turn = new EndpointAccess();
    const occupant = (): { release(): Promise<void> } => ({ release: () => Promise.resolve() });
    const first = occupant();
    await turn.enter(first);
    const ending = new AbortController();
    const waiting = turn.enter(occupant(), ending.signal);
    const behind = turn.enter(occupant());
    const reason = new Error("enough");
    ending.abort(reason);
    await assert.rejects(waiting, reason);
    await assert.rejects(turn.enter(occupant(), ending.signal), reason);
    turn.exit(first);
    await behind;
    assert.equal(getEventListeners(ending.signal, "abort").length, 0);
  });
});

describe("dlms-read with a time limit", () => {
  afterEach(clean);

  const silence = (meter: SimulatedMeter, when: () => boolean): void => {
    meter.use({ name: "silent", request: ({ apdu }) => (when() && apdu.startsWith("get") ? [] : undefined) });
  };

  it("stops after the limit of the node or of the message, and the next read works", async () => {
    const { meter, port } = await startMeter();
    let delayMs = 0;
    meter.use({
      name: "slow once",
      request: ({ apdu }) => {
        if (meter.received.filter((item) => item.kind === "apdu").length === 2) delayMs = 1500;
        else if (apdu.startsWith("get")) delayMs = 0;
        return undefined;
      },
      frameOut: (bytes) => [{ kind: "send", bytes, delayMs }],
    });
    await helper.load(allNodes, flowFor(port, { version: 3, giveUpAfter: "3600" }, { timeout: "5000" }));
    const { dlmsError } = await failure({ giveUpAfter: 1 });
    assert.equal(dlmsError.code, "DLMS_TIMEOUT_RESPONSE");
    assert.match(dlmsError.message, /given up after 1 s/);
    const { payload, dlms } = await value({ giveUpAfter: 0, obis: "1-0:32.7.0*255" });
    assert.deepEqual([typeof payload, dlms?.logicalName], ["number", "1.0.32.7.0.255"]);
    assert.equal(meter.counters.connections, 1);
    assert.match(
      (await failure({ giveUpAfter: "soon" })).dlmsError.message,
      /^msg\.giveUpAfter: expected a whole number from 0 to 86400, got "soon"/,
    );
  });

  it("also stops while it waits for a session in use", async () => {
    const { meter, port } = await startMeter();
    silence(meter, () => true);
    const flow = flowFor(1, {}, { timeout: "600000", poolSize: "1" });
    await helper.load(allNodes, flow);
    helper.getNode("read").receive({ meter: { port } });
    await meter.waitFor((item) => item.kind === "apdu");
    for (const other of [{ port, timeout: 300_000 }, { port: port - 1 }]) {
      assert.match((await failure({ meter: other, giveUpAfter: 1 })).dlmsError.message, /given up after 1 s/);
    }
    assert.equal(meter.counters.connections, 1);
  });
});

describe("dlms-read, settings from elsewhere", () => {
  afterEach(clean);
  const now = (): number => Date.UTC(2026, 0, 15, 12, 5, 0);

  it("reads columns from the flow context, a message property or an expression", async () => {
    const { port } = await startMeter(householdDefinition({ now }));
    const cases: [columnsType: string, columns: string][] = [
      ["flow", "columns"],
      ["msg", "wanted.columns"],
      ["jsonata", '["1-0:" & "2.8.0*255"]'],
      ["str", "1.0.2.8.0.255"],
    ];
    for (const [columnsType, columns] of cases) {
      const profile = { mode: "profile", logicalName: "1-0:99.1.0*255", range: '{"last":1}', columnsType, columns };
      await helper.load(allNodes, flowFor(port, { ...profile, version: 3 }));
      helper.getNode("read").context().flow.set("columns", ["1.0.2.8.0.255"]);
      const msg = await value({ wanted: { columns: "1.0.2.8.0.255" } });
      assert.deepEqual(Object.keys((msg.payload as object[])[0] ?? {}), ["1.0.2.8.0.255"], columnsType);
      await helper.unload();
    }
  });

  it("formats dates as the message specifies", async () => {
    const { port } = await startMeter(householdDefinition({ now }));
    const clock = { logicalName: "0-0:1.0.0*255", objectType: "CLOCK", attributeId: "2" };
    await helper.load(allNodes, flowFor(port, clock));
    assert.equal(typeof (await value()).payload, "string");
    assert.equal(typeof (await value({ dates: "epoch" })).payload, "number");
    assert.ok((await value({ dates: "date" })).payload instanceof Date);
    assert.match((await failure({ dates: "roman" })).dlmsError.message, /^msg\.dates: expected iso, date, epoch/);
  });

  it("logs once when the first read is due after a long random delay", async () => {
    for (const [spread, expected] of [
      ["3600", /^grey ring dlms-read\.status\.firstRead$/],
      ["4", /^grey ring dlms-read\.status\.idle$/],
    ] as const) {
      const random = sinon.stub(Math, "random").returns(0.5);
      try {
        await helper.load(allNodes, flowFor(1, { interval: "7200", spread }));
      } finally {
        random.restore();
      }
      const node = helper.getNode("read");
      const calls = (node as unknown as { status: sinon.SinonSpy<[NodeStatus]> }).status.getCalls();
      const last = calls.filter(({ thisValue }) => thisValue === node).at(-1)?.args[0];
      assert.match(`${last?.fill} ${last?.shape} ${last?.text}`, expected);
      await helper.unload();
    }
  });
});

describe("a long outage", () => {
  afterEach(clean);

  it("logs one warning if a Catch node receives the errors of the messages", async () => {
    await helper.load(allNodes, flowFor(1));
    helper.log().resetHistory();
    for (let n = 0; n < 5; n++) await failure();
    const entries = (helper.log().args.flat() as { level: number; msg: unknown; type?: string }[]).filter(
      ({ level }) => level <= 30,
    );
    assert.deepEqual(
      entries.map(({ level, type }) => [level, type]),
      [[30, "dlms-meter"]],
    );
  });
});
