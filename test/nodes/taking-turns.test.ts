import assert from "node:assert/strict";
import { once } from "node:events";
import { type RequestListener, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import sinon from "sinon";
import { SharedMeter } from "../../src/fleet/shared-meter";
import { EndpointAccess, AccessRegistry, withExclusiveAccess } from "../../src/fleet/exclusive-access";
import { type MeterDefinition, createClient, householdDefinition } from "../../src";
import { delayAnswers } from "../../src/simulator";
import { bench, registerRef, registers } from "../support/meters";
import { settle } from "../support/virtual-clock";
import {
  type Message,
  type RunningMeter,
  allNodes,
  clean,
  flowFor,
  helper,
  sharedByNodes,
  startMeter,
  value,
  maxAssociationsOf,
} from "./support";

type Flow = ReturnType<typeof flowFor>;
const never = new AbortController().signal;

/** Objects whose value is their own number. */
const numbered = (count: number): MeterDefinition => ({
  framing: "HDLC",
  associations: [{ client: 16 }, { client: 17 }],
  objects: Array.from({ length: count }, (_, n) => ({
    classId: 1,
    logicalName: `0.0.96.1.${n}.255`,
    attributes: { 2: { type: "unsigned" as const, value: n } },
  })),
});

/** Two meter nodes, each read by a separate node: object 1 by `read`, object 2 by `read2`. */
function twins(port: number, second: object = {}): Flow {
  const read = { objectType: "DATA", attributeId: "2" };
  const flow = flowFor(port, { ...read, logicalName: "0.0.96.1.1.255" }, { framing: "HDLC", timeout: "5000" });
  return [
    ...flow,
    { ...flow[1], id: "meter2", type: "dlms-meter", ...second },
    {
      ...{ id: "read2", type: "dlms-read", z: "tab", x: 0, y: 0, version: 1, meter: "meter2", mode: "attribute" },
      ...{ ...read, logicalName: "0.0.96.1.2.255", wires: [["out2"]] },
    },
    { id: "out2", type: "helper", z: "tab", x: 0, y: 0 },
  ];
}

/** The results of `times` simultaneous reads of both nodes. */
async function readBoth(times: number): Promise<Set<string>> {
  const got = new Set<string>();
  let left = 2 * times;
  await new Promise<void>((resolve) => {
    const count = (text: string): void => {
      got.add(text);
      if (--left === 0) resolve();
    };
    for (const [id, object] of [
      ["out", 1],
      ["out2", 2],
    ] as const) {
      helper.getNode(id).on("input", (msg: Message) => {
        count(`object ${object}: ${String(msg.payload)}`);
      });
    }
    helper.getNode("caught").on("input", (msg: Message) => {
      count(msg.dlmsError?.message ?? "an error");
    });
    for (let n = 0; n < times; n++) for (const id of ["read", "read2"]) helper.getNode(id).receive({ _msgid: `${n}` });
  });
  return got;
}

const frames = ({ meter }: RunningMeter): string[] =>
  meter.received.flatMap((item) => (item.kind === "frame" ? [item.frame] : []));

/** Log entries about two nodes for one meter. */
const advice = (): string[] =>
  helper
    .log()
    .args.map(([entry]: { msg?: unknown }[]) => String(entry?.msg))
    .filter((text) => text.includes("log.twin"));

describe("two config nodes with the same meter", () => {
  afterEach(clean);

  it("take turns for the same client, read their own values, and log it once", async () => {
    const one = await startMeter(numbered(3));
    const most = maxAssociationsOf(one);
    const flow = twins(one.port);
    await helper.load(allNodes, flow);
    for (let round = 0; round < 6; round++) {
      assert.deepEqual(await readBoth(2), new Set(["object 1: 1", "object 2: 2"]));
    }
    assert.equal(most(), 1);
    assert.equal(advice().length, 1);
    await helper.setFlows([...flow, { id: "more", type: "helper", z: "tab", x: 0, y: 0 }], "nodes");
    assert.equal(advice().length, 1);
  });

  for (const [name, second] of [
    ["the host written in another way", { host: "LocalHost" }],
    ["a physical address of 0 that the other leaves out", { physicalAddress: "0", addressSize: "2" }],
  ] as const) {
    it(`take turns too if the meter cannot tell them apart: ${name}`, async () => {
      const one = await startMeter(numbered(3));
      const most = maxAssociationsOf(one);
      const first = "physicalAddress" in second ? { addressSize: "2" } : {};
      const flow = twins(one.port, second).map((node) => (node.id === "meter" ? { ...node, ...first } : node));
      await helper.load(allNodes, flow);
      for (let round = 0; round < 3; round++) {
        assert.deepEqual(await readBoth(2), new Set(["object 1: 1", "object 2: 2"]));
      }
      assert.deepEqual([most(), advice().length], [1, 1]);
    });
  }

  it("leave other clients connected side by side", async () => {
    const one = await startMeter(numbered(3));
    await helper.load(allNodes, twins(one.port, { clientAddress: "17" }));
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(await readBoth(2), new Set(["object 1: 1", "object 2: 2"]));
    }
    assert.equal(frames(one).filter((frame) => frame === "SNRM").length, 2, "a link for each, set up once");
    assert.equal(one.meter.associations, 2);
    assert.equal(advice().length, 0);
  });
});

