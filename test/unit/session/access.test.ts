import assert from "node:assert/strict";
import { fromHex } from "../../../src/bytes";
import { drive, failure } from "./drive";
import { associated, energy } from "./fixtures";

const what = "access";
const get = { kind: "get", attribute: energy } as const;
const action = {
  kind: "action",
  method: { classId: 9, instanceId: fromHex("00000a0000ff"), methodId: 1 },
} as const;
const request = "d9 c0000001 00 02 01 00030100010800ff02 03 000900000a0000ff01 02 00 120002";

describe("session: ACCESS", () => {
  it("sends specifications and data, and returns data and results", () => {
    const { result } = drive(associated().access([get, action], [fromHex("00"), fromHex("120002")], what), [
      { out: request, in: "da c0000001 00 00 02 0600001391 00 02 01 00 03 03" },
    ]);
    assert.deepEqual(result.data, [fromHex("0600001391"), fromHex("00")]);
    assert.deepEqual(result.results, [
      { kind: "get", result: 0 },
      { kind: "action", result: 3 },
    ]);
  });

  it("refuses another number of results or data, and notes another invoke-id", () => {
    for (const answer of ["dac00000010000010001 0100", "dac0000001000002000001 0100"]) {
      assert.match(
        failure(associated().access([get, get], [fromHex("00"), fromHex("00")], what), [{ in: answer }]).message,
        /expected 2 items/,
      );
    }
    const answer = "dac000000200000100010103";
    assert.match(
      drive(associated().access([get], [fromHex("00")], what), [{ in: answer }]).notes.join(),
      /invoke-id 2/,
    );
    const strict = associated({ quirks: { strictInvokeId: true } });
    assert.equal(failure(strict.access([get], [fromHex("00")], what), [{ in: answer }]).code, "DLMS_DECODE_VALUE");
  });

  it("needs the service to be negotiated", () => {
    assert.match(
      failure(associated({ conformance: 0x10 }).access([get], [fromHex("00")], what), []).message,
      /"access"/,
    );
  });
});
