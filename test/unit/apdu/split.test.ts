/** Several APDUs in one field, and general blocks that are pushed. */
import assert from "node:assert/strict";
import { BlockCollector, type GeneralBlockTransfer, splitApdus } from "../../../src/apdu";
import { fromHex, toHex } from "../../../src/bytes";

const first = "0f00000001000203110109";
const push = (id: number): string => `0f000000${id.toString(16).padStart(2, "0")}001105`;

const block = (blockNumber: number, hex: string, last = false): GeneralBlockTransfer => ({
  apdu: "general-block-transfer",
  last,
  streaming: !last,
  window: 0,
  blockNumber,
  blockNumberAck: 0,
  data: fromHex(hex),
});

describe("apdu/split", () => {
  it("finds every APDU of a field, each with or without LLC bytes", () => {
    const field = `e6e700${push(1)}e6e700${push(2)}${push(3)}e6e600${push(4)}`;
    const { pieces, rest, error } = splitApdus(fromHex(field));
    assert.deepEqual(
      pieces.map(({ bytes }) => toHex(bytes)),
      [push(1), push(2), push(3), push(4)],
    );
    assert.equal(rest.length, 0);
    assert.equal(error, undefined);
  });

  it("reports the bytes left after the last APDU", () => {
    const { pieces, rest, error } = splitApdus(fromHex(`${push(1)}fe00`));
    assert.equal(pieces.length, 1);
    assert.equal(toHex(rest), "fe00");
    assert.equal(error?.code, "DLMS_DECODE_TAG");
  });

  it("returns no APDU for a field that does not begin with one, and reports the reason", () => {
    const { pieces, rest, error } = splitApdus(fromHex(first));
    assert.deepEqual(pieces, []);
    assert.equal(toHex(rest), first);
    assert.equal(error?.code, "DLMS_DECODE_TRUNCATED");
  });
});

describe("apdu/BlockCollector", () => {
  it("puts blocks together, numbered from 1 or from 0", () => {
    for (const from of [0, 1]) {
      const collector = new BlockCollector();
      assert.equal(collector.add("a", block(from, "0f00")), undefined);
      assert.equal(collector.add("a", block(from + 1, "0000")), undefined);
      const whole = collector.add("a", block(from + 2, "0100", true));
      assert.equal(whole && toHex(whole.apdu), "0f0000000100");
      assert.equal(whole?.blocks, 3);
      assert.equal(collector.unfinished, 0);
    }
  });

  it("drops a message with a lost block, names it, and accepts the next one", () => {
    const collector = new BlockCollector();
    collector.add("a", block(1, "0f00"));
    assert.equal(collector.add("a", block(3, "0100", true)), undefined);
    assert.deepEqual(collector.takeDropped(), [
      { sender: "a", pieces: 1, bytes: 2, why: "expected block 2, got block 3" },
    ]);
    assert.equal(collector.add("a", block(4, "0100", true)), undefined);
    assert.equal(collector.takeDropped()[0]?.why, "expected block 1, got block 4");
    assert.deepEqual(collector.add("a", block(1, "0f", true)), { apdu: Uint8Array.of(0x0f), blocks: 1 });
  });

  it("starts again with block 1, and keeps senders apart", () => {
    const collector = new BlockCollector();
    collector.add("a", block(1, "aa01"));
    collector.add("b", block(1, "bb01"));
    collector.add("a", block(1, "aa02"));
    assert.equal(collector.takeDropped()[0]?.why, "the next message began");
    assert.equal(toHex(collector.add("b", block(2, "bb", true))?.apdu ?? fromHex("")), "bb01bb");
    assert.equal(toHex(collector.add("a", block(2, "aa", true))?.apdu ?? fromHex("")), "aa02aa");
  });

  it("skips a doubled block", () => {
    const collector = new BlockCollector();
    for (const each of [block(1, "01"), block(1, "01"), block(2, "02"), block(2, "02")]) collector.add("a", each);
    assert.equal(toHex(collector.add("a", block(3, "03", true))?.apdu ?? fromHex("")), "010203");
    assert.deepEqual(collector.takeDropped(), []);
  });

  it("drops an unfinished message after 30 s", () => {
    const collector = new BlockCollector();
    collector.add("a", block(1, "01"), 0);
    assert.equal(collector.add("a", block(2, "02", true), 30_001), undefined);
    assert.match(collector.takeDropped()[0]?.why ?? "", /30 s/);
  });
});
