/** Shared vectors of the codec and of APDUs. */
import assert from "node:assert/strict";
import { conformanceNames, encodeApdu, parseApdu } from "../../src/apdu";
import { ByteReader, fromHex, toHex } from "../../src/bytes";
import { ArrayElementStream, decodeValue, decodeValueBytes, encodeValueBytes } from "../../src/codec";
import { DlmsDecodeError, DlmsError } from "../../src/errors";
import { apduView, dateTimeView, valueView, withoutHints } from "./apdu-view";
import { absent, type SharedVector, sharedVectors } from "./shared-vectors";

/** Re-encoding gives other bytes than these: a boolean other than 01, set padding bits, a tag before a date-time. */
const notCanonical = new Set(["t-bool-true-1f", "t-bool-ff", "t-bits-badpad", "no-kaifa-list1", "no-kaifa-list2", "no-kaifa-list3"]);
/** Not A-XDR: untyped attribute descriptors inside the structures. Reported as malformed. */
const malformed = new Set(["cz-egd-raw", "cz-sagemcom-xt211"]);

const isDecodeError = (error: unknown): boolean => error instanceof DlmsDecodeError;
const record = (value: unknown): Record<string, unknown> => value as Record<string, unknown>;

/** Every prefix, and every byte replaced by every other value (for short ones) or by some (for long ones). */
function mutations(bytes: Uint8Array): Iterable<Uint8Array> {
  const step = bytes.length > 120 ? 37 : 1;
  return (function* () {
    for (let length = 0; length < bytes.length; length++) yield bytes.subarray(0, length);
    for (let at = 0; at < bytes.length; at++) {
      for (let delta = 1; delta < 256; delta += step) {
        const changed = new Uint8Array(bytes);
        changed[at] = (changed[at] ?? 0) + delta;
        yield changed;
      }
    }
  })();
}

function survives(bytes: Uint8Array, run: (bytes: Uint8Array) => void): void {
  for (const mutation of mutations(bytes)) {
    try {
      run(mutation);
    } catch (error) {
      assert.ok(error instanceof DlmsError, `${toHex(mutation)}: ${String(error)}`);
    }
  }
}

function apduBytes(vector: SharedVector): Uint8Array {
  const bytes = fromHex(vector.hex);
  return toHex(bytes.subarray(0, 3)) === "e6e700" ? bytes.subarray(3) : bytes;
}

describe(`shared vectors, A-XDR${absent === undefined ? "" : ` (${absent})`}`, () => {
  const vectors = sharedVectors("axdr");
  const values = vectors.filter(({ category }) => !["date-time", "lengths", "conformance"].includes(category));

  for (const vector of values) {
    it(vector.id, () => {
      const bytes = fromHex(vector.hex);
      const expected = withoutHints(record(vector.decoded)["value"]);
      const reader = new ByteReader(bytes);
      if (Array.isArray(expected)) {
        assert.deepEqual(expected.map(() => valueView(decodeValue(reader))), expected);
        reader.finish("data");
        return;
      }
      const value = decodeValueBytes(bytes);
      assert.deepEqual(valueView(value), expected);
      if (vector.negative) assert.throws(() => decodeValueBytes(bytes, { strict: true }), isDecodeError);
      if (!notCanonical.has(vector.id)) assert.equal(toHex(encodeValueBytes(value)), vector.hex);
    });

    it(`${vector.id}: truncated or with one byte changed`, () => {
      survives(fromHex(vector.hex), (bytes) => decodeValueBytes(bytes));
      survives(fromHex(vector.hex), (bytes) => {
        const stream = new ArrayElementStream();
        stream.push(bytes.subarray(0, bytes.length >> 1));
        stream.push(bytes.subarray(bytes.length >> 1));
        stream.finish();
      });
    });
  }

  for (const { id, hex, decoded } of vectors.filter(({ category }) => category === "date-time")) {
    it(id, () => {
      const value = decodeValueBytes(fromHex(`19${hex}`));
      assert.ok(value.type === "date-time");
      assert.deepEqual(dateTimeView(value.value), record(decoded)["value"]);
    });
  }

  for (const { id, hex, decoded } of vectors.filter(({ category }) => category === "lengths")) {
    it(id, () => {
      const reader = new ByteReader(fromHex(hex));
      const length = record(decoded)["value"];
      // no meter sends more than 4 bytes of length; they are refused, not misread
      if (Number(length) > 0xffffffff) assert.throws(() => reader.length("length"), { code: "DLMS_DECODE_LENGTH" });
      else assert.equal(reader.length("length"), length);
    });
  }

  for (const { id, decoded } of vectors.filter(({ category }) => category === "conformance")) {
    it(id, () => {
      for (const [mask, names] of Object.entries(record(decoded))) {
        assert.deepEqual(conformanceNames(Number.parseInt(mask, 16)), names);
      }
    });
  }
});

describe(`shared vectors, APDUs${absent === undefined ? "" : ` (${absent})`}`, () => {
  for (const vector of sharedVectors("apdu")) {
    const bytes = apduBytes(vector);

    it(vector.id, () => {
      if (vector.negative || malformed.has(vector.id)) {
        assert.throws(() => parseApdu(bytes), isDecodeError);
        return;
      }
      const apdu = parseApdu(bytes);
      const {
        llc: _llc,
        quirk: _quirk,
        userInformationPlaintext: plaintext,
        userInformationPlaintextHex: plainHex,
        ...expected
      } = record(withoutHints(vector.decoded));
      assert.deepEqual(apduView(apdu), expected);
      if (plainHex !== undefined) assert.deepEqual(apduView(parseApdu(fromHex(plainHex as string))), plaintext);
      if (!notCanonical.has(vector.id)) assert.equal(toHex(encodeApdu(apdu)), toHex(bytes));
    });

    it(`${vector.id}: truncated or with one byte changed`, () => {
      survives(bytes, (changed) => parseApdu(changed));
    });
  }
});

if (absent !== undefined) {
  it(`shared vectors: ${absent}`, function () {
    this.skip();
  });
}
