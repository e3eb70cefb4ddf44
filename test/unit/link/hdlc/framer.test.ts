import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, fromHex, toHex } from "../../../../src/bytes";
import { HdlcFramer, type ReceivedFrame } from "../../../../src/link/hdlc";
import { hdlcFrame } from "../../../support/hdlc-peer";

// Published frames (u9n/dlms-cosem, toreamun/amshan: MIT)
const snrm = "7ea00802232193bd647e";
const ua = "7ea01f21022373e6c781801205019a06019a070400000001080400000001cca27e";
const aare =
  "7ea0382102233034e7e6e7006129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400001e1d04c80007b86a7e";
const flagInside = "7ea027010201105a87e6e7000f40000000090c07e4020f06011922ff8000000201060000157eea5e7e";
const all = [snrm, ua, aare, flagInside];
const bare = (hex: string): string => hex.slice(2, -2);

const raws = (frames: readonly ReceivedFrame[]): string[] => frames.map(({ raw }) => toHex(raw));
const feed = (framer: HdlcFramer, ...hex: string[]): string[] =>
  hex.flatMap((part) => raws(framer.push(fromHex(part))));

/** Bytes cut into chunks of the given lengths, over and over. */
function chunked(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

describe("HDLC framer", () => {
  it("finds published frames whole, merged, and with shared flags", () => {
    assert.deepEqual(feed(new HdlcFramer(), ...all), all.map(bare));
    assert.deepEqual(feed(new HdlcFramer(), all.join("")), all.map(bare));
    assert.deepEqual(feed(new HdlcFramer(), `7e${all.map(bare).join("7e")}7e`), all.map(bare));
  });

  it("finds published frames byte by byte, and hands each out with its last byte", () => {
    const framer = new HdlcFramer();
    const bytes = fromHex(aare);
    const at = [...bytes].findIndex((byte) => framer.push(Uint8Array.of(byte)).length > 0);
    assert.equal(at, bytes.length - 2, "the closing flag is not waited for");
  });

  it("skips idle flags, zeros and noise, and counts the dropped bytes", () => {
    const framer = new HdlcFramer();
    const line = `00ff00 7e7e7e ${bare(snrm)} 7e7e 55aa7e13 7ea0 ${ua}`;
    assert.deepEqual(feed(framer, line), [bare(snrm), bare(ua)]);
    const { bytes, frames, dropped, first } = framer.report;
    assert.equal(bytes, fromHex(line).length);
    assert.equal(frames, 2);
    assert.equal(dropped, 3 + 2 + 1 + 1);
    assert.equal(toHex(first).slice(0, 12), "00ff007e7e7e");
  });

  it("does not lose the frames after the false start of a long frame", () => {
    // 7E A7 FF announces 2047 bytes; its header check sequence is wrong.
    assert.deepEqual(feed(new HdlcFramer(), `7ea7ff${snrm}${ua}`), [bare(snrm), bare(ua)]);
  });

  it("finds the frame after one that lost a byte", () => {
    for (let lost = 0; lost < fromHex(aare).length; lost++) {
      const bytes = fromHex(aare);
      const cut = concatBytes(bytes.subarray(0, lost), bytes.subarray(lost + 1));
      const framer = new HdlcFramer();
      const found = [...framer.push(cut), ...framer.push(fromHex(ua)), ...framer.flush()].map(({ raw }) => toHex(raw));
      // Without its opening or closing flag a frame may still be found, but never with other bytes.
      assert.ok(found.includes(bare(ua)), `byte ${lost}`);
      assert.ok(
        found.every((raw) => raw === bare(ua) || raw === bare(aare)),
        `byte ${lost}`,
      );
    }
  });

  it("drops a frame cut at any offset, and finds the next one", () => {
    const bytes = fromHex(aare);
    for (let end = 0; end < bytes.length - 1; end++) {
      const framer = new HdlcFramer();
      assert.deepEqual(framer.push(bytes.subarray(0, end)), [], `cut at ${end}`);
      assert.deepEqual(framer.flush(), [], `cut at ${end}`);
      assert.deepEqual(feed(framer, snrm), [bare(snrm)], `cut at ${end}`);
    }
  });

  it("never hands out a frame with one wrong byte", () => {
    const good = fromHex(ua);
    for (let at = 1; at < good.length - 1; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const bytes = good.slice();
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const framer = new HdlcFramer();
        assert.deepEqual([...framer.push(bytes), ...framer.flush()], [], `byte ${at} ^ ${flip}`);
      }
    }
  });

  it("counts wrong check sequences of header and of frame", () => {
    const framer = new HdlcFramer();
    feed(framer, "7ea01f21022373e7c7818012", "7ea00802232193bd657e");
    assert.equal(framer.report.badHeaders, 2);
    const second = new HdlcFramer();
    feed(second, ua.replace("9a06", "9b06"));
    assert.equal(second.report.badFrames, 1);
    assert.equal(second.report.badHeaders, 0);
  });

  it("reports when a frame has begun", () => {
    const framer = new HdlcFramer();
    feed(framer, ua.slice(0, 24));
    assert.equal(framer.inFrame, true);
    feed(framer, ua.slice(24));
    assert.equal(framer.inFrame, false);
    feed(framer, "00112233");
    assert.equal(framer.inFrame, false);
  });

  const frames = fc.array(
    fc.record({
      info: fc.uint8Array({ maxLength: 200 }),
      // Values that look like flags and formats come more often than by chance.
      fill: fc.constantFrom(undefined, 0x7e, 0xa0, 0x7d),
      control: fc.integer({ min: 0, max: 255 }),
      noise: fc.array(
        fc.integer({ min: 0, max: 255 }).filter((byte) => byte !== 0x7e),
        { maxLength: 5 },
      ),
      shared: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6 },
  );

  it("finds all frames whatever the chunking (property)", () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1, maxLength: 5 }), (specs, sizes) => {
        let stream = "7e";
        const expected: string[] = [];
        for (const { info, fill, control, noise, shared } of specs) {
          const data = fill === undefined ? info : info.map((byte, i) => (i % 3 === 0 ? fill : byte));
          const hex = bare(hdlcFrame("21", "0223", control, toHex(data)));
          expected.push(hex);
          stream += `${hex}7e`;
          if (!shared) stream += `${toHex(Uint8Array.from(noise))}7e`;
        }
        const framer = new HdlcFramer();
        const found = chunked(fromHex(stream), sizes).flatMap((chunk) => raws(framer.push(chunk)));
        assert.deepEqual(found, expected);
      }),
      { numRuns: 300 },
    );
  });

  it("survives arbitrary bytes (property)", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 1, max: 200 }), (bytes, size) => {
        const framer = new HdlcFramer();
        for (const chunk of chunked(bytes, [size])) framer.push(chunk);
        framer.flush();
        assert.equal(framer.report.bytes, bytes.length);
      }),
    );
  });

  it("costs the same work for the same bytes, whatever the chunking, in proportion to their number", () => {
    const one = fromHex(hdlcFrame("21", "0223", 0x30, "7ea0".repeat(500)) + "00".repeat(100));
    const work = (times: number, size: number): number => {
      const framer = new HdlcFramer();
      const stream = concatBytes(...Array.from({ length: times }, () => one));
      let frames = 0;
      for (const chunk of chunked(stream, [size])) frames += framer.push(chunk).length;
      assert.equal(frames, times);
      return framer.report.work;
    };
    const single = work(50, 1);
    for (const size of [2, 7, 64, 1000, 60000]) assert.equal(work(50, size), single, `chunks of ${size}`);
    assert.ok(single <= 50 * one.length * 2.2, `${single} for ${50 * one.length} bytes`);
    assert.equal(work(100, 1), 2 * single);
  });

  it("costs a bounded multiple for the worst noise: starts of frames without end", () => {
    // Each of these has a right header check sequence and never a right frame check sequence.
    const start = hdlcFrame("21", "0223", 0x30, "00".repeat(2000)).slice(0, 20);
    const framer = new HdlcFramer();
    const bytes = fromHex(start.repeat(5000));
    for (const chunk of chunked(bytes, [1000])) framer.push(chunk);
    framer.flush();
    assert.ok(framer.report.work < bytes.length * 250, `${framer.report.work} for ${bytes.length}`);
  });

  it("returns the same empty list for bytes that complete no frame", () => {
    const framer = new HdlcFramer();
    const byte = Uint8Array.of(0x55);
    assert.equal(framer.push(byte), framer.push(byte), "no list is made per byte");
  });
});