describe("a dialog of a node that is not deployed", () => {
  afterEach(clean);

  for (const path of ["test-connection", "find-address", "drafts/new/browse"]) {
    it(`does not disturb the flow that reads the same meter: ${path}`, async () => {
      const one = await startMeter(numbered(3));
      const most = maxAssociationsOf(one);
      await helper.load(allNodes, twins(one.port, { clientAddress: "17" }));
      const { port } = one;
      const properties = { host: "127.0.0.1", port, framing: "HDLC", timeout: 5000, retries: 0 };
      const press = helper.request().post(`/dlms/${path}`).send({ id: "new", properties });
      const [answer, values] = await Promise.all([press, readBoth(10)]);
      assert.equal(answer.status, 200);
      assert.doesNotMatch(answer.text, /"error"/);
      assert.deepEqual(values, new Set(["object 1: 1", "object 2: 2"]));
      assert.ok(most() <= 2);
    });
  }
});

describe("a read in progress", () => {
  afterEach(clean);

  for (const path of ["test-connection", "find-address"]) {
    for (const id of ["meter", "new"]) {
      it(`gets its answer while ${path} runs in the dialog of ${id}`, async () => {
        const one = await startMeter(householdDefinition({ framing: "HDLC" }));
        const flow = flowFor(one.port, {}, { framing: "HDLC", timeout: "5000" });
        await helper.load(allNodes, flow);
        await value();
        const prompt = one.meter.use(delayAnswers(400));
        one.meter.forgetReceived();
        const reading = value();
        await one.meter.waitFor((item) => item.kind === "apdu");
        prompt();
        const { text } = await helper.request().post(`/dlms/${path}`).send({ id, properties: flow[1] });
        assert.match(text, /"step":"read","ok":true|"answered":true/);
        assert.equal(typeof (await reading).payload, "number");
        const links = frames(one).filter((frame) => frame !== "I");
        assert.deepEqual(links.slice(0, 2), ["DISC", "SNRM"], "the flow's session was ended first");
      });
    }
  }
});

