import assert from "node:assert/strict";
import { fromHex } from "../../../src/bytes";
import { keyFingerprint } from "../../../src/security";

describe("fingerprints of keys", () => {
  const title = fromHex("4d4d4d0000bc614e");
  const key = fromHex("000102030405060708090a0b0c0d0e0f");

  it("are the same for the same key and title, and others for each bit that differs", () => {
    const own = keyFingerprint(title, key);
    assert.match(own, /^[0-9a-f]{12}$/);
    assert.equal(keyFingerprint(title.slice(), key.slice()), own);
    const seen = new Set([own]);
    for (let bit = 0; bit < 8; bit++) {
      const flip = (bytes: Uint8Array, at: number): Uint8Array =>
        bytes.map((byte, n) => (n === at ? byte ^ (1 << bit) : byte));
      seen.add(keyFingerprint(title, flip(key, bit)));
      seen.add(keyFingerprint(flip(title, bit), key));
    }
    assert.equal(seen.size, 17);
  });
});
