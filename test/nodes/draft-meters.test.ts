import { AccessRegistry } from "../../src/fleet/exclusive-access";
import assert from "node:assert/strict";
import { once } from "node:events";
import { type RequestListener, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import type { Node, NodeAPI, NodeDef } from "node-red";
import sinon from "sinon";
import { DescribedMeters } from "../../nodes/meters/described-meters";
import { DraftMeters, maxDraftIdleMs } from "../../nodes/meters/draft-meters";
import type { MeterSettings } from "../../src";
import { SharedMeter } from "../../src/fleet/shared-meter";
import { createClient, createMeter, householdDefinition, isDlmsError, type SimulatedMeter } from "../../src";
import { neverAnswer } from "../../src/simulator";
import { VirtualClock } from "../support/virtual-clock";
import { allNodes, clean, flowFor, helper, type RunningMeter, startMeter, value, maxAssociationsOf } from "./support";

const password = "Okapi-7712-Ufer";
const wrongPassword = "Serval-3305-Mole";

interface Answer {
  status: number;
  text: string;
  body: {
    objects?: { logicalName: string; description: string }[];
    columns?: { key: string }[];
    text?: string;
    unit?: string;
    error?: { code: string; message: string };
  };
}
const ask = async (what: string, body: object, id = "draft"): Promise<Answer> =>
  (helper.request() as unknown as { post(path: string): { send(body: object): Promise<Answer> } })
    .post(`/dlms/drafts/${id}/${what}`)
    .send(body);

/** The endpoints on a server, for requests that are aborted. */
async function withServer(work: (url: string) => Promise<void>): Promise<void> {
  const { _httpAdmin: admin } = helper as unknown as { _httpAdmin: RequestListener };
  const server = createServer(admin).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const voltage = { classId: 3, logicalName: "1-0:32.7.0*255", attributeId: 2 };
const settings = (port: number, more: object = {}): { properties: object } => ({
  properties: { version: 2, transportType: "TCP", host: "127.0.0.1", port: String(port), timeout: "1000", ...more },
});

const attempts = ({ meter }: RunningMeter): number =>
  meter.received.filter((item) => item.kind === "apdu" && item.apdu.apdu === "aarq").length;
const withPassword = (): Promise<RunningMeter> =>
  startMeter({
    ...householdDefinition(),
    associations: [{ client: 16 }, { client: 17, mechanism: "lls", secret: password }],
  });
const low = { clientAddress: "17", authentication: "LOW" };

describe("a meter of an open dialog", () => {
  afterEach(clean);

  it("is browsed and read, columns too, before the first deploy, over one association", async () => {
    const one = await startMeter();
    const most = maxAssociationsOf(one);
    await helper.load(allNodes, []);
    const list = await ask("browse", settings(one.port));
    assert.equal(list.status, 200);
    assert.ok(list.body.objects?.some(({ logicalName }) => logicalName === "1.0.1.8.0.255"));
    const reading = await ask("read", { ...settings(one.port), ...voltage });
    assert.equal(reading.body.unit, "V");
    const columns = await ask("columns", { ...settings(one.port), logicalName: "1-0:99.1.0*255", language: "de" });
    assert.ok(columns.body.columns?.some(({ key }) => key === "1.0.1.8.0.255"));
    assert.deepEqual([most(), one.meter.counters.connections], [1, 1]);
    await helper.unload();
    await one.meter.waitFor((item) => item.kind === "closed");
    assert.equal(one.meter.associations, 0);
  });

  it("has the secrets that were typed, or those that are stored, and shows them nowhere", async () => {
    const one = await withPassword();
    const flow = flowFor(one.port, {}, low);
    await helper.load(allNodes, flow, { meter: { password } });
    const bodies = [
      { ...settings(one.port, low), credentials: { password } },
      { ...settings(one.port, { ...low, timeout: "1500" }), credentials: { password: "__PWRD__" } },
      settings(one.port, { ...low, timeout: "1600" }),
    ];
    for (const [n, body] of bodies.entries()) {
      const { status, text } = await ask("read", { ...body, ...voltage }, n === 0 ? "never" : "meter");
      assert.equal(status, 200, text);
      assert.doesNotMatch(text, /Okapi/);
    }
    const wrong = { ...settings(one.port, low), credentials: { password: wrongPassword }, ...voltage };
    const before = attempts(one);
    for (const expected of [/./, /not retried/, /not retried/]) {
      const { status, text, body } = await ask("read", wrong, "meter");
      assert.deepEqual([status, body.error?.code], [502, "DLMS_ASSOC_AUTH_FAILED"]);
      assert.match(body.error?.message ?? "", expected);
      assert.doesNotMatch(text, /Okapi|Serval/);
    }
    assert.equal(attempts(one), before + 1, "a refused secret is sent once");
    assert.doesNotMatch(inspect(helper.log().args, { depth: 6 }), /Okapi|Serval/);
  });

  it("never has the secrets of another kind of node", async () => {
    const one = await withPassword();
    function otherKind(RED: NodeAPI): void {
      function Other(this: Node<{ password: string }>, config: NodeDef): void {
        RED.nodes.createNode(this, config);
      }
      RED.nodes.registerType<Node<{ password: string }>, NodeDef, object, { password: string }>("other-kind", Other, {
        credentials: { password: { type: "password" } },
      });
    }
    const other = { id: "other", type: "other-kind", z: "tab", wires: [] };
    await helper.load([...allNodes, otherKind], [...flowFor(one.port), other], { other: { password } });
    const { status, body } = await ask("read", { ...settings(one.port, low), ...voltage }, "other");
    assert.deepEqual([status, body.error?.code], [400, "DLMS_CONFIG_MISSING"]);
    assert.equal(attempts(one), 0);
  });

  it("uses the session of the deployed meter if no setting was changed", async () => {
    const one = await withPassword();
    const flow = flowFor(one.port, {}, low);
    await helper.load(allNodes, flow, { meter: { password } });
    await value();
    const properties = { ...flow[1], version: 2, poolSize: "10", serverAddress: 1, name: "renamed" };
    for (const credentials of [{}, { password: "__PWRD__" }, { password }]) {
      assert.equal((await ask("read", { properties, credentials, ...voltage }, "meter")).status, 200);
    }
    assert.deepEqual([one.meter.counters.connections, attempts(one)], [1, 1]);
  });

  it("reports an unexpected error without quoting it, and leaves Node-RED running", async () => {
    const one = await withPassword();
    const flow = flowFor(one.port, {}, low);
    await helper.load(allNodes, flow, { meter: { password } });
    const failure = new TypeError(`something quotes ${password}`);
    const message = "the request failed inside Node-RED (TypeError); see Node-RED's log for details";
    const body = { properties: { ...flow[1], version: 2 }, credentials: { password: "__PWRD__" }, ...voltage };
    const stubs = [
      sinon.stub(DescribedMeters.prototype, "compare").throws(failure),
      sinon.stub(SharedMeter.prototype, "run").rejects(failure),
    ];
    try {
      for (const stub of stubs) {
        const answer = await ask("read", body, "meter");
        assert.deepEqual([answer.status, answer.body.error], [500, { code: "INTERNAL", message }]);
        stub.restore();
      }
    } finally {
      sinon.restore();
    }
    assert.equal((await ask("read", body, "meter")).status, 200);
  });

  it("takes turns with the flow that runs with other settings", async () => {
    const one = await withPassword();
    const most = maxAssociationsOf(one);
    await helper.load(allNodes, flowFor(one.port));
    const changed = { ...settings(one.port, low), credentials: { password }, ...voltage };
    for (let round = 0; round < 3; round++) {
      const [msg, same, other] = await Promise.all([
        value(),
        ask("read", changed, "meter"),
        ask("read", changed, "another-node-for-this-meter"),
      ]);
      assert.equal(typeof msg.payload, "number");
      assert.deepEqual([same.status, other.status], [200, 200]);
    }
    assert.equal(most(), 1);
    assert.equal(one.meter.associations, 1);
  });

  it("survives its own deploy and a connection test", async () => {
    const one = await startMeter();
    const most = maxAssociationsOf(one);
    const gone = await startMeter();
    await gone.close();
    await helper.load(allNodes, flowFor(gone.port));
    assert.equal((await ask("browse", settings(one.port), "meter")).status, 200);
    assert.equal(one.meter.associations, 1);
    await helper.setFlows(flowFor(one.port), "full");
    assert.equal(typeof (await value()).payload, "number");
    assert.equal((await ask("browse", settings(one.port, { timeout: "3000" }))).status, 200);
    const { text } = await helper.request().post("/dlms/test-connection").send(settings(one.port));
    assert.match(text, /"step":"read","ok":true/);
    assert.equal(typeof (await value()).payload, "number");
    assert.equal(most(), 1);
  });

  it("is released before the deployed meter connects, although the release is slow", async () => {
    const one = await startMeter();
    const gone = await startMeter();
    await gone.close();
    const most = maxAssociationsOf(one);
    let release = (): void => assert.fail("nobody wanted to leave");
    one.meter.use({
      name: "slow to release",
      request: ({ apdu }, _bytes, line) => {
        if (apdu !== "rlrq") return undefined;
        release = () => {
          line.send(Buffer.from("00010001001000056303800100", "hex"));
        };
        return [];
      },
    });
    await helper.load(allNodes, flowFor(gone.port));
    await ask("browse", settings(one.port), "meter");
    await helper.setFlows(flowFor(one.port), "full");
    await one.meter.waitFor((item) => item.kind === "apdu" && item.apdu.apdu === "rlrq");
    const reading = value();
    // long enough for several connections
    for (let n = 0; n < 5; n++) await helper.request().get("/dlms/describe?obis=1-0:1.8.0");
    assert.equal(attempts(one), 1);
    release();
    assert.equal(typeof (await reading).payload, "number");
    assert.equal(most(), 1);
  });

  it("stops waiting when its dialog is closed", async () => {
    const one = await startMeter();
    const most = maxAssociationsOf(one);
    await helper.load(allNodes, []);
    await ask("read", { ...settings(one.port), ...voltage });
    const again = one.meter.use(neverAnswer());
    one.meter.forgetReceived();
    await withServer(async (url) => {
      const dialog = new AbortController();
      const left = fetch(`${url}/dlms/drafts/draft/browse`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(settings(one.port)),
        signal: dialog.signal,
      });
      await one.meter.waitFor((item) => item.kind === "apdu");
      dialog.abort();
      await assert.rejects(left, { name: "AbortError" });
    });
    again();
    assert.equal((await ask("read", { ...settings(one.port), ...voltage })).status, 200);
    assert.equal(most(), 1);
    await helper.unload();
    await one.meter.waitFor((item) => item.kind === "closed");
  });

  it("reports the wrong setting, and refusals of the meter", async () => {
    const one = await startMeter();
    const gone = await startMeter();
    await gone.close();
    await helper.load(allNodes, []);
    const problem = async (body: object): Promise<readonly [number, string | undefined, string]> => {
      const { status, body: answer } = await ask("browse", body);
      return [status, answer.error?.code, answer.error?.message ?? ""];
    };
    const cases: [object, number, string, RegExp][] = [
      [settings(0), 400, "DLMS_CONFIG_INVALID", /^port: expected/],
      [settings(one.port, { authentication: "LOW" }), 400, "DLMS_CONFIG_MISSING", /^password: /],
      [
        settings(one.port, { host: "${DLMS_NO_SUCH}" }),
        400,
        "DLMS_CONFIG_MISSING",
        /^host: \$\{DLMS_NO_SUCH\} is resolved only where the deployed/,
      ],
      [settings(one.port, { version: 99 }), 400, "DLMS_CONFIG_UNSUPPORTED", /^version: /],
      [settings(gone.port), 502, "DLMS_CONN_REFUSED", /127\.0\.0\.1/],
      [settings(one.port, { clientAddress: "99" }), 502, "DLMS_ASSOC_REJECTED", /./],
    ];
    for (const [body, status, code, text] of cases) {
      const [gotStatus, gotCode, message] = await problem(body);
      assert.deepEqual([gotStatus, gotCode], [status, code], message);
      assert.match(message, text);
    }
    for (const body of [{}, [], { properties: "x", credentials: 7 }, { properties: { host: {} } }]) {
      assert.ok([400, 502].includes((await ask("read", body)).status));
    }
    assert.equal((await ask("read", { ...settings(one.port), classId: 3, logicalName: "x" })).status, 400);
  });
});

describe("sessions of drafts", () => {
  /** Drafts with meters in memory. */
  function bench(count: number): {
    clock: VirtualClock;
    drafts: DraftMeters;
    meters: SimulatedMeter[];
    read: (n: number, signal?: AbortSignal) => Promise<unknown>;
  } {
    const clock = new VirtualClock();
    const meters = Array.from({ length: count }, () => createMeter(householdDefinition()));
    const drafts = new DraftMeters({
      clock,
      access: new AccessRegistry(),
      makeSession: ({ connect, offlineAfter }, access) =>
        new SharedMeter({
          makeClient: () => createClient(connect),
          clock,
          access,
          probeInterval: 0,
          offlineAfter,
          changed: () => undefined,
        }),
    });
    const settingsOf = meters.map((meter, n): MeterSettings => ({
      connect: {
        transport: meter.transport(),
        link: { kind: "wrapper" },
        client: { sap: 16 },
        server: { logical: 1 },
        auth: { mechanism: "none" },
        timeouts: { response: 300, close: 100, retries: 0 },
      },
      endpointLabel: `memory ${n}`,
      probeInterval: 0,
      offlineAfter: 45_000,
    }));
    const read = async (n: number, signal = new AbortController().signal): Promise<unknown> => {
      const wanted = settingsOf[n];
      assert.ok(wanted);
      const ref = { classId: 8, logicalName: "0.0.1.0.0.255", attributeId: 2 };
      return drafts.run(wanted, undefined, signal, (session) => session.run((client) => client.read(ref, { signal })));
    };
    return { clock, drafts, meters, read };
  }
  const open = (meters: readonly SimulatedMeter[]): number[] => meters.map((meter) => meter.associations);

  it("stay open for a bounded time after the last request", async () => {
    const { clock, meters, read } = bench(1);
    await read(0);
    await clock.tickAsync(maxDraftIdleMs - 1);
    assert.deepEqual(open(meters), [1]);
    await read(0);
    await clock.tickAsync(maxDraftIdleMs - 1);
    assert.deepEqual(open(meters), [1]);
    const closed = meters[0]?.waitFor((item) => item.kind === "closed");
    await clock.tickAsync(1);
    await closed;
    assert.deepEqual(open(meters), [0]);
    await clock.tickAsync(maxDraftIdleMs);
    assert.equal(clock.pending, 0);
  });

  it("are limited to four: the one idle longest is released", async () => {
    const { drafts, meters, read } = bench(6);
    for (let n = 0; n < 6; n++) await read(n);
    assert.deepEqual(open(meters), [0, 0, 1, 1, 1, 1]);
    await drafts.vacate();
    assert.deepEqual(open(meters), [0, 0, 0, 0, 0, 0]);
  });

  it("refuse more requests than they can hold, and end those under way with a deploy", async () => {
    const { drafts, meters, read } = bench(1);
    await read(0);
    meters[0]?.use(neverAnswer());
    const waiting = Array.from({ length: 8 }, () =>
      read(0).then(
        () => "answered",
        (error: unknown) => error,
      ),
    );
    await assert.rejects(read(0), (error) => isDlmsError(error) && error.code === "DLMS_STATE_BUSY");
    await drafts.vacate();
    for (const error of await Promise.all(waiting)) assert.ok(isDlmsError(error), String(error));
    assert.deepEqual(open(meters), [0]);
    await assert.rejects(read(0, AbortSignal.abort(new Error("left"))), /left/);
  });
});
