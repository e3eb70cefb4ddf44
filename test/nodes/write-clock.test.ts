import assert from "node:assert/strict";
import { hostClockDoubt } from "../../nodes/dlms-write/host-clock";
import { householdDefinition } from "../../src";
import { allNodes, clean, helper, startMeter, statusesOf, value } from "./support";
import { isWrite, refused, requestsOf, writeFlow, written } from "./write-support";

const clock = { logicalName: "0-0:1.0.0*255", objectType: "CLOCK" };
/** A household whose clock is ahead of this machine's. */
const ahead = (seconds: number) => householdDefinition({ now: () => Date.now() + seconds * 1000 });

describe("dlms-write, the clock", () => {
  afterEach(clean);

  it("corrects a clock that is wrong, and tells by how much", async () => {
    const meter = await startMeter(ahead(30));
    const seen = requestsOf(meter);
    await helper.load(allNodes, writeFlow(meter.port, { action: "SET_CLOCK" }, { allowWriting: "CLOCK" }));
    const { dlms, payload } = await written({ payload: "anything" });
    assert.deepEqual([dlms.action, dlms.written, dlms.verified, dlms.attribute], ["SET_CLOCK", true, true, "time"]);
    assert.ok(Math.abs(Number(dlms.clockOffset) - 30_000) < 3000, String(dlms.clockOffset));
    assert.equal(dlms.correction, -Number(dlms.clockOffset));
    assert.equal(payload, dlms.after);
    assert.deepEqual(seen.filter(isWrite), ["action-request-normal"], "shift_time");
    const read = await value(clock);
    assert.ok(Math.abs(Number(read.dlms?.clockOffset)) < 3000, String(read.dlms?.clockOffset));
  });

  it("sends nothing to a clock that is right", async () => {
    // the meter shows whole seconds: half a second ahead, it is right in the middle of what it shows
    const meter = await startMeter(ahead(0.5));
    const seen = requestsOf(meter);
    await helper.load(allNodes, writeFlow(meter.port, { action: "SET_CLOCK" }));
    const statuses = statusesOf("write");
    const { dlms } = await written();
    assert.deepEqual([dlms.written, dlms.way, dlms.sentAt], [false, "none", undefined]);
    assert.deepEqual(seen.filter(isWrite), []);
    await statuses.until(/^green dot dlms-write\.status\.clockRight$/);
  });

  it("refuses a correction beyond the limit of the node, which a message cannot lift", async () => {
    const meter = await startMeter(ahead(300));
    const seen = requestsOf(meter);
    await helper.load(allNodes, writeFlow(meter.port, { action: "SET_CLOCK" }));
    const { code, message } = await refused({ maxCorrection: 3600 });
    assert.equal(code, "DLMS_CONFIG_INVALID");
    assert.match(message, /\d+ s ahead.*limit of 60 s.*"Largest correction" in the dialog/);
    assert.deepEqual(seen.filter(isWrite), []);
    await helper.unload();
    await helper.load(allNodes, writeFlow(meter.port, { action: "SET_CLOCK", maxCorrection: "600" }));
    assert.equal((await written()).dlms.verified, true);
  });

  it("doubts the clock of this machine only where the operating system says so", () => {
    const files =
      (...present: string[]) =>
      (path: string) =>
        present.includes(path);
    assert.equal(hostClockDoubt(files()), undefined);
    assert.equal(hostClockDoubt(files("/run/systemd/timesync", "/run/systemd/timesync/synchronized")), undefined);
    assert.match(
      hostClockDoubt(files("/run/systemd/timesync")) ?? "",
      /^the clock of this machine is not synchronized/,
    );
  });
});

describe("dlms-read, a clock", () => {
  afterEach(clean);

  it("tells how far the clock is from this machine's", async () => {
    const meter = await startMeter(ahead(120));
    await helper.load(allNodes, writeFlow(meter.port));
    const { dlms } = await value(clock);
    assert.ok(Math.abs(Number(dlms?.clockOffset) - 120_000) < 3000, String(dlms?.clockOffset));
    const other = await value({ ...clock, attributeId: "time_zone" });
    assert.equal(other.dlms?.clockOffset, undefined);
  });
});
