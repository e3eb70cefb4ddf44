import assert from "node:assert/strict";
import fc from "fast-check";
import { decimalText, scaleFloat, scaleInteger, shortestFloat32 } from "../../../src/cosem";

/** A double as an exact fraction: numerator / denominator. */
function fraction(value: number): [bigint, bigint] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const mantissa = (bits & 0xfffffffffffffn) | (exponent === 0 ? 0n : 1n << 52n);
  const power = (exponent === 0 ? 1 : exponent) - 1075;
  const signed = bits >> 63n === 1n ? -mantissa : mantissa;
  return power >= 0 ? [signed << BigInt(power), 1n] : [signed, 1n << BigInt(-power)];
}

const abs = (n: bigint): bigint => (n < 0n ? -n : n);

/** |a - b| as a fraction */
const gap = ([an, ad]: [bigint, bigint], [bn, bd]: [bigint, bigint]): [bigint, bigint] => [
  abs(an * bd - bn * ad),
  ad * bd,
];
const notAbove = ([an, ad]: [bigint, bigint], [bn, bd]: [bigint, bigint]): boolean => an * bd <= bn * ad;

function neighbour(value: number, step: 1n | -1n): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigUint64(0, view.getBigUint64(0) + step);
  return view.getFloat64(0);
}

describe("scaling", () => {
  for (const [value, scaler, expected] of [
    [1005, -3, 1.005],
    [1, -1, 0.1],
    [3, -1, 0.3],
    [2274, -1, 227.4],
    [33813, -3, 33.813],
    [-25, -2, -0.25],
    [0, -3, 0],
    [4294967295, -3, 4294967.295],
    [5, 0, 5],
    [2272138, 1, 22721380],
    [5, 3, 5000],
    [-7, 2, -700],
    [123n, -2, 1.23],
    [7n, 0, 7],
    [9007199254740991n, 0, 9007199254740991],
    [1, -30, 1e-30],
    [1, -128, 1e-128],
  ] as const) {
    it(`${value} and ${scaler} give ${expected}`, () => assert.equal(scaleInteger(value, scaler), expected));
  }

  for (const [value, scaler, expected] of [
    [18446744073709551615n, 0, "18446744073709551615"],
    [18446744073709551615n, -2, "184467440737095516.15"],
    [-9223372036854775808n, -3, "-9223372036854775.808"],
    [9007199254740992n, 0, "9007199254740992"],
    [10000000000000000000n, -3, "10000000000000000"],
    [9007199254740991, 1, "90071992547409910"],
    [5, 20, "500000000000000000000"],
    [1n << 60n, -25, "0.0000001152921504606846976"],
  ] as const) {
    it(`${value} and ${scaler} give the text ${expected}`, () => assert.equal(scaleInteger(value, scaler), expected));
  }

  it("returns the double that is nearest to the exact quotient", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }).filter((n) => n !== 0),
        fc.integer({ min: -40, max: -1 }),
        (value, scaler) => {
          const result = scaleInteger(value, scaler);
          assert.equal(typeof result, "number");
          const exact: [bigint, bigint] = [BigInt(value), 10n ** BigInt(-scaler)];
          const error = gap(fraction(result as number), exact);
          assert.ok(notAbove(error, gap(fraction(neighbour(result as number, 1n)), exact)));
          assert.ok(notAbove(error, gap(fraction(neighbour(result as number, -1n)), exact)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("returns exact integers for positive scalers, as text beyond 2^53", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), fc.integer({ min: 0, max: 127 }), (v, s) => {
        const exact = v * 10n ** BigInt(s);
        const result = scaleInteger(v, s);
        assert.equal(BigInt(result), exact);
        assert.equal(typeof result, abs(exact) <= BigInt(Number.MAX_SAFE_INTEGER) ? "number" : "string");
      }),
    );
  });

  it("writes decimals that mean exactly the fraction", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), fc.integer({ min: -127, max: 0 }), (v, s) => {
        const text = decimalText(v, s);
        const [whole = "", part = ""] = text.replace("-", "").split(".");
        assert.equal(abs(v) * 10n ** BigInt(part.length), BigInt(whole + part) * 10n ** BigInt(-s));
        assert.equal(text.startsWith("-"), v < 0n);
        assert.ok(!part.endsWith("0"));
      }),
    );
  });

  it("shows float32 in its shortest decimal", () => {
    assert.equal(shortestFloat32(Math.fround(42.1)), 42.1);
    assert.equal(shortestFloat32(Math.fround(3.14)), 3.14);
    assert.equal(shortestFloat32(Math.fround(-0.1)), -0.1);
    // integers in full (4294967296: the tests of gosem), unless a number of this language has too few digits
    assert.equal(shortestFloat32(16777215), 16777215);
    assert.equal(shortestFloat32(4294967296), 4294967296);
    assert.equal(shortestFloat32(Math.fround(-123456789)), -123456792);
    assert.equal(shortestFloat32(Math.fround(1e20)), 1e20);
    assert.equal(shortestFloat32(3.4028234663852886e38), 3.4028235e38);
    assert.equal(shortestFloat32(Math.fround(1e-40)), 1e-40);
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        const shown = shortestFloat32(value);
        assert.equal(Math.fround(shown), value);
        const digits = (n: number): number =>
          String(n)
            .replace(/e.*$|[-.]/g, "")
            .replace(/^0+|0+$/g, "").length;
        assert.ok(digits(shown) <= 9 || (Number.isInteger(value) && Math.abs(value) < 2 ** 53));
      }),
    );
  });

  it("scales floats by their decimal form, and returns text for values that JSON lacks", () => {
    assert.equal(scaleFloat(1.1, -3), 0.0011);
    assert.equal(scaleFloat(1e-7, -3), 1e-10);
    assert.equal(scaleFloat(2.5, 3), 2500);
    assert.equal(scaleFloat(Number.NaN, 0), "NaN");
    assert.equal(scaleFloat(Number.NEGATIVE_INFINITY, 2), "-Infinity");
    assert.equal(scaleFloat(1e300, 100), "Infinity");
  });
});
