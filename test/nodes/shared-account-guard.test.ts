import assert from "node:assert/strict";
import { SharedMeter } from "../../src/fleet/shared-meter";
import { lockOutMs } from "../../src/client/account/account-guard";
import {
  type Account,
  DlmsAssociationError,
  DlmsTimeoutError,
  accountOf,
  type ConnectOptions,
  createClient,
  MemoryAccountGuard,
  type MeterDefinition,
} from "../../src/index";
import { bench, registerRef, registers } from "../support/meters";
import { VirtualClock } from "../support/virtual-clock";
import { allNodes, ask, clean, flowFor, helper, type RunningMeter, startMeter, value } from "./support";

const definition: MeterDefinition = {
  associations: [{ client: 16 }, { client: 17, mechanism: "lls", secret: "right" }],
  objects: [
    {
      classId: 3,
      logicalName: "1.0.1.7.0.255",
      attributes: { 2: { type: "double-long-unsigned", value: 7 }, 3: { type: "null-data", value: null } },
    },
  ],
};
const low = { clientAddress: "17", authentication: "LOW" };

/** Passwords that the meter received. */
const passwords = ({ meter }: RunningMeter): number =>
  meter.received.filter(
    (item) => item.kind === "apdu" && item.apdu.apdu === "aarq" && item.apdu.authenticationValue !== undefined,
  ).length;

/** The meter does not answer a password until the returned function is called. */
const silentToPasswords = ({ meter }: RunningMeter): (() => void) =>
  meter.use({
    name: "silent to passwords",
    request: (apdu) => (apdu.apdu === "aarq" && apdu.authenticationValue !== undefined ? [] : undefined),
  });

async function askOften(times: number, msg: () => object = () => ({})): Promise<void> {
  for (let n = 0; n < times; n++) assert.ok((await ask(msg())).caught?.dlmsError);
}

const post = async (path: string, body: object): Promise<string> => (await helper.request().post(path).send(body)).text;

describe("a refused secret and the buttons of a dialog", () => {
  afterEach(clean);

  it("is sent once by each test, and not by the flow after a test", async () => {
    const one = await startMeter(definition);
    const flow = flowFor(one.port, {}, low);
    await helper.load(allNodes, flow, { meter: { password: "wrong" } });
    await askOften(3);
    assert.equal(passwords(one), 1);
    const stored = { id: "meter", properties: flow[1], credentials: { password: "__PWRD__" } };
    const buttons: [path: string, body: object, sent: number][] = [
      ["/dlms/test-connection", { id: "meter", properties: { host: "", port: "0" } }, 0],
      ["/dlms/find-address", stored, 0],
      ["/dlms/drafts/meter/browse", { ...stored, properties: { ...flow[1], timeout: "1200" } }, 0],
      ["/dlms/test-connection", stored, 1],
      ["/dlms/test-connection", stored, 1],
    ];
    for (const [path, body, sent] of buttons) {
      const before = passwords(one);
      await post(path, body);
      assert.equal(passwords(one) - before, sent, path);
      await askOften(3);
      assert.equal(passwords(one) - before, sent, `the flow, after ${path}`);
    }
  });

  it("is sent by the flow again when a test succeeded with it, and not when it did with another", async () => {
    const one = await startMeter(definition);
    const refuse = one.meter.use({
      name: "refuses",
      request: (apdu) => (apdu.apdu === "aarq" ? [refusal] : undefined),
    });
    const flow = flowFor(one.port, {}, low);
    await helper.load(allNodes, flow, { meter: { password: "right" } });
    await askOften(2);
    refuse();
    const test = (more: object, credentials: object = { password: "__PWRD__" }): Promise<string> =>
      post("/dlms/test-connection", { id: "meter", properties: { ...flow[1], ...more }, credentials });
    assert.match(await test({ clientAddress: "16", authentication: "NONE" }), /"step":"read","ok":true/);
    await askOften(1);
    assert.equal(passwords(one), 1);
    assert.match(await test({}), /"step":"read","ok":true/);
    assert.equal((await value()).payload, 7);
  });

  it("is not sent by the flow after a test got no answer to it", async () => {
    const one = await startMeter(definition);
    const flow = flowFor(one.port, {}, { ...low, timeout: "100" });
    await helper.load(allNodes, flow, { meter: { password: "wrong" } });
    const body = { id: "meter", properties: flow[1], credentials: { password: "__PWRD__" } };
    await post("/dlms/test-connection", body);
    await askOften(3);
    assert.equal(passwords(one), 1, "refused");
    const two = await startMeter(definition);
    silentToPasswords(two);
    // the stored secret is sent to its own address only, so it is typed again for this one
    const other = { ...body, properties: { ...flow[1], port: two.port }, credentials: { password: "wrong" } };
    await post("/dlms/test-connection", other);
    // a deploy breaks the second one off
    const press = Promise.resolve(
      helper
        .request()
        .post("/dlms/test-connection")
        .send({ ...other, properties: { ...other.properties, timeout: "60000" } }),
    );
    await two.meter.waitFor(() => passwords(two) === 2);
    await helper.setFlows([...flow, { id: "more", type: "helper", z: "tab", x: 0, y: 0 }], "nodes");
    assert.match((await press).text, /a deploy ended the request/);
    await askOften(3, () => ({ meter: { port: two.port } }));
    assert.equal(passwords(two), 2, "unanswered");
  });
});

