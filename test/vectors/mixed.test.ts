/** Damaged and mixed shared vectors. */
import assert from "node:assert/strict";
import { decodeApdu, decodeData, decodeFrame } from "../../src";
import { encodeApdu } from "../../src/apdu";
import { fromHex, toHex } from "../../src/bytes";
import { DlmsError } from "../../src/errors";
import { protect } from "../../src/security";
import { absent, sharedVectors } from "./shared-vectors";

const keys = { encryptionKey: new Uint8Array(16).fill(1), authenticationKey: new Uint8Array(16).fill(2) };
const systemTitle = fromHex("4d4d4d0000000001");

/** Damage may also be inside the ciphering, from a meter or from another party with its keys. */
const ciphered = (plaintext: Uint8Array): Uint8Array =>
  encodeApdu({
    apdu: "general-glo-ciphering",
    systemTitle,
    content: protect({ plaintext, keys, suite: 0, systemTitle, securityControl: 0x30, invocationCounter: 1 }),
  });

const readers: readonly [string, (bytes: Uint8Array) => unknown][] = [
  ["decodeData", (bytes) => decodeData(bytes)],
  ["decodeApdu", (bytes) => decodeApdu(bytes)],
  ["decodeApdu, ciphered", (bytes) => decodeApdu(ciphered(bytes), { ...keys, systemTitle })],
  ["decodeFrame, hdlc", (bytes) => decodeFrame(bytes, "hdlc")],
  ["decodeFrame, wrapper", (bytes) => decodeFrame(bytes, "wrapper")],
];

/** Tags and lengths of the standard, and counts that exceed the data by far. */
const pieces = ["00", "01", "02", "09", "13", "7e", "80", "81", "820fff", "84ffffffff", "c4", "cc", "db", "dd", "df", "e0"]
  .map((hex) => fromHex(hex));

/** Numbers below a bound, the same in every run. */
function numbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** A vector after one to five changes: bytes overwritten, cut out, put in, taken from another vector. */
function damaged(vectors: readonly Uint8Array[], below: (bound: number) => number): Uint8Array {
  const any = (): Uint8Array => vectors[below(vectors.length)] ?? new Uint8Array(0);
  let bytes = any();
  for (let changes = 1 + below(5); changes > 0; changes--) {
    const at = below(bytes.length + 1);
    const kind = below(4);
    const cut = kind === 0 ? 1 : kind === 1 ? below(8) : 0;
    const other = any();
    const from = below(other.length + 1);
    const put =
      kind === 0
        ? Uint8Array.of(below(256))
        : kind === 2
          ? (pieces[below(pieces.length)] ?? new Uint8Array(0))
          : kind === 3
            ? other.subarray(from, from + below(60))
            : new Uint8Array(0);
    bytes = Uint8Array.from([...bytes.subarray(0, at), ...put, ...bytes.subarray(at + cut)]);
  }
  return bytes;
}

describe(`shared vectors, damaged and mixed${absent === undefined ? "" : ` (${absent})`}`, () => {
  const vectors = ["axdr", "apdu", "hdlc", "wrapper", "security"]
    .flatMap((layer) => sharedVectors(layer))
    .filter(({ hex }) => hex.length < 1200)
    .map(({ hex }) => fromHex(hex));

  for (const [name, read] of absent === undefined ? readers : []) {
    it(`${name}: a value or a DlmsError, never anything else`, () => {
      assert.ok(vectors.length > 50);
      const below = numbers(7);
      for (let n = 0; n < 4000; n++) {
        const bytes = damaged(vectors, below);
        try {
          read(bytes);
        } catch (error) {
          assert.ok(error instanceof DlmsError, `${toHex(bytes)}: ${String(error)}`);
          assert.doesNotMatch(error.message, /undefined|NaN|\[object/, toHex(bytes));
        }
      }
    });
  }
});
