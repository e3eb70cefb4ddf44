/** Errors with long messages and details stay bounded. */
import assert from "node:assert/strict";
import { DlmsDecodeError } from "../../../src/errors";

describe("DlmsError", () => {
  it("keeps the beginning and the end of a message and of details that are too long", () => {
    const cause = new Error("c".repeat(100_000));
    const error = new DlmsDecodeError("DECODE_VALUE", `read it: ${"00".repeat(100_000)}; try again`, {
      details: { path: "data[0]", bytes: "00".repeat(100_000), offset: 7 },
      cause,
    });
    assert.match(error.message, /^read it: 00.*\(195924 characters left out\).*; try again$/);
    assert.ok(JSON.stringify(error).length < 14_000);
    assert.equal(error.details["path"], "data[0]");
    assert.equal(error.details["offset"], 7);
  });
});