/** An answer to the association request: permanent refusal, no reason given. */
const refusal = Buffer.from("611fa109060760857405080101a203020101a305a203020101be0604040e010600", "hex");

describe("a secret without an answer", () => {
  afterEach(clean);

  const kinds: [name: string, node: object, msg: (ports: [number, number], n: number) => object][] = [
    ["of sessions that are released at once", { poolIdle: "0" }, ([port]) => ({ port })],
    ["of sessions that make room for each other", { poolSize: "1" }, (ports, n) => ({ port: ports[n % 2] })],
    ["of sessions with other settings", {}, ([port], n) => ({ port, timeout: 100 + n })],
  ];
  for (const [name, node, meter] of kinds) {
    it(`is sent twice at most: ${name}`, async () => {
      const [one, two] = [await startMeter(definition), await startMeter(definition)];
      silentToPasswords(one);
      silentToPasswords(two);
      const flow = flowFor(1, {}, { timeout: "100", ...low, ...node });
      await helper.load(allNodes, flow, { meter: { password: "wrong" } });
      let n = 0;
      await askOften(10, () => ({ meter: meter([one.port, two.port], n++) }));
      assert.ok(passwords(one) >= 1 && passwords(one) <= 2, `${passwords(one)} times`);
      assert.ok(passwords(two) <= 2, `${passwords(two)} times`);
    });
  }

  it("gets one more attempt with a deploy of a changed node, and is sent as usual once accepted", async () => {
    const one = await startMeter(definition);
    const again = silentToPasswords(one);
    const flow = flowFor(1, {}, { timeout: "100", ...low, poolIdle: "0" });
    const asked = (): object => ({ meter: { port: one.port } });
    await helper.load(allNodes, flow, { meter: { password: "right" } });
    await askOften(4, asked);
    assert.equal(passwords(one), 2);
    const deploy = (change: object): Promise<void> =>
      helper.setFlows(
        flow.map((node) => (node.id === "meter" ? { ...node, ...change } : node)),
        "full",
        { meter: { password: "right" } },
      );
    for (let n = 0; n < 5; n++) {
      await deploy({});
      await askOften(2, asked);
    }
    assert.equal(passwords(one), 2, "five deploys that change nothing");
    await deploy({ retries: "1" });
    await askOften(4, asked);
    assert.equal(passwords(one), 3);
    again();
    await deploy({ retries: "0" });
    for (let n = 0; n < 3; n++) assert.equal((await value(asked())).payload, 7);
  });
});

describe("the guard of accounts", () => {
  const refusedBy = new DlmsAssociationError("ASSOC_AUTH_FAILED", "refused");
  const silent = new DlmsTimeoutError("TIMEOUT_ASSOCIATE", "no answer");

  it("locks for five minutes after each failure, by account and secret", () => {
    const clock = new VirtualClock();
    const guard = new MemoryAccountGuard(clock);
    const a: Account = { meter: "meter 17", secret: "a" };
    const same = { ...a };
    const others: Account[] = [
      { meter: "meter 17", secret: "b" },
      { meter: "meter 1", secret: "a" },
    ];
    guard.sent(a, "request").refused(refusedBy);
    clock.tick(lockOutMs - 1);
    assert.deepEqual([guard.lockOf(same)?.error, guard.lockOf(same)?.remainingMs], [refusedBy, 1]);
    for (const other of others) assert.equal(guard.lockOf(other), undefined);
    guard.sent(same, "request").refused(refusedBy);
    clock.tick(1);
    assert.equal(guard.lockOf(a)?.remainingMs, lockOutMs - 1);
    clock.tick(lockOutMs);
    assert.equal(guard.lockOf(a), undefined, "one more try");
    guard.sent(a, "request").unanswered(silent);
    assert.equal(guard.lockOf(a)?.error, silent, "and no second one");
    guard.sent(a, "request").accepted();
    guard.sent(a, "request").refused(refusedBy);
    clock.tick(lockOutMs);
    guard.allowOneMoreTry(a);
    const other = { ...a, secret: "never accepted" };
    guard.sent(other, "request").unanswered(silent);
    assert.equal(guard.lockOf({ ...other }), undefined, "the first of its kind");
    guard.sent({ ...other }, "request").unanswered(silent);
    assert.equal(guard.lockOf(other)?.error, silent);
  });

  it("allows one more attempt for the secrets that a node has sent, and for no other", () => {
    const guard = new MemoryAccountGuard(new VirtualClock());
    const mine: Account = { meter: "one", secret: "x" };
    const yours: Account = { meter: "two", secret: "x" };
    guard.ownedBy("me").sent(mine, "request").refused(refusedBy);
    guard.ownedBy("you").sent(yours, "request").refused(refusedBy);
    guard.allowOneMoreTryOf("me");
    assert.deepEqual([guard.lockOf(mine)?.error, guard.lockOf(yours)?.error], [undefined, refusedBy]);
    guard.allowOneMoreTry(yours);
    assert.equal(guard.lockOf(yours), undefined);
  });
});

