/** Codes by the standard's words, against the numbers of IEC 62056-5-3, clause 8. */
import assert from "node:assert/strict";
import {
  actionAccess,
  answerTooLong,
  blockTransferFailed,
  dataAccess,
  mayPass,
  notReadable,
  notThere,
  serviceErrorCode,
  stateErrorCode,
  userDiagnostic,
} from "../../../src/apdu";
import { wellKnownObjects } from "../../../src/cosem";

describe("result codes by their words", () => {
  it("return the numbers of the standard", () => {
    assert.deepEqual(dataAccess, {
      success: 0,
      "hardware-fault": 1,
      "temporary-failure": 2,
      "read-write-denied": 3,
      "object-undefined": 4,
      "object-class-inconsistent": 9,
      "object-unavailable": 11,
      "type-unmatched": 12,
      "scope-of-access-violated": 13,
      "data-block-unavailable": 14,
      "long-get-aborted": 15,
      "no-long-get-in-progress": 16,
      "long-set-aborted": 17,
      "no-long-set-in-progress": 18,
      "data-block-number-invalid": 19,
      "other-reason": 250,
    });
    assert.deepEqual([actionAccess["long-action-aborted"], actionAccess["no-long-action-in-progress"]], [15, 16]);
    assert.deepEqual([userDiagnostic["authentication-failure"], userDiagnostic["authentication-required"]], [13, 14]);
    assert.deepEqual(stateErrorCode, { "service-not-allowed": 1, "service-unknown": 2 });
    assert.deepEqual([serviceErrorCode["deciphering-error"], serviceErrorCode["invocation-counter-error"]], [5, 6]);
  });

  it("fall into named sets", () => {
    const sorted = (set: ReadonlySet<number>): number[] => [...set].sort((a, b) => a - b);
    assert.deepEqual(sorted(blockTransferFailed), [14, 15, 16, 19]);
    assert.deepEqual(sorted(answerTooLong), [14, 15]);
    assert.deepEqual(sorted(notThere), [4, 9, 11]);
    assert.deepEqual(sorted(notReadable), [3, 4, 9, 11, 13]);
    assert.deepEqual(sorted(mayPass), [1, 2]);
  });
});

describe("well-known objects", () => {
  it("have the logical names and short names of the standard", () => {
    assert.equal(wellKnownObjects.currentAssociation, "0.0.40.0.0.255");
    assert.equal(wellKnownObjects.clock, "0.0.1.0.0.255");
    assert.equal(wellKnownObjects.securitySetup, "0.0.43.0.0.255");
    assert.equal(wellKnownObjects.invocationCounter(3), "0.0.43.1.3.255");
    assert.deepEqual(wellKnownObjects.associationSnNames, {
      logicalName: 0xfa00,
      objectList: 0xfa08,
      accessRights: 0xfa10,
    });
  });
});
