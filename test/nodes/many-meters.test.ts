import assert from "node:assert/strict";
import { once } from "node:events";
import { inspect } from "node:util";
import type sinon from "sinon";
import { createMeter, demoPassword, householdDefinition } from "../../src";
import { queueLimitOf } from "../../nodes/meters/described-meters";
import type { MeterNode } from "../../nodes/meters/meter-node";
import type { RawSettings } from "../../nodes/node-red/raw-settings";
import {
  type Message,
  type RunningMeter,
  allNodes,
  ask,
  clean,
  failure,
  flowFor,
  helper,
  startMeter,
  value,
} from "./support";

const described = (): MeterNode["meter"]["described"] =>
  (helper.getNode("meter") as unknown as MeterNode).meter.described;

describe("meters that messages describe", () => {
  afterEach(clean);

  it("polls 50 meters with one flow, a few sessions at a time, and releases idle ones", async () => {
    const meters: RunningMeter[] = [];
    for (let i = 0; i < 50; i++) meters.push(await startMeter(householdDefinition({ seed: i })));
    await helper.load(allNodes, flowFor(1, {}, { poolSize: "5", poolIdle: "50", timeout: "10000" }));
    const results = new Map<number, unknown>();
    let most = 0;
    const all = new Promise<void>((resolve) => {
      helper.getNode("out").on("input", (msg: object) => {
        const { meter, payload } = msg as { meter: { port: number }; payload: unknown };
        results.set(meter.port, payload);
        most = Math.max(most, meters.filter((one) => one.meter.counters.openConnections > 0).length);
        if (results.size === meters.length) resolve();
      });
      helper.getNode("caught").on("input", (msg: object) => {
        assert.fail(inspect((msg as { dlmsError?: unknown }).dlmsError));
      });
    });
    for (const { port } of meters) helper.getNode("read").receive({ meter: { port } });
    await all;
    assert.ok([...results.values()].every((one) => typeof one === "number"));
    assert.ok(most <= 5, `${most} sessions at a time`);
    for (const { meter } of meters) {
      while (meter.counters.openConnections > 0) await meter.waitFor((item) => item.kind === "closed");
    }
    assert.equal(described()?.size, 0, "none is kept");
    assert.ok(meters.every(({ meter }) => meter.associations === 0));
  });

  it("shares a session between messages with equal settings, and uses the name in the message", async () => {
    const one = await startMeter();
    await helper.load(allNodes, flowFor(1));
    const first = await value({ meter: { port: one.port, name: "cellar" } });
    assert.equal(first.dlms?.meter, "cellar");
    await value({ meter: { name: "cellar", port: one.port } });
    assert.equal(one.meter.counters.connections, 1);
    const unnamed = await value({ meter: { port: String(one.port) } });
    assert.equal(unnamed.dlms?.meter, "test meter");
    await helper.unload();
    assert.equal(one.meter.associations, 0);
  });

  it("shows the state of the described meter, not the config node's own", async () => {
    const one = await startMeter();
    const gone = await startMeter();
    await gone.close();
    const flow = flowFor(gone.port, {}, { reconnectMin: "60000", reconnectMax: "60000" });
    await helper.load(allNodes, [...flow, { ...flow[2], id: "plain" }]);
    const shown = (): unknown => {
      const calls = (helper.getNode("read") as unknown as { status: sinon.SinonSpy }).status.getCalls();
      const own = calls.filter(({ thisValue }) => (thisValue as { id: string }).id === "read");
      return (own.at(-1)?.args[0] as { text: string }).text;
    };
    const { payload } = await value({ meter: { port: one.port } });
    assert.equal(shown(), `${String(payload)} W`);
    const caught = once(helper.getNode("caught"), "input");
    helper.getNode("plain").receive({});
    await caught;
    assert.equal(shown(), `${String(payload)} W`, "another node has trouble with the config node's own meter");
    await failure({ meter: { port: gone.port, name: "away" } });
    assert.equal(shown(), "dlms-read.status.connectionRefused");
  });

  it("starts from another config node, and takes secrets by reference", async () => {
    const { port } = await startMeter();
    const flow = flowFor(1);
    const other = { ...flow[1], id: "second", name: "with password", clientAddress: "17", authentication: "LOW" };
    await helper.load(allNodes, [...flow, other], { second: { password: demoPassword } });
    const based = await value({ meter: { meter: "with password", port } });
    assert.equal(typeof based.payload, "number");
    const described = { port, clientAddress: 17, authentication: "LOW" };
    const missing = await failure({ meter: described });
    assert.equal(missing.dlmsError.code, "DLMS_CONFIG_MISSING");
    assert.match(missing.dlmsError.message, /^msg\.meter\.password/);
    assert.equal(typeof (await value({ meter: { ...described, credentials: "second" } })).payload, "number");
  });

  it("refuses secrets in messages unless the config node allows them", async () => {
    const { port } = await startMeter();
    const described = { port, clientAddress: 17, authentication: "LOW", password: demoPassword };
    await helper.load(allNodes, flowFor(1));
    const refused = await failure({ meter: described });
    assert.match(refused.dlmsError.message, /^msg\.meter\.password: secrets do not belong in messages/);
    assert.equal(JSON.stringify(refused.dlmsError).includes(demoPassword), false);
    await helper.unload();
    await helper.load(allNodes, flowFor(1, {}, { secretsInMessages: true }));
    assert.equal(typeof (await value({ meter: described })).payload, "number");
  });

  it("names the wrong property of a description", async () => {
    await helper.load(allNodes, flowFor(1));
    const cases: [object | number, RegExp][] = [
      [{ hots: "x" }, /^msg\.meter\.hots: a message cannot set this of a meter/],
      [{ port: 70000 }, /^msg\.meter\.port: expected a whole number from 1 to 65535, got 70000/],
      [{ host: { a: 1 } }, /^msg\.meter\.host: expected a text/],
      [{ poolSize: 100 }, /^msg\.meter\.poolSize/],
      [{ meter: "nobody" }, /^msg\.meter\.meter: there is no deployed dlms-meter/],
      [{ credentials: "nobody" }, /^msg\.meter\.credentials: there is no deployed dlms-meter/],
      [42, /^msg\.meter: expected the name or id of a dlms-meter node, or an object/],
    ];
    for (const [meter, text] of cases) assert.match((await failure({ meter })).dlmsError.message, text);
  });

  it("does not send a refused password again, however the session was released in between", async () => {
    const { meter, port } = await startMeter();
    const bad = { port, clientAddress: 17, authentication: "LOW" };
    await helper.load(allNodes, flowFor(1, {}, { poolIdle: "0" }), { meter: { password: "wrong" } });
    for (let i = 0; i < 3; i++) {
      const { caught } = await ask({ meter: bad });
      assert.equal(caught?.dlmsError?.code, "DLMS_ASSOC_AUTH_FAILED");
    }
    assert.equal(meter.counters.connections, 1);
  });

  it("refuses a message when as many as its queueLimit wait for a session", async () => {
    const silent = createMeter(householdDefinition());
    silent.use({ name: "silence", request: () => [] });
    const listener = await silent.listen();
    await helper.load(allNodes, flowFor(1, {}, { poolSize: "1", queueLimit: "2", timeout: "600000" }));
    for (let n = 0; n < 3; n++) helper.getNode("read").receive({ meter: { port: listener.port, retries: n } });
    const { dlmsError } = await failure({ meter: { port: listener.port, retries: 3 } });
    assert.equal(dlmsError.code, "DLMS_STATE_QUEUE_FULL");
    assert.match(dlmsError.message, /^too many requests: 2 wait .*queueLimit/);
    await helper.unload();
    await listener.close();
  });

  it("queues as many requests as the pool serves in the usual time of a read if queueLimit is empty", () => {
    const cases: [RawSettings, number][] = [
      [{}, 1200],
      [{ queueLimit: "" }, 1200],
      [{ queueLimit: "7" }, 7],
      [{ poolSize: "1" }, 1000],
      [{ poolSize: "100", timeout: "7000" }, 8572],
      [{ poolSize: "1000", timeout: "100" }, 100_000],
    ];
    for (const [settings, expected] of cases) assert.equal(queueLimitOf(settings), expected, JSON.stringify(settings));
    assert.throws(() => queueLimitOf({ queueLimit: "0" }), { code: "DLMS_CONFIG_INVALID", message: /^queueLimit: / });
  });

  it("leaves no resources when it is redeployed while messages wait", async () => {
    const silent = createMeter(householdDefinition());
    silent.use({ name: "silence", request: () => [] });
    const listener = await silent.listen();
    const flow = flowFor(1, {}, { poolSize: "1", timeout: "5000" });
    await helper.load(allNodes, flow);
    for (let i = 0; i < 5; i++) {
      helper.getNode("read").receive({ meter: { port: listener.port, timeout: 5000 + i } });
    }
    await silent.waitFor((item) => item.kind === "apdu");
    assert.equal(described()?.size, 1);
    const closed = silent.waitFor((item) => item.kind === "closed");
    await helper.unload();
    await closed;
    assert.equal(silent.counters.openConnections, 0);
    assert.equal(silent.counters.connections, 1, "the others never began");
    await listener.close();
  });

  it("releases an exclusive meter before it sends the message, a deployed and a described one", async () => {
    for (const deployed of [true, false]) {
      const one = await startMeter();
      await helper.load(allNodes, flowFor(deployed ? one.port : 1));
      const at = deployed ? {} : { meter: { port: one.port } };
      const open: number[] = [];
      helper.getNode("out").on("input", () => open.push(one.meter.associations));
      for (const exclusive of [true, "true", false]) await value({ ...at, exclusive });
      assert.deepEqual(open, [0, 0, 1]);
      const { dlmsError } = await failure({ ...at, exclusive: "perhaps" });
      assert.match(dlmsError.message, /^msg\.exclusive: /);
      await failure({ ...at, exclusive: true, logicalName: "1-0:99.99.99*255" });
      assert.equal(one.meter.associations, 0, "after an error too");
      await clean();
    }
  });

  it("keeps an exclusive meter while another read of this Node-RED uses it", async () => {
    const one = await startMeter();
    const flow = flowFor(one.port);
    const second = { ...flow.find(({ id }) => id === "read"), id: "read2", exclusive: true };
    await helper.load(allNodes, [...flow, second]);
    const both = new Promise<void>((resolve) => {
      let count = 0;
      helper.getNode("out").on("input", () => {
        if (++count === 2) resolve();
      });
    });
    helper.getNode("read2").receive({});
    helper.getNode("read").receive({ logicalName: "1-0:32.7.0*255" });
    await both;
    assert.equal(one.meter.counters.connections, 1);
  });

  it("says how long a read waited for a place in the pool", async () => {
    const [first, second] = [await startMeter(), await startMeter()];
    await helper.load(allNodes, flowFor(1, {}, { poolSize: "1" }));
    const held = first.meter.use({ name: "held", request: ({ apdu }) => (apdu === "aarq" ? undefined : []) });
    const late = new Promise<Message>((resolve) => {
      helper.getNode("out").on("input", (msg: Message) => {
        if (msg.topic === "late") resolve(msg);
      });
    });
    const at = ({ port }: RunningMeter): { meter: { port: number } } => ({ meter: { port } });
    helper.getNode("read").receive(at(first));
    await first.meter.waitFor((item) => item.kind === "apdu" && item.apdu.apdu !== "aarq");
    helper.getNode("read").receive({ ...at(second), topic: "late" });
    held();
    const { dlms } = await late;
    assert.ok(Number(dlms?.waited) > 0, String(dlms?.waited));
    const { dlms: atOnce } = await value(at(second));
    assert.equal(atOnce?.waited, undefined);
  });

  it("takes secrets from a node that holds credentials only, without a warning of twins", async () => {
    const one = await startMeter();
    const flow = flowFor(one.port, {}, { clientAddress: "17", authentication: "LOW" });
    const holders = ["area A", "area B"].map((name, index) => ({
      ...flow.find(({ id }) => id === "meter"),
      ...{ id: `holder${index}`, name, host: "", port: "", credentialsOnly: true },
    }));
    const secret = { password: demoPassword };
    await helper.load(allNodes, [...flow, ...holders] as never, { meter: { password: "wrong" }, holder0: secret });
    const logged = helper.log().args.flat() as { level: number; type?: string; msg: unknown }[];
    assert.deepEqual(
      logged.filter(({ level, type }) => level <= 30 && type === "dlms-meter").map(({ msg }) => msg),
      [],
    );
    const { payload } = await value({ meter: { port: one.port, credentials: "area A" } });
    assert.equal(typeof payload, "number");
    const { dlmsError } = await failure({ meter: "area B" });
    assert.equal(dlmsError.code, "DLMS_CONFIG_MISSING");
    assert.match(dlmsError.message, /^meter: area B holds credentials only/);
  });
});
