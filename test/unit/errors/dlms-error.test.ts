/** Errors with long messages and details stay bounded. */
import assert from "node:assert/strict";
import { DlmsDecodeError, type DlmsError, DlmsSecurityError, DlmsServiceError } from "../../../src/errors";

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

  it("is compared by the code that it was made with, and its details are typed then", () => {
    const error: DlmsError = new DlmsServiceError("EXCEPTION", "exception-response", { details: { serviceError: 5 } });
    assert.equal(error.code, "DLMS_EXCEPTION");
    assert.equal(error.codeName, "EXCEPTION");
    assert.equal(error.is("SERVICE_ERROR"), false);
    assert.equal(error.is("SERVICE_ERROR", "EXCEPTION"), true);
    const serviceError: number | undefined = error.is("EXCEPTION") ? error.details.serviceError : undefined;
    assert.equal(serviceError, 5);
    assert.deepEqual(Object.keys(error.toJSON()).sort(), "code details fault layer message name retry".split(" "));
  });

  it("has the details that belong to its code, as a type that is checked where the error is made", () => {
    const error: DlmsError = new DlmsSecurityError("SEC_REPLAY", "old", { details: { received: 4, last: 5 } });
    const last: number | undefined = error.is("SEC_REPLAY") ? error.details.last : undefined;
    assert.equal(last, 5);
    // @ts-expect-error the last counter is a number
    assert.ok(new DlmsSecurityError("SEC_REPLAY", "old", { details: { last: "5" } }));
  });
});
