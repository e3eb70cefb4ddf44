/** The bounded buffer for segments. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, GrowingBuffer, joinBytes, latin1 } from "../../../src/bytes";

describe("GrowingBuffer", () => {
  it("returns the added bytes in order", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 60 }), (pieces) => {
        const buffer = new GrowingBuffer(10_000);
        for (const piece of pieces) assert.equal(buffer.add(piece), undefined);
        const whole = joinBytes(pieces);
        assert.equal(buffer.length, whole.length);
        assert.equal(buffer.pieces, pieces.length);
        assert.deepEqual(buffer.view, whole);
        assert.deepEqual(buffer.take(), whole);
        assert.equal(buffer.length, 0);
      }),
    );
  });

  it("does not copy a single piece", () => {
    const buffer = new GrowingBuffer(10);
    const piece = Uint8Array.of(1, 2, 3);
    buffer.add(piece);
    assert.equal(buffer.take(), piece);
  });

  it("can be reused after take without changing the returned bytes", () => {
    const buffer = new GrowingBuffer(600);
    for (let i = 0; i < 300; i++) buffer.add(Uint8Array.of(1, 1));
    const whole = buffer.take();
    buffer.add(Uint8Array.of(2));
    buffer.add(Uint8Array.of(3));
    assert.ok(whole.length === 600 && whole.every((byte) => byte === 1));
    assert.deepEqual(buffer.take(), Uint8Array.of(2, 3));
  });

  it("rejects bytes beyond its bound and keeps its content", () => {
    const buffer = new GrowingBuffer(3);
    assert.equal(buffer.add(Uint8Array.of(1, 2)), undefined);
    assert.equal(buffer.add(Uint8Array.of(3, 4)), "too-long");
    assert.equal(buffer.add(Uint8Array.of(3)), undefined);
    assert.deepEqual(buffer.take(), Uint8Array.of(1, 2, 3));
  });

  it("rejects empty pieces after too many in a row", () => {
    const buffer = new GrowingBuffer(10, 2);
    const empty = new Uint8Array(0);
    assert.deepEqual([buffer.add(empty), buffer.add(empty), buffer.add(empty)], [undefined, undefined, "no-progress"]);
    buffer.clear();
    buffer.add(empty);
    buffer.add(Uint8Array.of(1));
    assert.deepEqual([buffer.add(empty), buffer.add(empty)], [undefined, undefined]);
  });

  it("joins lists of any length", () => {
    const pieces = new Array<Uint8Array>(300_000).fill(Uint8Array.of(0x41));
    assert.equal(joinBytes(pieces).length, 300_000);
    assert.equal(latin1(joinBytes(pieces)).length, 300_000);
    assert.deepEqual(concatBytes(Uint8Array.of(1), Uint8Array.of(2)), Uint8Array.of(1, 2));
  });
});
