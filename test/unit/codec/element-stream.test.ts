import assert from "node:assert/strict";
import fc from "fast-check";
import { fromHex } from "../../../src/bytes";
import { ArrayElementStream, type DlmsValue, decodeValueBytes, encodeValueBytes } from "../../../src/codec";
import { DlmsDecodeError, DlmsError } from "../../../src/errors";
import { anyValue, compactArray } from "./arbitraries";

/** A load profile, as in Circutor/gosem: {octet-string date-time, unsigned, double-long-unsigned}. */
const row = (n: number): string => `0203090c07e2020c05${n.toString(16).padStart(2, "0")}000000800000110006000186a0`;
const profile = fromHex(`0118${Array.from({ length: 24 }, (_, n) => row(n)).join("")}`);

function collect(stream: ArrayElementStream, bytes: Uint8Array, sizes: readonly number[]): DlmsValue[] {
  const out: DlmsValue[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1);
    out.push(...stream.push(bytes.subarray(at, at + size)).elements);
    at += size;
  }
  return out;
}

function elementsOf(value: DlmsValue): readonly DlmsValue[] {
  return value.type === "array" || value.type === "compact-array" ? value.value : [value];
}

describe("ArrayElementStream", () => {
  it("returns the same rows for every cut into blocks", () => {
    const rows = elementsOf(decodeValueBytes(profile));
    for (let size = 1; size <= profile.length; size++) {
      const stream = new ArrayElementStream();
      assert.deepEqual(collect(stream, profile, [size]), rows);
      stream.finish();
      assert.equal(stream.count, 24);
      assert.equal(stream.received, 24);
      assert.equal(stream.kind, "array");
      assert.ok(stream.complete);
    }
  });

  it("returns an element as soon as its last byte has arrived", () => {
    const stream = new ArrayElementStream();
    const size = row(0).length / 2;
    assert.equal(stream.push(profile.subarray(0, 2 + size - 1)).elements.length, 0);
    assert.equal(stream.push(profile.subarray(2 + size - 1, 2 + size)).elements.length, 1);
    assert.equal(stream.pending, 0);
  });

  it("returns each element's bytes on request", () => {
    const stream = new ArrayElementStream({ raw: true });
    const raw = [...stream.push(profile.subarray(0, 100)).raw, ...stream.push(profile.subarray(100)).raw];
    assert.equal(raw.length, 24);
    raw.forEach((bytes, n) => assert.deepEqual(bytes, fromHex(row(n))));
  });

  it("does not change returned elements", () => {
    const stream = new ArrayElementStream({ raw: true });
    const first = stream.push(profile.subarray(0, 60));
    const copy = structuredClone(first);
    for (let at = 60; at < profile.length; at += 7) stream.push(profile.subarray(at, at + 7));
    assert.deepEqual(first, copy);
  });

  it("reports the number of missing elements", () => {
    const stream = new ArrayElementStream();
    stream.push(profile.subarray(0, 2 + 2 * (row(0).length / 2) + 5));
    assert.throws(
      () => stream.finish(),
      (error: unknown) =>
        error instanceof DlmsDecodeError &&
        error.code === "DLMS_DECODE_TRUNCATED" &&
        error.details["path"] === "data[2]" &&
        /after 2 of 24 elements and 5 bytes/.test(error.message),
    );
  });

  it("names the row of a bad tag", () => {
    const bytes = fromHex(`0103${row(0)}${row(1)}0203${"0b"}00000000`);
    const stream = new ArrayElementStream();
    assert.throws(
      () => collect(stream, bytes, [10]),
      (error: unknown) =>
        error instanceof DlmsDecodeError && error.code === "DLMS_DECODE_TAG" && error.details["path"] === "data[2][0]",
    );
  });

  it("treats a single value as one element, and counts trailing bytes", () => {
    const stream = new ArrayElementStream();
    assert.deepEqual(stream.push(fromHex("00ffff")).elements, [{ type: "null-data", value: null }]);
    assert.equal(stream.kind, "value");
    assert.equal(stream.trailing, 2);
    stream.push(fromHex("ff"));
    assert.equal(stream.trailing, 3);
    stream.finish();
  });

  it("is complete at once for an empty array", () => {
    for (const hex of ["0100", "130600"]) {
      const stream = new ArrayElementStream();
      assert.deepEqual(stream.push(fromHex(hex)).elements, []);
      stream.finish();
    }
  });

  it("keeps only the incomplete element: a million rows in a few kilobytes", () => {
    const count = 1_000_000;
    const stream = new ArrayElementStream();
    stream.push(fromHex(`0184${count.toString(16).padStart(8, "0")}`));
    const block = fromHex(Array.from({ length: 100 }, (_, n) => row(n % 24)).join(""));
    let received = 0;
    for (let i = 0; i < count / 100; i++) {
      received += stream.push(block.subarray(0, 1001)).elements.length;
      received += stream.push(block.subarray(1001)).elements.length;
      assert.ok(stream.pending < 40);
    }
    assert.equal(received, count);
    stream.finish();
  });

  it("bounds one element that never ends", () => {
    const stream = new ArrayElementStream({ maxElementBytes: 10000 });
    stream.push(fromHex("010109 84 ffffffff"));
    assert.throws(
      () => {
        for (let i = 0; i < 100; i++) stream.push(new Uint8Array(1000));
      },
      (error: unknown) => error instanceof DlmsDecodeError && error.code === "DLMS_DECODE_LIMIT",
    );
  });

  it("follows one large element in linear time, one byte at a time", () => {
    // 20,000 integers in one structure; looking from its start at each byte would be 4 * 10^8 steps
    const bytes = fromHex(`0101 02 82 4e20 ${"0f01".repeat(20000)}`);
    const stream = new ArrayElementStream();
    const [element] = collect(stream, bytes, [1]);
    assert.ok(element?.type === "structure");
    assert.equal(element.value.length, 20000);
  });

  it("refuses a compact-array whose last element does not fit its contents", () => {
    const stream = new ArrayElementStream();
    assert.throws(
      () => stream.push(fromHex("13 12 03 0001 00 02")),
      (error: unknown) => error instanceof DlmsDecodeError,
    );
  });

  it("agrees with the whole decode for any value and any cuts", () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.oneof(anyValue, compactArray), cuts, (value, sizes) => {
        const stream = new ArrayElementStream();
        const found = collect(stream, encodeValueBytes(value), sizes);
        stream.finish();
        assert.deepEqual(found, elementsOf(value));
      }),
      { numRuns: 500 },
    );
  });

  it("ends in elements or a DlmsError for any bytes, at any cuts", () => {
    const first = fc.constantFrom(1, 2, 9, 19);
    fc.assert(
      fc.property(first, fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 1, max: 9 }), (tag, rest, size) => {
        try {
          const stream = new ArrayElementStream();
          collect(stream, Uint8Array.of(tag, ...rest), [size]);
          stream.finish();
        } catch (error) {
          assert.ok(error instanceof DlmsError, String(error));
        }
      }),
      { numRuns: 3000 },
    );
  });
});
