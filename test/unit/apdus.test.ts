/** The builders of test/support/apdus.ts against APDUs typed from the standard and from public examples. */
import assert from "node:assert/strict";
import * as build from "../support/apdus";

describe("test builders", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["a GET request", build.getRequest(), "c001c100030100010800ff0200"],
    ["the request for the next block", build.getNext(1), "c002c100000001"],
    ["a GET response with data", build.getData(build.doubleLongUnsigned(5009)), "c401c1000600001391"],
    ["a refused GET", build.getRefused(4), "c401c10104"],
    ["a block", build.getBlock(1, "0600"), "c402c1000000000100020600"],
    ["a last block", build.getBlock(2, "001391", "last"), "c402c101000000020003001391"],
    ["a refusal in a block", build.getBlockRefused(19, 1), "c402c101000000130101"],
    [
      "a SET request",
      build.setRequest(build.descriptor(8, "0.0.1.0.0.255", 2), build.octetString("07e50118ff0e303950ffc400")),
      "c101c100080000010000ff0200090c07e50118ff0e303950ffc400",
    ],
    ["an acknowledged block of a SET", build.setBlockTaken(1), "c502c100000001"],
    ["the end of a SET in blocks", build.setLastBlockTaken(2, 0), "c503c10000000002"],
    [
      "an ACTION request",
      build.actionRequest(build.descriptor(9, "0.0.10.0.0.255", 1), "120002"),
      "c301c1000900000a0000ff0101120002",
    ],
    ["an ACTION result", build.actionResult(0), "c701c10000"],
    ["ACTION data", build.actionData("0904aabbccdd"), "c701c10001000904aabbccdd"],
    ["a block of an ACTION response", build.actionBlock(1, "000100"), "c702c1000000000103000100"],
    ["a data-notification", build.dataNotification(build.unsigned(5)), "0f00000001001105"],
    [
      "a general block",
      build.generalBlock({ blockNumber: 2, acknowledged: 1, data: "", last: true, window: 7 }),
      "e0870002000100",
    ],
    [
      "an AARE",
      build.aare(0x00501f, 500),
      "6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f040000501f01f40007",
    ],
    ["a WPDU", build.wpdu(16, 1, "c001c1"), "0001001000010003c001c1"],
    ["a length of three bytes", build.sized("00".repeat(300)).slice(0, 6), "82012c"],
  ];
  for (const [name, built, expected] of cases) {
    it(`build ${name}`, () => {
      assert.equal(built, expected);
    });
  }
});
