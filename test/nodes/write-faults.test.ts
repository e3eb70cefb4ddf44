import assert from "node:assert/strict";
import { demoKeys, type SimulatedMeter } from "../../src";
import { allNodes, clean, helper, startMeter, value } from "./support";
import { isWrite, refused, requestsOf, writableMeter, writeFlow, written } from "./write-support";

const number = { logicalName: "0-0:96.50.0*255", objectType: "DATA", attributeId: 2 };
const isSet = (apdu: string | undefined): boolean => apdu !== undefined && isWrite(apdu);
const quick = { timeout: "300" };

/** The meter executes writes, and its answer is lost. */
function losesAnswers(meter: SimulatedMeter, close: boolean): () => void {
  let executed = false;
  return meter.use({
    name: "loses answers",
    answer: (_answer, request) => {
      executed = isSet(request?.apdu);
      return executed && !close ? [] : undefined;
    },
    frameOut: () => (executed && close ? [{ kind: "close" }] : undefined),
  });
}

describe("dlms-write on a line that breaks", () => {
  afterEach(clean);

  const securities = {
    plain: { meter: {}, credentials: {} },
    ciphered: {
      meter: {
        ...{ clientAddress: "18", authentication: "HIGH_GMAC", securityPolicy: "AUTHENTICATED_ENCRYPTED" },
        ...{ systemTitle: "4D4D4D5752495445", invocationCounterSource: "METER" },
      },
      credentials: {
        meter: Object.fromEntries(
          Object.entries(demoKeys).map(([name, bytes]) => [name, Buffer.from(bytes).toString("hex")]),
        ),
      },
    },
  } as const;
  for (const [security, { meter: settings, credentials }] of Object.entries(securities)) {
    for (const [how, close] of [
      ["the line breaks", true],
      ["no answer comes", false],
    ] as const) {
      it(`${security}: after an executed write, ${how}: the outcome is unknown, and nothing is sent again`, async () => {
        const running = await startMeter(writableMeter());
        const seen = requestsOf(running);
        const flow = writeFlow(running.port, {}, { ...quick, ...settings });
        await helper.load(allNodes, flow, credentials);
        assert.equal((await written({ payload: 1 })).dlms.after, 1);
        const stop = losesAnswers(running.meter, close);
        const { code, message, retry } = await refused({ payload: 42 });
        assert.deepEqual([code, retry], ["DLMS_WRITE_OUTCOME_UNKNOWN", "no"]);
        assert.match(message, /^sent, outcome unknown/);
        stop();
        assert.equal((await value(number)).payload, 42, "the next read tells what happened");
        assert.equal(seen.filter((apdu) => apdu.startsWith("set")).length, 2, "one request for each message");
      });
    }
  }

  it("tells that nothing was sent when the meter cannot be reached", async () => {
    const running = await startMeter(writableMeter());
    await running.close();
    await helper.load(allNodes, writeFlow(running.port, {}, quick));
    for (const message of [{ payload: 1 }, { payload: 1, verify: false, dataType: "double-long-unsigned" }]) {
      assert.equal((await refused(message)).code, "DLMS_CONN_REFUSED");
    }
  });

  it("tells that nothing was sent when the meter does not associate", async () => {
    const running = await startMeter(writableMeter());
    const seen = requestsOf(running);
    running.meter.use({ name: "silent", request: ({ apdu }) => (apdu === "aarq" ? [] : undefined) });
    await helper.load(allNodes, writeFlow(running.port, {}, quick));
    const { code } = await refused({ payload: 1, verify: false, dataType: "double-long-unsigned" });
    assert.match(code, /^DLMS_TIMEOUT_ASSOCIATE$/);
    assert.deepEqual(seen.filter(isWrite), []);
  });

  it("keeps a confirmed write when the read back fails", async () => {
    const running = await startMeter(writableMeter());
    await helper.load(allNodes, writeFlow(running.port, {}, quick));
    let isWritten = false;
    running.meter.use({
      name: "silent after a write",
      request: ({ apdu }) => {
        if (isSet(apdu)) isWritten = true;
        return isWritten && apdu.startsWith("get") ? [] : undefined;
      },
    });
    const { dlms, payload } = await written({ payload: 9 });
    assert.deepEqual([dlms.written, dlms.verified, payload], [true, null, 9]);
    assert.equal((dlms.verifyError as { code: string }).code, "DLMS_TIMEOUT_RESPONSE");
  });

  it("tells at a deploy that the outcome is unknown, or that nothing was sent", async () => {
    for (const sent of [true, false]) {
      const running = await startMeter(writableMeter());
      const flow = writeFlow(running.port, {}, { timeout: "60000" });
      await helper.load(allNodes, flow);
      await value(number);
      const held = sent ? isSet : (apdu: string | undefined) => apdu?.startsWith("get") === true;
      let arrived = (): void => undefined;
      const atMeter = new Promise<void>((resolve) => (arrived = resolve));
      running.meter.use({
        name: "holds",
        request: ({ apdu }) => {
          if (!held(apdu)) return undefined;
          arrived();
          return [];
        },
      });
      const outcome = refused({ payload: 3 });
      await atMeter;
      const changed = flow.map((node) => (node.id === "write" ? { ...node, name: "changed" } : node));
      await helper.setFlows(changed, "nodes");
      const { code } = await outcome;
      assert.equal(code, sent ? "DLMS_WRITE_OUTCOME_UNKNOWN" : "DLMS_STATE_CLOSED");
      await clean();
    }
  });
});
