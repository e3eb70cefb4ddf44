import assert from "node:assert/strict";
import { fromHex, toHex } from "../../../src/bytes";
import { drive, failure } from "./drive";
import { associated, everything } from "./fixtures";
import { getRefused, setBlockTaken, setLastBlockTaken, setResult } from "../../support/apdus";

const what = "set";
const clock = { classId: 8, instanceId: fromHex("0000010000ff"), attributeId: 2 };
const clockHex = "00080000010000ff0200";
const value = fromHex("090c07e50118ff0e303950ffc400");

describe("session: SET", () => {
  it("sends one APDU if it fits and returns the result", () => {
    // set-req-clock and set-resp, Circutor/gosem, MIT
    const request = "c101c100080000010000ff0200090c07e50118ff0e303950ffc400";
    assert.equal(drive(associated().set(clock, value, what), [{ out: request, in: setResult(0) }]).result, 0);
    assert.equal(drive(associated().set(clock, value, what), [{ out: request, in: setResult(3) }]).result, 3);
    drive(associated({ maxPduSize: 27 }).set(clock, value, what), [{ out: request, in: setResult(0) }]);
  });

  it("splits a value longer than the meter's PDU size", () => {
    // first block: 13 bytes of header, 8 of block fields (room for a length of three bytes)
    const { result, sent } = drive(associated({ maxPduSize: 26 }).set(clock, value, what), [
      { out: `c102c1${clockHex}000000000105090c07e501`, in: setBlockTaken(1) },
      { out: "c103c101000000020918ff0e303950ffc400", in: setLastBlockTaken(2, 0) },
    ]);
    assert.equal(result, 0);
    for (const apdu of sent) assert.ok(apdu.length / 2 <= 26);
  });

  it("ends with an error received before the last block", () => {
    for (const answer of [setResult(12), setLastBlockTaken(1, 12)]) {
      const { result } = drive(associated({ maxPduSize: 26 }).set(clock, value, what), [{ in: answer }]);
      assert.equal(result, 12);
    }
  });

  it("never treats an early success as final", () => {
    for (const answer of [setResult(0), setLastBlockTaken(1, 0)]) {
      const error = failure(associated({ maxPduSize: 26 }).set(clock, value, what), [{ in: answer }]);
      assert.equal(error.code, "DLMS_DECODE_VALUE", answer);
    }
  });

  it("refuses an acknowledgement of another block, and other answers", () => {
    const error = failure(associated({ maxPduSize: 26 }).set(clock, value, what), [{ in: setBlockTaken(2) }]);
    assert.match(error.message, /block 1 was sent, block 2 was acknowledged/);
    assert.equal(failure(associated().set(clock, value, what), [{ in: getRefused(0) }]).code, "DLMS_DECODE_TAG");
    assert.equal(failure(associated().set(clock, value, what), [{ in: setBlockTaken(1) }]).code, "DLMS_DECODE_TAG");
  });

  it("reports that the meter offers no service for a request of that length", () => {
    const session = associated({ maxPduSize: 26, conformance: 0x000008 });
    const error = failure(session.set(clock, value, what), []);
    assert.equal(error.code, "DLMS_ASSOC_SERVICE_NOT_NEGOTIATED");
    assert.match(error.message, /27 bytes, the meter takes 26/);
  });

  const data = { classId: 1, instanceId: fromHex("0000030000ff".replace("0000", "0100")), attributeId: 2 };
  const integer = fromHex("0500000045");

  it("sets lists, positions kept", () => {
    const { result } = drive(associated().setWithList([clock, data], [value, integer], what), [
      {
        out: `c104c102${clockHex}00010100030000ff020002${toHex(value)}0500000045`,
        in: "c505c10200fa",
      },
    ]);
    assert.deepEqual(result, [0, 250]);
    const error = failure(associated().setWithList([clock, data], [value, integer], what), [{ in: "c505c10100" }]);
    assert.match(error.message, /2 items were set, 1 were answered/);
  });

  it("cuts lists", () => {
    const session = associated({ maxPduSize: 40, conformance: everything });
    const whole = `02${toHex(value)}0500000045`;
    const { result } = drive(session.setWithList([clock, data], [value, integer], what), [
      { out: `c105c102${clockHex}00010100030000ff0200000000000108${whole.slice(0, 16)}`, in: setBlockTaken(1) },
      { out: `c103c101000000020c${whole.slice(16)}`, in: "c504c102000300000002" },
    ]);
    assert.deepEqual(result, [0, 3]);
  });
});
