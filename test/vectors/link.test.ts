/** Shared vectors of HDLC and the wrapper. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { fromHex, toHex } from "../../src/bytes";
import {
  HdlcFramer,
  WrapperFramer,
  decodeHdlcFrame,
  decodeParameters,
  decodeWpdu,
  encodeHdlcFrame,
  encodeWpdu,
} from "../../src/link";

interface DecodedFrame {
  length: number;
  segmented: boolean;
  dest: { upper: number; lower?: number; bytes: number };
  src: { upper: number; lower?: number; bytes: number };
  type: string;
  pf: number;
  ns?: number;
  nr?: number;
  fcsOk: boolean;
  infoHex: string;
}
interface Vector {
  id: string;
  layer: string;
  hex: string;
  negative: boolean;
  decoded?: {
    frames?: DecodedFrame[];
    negotiation?: Record<string, number>;
    source?: number;
    destination?: number;
    length?: number;
  };
}

const file = "../shared/vectors/vectors.json";
const load = (): Vector[] => {
  const content = JSON.parse(readFileSync(file, "utf8")) as Vector[] | { vectors: Vector[] };
  return Array.isArray(content) ? content : content.vectors;
};
const vectors = existsSync(file) ? load() : [];

describe("shared vectors of the link layer", () => {
  if (vectors.length === 0) {
    it.skip(`(${file} is not present; the vectors typed into test/unit/link still run)`);
    return;
  }

  for (const vector of vectors.filter(({ layer }) => layer === "hdlc")) {
    it(`${vector.id}: frames as an independent decoder saw them, whole and byte by byte`, () => {
      // Some sources give their frames without flags.
      const bytes = fromHex(vector.hex.startsWith("7e") ? vector.hex : `7e${vector.hex}7e`);
      const whole = new HdlcFramer().push(bytes);
      const framer = new HdlcFramer();
      const single = [...bytes].flatMap((byte) => framer.push(Uint8Array.of(byte)));
      assert.deepEqual(single, whole);

      const expected = (vector.decoded?.frames ?? []).filter(({ fcsOk }) => fcsOk);
      if (vector.negative) assert.equal(expected.length, 0);
      assert.equal(whole.length, expected.length);
      whole.forEach(({ frame, raw }, i) => {
        const want = expected[i]!;
        assert.equal(raw.length, want.length);
        assert.equal(frame.segmented, want.segmented);
        for (const [got, address] of [[frame.destination, want.dest], [frame.source, want.src]] as const) {
          assert.deepEqual([got.logical, got.physical, got.size], [address.upper, address.lower, address.bytes]);
        }
        assert.equal(frame.control.type, want.type);
        assert.equal(frame.control.pollFinal, want.pf === 1);
        if (frame.control.type === "I") {
          assert.deepEqual([frame.control.sendSequence, frame.control.receiveSequence], [want.ns, want.nr]);
        }
        const info = toHex(frame.info);
        const given = want.infoHex.replace(/[^0-9a-f].*$/, "");
        if (given === want.infoHex) assert.equal(info, given);
        else assert.ok(info.startsWith(given));
        assert.deepEqual(decodeHdlcFrame(raw), frame);
        assert.equal(toHex(encodeHdlcFrame(frame)), `7e${toHex(raw)}7e`);
        const negotiation = vector.decoded?.negotiation;
        if (negotiation) {
          const parameters = decodeParameters(frame.info);
          assert.equal(parameters.maxInfoTransmit, negotiation["maxInfoTx"]);
          assert.equal(parameters.maxInfoReceive, negotiation["maxInfoRx"]);
          assert.equal(parameters.windowTransmit, negotiation["windowTx"]);
          assert.equal(parameters.windowReceive, negotiation["windowRx"]);
        }
      });
    });
  }

  for (const vector of vectors.filter(({ layer }) => layer === "wrapper")) {
    it(`${vector.id}: header and APDU`, () => {
      const bytes = fromHex(vector.hex);
      const wpdu = decodeWpdu(bytes);
      const { source, destination, length } = vector.decoded ?? {};
      assert.deepEqual([wpdu.source, wpdu.destination, wpdu.apdu.length], [source, destination, length]);
      assert.deepEqual(encodeWpdu(wpdu), bytes);
      const framer = new WrapperFramer();
      const pdus = [...bytes].flatMap((byte) => framer.push(Uint8Array.of(byte)).pdus);
      assert.deepEqual(pdus, [{ wpdu, raw: bytes }]);
    });
  }
});
