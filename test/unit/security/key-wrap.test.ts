import assert from "node:assert/strict";
import { fromHex, toHex } from "../../../src/bytes";
import { DlmsError } from "../../../src/errors";
import { unwrapKey, wrapKey } from "../../../src/security";

const code = (name: string) => (error: unknown) => error instanceof DlmsError && error.code === `DLMS_${name}`;

/** RFC 3394, sections 4.1, 4.3 and 4.6 */
const published = [
  [
    "000102030405060708090A0B0C0D0E0F",
    "00112233445566778899AABBCCDDEEFF",
    "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5",
  ],
  [
    "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
    "00112233445566778899AABBCCDDEEFF",
    "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7",
  ],
  [
    "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
    "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F",
    "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21",
  ],
] as const;

describe("security: AES key wrap", () => {
  for (const [kek, key, wrapped] of published) {
    it(`RFC 3394: ${key.length * 4} bits under ${kek.length * 4}, both directions`, () => {
      assert.equal(toHex(wrapKey(fromHex(kek), fromHex(key))), wrapped);
      assert.equal(toHex(unwrapKey(fromHex(kek), fromHex(wrapped))), key.toLowerCase());
    });
  }

  it("refuses every flipped bit, another master key, and other lengths", () => {
    const kek = fromHex(published[0][0]);
    const wrapped = fromHex(published[0][2]);
    for (let bit = 0; bit < wrapped.length * 8; bit++) {
      const flipped = Uint8Array.from(wrapped);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.throws(() => unwrapKey(kek, flipped), code("SEC_TAG"), `bit ${bit}`);
    }
    assert.throws(() => unwrapKey(new Uint8Array(16), wrapped), code("SEC_TAG"));
    for (const length of [0, 8, 16, 23]) {
      assert.throws(() => unwrapKey(kek, wrapped.subarray(0, length)), code("SEC_TAG"), `length ${length}`);
    }
    assert.throws(() => unwrapKey(new Uint8Array(15), wrapped), code("CONFIG_INVALID"));
    assert.throws(() => wrapKey(kek, new Uint8Array(15)), code("CONFIG_INVALID"));
  });
});
