import assert from "node:assert/strict";
import { ArrayElementStream } from "../../../src/codec";
import { DescriptionScanner } from "../../../src/codec/description-scanner";
import { scanBroken, scanIncomplete } from "../../../src/codec/scan-outcome";

/** Structures of 255 structures of 255 nulls: 65,282 bytes. */
const wide = Uint8Array.from([
  2,
  254,
  ...Array.from({ length: 254 }, () => [2, 255, ...new Array<number>(255).fill(0)]).flat(),
]);

/** Counts how often a byte is looked at. */
function counting(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly looks: () => number } {
  let looks = 0;
  const watched = new Proxy(bytes, {
    get: (target, name) => {
      looks++;
      return target[Number(name)];
    },
  });
  return { bytes: watched, looks: () => looks };
}

describe("the end of a type description that arrives in pieces", () => {
  it("is found in one pass, however the bytes are cut", () => {
    const { bytes, looks } = counting(wide);
    const scanner = new DescriptionScanner(32);
    for (let end = 0; end < wide.length; end++) assert.equal(scanner.scan(bytes, 0, end), scanIncomplete);
    assert.equal(scanner.scan(bytes, 0, wide.length), wide.length);
    // a pair of tag and count is looked at again when its second byte comes
    assert.ok(looks() <= 3 * wide.length, `${looks()} looks at ${wide.length} bytes`);
  });

  it("is not searched after a tag that no description has, nor deeper than the limit", () => {
    assert.equal(new DescriptionScanner(32).scan(Uint8Array.of(2, 2, 99), 0, 3), scanBroken);
    assert.equal(new DescriptionScanner(32).scan(Uint8Array.of(19), 0, 1), scanBroken);
    assert.equal(new DescriptionScanner(2).scan(Uint8Array.of(2, 1, 2, 1, 17), 0, 5), scanBroken);
    assert.equal(new DescriptionScanner(3).scan(Uint8Array.of(2, 1, 2, 1, 17), 0, 5), 5);
  });

  it("is found byte by byte by a stream, and so is that of a compact-array within an array", () => {
    const compact = Uint8Array.of(19, 2, 2, 18, 1, 0, 2, 17, 8, 0, 1, 2, 3, 0, 4, 5, 6);
    const nested = Uint8Array.of(1, 2, ...compact, ...compact);
    for (const [bytes, count] of [
      [compact, 2],
      [nested, 2],
    ] as const) {
      const stream = new ArrayElementStream();
      const found = [...bytes].flatMap((byte) => stream.push(Uint8Array.of(byte)).elements);
      stream.finish();
      assert.equal(found.length, count);
      assert.deepEqual(new ArrayElementStream().push(bytes).elements, found);
    }
  });

  it("refuses too deep nesting as soon as it arrives", () => {
    const stream = new ArrayElementStream();
    const pieces = [19, ...new Array<number[]>(40).fill([2, 1]).flat()];
    assert.throws(() => pieces.forEach((byte) => stream.push(Uint8Array.of(byte))), { code: "DLMS_DECODE_LIMIT" });
    assert.ok(stream.pending <= 70, `${stream.pending} bytes`);
  });
});