describe("sessions that send one secret", () => {
  /** A clock whose wall time the test sets. */
  class SetClock extends VirtualClock {
    ahead = 0;
    override wallTime(): number {
      return super.wallTime() + this.ahead;
    }
  }

  function twoSessions(clock: VirtualClock): { sessions: SharedMeter[]; tries: () => number; refuse: () => void } {
    const { meter } = bench({ associations: [{ client: 16 }], objects: registers(1) });
    let tries = 0;
    let answer: Uint8Array[] = [];
    meter.use({
      name: "counts",
      request: (apdu) => {
        if (apdu.apdu !== "aarq") return undefined;
        tries++;
        return answer;
      },
    });
    const guard = new MemoryAccountGuard(clock);
    const make = (): SharedMeter => {
      const options: ConnectOptions = {
        ...{ transport: meter.transport(), client: { sap: 16 }, server: { logical: 1 }, clock, accountGuard: guard },
        auth: { mechanism: "lls", secret: "wrong" },
      };
      return new SharedMeter({
        makeClient: () => createClient(options),
        secret: { guard, account: accountOf(options) },
        ...{ clock, probeInterval: 0, offlineAfter: 45_000, changed: () => undefined },
      });
    };
    return {
      sessions: [0, 1].map(make),
      tries: () => tries,
      refuse: () => {
        answer = [refusal];
      },
    };
  }
  const reading = (session: SharedMeter | undefined): Promise<unknown> => {
    assert.ok(session);
    return session.run((client) => client.read(registerRef(0)));
  };

  it("count their attempts together", async () => {
    const clock = new VirtualClock();
    const { sessions, tries } = twoSessions(clock);
    const [first, second] = sessions;
    await assert.rejects(clock.runUntil(reading(first)));
    await clock.runUntil(first?.close() ?? Promise.resolve());
    await assert.rejects(clock.runUntil(reading(second)));
    await clock.tickAsync(60_000);
    assert.equal(tries(), 2, "nothing is tried again by itself");
    assert.equal(second?.view.phase, "waiting");
    await assert.rejects(reading(second), /not retried: meters lock an account/);
    await clock.runUntil(second.close());
    assert.equal(clock.pending, 0);
  });

  it("count an aborted attempt, because the meter may have seen the secret", async () => {
    const clock = new VirtualClock();
    const { sessions, tries } = twoSessions(clock);
    const [first, second] = sessions;
    await assert.rejects(clock.runUntil(reading(first)));
    while (tries() < 2) await clock.tickAsync(100);
    await clock.runUntil(first?.close() ?? Promise.resolve());
    await assert.rejects(clock.runUntil(reading(second)), /not retried/);
    assert.equal(tries(), 2);
    assert.equal(clock.pending, 0);
  });

  it("let a request wait for the attempt that is in progress, and reject it with the outcome of that attempt", async () => {
    const clock = new VirtualClock();
    const { sessions, tries } = twoSessions(clock);
    const [first] = sessions;
    await assert.rejects(clock.runUntil(reading(first)));
    while (tries() < 2) await clock.tickAsync(100);
    await assert.rejects(
      clock.runUntil(reading(first)),
      /^DlmsTimeoutError: connected, but the meter did not answer the association request/,
    );
    assert.equal(tries(), 2);
    await clock.runUntil(first?.close() ?? Promise.resolve());
    assert.equal(clock.pending, 0);
  });

  it("wait five minutes, wherever the wall clock is set during the wait", async () => {
    for (const ahead of [86_400_000, -86_400_000]) {
      const clock = new SetClock();
      const { sessions, tries, refuse } = twoSessions(clock);
      refuse();
      await assert.rejects(clock.runUntil(reading(sessions[0])));
      clock.ahead = ahead;
      for (const session of sessions) await assert.rejects(reading(session), /try again in 300 s/);
      await clock.tickAsync(lockOutMs);
      assert.equal(tries(), 1);
      await assert.rejects(clock.runUntil(reading(sessions[1])));
      assert.equal(tries(), 2);
      for (const session of sessions) await clock.runUntil(session.close());
    }
  });
});
