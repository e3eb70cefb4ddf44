import assert from "node:assert/strict";
import { fromHex, toHex } from "../../../src/bytes";
import { drive, failure } from "./drive";
import { associated } from "./fixtures";
import { actionBlock, actionBlockTaken, actionNext, actionRequest, actionResult } from "../../support/apdus";

const what = "invoke";
const script = { classId: 9, instanceId: fromHex("00000a0000ff"), methodId: 1 };
const scriptHex = "000900000a0000ff01";
const parameter = fromHex("120002");

describe("session: ACTION", () => {
  it("invokes with and without parameters", () => {
    // act-req-script and act-resp, Circutor/gosem, MIT (priority high)
    const { result } = drive(associated().action(script, parameter, what), [
      { out: actionRequest(scriptHex, "120002"), in: actionResult(0) },
    ]);
    assert.deepEqual(result, { result: 0 });
    drive(associated().action(script, undefined, what), [{ out: actionRequest(scriptHex), in: actionResult(250) }]);
  });

  it("returns the result with its data or error", () => {
    const run = (answer: string): unknown =>
      drive(associated().action(script, undefined, what), [{ in: answer }]).result;
    assert.deepEqual(run(actionResult(250)), { result: 250 });
    // act-resp-data: result and octet-string; act-resp-dar: result and data-access-result
    const reply = run("c701c000010009111000001afde8857b728a3499106aa665d1") as {
      returnParameters: { data: Uint8Array };
    };
    assert.equal(toHex(reply.returnParameters.data), "09111000001afde8857b728a3499106aa665d1");
    assert.deepEqual(run("c701c0000101fa"), { result: 0, returnParameters: { ok: false, result: 250 } });
  });

  it("cuts long parameters", () => {
    const long = fromHex(`0920${"ab".repeat(32)}`);
    const { result, sent } = drive(associated({ maxPduSize: 30 }).action(script, long, what), [
      { out: `c304c1${scriptHex}00000000010a${toHex(long.subarray(0, 10))}`, in: actionBlockTaken(1) },
      { out: `c306c1000000000213${toHex(long.subarray(10, 29))}`, in: actionBlockTaken(2) },
      { out: `c306c1010000000305${toHex(long.subarray(29))}`, in: actionResult(0) },
    ]);
    assert.deepEqual(result, { result: 0 });
    for (const apdu of sent) assert.ok(apdu.length / 2 <= 30);
    const early = drive(associated({ maxPduSize: 30 }).action(script, long, what), [{ in: actionResult(12) }]);
    assert.deepEqual(early.result, { result: 12 });
    assert.equal(
      failure(associated({ maxPduSize: 30 }).action(script, long, what), [{ in: actionResult(0) }]).code,
      "DLMS_DECODE_VALUE",
    );
  });

  const expected = { result: 0, returnParameters: { ok: true, data: fromHex("0904aabbccdd") } };
  const forms = {
    "result, presence and data": "0001000904aabbccdd",
    "Get-Data-Result": "000904aabbccdd",
    "data alone": "0904aabbccdd",
  };
  for (const [name, raw] of Object.entries(forms)) {
    it(`puts a blocked answer together: ${name}`, () => {
      const rest = raw.slice(6);
      const { result } = drive(associated().action(script, undefined, what), [
        { in: actionBlock(1, raw.slice(0, 6)) },
        { out: actionNext(1), in: actionBlock(2, rest, "last") },
      ]);
      assert.deepEqual(result, expected);
    });
  }

  for (const [name, raw] of Object.entries(forms)) {
    it(`notes bytes after an answer in blocks: ${name}`, () => {
      const { result, notes } = drive(associated().action(script, undefined, what), [
        { in: actionBlock(1, `${raw}0f`, "last") },
      ]);
      assert.deepEqual(result, expected);
      assert.deepEqual(notes, ["1 bytes after the answer were ignored"]);
    });
  }

  it("notes a first block with another number than 1", () => {
    const { result, notes } = drive(associated().action(script, undefined, what), [
      { in: actionBlock(0, forms["data alone"], "last") },
    ]);
    assert.deepEqual(result, expected);
    assert.match(notes.join(), /the blocks start at number 0/);
  });

  it("treats an array or a structure in blocks as data, and two bytes as a result", () => {
    const run = (raw: string): unknown =>
      drive(associated().action(script, undefined, what), [{ in: actionBlock(1, raw, "last") }]).result;
    for (const raw of ["02010100", "0102110511" + "06", "0201020100"]) {
      assert.deepEqual(run(raw), { result: 0, returnParameters: { ok: true, data: fromHex(raw) } }, raw);
    }
    assert.deepEqual(run("0300"), { result: 3 });
  });

  it("refuses blocks out of turn, empty ones in the middle, and rubbish", () => {
    const begin = { in: actionBlock(1, "000100") };
    for (const next of [
      actionBlock(3, "00", "last"),
      actionBlock(2, ""),
      actionResult(0),
      actionBlock(2, "0e", "last"),
    ]) {
      const error = failure(associated().action(script, undefined, what), [begin, { in: next }]);
      assert.match(error.code, /DECODE/, next);
    }
  });

  it("invokes lists, positions kept", () => {
    const none = fromHex("00");
    const run = (answers: { out?: string; in: string }[]): readonly unknown[] =>
      drive(associated().actionWithList([script, script], [parameter, none], what), answers).result;
    const list = "0200000001000500000045";
    const request = `c303c102${scriptHex}${scriptHex}0212000200`;
    const both = [{ result: 0 }, { result: 0, returnParameters: { ok: true, data: fromHex("0500000045") } }];
    assert.deepEqual(run([{ out: request, in: `c703c1${list}` }]), both);
    assert.deepEqual(
      run([
        { out: request, in: actionBlock(1, list.slice(0, 8)) },
        { out: actionNext(1), in: actionBlock(2, list.slice(8), "last") },
      ]),
      both,
    );
    const error = failure(associated().actionWithList([script, script], [parameter, none], what), [
      { in: "c703c1010000" },
    ]);
    assert.match(error.message, /2 methods were invoked, 1 were answered/);
  });

  it("needs the service to be negotiated", () => {
    const error = failure(associated({ conformance: 0x10 }).action(script, undefined, what), []);
    assert.equal(error.code, "DLMS_ASSOC_SERVICE_NOT_NEGOTIATED");
  });
});
