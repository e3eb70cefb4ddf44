import assert from "node:assert/strict";
import {
  isWeakerThan,
  policyOf,
  readSecurityControl,
  requirePolicy,
  securityControlByte,
  type SecurityPolicy,
} from "../../../src/security";

const policies: readonly SecurityPolicy[] = ["none", "authenticated", "encrypted", "authenticated-encrypted"];

describe("security: control byte", () => {
  it("has the suite in the low nibble and a bit for each protection", () => {
    assert.equal(securityControlByte(0, "authenticated"), 0x10);
    assert.equal(securityControlByte(1, "encrypted"), 0x21);
    assert.equal(securityControlByte(2, "authenticated-encrypted"), 0x32);
    assert.equal(securityControlByte(0, "authenticated-encrypted", { broadcast: true }), 0x70);
  });

  it("reads every byte back", () => {
    for (let byte = 0; byte < 256; byte++) {
      const control = readSecurityControl(byte);
      const again =
        control.suite |
        (control.authenticated ? 0x10 : 0) |
        (control.encrypted ? 0x20 : 0) |
        (control.broadcast ? 0x40 : 0) |
        (control.compressed ? 0x80 : 0);
      assert.equal(again, byte);
    }
    for (const policy of policies) assert.equal(policyOf(securityControlByte(1, policy)), policy);
  });

  it("recognises a protection weaker than a policy", () => {
    // rows: received protection; columns: required protection, in the order of `policies`
    const weaker = [
      [false, true, true, true],
      [false, false, true, true],
      [false, true, false, true],
      [false, false, false, false],
    ];
    policies.forEach((came, row) => {
      policies.forEach((required, column) => {
        assert.equal(
          isWeakerThan(securityControlByte(0, came), required),
          weaker[row]?.[column],
          `${came}/${required}`,
        );
      });
    });
  });

  it("refuses a plain answer under every policy but none, and names the required protection", () => {
    requirePolicy(undefined, "none", "get-response");
    for (const policy of policies.slice(1)) {
      assert.throws(() => requirePolicy(undefined, policy, "get-response"), {
        code: "DLMS_SEC_POLICY",
        message: new RegExp(`get-response: protection "${policy}" is required`),
      });
    }
  });
});