describe("a dialog that waits for exclusive access", () => {
  afterEach(async () => {
    sinon.restore();
    await clean();
  });

  it("leaves the queue when it is closed", async () => {
    const one = await startMeter();
    await helper.load(allNodes, flowFor(one.port, {}, { timeout: "5000" }));
    const turn = sharedByNodes().runtime.access.at(`127.0.0.1:${one.port}`);
    const somebody = { release: () => Promise.resolve() };
    await turn.enter(somebody);
    const entered = sinon.spy(EndpointAccess.prototype, "enter");
    const { _httpAdmin: admin } = helper as unknown as { _httpAdmin: RequestListener };
    const server = createServer(admin).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      let closed = 0;
      server.on("request", (_request, response) => {
        response.on("close", () => closed++);
      });
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dlms/meters/meter/read`;
      const body = JSON.stringify({ classId: 3, attributeId: 2, logicalName: "1-0:1.7.0*255" });
      const headers = { "content-type": "application/json" };
      const dialog = new AbortController();
      const waiting = [1, 2, 3, 4].map(() => fetch(url, { method: "POST", headers, body, signal: dialog.signal }));
      while (entered.callCount < 4) await settle();
      dialog.abort();
      for (const each of waiting) await assert.rejects(each, { name: "AbortError" });
      while (closed < 4) await settle();
      const fifth = fetch(url, { method: "POST", headers, body });
      while (entered.callCount < 5 && closed < 5) await settle();
      turn.exit(somebody);
      assert.equal((await fifth).status, 200);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe("requests that wait for exclusive access", () => {
  it("are limited like the queue of a client", async () => {
    const { clock, meter } = bench({ associations: [{ client: 16 }], objects: registers(1) });
    const turn = new EndpointAccess();
    const session = new SharedMeter({
      makeClient: () =>
        createClient({ transport: meter.transport(), client: { sap: 16 }, server: { logical: 1 }, clock }),
      ...{ clock, access: turn, probeInterval: 0, offlineAfter: 45_000, changed: () => undefined },
    });
    const read = (): Promise<unknown> => session.run((client) => client.read(registerRef(0)));
    let release = (): void => undefined;
    const other = withExclusiveAccess(turn, never, () => new Promise<void>((resolve) => (release = resolve)));
    const waiting = Array.from({ length: 1000 }, read);
    await assert.rejects(read(), { code: "DLMS_STATE_QUEUE_FULL" });
    release();
    await other;
    assert.equal((await clock.runUntil(Promise.all(waiting))).length, 1000);
    await clock.runUntil(read());
    await clock.runUntil(session.close());
  });
});

describe("a deploy in the middle", () => {
  afterEach(clean);

  for (const path of ["test-connection", "find-address"]) {
    it(`ends ${path}, and the flow's session begins after it`, async () => {
      const one = await startMeter(householdDefinition({ framing: "HDLC" }));
      const flow = flowFor(one.port, {}, { framing: "HDLC", timeout: "60000" });
      await helper.load(allNodes, flow);
      const answers = one.meter.use({ name: "silent", request: ({ apdu }) => (apdu === "aarq" ? [] : undefined) });
      const press = helper.request().post(`/dlms/${path}`).send({ id: "meter", properties: flow[1] });
      const ended = Promise.resolve(press);
      await one.meter.waitFor((item) => item.kind === "apdu" && item.apdu.apdu === "aarq");
      answers();
      one.meter.forgetReceived();
      await helper.setFlows(flow, "full");
      assert.equal(typeof (await value()).payload, "number");
      const kinds = one.meter.received.map((item) => (item.kind === "frame" ? item.frame : item.kind));
      assert.deepEqual(kinds.slice(0, 3), ["closed", "connected", "SNRM"]);
      const last = (await ended).text.trim().split("\n").at(-1) ?? "";
      const { error, step } = JSON.parse(last) as { error?: { code: string; message: string }; step?: string };
      assert.equal(error?.code, "DLMS_STATE_CLOSED");
      assert.match(error.message, /a deploy ended the request/);
      assert.equal(step, path === "test-connection" ? "association" : undefined);
    });
  }
});

describe("claims at one endpoint", () => {
  const resting = { release: (): Promise<void> => Promise.resolve() };
  const all = { server: "1", clients: [16] };

  /** Whether two claims are granted side by side, while the first asks. */
  async function together(a: object, b: object): Promise<boolean> {
    const turn = new EndpointAccess();
    const [first, second] = [{ ...resting }, { ...resting }];
    await turn.enter(first, undefined, [a]);
    let there = false;
    const entered = turn.enter(second, undefined, [b]).then(() => (there = true));
    await settle();
    const sideBySide = there;
    turn.exit(first);
    await entered;
    return sideBySide;
  }

  it("exclude each other if the meter cannot tell them apart, or serves one owner at a time", async () => {
    const owner = {};
    const cases: [object, object, boolean][] = [
      [all, all, false],
      [all, { ...all, server: "2" }, true],
      [all, { ...all, clients: [17] }, true],
      [all, { ...all, clients: [1, 16] }, false],
      [all, { server: "1" }, false],
      [all, {}, false],
      [{ ...all, owner }, { ...all, clients: [17], owner }, false],
      [{ ...all, owner }, { ...all, clients: [17], owner: {} }, true],
      [{ ...all, owner }, { ...all, server: "2", owner }, true],
    ];
    for (const [a, b, expected] of cases) {
      assert.equal(await together(a, b), expected, JSON.stringify([a, b]));
      assert.equal(await together(b, a), expected, JSON.stringify([b, a]));
    }
  });

  it("of two places are granted without a deadlock", async () => {
    const claims = [
      { endpoint: "test a", server: "1" },
      { endpoint: "test b", server: "1" },
    ];
    const order: string[] = [];
    const registry = new AccessRegistry();
    const use = (name: string, places: typeof claims): Promise<unknown> =>
      withExclusiveAccess(registry.to(places), never, async () => {
        await settle();
        order.push(name);
      });
    await Promise.all([use("one", claims), use("two", [...claims].reverse()), use("three", claims.slice(1))]);
    assert.equal(order.length, 3);
  });

  it("leave no resources when they are released midway", async () => {
    const claims = ["test c", "test d"].map((endpoint) => ({ endpoint }));
    const somebody = { ...resting };
    const registry = new AccessRegistry();
    await registry.at("test d").enter(somebody);
    const ending = new AbortController();
    const waiting = withExclusiveAccess(registry.to(claims), ending.signal, () => assert.fail("nobody waits for it"));
    await settle();
    const reason = new Error("closed");
    ending.abort(reason);
    await assert.rejects(waiting, reason);
    await registry.at("test c").enter({ ...resting });
  });
});
