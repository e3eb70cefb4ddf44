import assert from "node:assert/strict";
import { fromHex, toHex } from "../../../src/bytes";
import { DlmsTimeoutError } from "../../../src/errors";
import { Correlation } from "../../../src/session/steps/correlation";
import { drive, failure, type Turn } from "./drive";
import { associated, energy, energyHex, options, usualConformance } from "./fixtures";
import { Session } from "../../../src/session";
import {
  aare,
  dataNotification,
  exceptionResponse,
  getBlock,
  getBlockRefused,
  getData,
  getNext,
  getRefused,
  getRequest,
  releaseResponse,
  setResult,
} from "../../support/apdus";

const request = getRequest();
const what = "read 1-0:1.8.0*255/2";
const data = (result: unknown): string => {
  const { ok, data: bytes } = result as { ok: boolean; data: Uint8Array };
  assert.ok(ok);
  return toHex(bytes);
};

describe("session: GET", () => {
  it("returns data, and a data-access-result unchanged", () => {
    const session = associated();
    assert.equal(
      data(drive(session.get(energy, what), [{ out: request, in: getData("0600001391") }]).result),
      "0600001391",
    );
    assert.deepEqual(drive(session.get(energy, what), [{ out: request, in: getRefused(4) }]).result, {
      ok: false,
      result: 4,
    });
  });

  it("sends a selector", () => {
    const access = { selector: 2, parameters: { type: "double-long-unsigned", value: 5 } } as const;
    drive(associated().get({ ...energy, access }, what), [
      { out: `c001c1${energyHex.slice(0, -2)}01020600000005`, in: getRefused(0) },
    ]);
  });

  it("puts blocks together", () => {
    const { result, notes } = drive(associated().get(energy, what), [
      { out: request, in: getBlock(1, "0600") },
      { out: getNext(1), in: getBlock(2, "00") },
      { out: getNext(2), in: getBlock(3, "1391", "last") },
    ]);
    assert.equal(data(result), "0600001391");
    assert.deepEqual(notes, []);
  });

  for (const first of [0, 1, 19, 0xffffffff]) {
    it(`accepts blocks that start at ${first}`, () => {
      const next = (first + 1) >>> 0;
      const { result } = drive(associated().get(energy, what), [
        { out: request, in: getBlock(first, "0600") },
        { out: getNext(first), in: getBlock(next, "001391", "last") },
      ]);
      assert.equal(data(result), "0600001391");
    });
  }

  it("accepts empty blocks, also as the last", () => {
    const { result } = drive(associated().get(energy, what), [
      { in: getBlock(1, "") },
      { in: getBlock(2, "1105") },
      { in: getBlock(3, "", "last") },
    ]);
    assert.equal(data(result), "1105");
  });

  it("returns an error in a block or in place of one", () => {
    const begin: Turn = { in: getBlock(1, "0600") };
    for (const answer of [getBlockRefused(2, 15), getBlockRefused(0, 15), getRefused(15)]) {
      assert.deepEqual(drive(associated().get(energy, what), [begin, { in: answer }]).result, {
        ok: false,
        result: 15,
      });
    }
    // get-resp-lastblock-err: an error in the only block
    assert.deepEqual(drive(associated().get(energy, what), [{ in: getBlockRefused(19, 1) }]).result, {
      ok: false,
      result: 1,
    });
  });

  it("drops a doubled block", () => {
    const { result, notes } = drive(associated().get(energy, what), [
      { in: getBlock(1, "0600") },
      { in: getBlock(1, "0600") },
      { kind: "receive", in: getBlock(2, "001391", "last") },
    ]);
    assert.ok(result.ok);
    assert.equal(toHex(result.data), "0600001391");
    assert.match(notes.join(), /block 1 was received again and dropped/);
  });

  it("refuses a block out of turn", () => {
    const begin: Turn = { in: getBlock(1, "0600") };
    for (const number of [3, 4]) {
      const error = failure(associated().get(energy, what), [begin, { in: getBlock(number, "0600") }]);
      assert.equal(error.code, "DLMS_DECODE_VALUE");
      assert.match(error.message, /expected block 2, got block \d/);
    }
  });

  it("ends at 4 MiB by default", () => {
    const blocks = Array.from({ length: 70 }, (_, i) => ({ in: getBlock(i + 1, "0984ffff".repeat(0x3c00)) }));
    assert.equal(failure(associated().get(energy, what), blocks).code, "DLMS_DECODE_LIMIT");
  });

  it("is bounded by its size and by empty blocks", () => {
    const small = failure(associated({ maxResultSize: 3 }).get(energy, what), [
      { in: getBlock(1, "0600") },
      { in: getBlock(2, "0600") },
    ]);
    assert.equal(small.code, "DLMS_DECODE_LIMIT");
    const empty = Array.from({ length: 1001 }, (_, i) => ({ in: getBlock(i + 1, "") }));
    assert.equal(failure(associated().get(energy, what), empty).code, "DLMS_DECODE_LIMIT");
  });

  it("delivers chunks as they arrive, whatever their number", () => {
    const { result, chunks } = drive(associated({ maxResultSize: 3 }).getChunks(energy, what), [
      { out: request, in: getBlock(1, "0600") },
      { out: getNext(1), in: getBlock(2, "001391", "last") },
    ]);
    assert.deepEqual(result, { ok: true });
    assert.deepEqual(chunks, [
      { hex: "0600", blockNumber: 1, last: false },
      { hex: "001391", blockNumber: 2, last: true },
    ]);
    const whole = drive(associated().getChunks(energy, what), [{ in: getData("0600001391") }]);
    assert.deepEqual(whole.chunks, [{ hex: "0600001391", blockNumber: 1, last: true }]);
    assert.deepEqual(drive(associated().getChunks(energy, what), [{ in: getRefused(3) }]).result, {
      ok: false,
      result: 3,
    });
  });

  it("notes trailing bytes and blocks that were not negotiated", () => {
    const session = associated({ conformance: 0x000010 });
    const { result, notes } = drive(session.get(energy, what), [{ in: "c402c101000000010002110500ff" }]);
    assert.equal(data(result), "1105");
    assert.match(notes.join("\n"), /2 bytes after the answer/);
    assert.match(notes.join("\n"), /not negotiated/);
  });

  it("notes bytes after a value in blocks as after a whole one", () => {
    const { result, notes } = drive(associated().get(energy, what), [
      { out: request, in: getBlock(1, "0100") },
      { out: getNext(1), in: getBlock(2, "0100", "last") },
    ]);
    assert.equal(data(result), "0100");
    assert.deepEqual(notes, ["2 bytes after the answer were ignored"]);
  });

  it("passes invalid or incomplete values to the decoder", () => {
    for (const raw of ["0e0102", "02020600"]) {
      const { result, notes } = drive(associated().get(energy, what), [{ in: getBlock(1, raw, "last") }]);
      assert.equal(data(result), raw);
      assert.deepEqual(notes, []);
    }
  });

  it("keeps a whole value when the meter continues with blocks, and asks for no more after sixteen", () => {
    const behind = Array.from({ length: 17 }, (_, n) => ({ in: getBlock(n + 2, n % 2 === 0 ? "" : "ff") }));
    const { result, notes } = drive(associated().get(energy, what), [{ in: getBlock(1, "0600001391") }, ...behind]);
    assert.equal(data(result), "0600001391");
    assert.match(notes.join(), /whole before the last block: the meter continues with blocks/);
    assert.match(notes.join(), /8 bytes after the answer were ignored/);
  });

  it("keeps a whole value when the next block is refused, invalid or missing", () => {
    const late = new DlmsTimeoutError("TIMEOUT_RESPONSE", "nothing came");
    for (const next of [getRefused(18), getBlock(5, "00"), exceptionResponse(2, 2), late]) {
      const { result, notes } = drive(associated().get(energy, what), [
        { in: getBlock(1, "0600001391") },
        { out: getNext(1), in: next },
      ]);
      assert.equal(data(result), "0600001391");
      assert.match(notes.join(), /the value was whole before the last block: /);
    }
  });

  it("is lenient with invoke-ids by default", () => {
    const { notes } = drive(associated().get(energy, what), [{ out: request, in: getData("0600001391", 0x42) }]);
    assert.match(notes.join(), /invoke-id 2, the request had 1/);
    const strict = associated({ quirks: { strictInvokeId: true }, correlation: new Correlation() });
    drive(strict.get(energy, what), [{ out: getRequest(undefined, undefined, 0xc2), in: getData("0600001391", 0x42) }]);
    drive(strict.get(energy, what), [{ out: getRequest(undefined, undefined, 0xc3), in: getData("0600001391", 0x43) }]);
    const error = failure(strict.get(energy, what), [
      { out: getRequest(undefined, undefined, 0xc4), in: getData("0600001391", 0x41) },
    ]);
    assert.equal(error.code, "DLMS_DECODE_VALUE");
  });

  it("reports exceptions, service errors and answers of another kind in words", () => {
    const exception = failure(associated().get(energy, what), [{ in: exceptionResponse(2, 3) }]);
    assert.equal(exception.code, "DLMS_EXCEPTION");
    assert.match(exception.message, /service-unknown \(2\).*other-reason \(3\) \(read 1-0:1\.8\.0\*255\/2\)/);
    const service = failure(associated().get(energy, what), [{ in: "0e050402" }]);
    assert.equal(service.code, "DLMS_SERVICE_ERROR");
    assert.match(service.message, /read: definition \/ object-class-inconsistent \(2\)/);
    assert.equal(failure(associated().get(energy, what), [{ in: setResult(0) }]).code, "DLMS_DECODE_TAG");
    assert.equal(failure(associated().get(energy, what), [{ in: releaseResponse }]).code, "DLMS_ASSOC_RELEASED");
    const rubbish = failure(associated().get(energy, what), [{ in: "ee" }]);
    assert.equal(rubbish.code, "DLMS_DECODE_TAG");
    assert.match(rubbish.message, /^apdu: .* \(read 1-0:1\.8\.0\*255\/2\)/);
    assert.equal(failure(associated().get(energy, what), [{ in: "" }]).code, "DLMS_DECODE_TRUNCATED");
  });

  it("sets notifications aside and continues to wait", () => {
    const { result, notifications } = drive(associated().get(energy, what), [
      { out: request, in: dataNotification("03ff", 6543210) },
      { kind: "receive", in: "c20000010100000300ff0203ff" },
      { kind: "receive", in: "0f0063d76a01" },
      { kind: "receive", in: getData("0600001391") },
    ]);
    assert.equal(data(result), "0600001391");
    assert.deepEqual(
      notifications.map(({ apdu }) => apdu),
      ["data-notification", "event-notification"],
    );
    const endless = Array.from({ length: 1000 }, (_, i) => ({
      ...(i > 0 && { kind: "receive" as const }),
      in: dataNotification("03ff", 6543210),
    }));
    assert.equal(failure(associated().get(energy, what), endless).code, "DLMS_DECODE_LIMIT");
  });

  it("needs the service to be negotiated", () => {
    const session = associated({ conformance: 0x000008 });
    const error = failure(session.get(energy, what), []);
    assert.equal(error.code, "DLMS_ASSOC_SERVICE_NOT_NEGOTIATED");
    assert.match(error.message, /"get".*agreed: set/);
  });
});

