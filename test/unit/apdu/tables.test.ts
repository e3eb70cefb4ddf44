import assert from "node:assert/strict";
import {
  actionResult,
  apduName,
  apduTags,
  type ApduTagRow,
  associationDiagnosticWord,
  associationResultWord,
  cipheredTag,
  confirmedServiceErrorWords,
  conformanceBits,
  conformanceMask,
  conformanceNames,
  dataAccessResult,
  dedTag,
  exceptionServiceErrorWord,
  gloTag,
  hasConformance,
  releaseReasonWord,
  stateErrorWord,
} from "../../../src/apdu";
import { errorCodes } from "../../../src/errors";

describe("tags of ciphered APDUs", () => {
  it("are the plain tag + 8 and + 16 from C0 on, + 20 and + 40 (hex) below", () => {
    for (const row of apduTags as readonly ApduTagRow[]) {
      if (row.glo === undefined) continue;
      const [glo, ded] = row.tag >= 0xc0 ? [8, 16] : [0x20, 0x40];
      assert.equal(row.glo, row.tag + glo);
      assert.equal(row.ded, row.tag + ded);
    }
  });

  it("map both ways", () => {
    assert.equal(gloTag(0x01), 0x21);
    assert.equal(gloTag(0x08), 0x28);
    assert.equal(dedTag(0xc4), 0xd4);
    assert.deepEqual(cipheredTag(0xcf), { tag: 0xc7, keySet: "global" });
    assert.deepEqual(cipheredTag(0xd0), { tag: 0xc0, keySet: "dedicated" });
    assert.equal(gloTag(0xd9), undefined, "ACCESS has general ciphering only");
    assert.equal(cipheredTag(0xd8), undefined, "an exception-response is plain");
    assert.equal(apduName(0xcc), "glo-get-response");
    assert.equal(apduName(0x99), undefined);
  });
});

describe("conformance", () => {
  it("counts bit 0 from the most significant bit", () => {
    assert.equal(conformanceMask(["get"]), 0x000010);
    assert.equal(conformanceMask(["general-protection"]), 0x400000);
    assert.equal(conformanceMask(["action"]), 0x000001);
  });

  it("names and masks are inverse", () => {
    for (const name of Object.values(conformanceBits))
      assert.deepEqual(conformanceNames(conformanceMask([name])), [name]);
    assert.equal(conformanceMask(conformanceNames(0x7e1f)), 0x7e1f);
    assert.ok(hasConformance(0x7e1f, "multiple-references"));
    assert.ok(!hasConformance(0x7e1f, "access"));
  });

  it("accepts the shorter spellings and refuses unknown ones", () => {
    assert.equal(conformanceMask(["priority-management"]), conformanceMask(["priority-mgmt-supported"]));
    assert.throws(() => conformanceMask(["gett"]), /"gett" is not one of general-protection, /);
  });
});

describe("results in words", () => {
  it("every access error of the family has its code", () => {
    const reached = new Set<string>();
    for (let code = 1; code < 256; code++) reached.add(String(dataAccessResult(code).errorName));
    const family = Object.keys(errorCodes).filter((name) => name.startsWith("ACCESS_"));
    assert.deepEqual([...reached].sort(), family.sort());
  });

  it("success is not an error, and unknown codes keep their number", () => {
    assert.deepEqual(dataAccessResult(0), { word: "success", errorName: undefined });
    assert.deepEqual(dataAccessResult(3), { word: "read-write-denied", errorName: "ACCESS_READ_WRITE_DENIED" });
    assert.deepEqual(actionResult(15).word, "long-action-aborted");
    assert.match(dataAccessResult(77).word, /77/);
    assert.equal(dataAccessResult(77).errorName, "ACCESS_UNKNOWN");
  });

  it("associations, releases and exceptions", () => {
    assert.equal(associationResultWord(1), "rejected-permanent");
    assert.equal(associationDiagnosticWord("service-user", 13), "authentication-failure");
    assert.equal(associationDiagnosticWord("service-provider", 2), "no-common-acse-version");
    assert.match(associationDiagnosticWord("service-provider", 13), /13/);
    assert.equal(releaseReasonWord("rlre", 1), "not-finished");
    assert.equal(stateErrorWord(2), "service-unknown");
    assert.equal(exceptionServiceErrorWord(6), "invocation-counter-error");
  });

  it("all three parts of a confirmed service error", () => {
    assert.deepEqual(confirmedServiceErrorWords({ service: 5, errorType: 5, value: 2 }), {
      service: "read",
      errorType: "access",
      value: "object-access-violated",
    });
    assert.deepEqual(confirmedServiceErrorWords({ service: 99, errorType: 77, value: 3 }), {
      service: "unknown (99)",
      errorType: "unknown (77)",
      value: "unknown (3)",
    });
  });
});
