/** Checks that a test uses every shared vector. */
import assert from "node:assert/strict";
import { decodeApdu, decodeData, decodeFrame } from "../../src";
import type { Apdu } from "../../src/apdu";
import { fromHex, toHex } from "../../src/bytes";
import { HdlcFramer, WrapperFramer } from "../../src/link";
import { apduView, valueView, withoutHints } from "./apdu-view";
import { absent, type SharedVector, sharedVectors } from "./shared-vectors";

/**
 * The test that compares each vector, so that none is unused, and the parts that only the decoders of the public API
 * show: the APDUs inside frames, deciphered if necessary. M-Bus is not supported here.
 */
const claims = {
  hdlc: ["link.test.ts: headers and addresses", "coverage.test.ts: payloads"],
  wrapper: ["link.test.ts: headers", "coverage.test.ts: payloads"],
  apdu: ["codec-apdu.test.ts"],
  axdr: ["codec-apdu.test.ts"],
  security: ["security.test.ts"],
  session: ["coverage.test.ts"],
} as const;
type Layer = keyof typeof claims;
const layers = Object.keys(claims) as readonly Layer[];
const expectedCounts: Readonly<Record<Layer, number>> = {
  hdlc: 21,
  wrapper: 3,
  apdu: 114,
  axdr: 72,
  security: 13,
  session: 1,
};

/**
 * Two Czech pushes put attribute descriptors into their structures without data tags (class id, logical name and
 * attribute id bare). That is not A-XDR data, so a decoder could only guess.
 */
const untypedDescriptors = ["cz-egd-raw", "cz-sagemcom-xt211"];

type Fields = Readonly<Record<string, unknown>>;
interface Keyed extends SharedVector {
  readonly keys?: { readonly ek?: string; readonly ak?: string; readonly systemTitle?: string };
}

const fields = (value: unknown): Fields => value as Fields;

/** The fields of a payload as far as they are the APDU's; those of an envelope are compared by themselves. */
function comparePayload(payload: Uint8Array, expected: Fields, vector: Keyed): void {
  if (expected["plaintext"] === undefined) {
    const { llc: _llc, quirk: _quirk, ...rest } = fields(withoutHints(expected));
    assert.deepEqual(apduView(decodeApdu(payload)), rest);
    return;
  }
  const envelope = fields(decodeApdu(payload));
  assert.equal(envelope["apdu"], expected["apdu"]);
  assert.equal(toHex(envelope["systemTitle"] as Uint8Array), expected["systemTitle"]);
  const { ek, ak } = vector.keys ?? {};
  assert.ok(ek !== undefined && ak !== undefined, "keys are published");
  const plain = decodeApdu(payload, { encryptionKey: fromHex(ek), authenticationKey: fromHex(ak) });
  const { llc: _llc, quirk: _quirk, ...inner } = fields(withoutHints(expected["plaintext"]));
  assert.deepEqual(apduView(plain), inner);
}

/** The joint content of the frames, and its general blocks. */
function assembled(vector: Keyed): { payload: Uint8Array; blocks: readonly Fields[] } {
  const bytes = fromHex(vector.hex.startsWith("7e") ? vector.hex : `7e${vector.hex}7e`);
  const pieces: Uint8Array[] = [];
  const blocks: Fields[] = [];
  let segments: Uint8Array[] = [];
  for (const { raw } of new HdlcFramer().push(bytes)) {
    const frame = decodeFrame(`7e${toHex(raw)}7e`, "hdlc");
    assert.ok(frame.link === "hdlc");
    segments.push(frame.payload ?? new Uint8Array(0));
    if (frame.segmented) continue;
    const whole = Uint8Array.from(segments.flatMap((one) => [...one]));
    segments = [];
    const block: Apdu | undefined = whole[0] === 0xe0 ? decodeApdu(whole) : undefined;
    if (block?.apdu === "general-block-transfer") {
      pieces.push(block.data);
      blocks.push({
        lastBlock: block.last,
        streaming: block.streaming,
        window: block.window,
        blockNumber: block.blockNumber,
        blockNumberAck: block.blockNumberAck,
        length: block.data.length,
      });
    } else pieces.push(whole);
  }
  return { payload: Uint8Array.from(pieces.flatMap((one) => [...one])), blocks };
}