describe("session: GET with list", () => {
  const clock = { classId: 8, instanceId: fromHex("0000010000ff"), attributeId: 2 };
  const device = { classId: 1, instanceId: fromHex("00002a0000ff"), attributeId: 2 };
  // get-req-list and get-resp-list, Circutor/gosem, MIT; the device number is replaced
  const listRequest = "c003c102000100002a0000ff020000080000010000ff0200";
  const listed = "0200091049534b3130303030303030303030303000090c07e50603040e091700ffc400";

  it("keeps positions", () => {
    const { result } = drive(associated().getWithList([device, clock], what), [
      { out: listRequest, in: `c403c1${listed}` },
    ]);
    assert.deepEqual(
      result.map((item) => item.ok),
      [true, true],
    );
    assert.equal(data(result[1]), "090c07e50603040e091700ffc400");
    const mixed = drive(associated().getWithList([device, clock], what), [{ in: "c403c102010b000500000001" }]);
    assert.deepEqual(mixed.result[0], { ok: false, result: 11 });
    assert.equal(data(mixed.result[1]), "0500000001");
  });

  it("puts a blocked list together", () => {
    const { result } = drive(associated().getWithList([device, clock], what), [
      { out: listRequest, in: getBlock(1, listed.slice(0, 20)) },
      { out: getNext(1), in: getBlock(2, listed.slice(20), "last") },
    ]);
    assert.equal(data(result[0]), "091049534b31303030303030303030303030");
    assert.equal(data(result[1]), "090c07e50603040e091700ffc400");
  });

  it("refuses another number of answers, a whole refusal, and rubbish in the blocks", () => {
    const items = [device, clock];
    assert.match(
      failure(associated().getWithList(items, what), [{ in: "c403c101000500000001" }]).message,
      /expected 2 items, got 1/,
    );
    assert.match(
      failure(associated().getWithList(items, what), [{ in: getRefused(3) }]).message,
      /get-response-with-list \(result 3\)/,
    );
    assert.equal(
      failure(associated().getWithList(items, what), [{ in: getBlock(1, "0299000000", "last") }]).code,
      "DLMS_DECODE_VALUE",
    );
  });

  it("reads one item singly and sends no request for an empty list", () => {
    drive(associated().getWithList([energy], what), [{ out: request, in: getRefused(3) }]);
    assert.deepEqual(drive(associated().getWithList([], what), []).result, []);
  });

  it("needs multiple-references", () => {
    const session = associated({ conformance: 0x000010 });
    assert.match(failure(session.getWithList([device, clock], what), []).message, /"multiple-references"/);
  });

  it("counts the items that fit the meter's PDU size", () => {
    const items = Array.from({ length: 300 }, () => energy);
    const fits = (maxPduSize: number): number => {
      const session = new Session(options());
      drive(session.associate(), [{ in: aare(usualConformance, maxPduSize) }]);
      return session.fitsGetList(items);
    };
    // C0 03 C1 count, then 10 bytes each
    assert.equal(fits(64), 6);
    assert.equal(fits(63), 5);
    assert.equal(fits(12), 1);
    assert.equal(fits(0), 300);
    assert.equal(fits(1274), 127);
    assert.equal(fits(1284), 127);
    assert.equal(fits(1285), 128);
    assert.equal(new Session(options()).fitsGetList([]), 0);
  });
});
