import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { NodeAPI } from "node-red";
import sinon from "sinon";
import { endedStep } from "../../nodes/admin/connection-test-route";
import { registerLines } from "../../nodes/admin/streaming-route";
import { AccessRegistry } from "../../src/fleet/exclusive-access";
import { type PersistentState, parseMeterSettings } from "../../nodes/meters/parse-settings";
import type { TestLine } from "../../nodes/admin/answers";
import { householdDefinition, memoryCounterStore } from "../../src";
import { allNodes, clean, flowFor, helper, type RunningMeter, startMeter, value } from "./support";

const password = "Tapir-4401-Fluss";

const meterWithPassword = (): Promise<RunningMeter> =>
  startMeter({
    ...householdDefinition(),
    associations: [{ client: 16 }, { client: 17, mechanism: "lls", secret: password }],
  });

/** What the dialog shows for these settings. */
async function test(
  id: string,
  properties: object,
  credentials: object = {},
): Promise<{ lines: TestLine[]; text: string }> {
  const { status, text } = await helper.request().post("/dlms/test-connection").send({ id, properties, credentials });
  assert.equal(status, 200);
  const lines = text.split("\n").filter((line) => line !== "");
  return { lines: lines.map((line) => JSON.parse(line) as TestLine), text };
}

const short = (lines: readonly TestLine[]): string[] => lines.map(({ step, ok }) => `${step} ${ok ? "ok" : "failed"}`);
const whole = ["line ok", "link ok", "association ok", "authentication ok", "read ok"];

describe("Test connection", () => {
  afterEach(clean);

  it("works before the first deploy, with settings as text, and closes all connections", async () => {
    const { meter, port } = await startMeter();
    await helper.load(allNodes, []);
    const { lines } = await test("never-deployed", {
      transportType: "TCP",
      host: "127.0.0.1",
      port: String(port),
      clientAddress: "16",
    });
    assert.deepEqual(short(lines), whole);
    assert.deepEqual(
      lines.map(({ facts }) => facts?.found),
      ["lineOpen", "noSetUp", "associated", "noAuthentication", "value"],
    );
    await meter.waitFor((item) => item.kind === "closed");
    assert.equal(meter.counters.openConnections, 0);
    assert.equal(meter.associations, 0);
  });

  it("uses the stored secret if no new one was typed, and never shows it", async () => {
    const { port } = await meterWithPassword();
    const settings = { clientAddress: "17", authentication: "LOW" };
    const flow = flowFor(port, {}, settings);
    await helper.load(allNodes, flow, { meter: { password } });
    const stored = await test("meter", { ...flow[1], ...settings }, { password: "__PWRD__" });
    assert.deepEqual(short(stored.lines), whole);
    assert.doesNotMatch(stored.text, /Tapir/);
    const typed = await test("meter", { ...flow[1], ...settings }, { password: "not-Tapir-4401" });
    assert.deepEqual(short(typed.lines).slice(-1), ["authentication failed"]);
    assert.match(typed.lines.at(-1)?.advice?.join(" ") ?? "", /lock the account/);
    assert.doesNotMatch(typed.text, /Tapir/);
  });

  it("borrows the meter from a running flow, which continues afterwards", async () => {
    const { meter, port } = await startMeter();
    const flow = flowFor(port);
    await helper.load(allNodes, flow);
    await value();
    const [{ lines }, read] = await Promise.all([test("meter", { ...flow[1] }), value()]);
    assert.deepEqual(short(lines), whole);
    assert.equal(typeof read.payload, "number");
    await value();
    assert.equal(meter.counters.openConnections, 1);
  });

  it("resolves the variables of the deployed node, and names the invalid setting", async () => {
    const { port } = await startMeter();
    process.env.DLMS_TEST_PORT = String(port);
    await helper.load(allNodes, flowFor("${DLMS_TEST_PORT}"));
    try {
      const { lines } = await test("meter", { host: "127.0.0.1", port: "${DLMS_TEST_PORT}" });
      assert.deepEqual(short(lines), whole);
    } finally {
      delete process.env.DLMS_TEST_PORT;
    }
    const unset = await test("meter", { host: "127.0.0.1", port: "${DLMS_TEST_PORT}" });
    assert.deepEqual(short(unset.lines), ["settings failed"]);
    assert.match(unset.lines[0]?.text ?? "", /port/);
    const wrong = await test("", { host: "127.0.0.1", authentication: "LOW" });
    assert.match(wrong.lines[0]?.text ?? "", /^password: /);
    assert.deepEqual(wrong.lines[0]?.error?.details, { property: "password" });
    assert.deepEqual(unset.lines[0]?.error?.details, { property: "port", variable: "DLMS_TEST_PORT" });
    for (const body of [null, [], "text", { properties: 7 }, {}]) {
      const { status } = await helper
        .request()
        .post("/dlms/test-connection")
        .send(body as object);
      assert.ok(status === 200 || status === 400, String(status));
    }
  });

  it("suggests a remedy when no program listens on the port", async () => {
    const gone = await startMeter();
    await gone.close();
    await helper.load(allNodes, []);
    const { lines } = await test("", { host: "127.0.0.1", port: gone.port });
    assert.deepEqual(short(lines), ["line failed"]);
    assert.ok((lines[0]?.advice?.length ?? 0) > 0);
    assert.equal(lines[0]?.error?.code, "DLMS_CONN_REFUSED");
    assert.deepEqual(lines[0]?.hints, [{ key: "port" }, { key: "oneConnection" }]);
  });

  describe("when something unexpected happens", () => {
    afterEach(() => {
      sinon.restore();
    });
    const failure = new TypeError(`something quotes ${password}`);
    const error = {
      code: "INTERNAL",
      message: "connection test failed inside Node-RED (TypeError); see Node-RED's log for details",
    };
    const last = (step: string): object => ({ step, ok: false, text: error.message, error });

    it("ends with a line that reports it, without a quote", async () => {
      const { port } = await startMeter();
      const flow = flowFor(port);
      await helper.load(allNodes, flow);
      sinon.stub(AccessRegistry.prototype, "to").throws(failure);
      for (const id of ["meter", "new"]) {
        const { lines, text } = await test(id, { ...flow[1] });
        assert.deepEqual(lines, [last("settings")]);
        assert.doesNotMatch(text, /Tapir/);
      }
    });

    it("names the step that failed", async () => {
      const { port } = await startMeter();
      const flow = flowFor(port);
      await helper.load(allNodes, flow);
      sinon.stub(AccessRegistry.prototype, "to").returns({
        enter: () => Promise.resolve(),
        exit: () => {
          throw failure;
        },
        released: () => undefined,
      });
      const { lines } = await test("meter", { ...flow[1], clientAddress: "99" });
      assert.deepEqual(short(lines).slice(0, 3), ["line ok", "link ok", "association failed"]);
      assert.deepEqual(lines.slice(3), [last("association")]);
    });

    it("keeps the earlier lines", async () => {
      function broken(RED: NodeAPI): void {
        registerLines(RED, "/dlms/broken", {
          task: "the work",
          linesOf: async function* () {
            yield { index: 1 };
            await Promise.resolve();
            // eslint-disable-next-line @typescript-eslint/only-throw-error -- what libraries do
            throw password;
          },
          lastLine: (unexpected) => ({ error: unexpected }),
        });
      }
      await helper.load([...allNodes, broken], []);
      const { text } = await helper.request().post("/dlms/broken").send({});
      const message = "the work failed inside Node-RED (no error object); see Node-RED's log for details";
      assert.deepEqual(
        text
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as object),
        [{ index: 1 }, { error: { code: "INTERNAL", message } }],
      );
    });
  });
});

