import assert from "node:assert/strict";
import { listClasses } from "../../src";
import { dangerOfAttribute, dangerOfMethod } from "../../nodes/meters/dangerous";
import { allNodes, clean, helper, startMeter, statusesOf } from "./support";
import { isWrite, refused, requestsOf, writableMeter, writeFlow, written } from "./write-support";

const relay = { logicalName: "0-0:96.3.10*255", objectType: "DISCONNECT_CONTROL" };

/** Requests that a message can ask a dlms-write for. */
const requests: readonly object[] = [
  { payload: 1 },
  { value: 1, logicalName: "0-0:96.50.0*255", objectType: "DATA" },
  { action: "WRITE", value: 1 },
  { action: "METHOD", logicalName: "1-0:12.31.0*255", objectType: "REGISTER", method: "reset" },
  { action: "METHOD", ...relay, method: "remote_disconnect" },
  { action: "METHOD", ...relay, method: 2 },
  { action: "SET_CLOCK" },
];

/** What a message may say to be allowed. */
const pleas: readonly object[] = [
  {},
  { allowWriting: "ALL" },
  { allowWriting: true, allowDangerous: true },
  { dlms: { allowWriting: "ALL" }, meter: "test meter" },
  { meter: "meter" },
  { meter: {} },
  { meter: { allowWriting: "ALL" } },
  { meter: { writing: "ALL", name: "other" } },
  { meter: { meter: "meter", clientAddress: 16, timeout: 2000 } },
  { meter: { host: "localhost" } },
  { meter: { meter: "template", credentials: "template" } },
];

describe("a dlms-write where the meter is read-only", () => {
  afterEach(clean);

  for (const right of ["NO", undefined]) {
    it(`sends nothing, whatever a message asks for (allowWriting ${right ?? "absent"})`, async () => {
      const meter = await startMeter(writableMeter());
      const seen = requestsOf(meter);
      const flow = writeFlow(meter.port, { allowDangerous: true }, { allowWriting: right });
      const template = { ...flow[1], id: "template", name: "of a fleet", port: "1", allowWriting: "ALL" };
      await helper.load(allNodes, [...flow, template] as typeof flow);
      for (const request of requests) {
        for (const plea of pleas) {
          const pleading = plea as { meter?: { meter?: string } };
          // the template's settings with this meter's address
          const asked =
            pleading.meter?.meter === "template" ? { meter: { ...pleading.meter, port: meter.port } } : plea;
          const error = await refused({ ...request, ...asked });
          assert.equal(error.code, "DLMS_CONFIG_INVALID", JSON.stringify({ ...request, ...asked }));
          assert.match(error.message, /^Not sent: .+ is read-only|^msg\.meter\.\w+: a message cannot set this/);
        }
      }
      assert.deepEqual(seen, [], "not even an association");
      assert.equal(meter.meter.counters.connections, 0);
    });
  }

  it("lends its secrets for reading only: a message cannot write with them elsewhere", async () => {
    const meter = await startMeter(writableMeter());
    const flow = writeFlow(2, {}, { allowWriting: "NO" });
    const template = { ...flow[1], id: "template", name: "of a fleet", port: "1", allowWriting: "ALL" };
    await helper.load(allNodes, [...flow, template] as typeof flow);
    const elsewhere = { meter: { meter: "template", credentials: "meter", port: meter.port } };
    assert.match((await refused({ payload: 1, ...elsewhere })).message, /^Not sent: .+ is read-only/);
    assert.equal(meter.meter.counters.connections, 0);
  });

  it("says why, and where to allow it", async () => {
    await helper.load(allNodes, writeFlow(1, {}, { allowWriting: "NO" }));
    const statuses = statusesOf("write");
    const { message } = await refused({ payload: 1 });
    assert.match(message, /^Not sent: test meter is read-only .*"Allow writing" in the dialog of its dlms-meter/);
    await statuses.until(/^red ring dlms-write\.status\.notAllowed$/);
  });
});