describe(`shared vectors, all of them${absent === undefined ? "" : ` (${absent})`}`, () => {
  it("belong to a layer whose tests compare each, with nothing left over", function () {
    if (absent !== undefined) this.skip();
    for (const layer of layers) {
      assert.equal(sharedVectors(layer).length, expectedCounts[layer], `${layer}: ${claims[layer].join("; ")}`);
    }
    const known = layers.reduce((sum, layer) => sum + sharedVectors(layer).length, sharedVectors("mbus").length);
    assert.equal(known, 226);
  });

  it("state what they mean; of keys and proofs, security.test.ts knows it", function () {
    if (absent !== undefined) this.skip();
    const stated = layers.filter((layer) => layer !== "security");
    const silent = stated.flatMap((layer) =>
      sharedVectors(layer).flatMap(({ id, decoded, negative }) =>
        (decoded === undefined || decoded === null) && !negative ? [id] : [],
      ),
    );
    assert.deepEqual(silent, []);
  });

  it("have two pushes with untyped attribute descriptors, which are refused with the place", function () {
    if (absent !== undefined) this.skip();
    for (const id of untypedDescriptors) {
      const vector = sharedVectors("apdu").find((one) => one.id === id);
      assert.ok(vector !== undefined);
      assert.throws(() => decodeApdu(vector.hex.replace(/^e6e700/, "")), {
        name: "DlmsDecodeError",
        message: /at byte \d+/,
      });
    }
  });

  for (const vector of sharedVectors("hdlc") as readonly Keyed[]) {
    const { payload: expected, gbt, assembledHex } = fields(vector.decoded ?? {});
    if (expected === undefined || expected === null) continue;
    it(`${vector.id}: the APDU in its frames`, () => {
      const { payload, blocks } = assembled(vector);
      if (gbt !== undefined) assert.deepEqual(blocks, gbt);
      if (assembledHex !== undefined) assert.equal(toHex(payload), assembledHex);
      comparePayload(payload, fields(expected), vector);
    });
  }

  for (const vector of sharedVectors("wrapper") as readonly Keyed[]) {
    it(`${vector.id}: the APDU in its frame`, () => {
      const frame = decodeFrame(vector.hex, "wrapper");
      assert.ok(frame.link === "wrapper");
      comparePayload(frame.payload, fields(fields(vector.decoded)["payload"]), vector);
    });
  }

  for (const vector of sharedVectors("axdr")) {
    const expected = fields(vector.decoded)["value"];
    if (["date-time", "lengths", "conformance"].includes(vector.category) || Array.isArray(expected)) continue;
    it(`${vector.id}: by decodeData`, () => {
      assert.deepEqual(valueView(decodeData(vector.hex)), withoutHints(expected));
    });
  }

  for (const vector of sharedVectors("session") as readonly Keyed[]) {
    it(`${vector.id}: every datagram opens, and the counters rise`, () => {
      const { ek, ak } = vector.keys ?? {};
      assert.ok(ek !== undefined && ak !== undefined);
      const keys = { encryptionKey: fromHex(ek), authenticationKey: fromHex(ak) };
      const { pdus } = new WrapperFramer().push(fromHex(vector.hex));
      assert.equal(pdus.length, 13);
      const counters = pdus.map(({ raw, wpdu }) => {
        const frame = decodeFrame(raw, "wrapper", keys);
        assert.equal(frame.apdu?.apdu, "data-notification");
        return Number.parseInt(toHex(wpdu.apdu).slice(24, 32), 16);
      });
      assert.deepEqual(counters, [
        ...Array.from({ length: 8 }, (_, n) => 0x1e5 + n),
        ...Array.from({ length: 5 }, (_, n) => 0x1ee + n),
      ]);
    });
  }
});
