/** Wired M-Bus: frames, the framer, and the segments of DLMS APDUs. */
import assert from "node:assert/strict";
import { fromHex, toHex } from "../../../../src/bytes";
import {
  decodeMbusFrame,
  encodeMbusFrame,
  isMbusSegment,
  type MbusFrame,
  MbusFramer,
  mbusSegments,
  MbusTransport,
} from "../../../../src/link";

const apduOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + 3) & 0xff);
const streamOf = (frames: readonly MbusFrame[]): Uint8Array =>
  Uint8Array.from(frames.flatMap((frame) => [...encodeMbusFrame(frame)]));

function apdus(pieces: readonly Uint8Array[], transport = new MbusTransport()): string[] {
  const framer = new MbusFramer();
  return pieces.flatMap((piece) =>
    framer.push(piece).flatMap(({ frame }) => {
      const whole = transport.add(frame, 0);
      return whole === undefined ? [] : [toHex(whole.apdu)];
    }),
  );
}

describe("link/mbus", () => {
  it("writes the frame of EN 13757-2 with its check sum", () => {
    const frame = { control: 0x53, address: 0xff, controlInformation: 0x10, data: Uint8Array.of(0x01, 0x67, 0x0f) };
    const bytes = encodeMbusFrame(frame);
    assert.equal(toHex(bytes), "6806066853ff1001670fd916");
    assert.deepEqual(decodeMbusFrame(bytes), frame);
  });

  it("counts 257 bytes as 01, as Sagemcom T210-D does, and reads them back", () => {
    const [first] = mbusSegments(apduOf(252), 252);
    assert.ok(first !== undefined);
    const bytes = encodeMbusFrame(first);
    assert.equal(toHex(bytes.subarray(0, 4)), "68010168");
    assert.equal(bytes.length, 263);
    assert.deepEqual(decodeMbusFrame(bytes), first);
    assert.deepEqual(
      new MbusFramer().push(bytes).map((got) => got.frame),
      [first],
    );
  });

  it("refuses a wrong check sum and other forms by their codes", () => {
    assert.throws(() => decodeMbusFrame(fromHex("6806066853ff1001670fda16")), { code: "DLMS_LINK_FCS" });
    assert.throws(() => decodeMbusFrame(fromHex("6806076853ff1001670fd916")), { code: "DLMS_LINK_FRAME_INVALID" });
    assert.throws(() => decodeMbusFrame(fromHex("e5")), { code: "DLMS_LINK_FRAME_INVALID" });
  });

  it("finds every frame whole, byte by byte and between noise", () => {
    const first = apduOf(600);
    const second = apduOf(20);
    const noise = fromHex("e5680368105b001668ff16e5");
    const stream = [...noise, ...streamOf(mbusSegments(first)), ...noise, ...streamOf(mbusSegments(second)), ...noise];
    const wanted = [toHex(first), toHex(second)];
    assert.deepEqual(apdus([Uint8Array.from(stream)]), wanted);
    assert.deepEqual(apdus(stream.map((byte) => Uint8Array.of(byte))), wanted);
  });

  it("finds the frame after one with a wrong check sum", () => {
    const bad = streamOf(mbusSegments(apduOf(30)));
    bad[12] = (bad[12] ?? 0) ^ 1;
    const framer = new MbusFramer();
    const good = streamOf(mbusSegments(apduOf(31)));
    const found = [...framer.push(bad), ...framer.push(good), ...framer.flush()];
    assert.deepEqual(
      found.map(({ raw }) => toHex(raw)),
      [toHex(good)],
    );
    assert.equal(framer.badFrames, 1);
    assert.equal(framer.pending, false);
  });

  it("skips frames of another protocol on the line", () => {
    const other = { control: 0x08, address: 1, controlInformation: 0x72, data: apduOf(12) };
    assert.equal(isMbusSegment(other), false);
    assert.equal(new MbusTransport().add(other), undefined);
  });

  it("never assembles an APDU around a lost segment, and accepts the next one", () => {
    const [a, , c] = mbusSegments(apduOf(600));
    assert.ok(a !== undefined && c !== undefined);
    const transport = new MbusTransport();
    const whole = mbusSegments(apduOf(600));
    assert.deepEqual(apdus([streamOf([a, c, ...whole])], transport), [toHex(apduOf(600))]);
    const [dropped] = transport.takeDropped();
    assert.equal(dropped?.why, "expected segment 1, got segment 2");
    assert.equal(dropped.bytes, 245);
  });

  it("keeps senders apart, and drops the oldest beyond eight", () => {
    const transport = new MbusTransport();
    const firsts = Array.from({ length: 9 }, (_, i) => mbusSegments(apduOf(300), 245, i + 1, 103));
    for (const [first] of firsts) assert.equal(first && transport.add(first, 0), undefined);
    assert.deepEqual(
      firsts.map(([, last]) => (last && transport.add(last, 1))?.source),
      [undefined, 2, 3, 4, 5, 6, 7, 8, 9],
    );
    assert.match(transport.takeDropped()[0]?.why ?? "", /more than 8 senders/);
  });

  it("drops an unfinished series after 30 s", () => {
    const [first, last] = mbusSegments(apduOf(300));
    assert.ok(first !== undefined && last !== undefined);
    const transport = new MbusTransport();
    transport.add(first, 1000);
    transport.expire(31_000);
    assert.equal(transport.unfinished, 1);
    transport.expire(31_001);
    assert.match(transport.takeDropped()[0]?.why ?? "", /30 s/);
    assert.equal(transport.add(last, 31_002), undefined);
  });

  it("bounds the bytes of a series", () => {
    const transport = new MbusTransport({ maxBytes: 300 });
    for (const frame of mbusSegments(apduOf(600))) assert.equal(transport.add(frame), undefined);
    assert.match(transport.takeDropped()[0]?.why ?? "", /more than 300 bytes/);
  });
});