describe("a dlms-write where the meter allows its clock only", () => {
  afterEach(clean);

  it("writes no attribute and invokes no method, not even of the clock", async () => {
    const meter = await startMeter(writableMeter());
    const seen = requestsOf(meter);
    await helper.load(allNodes, writeFlow(meter.port, { allowDangerous: true }, { allowWriting: "CLOCK" }));
    const clock = { logicalName: "0-0:1.0.0*255", objectType: "CLOCK" };
    for (const request of [
      { payload: 1 },
      { ...clock, value: new Date() },
      { ...clock, action: "METHOD", method: "shift_time", value: 10 },
      { ...relay, action: "METHOD", method: "remote_disconnect" },
    ]) {
      assert.match((await refused(request)).message, /^Not sent: test meter allows SET_CLOCK only/);
    }
    assert.deepEqual(seen, []);
  });
});

describe("dangerous requests", () => {
  afterEach(clean);

  it("need the second switch of the node, which a message cannot set", async () => {
    const meter = await startMeter(writableMeter());
    const seen = requestsOf(meter);
    await helper.load(allNodes, writeFlow(meter.port));
    const disconnect = { ...relay, action: "METHOD", method: "remote_disconnect" };
    for (const plea of [{}, { allowDangerous: true }, { meter: "meter", allowDangerous: "true" }]) {
      const { code, message } = await refused({ ...disconnect, ...plea });
      assert.equal(code, "DLMS_CONFIG_INVALID");
      assert.match(message, /^Not sent: the method remote_disconnect of DISCONNECT_CONTROL switches the supply/);
    }
    assert.match((await refused({ ...disconnect, meter: { allowDangerous: true } })).message, /^Not sent/);
    assert.deepEqual(seen.filter(isWrite), []);
    await helper.unload();
    await helper.load(allNodes, writeFlow(meter.port, { allowDangerous: true }));
    const { dlms } = await written(disconnect);
    assert.deepEqual(
      [dlms.method, dlms.before, dlms.after, dlms.verified],
      ["remote_disconnect", "connected", "disconnected", true],
    );
    assert.deepEqual(seen.filter(isWrite), ["action-request-normal"]);
  });

  it("refuses the switch from an environment variable", async () => {
    process.env.DLMS_TEST_DANGER = "true";
    try {
      const meter = await startMeter(writableMeter());
      await helper.load(allNodes, writeFlow(meter.port, { allowDangerous: "${DLMS_TEST_DANGER}" }));
      assert.match((await refused({ payload: 1 })).message, /^allowDangerous: expected a value chosen in the dialog/);
    } finally {
      delete process.env.DLMS_TEST_DANGER;
    }
  });

  it("are those that switch, erase, run scripts, load firmware or change access, in every version of a class", () => {
    const dangerous = listClasses().flatMap(({ id, name, version, methods }) =>
      methods
        .filter((one) => dangerOfMethod({ classId: id, logicalName: "0.0.0.0.0.0", methodId: one.id, version }))
        .map((one) => `${name} ${one.name}`),
    );
    for (const one of [
      ...["DISCONNECT_CONTROL remote_disconnect", "DISCONNECT_CONTROL remote_reconnect", "REGISTER reset"],
      ...["PROFILE_GENERIC reset", "DEMAND_REGISTER reset", "IMAGE_TRANSFER image_activate"],
      ...["SECURITY_SETUP security_activate", "SECURITY_SETUP key_transfer", "SCRIPT_TABLE execute"],
      "ASSOCIATION_LN change_HLS_secret",
    ]) {
      assert.ok(dangerous.includes(one), `${one} of ${dangerous.join(", ")}`);
    }
    for (const one of [
      "CLOCK shift_time",
      "PROFILE_GENERIC capture",
      "PUSH_SETUP push",
      "IMAGE_TRANSFER image_verify",
    ]) {
      assert.ok(!dangerous.includes(one), one);
    }
    const method = { classId: 8192, logicalName: "0.0.0.0.0.0", methodId: 1 };
    assert.equal(dangerOfMethod(method), "mayDoAnything", "a class of a manufacturer");
    const ref = (classId: number, attributeId: number) => ({ classId, attributeId, logicalName: "0.0.43.0.0.255" });
    assert.equal(dangerOfAttribute(ref(64, 2)), "changesAccess", "security policy");
    assert.equal(dangerOfAttribute(ref(15, 7)), "changesAccess", "secret of an association");
    assert.equal(dangerOfAttribute(ref(22, 4)), "runsAScript", "execution time of a single action schedule");
    assert.equal(dangerOfAttribute(ref(1, 2)), undefined);
  });
});
