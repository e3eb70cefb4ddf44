import assert from "node:assert/strict";
import { allNodes, clean, helper, startMeter, statusesOf, value } from "./support";
import { isWrite, refused, requestsOf, writableMeter, writeFlow, written } from "./write-support";

const number = { logicalName: "0-0:96.50.0*255", objectType: "DATA", attributeId: 2 };

describe("dlms-write, an attribute", () => {
  afterEach(clean);

  it("writes the payload in the type that the meter holds, and tells the value before and after", async () => {
    const { port } = await startMeter(writableMeter());
    await helper.load(allNodes, writeFlow(port));
    const request = { url: "/x" };
    const { payload, topic, dlms, dlmsError, req } = await written({
      payload: 42,
      req: request,
      dlmsError: { code: "OLD" },
    });
    assert.deepEqual([payload, topic, dlmsError, req], [42, "0.0.96.50.0.255", undefined, request]);
    const { sentAt, ...facts } = dlms;
    assert.deepEqual(facts, {
      ...{ meter: "test meter", action: "WRITE", logicalName: "0.0.96.50.0.255", objectType: "DATA", classId: 1 },
      ...{ attributeId: 2, attribute: "value", written: true, raw: "060000002a", before: 7, after: 42, verified: true },
    });
    assert.match(String(sentAt), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal((await value(number)).payload, 42);
  });

  it("prefers msg.value to the payload, and the node's own value to the payload", async () => {
    const { port } = await startMeter(writableMeter());
    await helper.load(allNodes, writeFlow(port, { value: "12", valueType: "num" }));
    assert.equal((await written({ payload: 1_700_000_000_000 })).dlms.after, 12);
    assert.equal((await written({ payload: 5, value: 13 })).dlms.after, 13);
  });

  it("takes a scaled register in its unit, exactly", async () => {
    const { port } = await startMeter(writableMeter());
    const register = { logicalName: "1-0:12.31.0*255", objectType: "REGISTER" };
    await helper.load(allNodes, writeFlow(port, register));
    const { dlms } = await written({ payload: 230.5 });
    assert.deepEqual([dlms.raw, dlms.before, dlms.after, dlms.verified], ["120901", 230, 230.5, true]);
    const error = await refused({ payload: 230.55 });
    assert.equal(error.code, "DLMS_CONFIG_INVALID");
    const raw = await written({ payload: 2301, dataType: "long-unsigned" });
    assert.equal(raw.dlms.after, 230.1, "a data type in words is the type of the raw value");
  });

  it("refuses a value that does not fit its type, without a write on the wire", async () => {
    const meter = await startMeter(writableMeter());
    const requests = requestsOf(meter);
    await helper.load(allNodes, writeFlow(meter.port));
    for (const payload of [-1, 1.5, 4_294_967_296, "many", { a: 1 }, undefined]) {
      assert.equal((await refused({ payload })).code, "DLMS_CONFIG_INVALID", JSON.stringify(payload));
    }
    assert.equal((await refused({ payload: 1, dataType: "number" })).code, "DLMS_CONFIG_INVALID");
    assert.ok(requests.length > 0);
    assert.deepEqual(requests.filter(isWrite), []);
  });

  it("compares what it reads back: a meter that keeps another value is not verified", async () => {
    const definition = writableMeter();
    const stubborn = { ...definition.objects[0], classId: 1, logicalName: "0.0.96.50.9.255", writable: [2] };
    let reads = 0;
    const attributes = { 2: () => ({ type: "unsigned" as const, value: reads++ }) };
    const { meter, port } = await startMeter({
      ...definition,
      objects: [...definition.objects, { ...stubborn, attributes }],
    });
    meter.use({
      name: "keeps",
      request: ({ apdu }, bytes) =>
        apdu === "set-request-normal" ? [Uint8Array.of(0xc5, 1, bytes[2] ?? 0, 0)] : undefined,
    });
    await helper.load(allNodes, writeFlow(port, { logicalName: "0-0:96.50.9*255" }));
    const statuses = statusesOf("write");
    const { dlms } = await written({ payload: 200 });
    assert.deepEqual([dlms.written, dlms.before, dlms.after, dlms.verified], [true, 0, 1, false]);
    await statuses.until(/^yellow dot dlms-write\.status\.differs$/);
  });

  it("writes without reading when verify is off and the type is given", async () => {
    const { port } = await startMeter(writableMeter());
    await helper.load(allNodes, writeFlow(port, { verify: false }));
    const { dlms } = await written({ payload: 9, dataType: "double-long-unsigned" });
    assert.deepEqual([dlms.before, dlms.after, dlms.verified, dlms.written], [undefined, undefined, null, true]);
  });

  it("tells that the meter refused, and sends nothing on", async () => {
    const { port } = await startMeter(writableMeter());
    await helper.load(allNodes, writeFlow(port));
    const error = await refused({ payload: 1, logicalName: "0-0:96.1.0*255" });
    assert.equal(error.code, "DLMS_CONFIG_INVALID", "the serial number is a text");
    const denied = await refused({ value: "X", logicalName: "0-0:96.1.0*255" });
    assert.equal(denied.code, "DLMS_ACCESS_READ_WRITE_DENIED");
  });
});