describe("an unexpected end of a connection test", () => {
  const error = { code: "INTERNAL", message: "failed" } as const;

  for (const [before, step] of [
    [undefined, "settings"],
    [{ step: "line", ok: true }, "link"],
    [{ step: "counter", ok: true }, "link"],
    [{ step: "link", ok: true }, "association"],
    [{ step: "link", ok: false }, "link"],
    [{ step: "read", ok: true }, "read"],
  ] as const) {
    it(`is shown at step "${step}" after ${before === undefined ? "no step" : `${before.step} ${before.ok}`}`, () => {
      assert.deepEqual(endedStep(error, before), { step, ok: false, text: "failed", error });
    });
  }
});

describe("the counter's settings", () => {
  const persistentState: PersistentState = {
    systemTitle: () => new Uint8Array(8),
    counter: () => memoryCounterStore(),
  };
  const keys = { encryptionKey: "00".repeat(16), authenticationKey: "11".repeat(16) };
  const sourceOf = (raw: object): unknown =>
    parseMeterSettings({ securityPolicy: "AUTHENTICATED_ENCRYPTED", clientAddress: "1", ...raw }, keys, persistentState)
      .connect.security?.counterSource;

  it("become the client's option; STORED asks the meter for a lost counter only", () => {
    assert.deepEqual(sourceOf({}), { client: 16, logicalName: "0.0.43.1.0.255", pauseMs: 0, reconnect: false });
    assert.deepEqual(
      sourceOf({
        invocationCounterClient: "20",
        invocationCounterObis: "0-0:43.1.7*255",
        invocationCounterPause: "2500",
        invocationCounterReconnect: true,
      }),
      { client: 20, logicalName: "0-0:43.1.7*255", pauseMs: 2500, reconnect: true },
    );
    assert.deepEqual(sourceOf({ invocationCounterSource: "STORED", invocationCounterClient: "20" }), {
      ...{ when: "lost", client: 20 },
      ...{ logicalName: "0.0.43.1.0.255", pauseMs: 0, reconnect: false },
    });
    assert.equal(sourceOf({ invocationCounterSource: "STORED", referencing: "SN" }), undefined);
  });
});
