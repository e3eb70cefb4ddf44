/** Exact decimal scaling of integers and floats. */

const powers = Array.from({ length: 23 }, (_, n) => Number(`1e${n}`));
const f32 = new Float32Array(1);
/** Integers below this limit are shown in full: no rounded decimal has fewer digits. */
const exactIntegers = 2 ** 53;

/**
 * `value` times ten to the power of `scaler`, without the noise of binary fractions.
 *
 * The result is a number if the meter's integer is within 2^53, and so is an integer result: a negative scaler gives
 * the double that is nearest to the exact quotient. Beyond 2^53, the result is the exact decimal as text.
 */
export function scaleInteger(value: number | bigint, scaler: number): number | string {
  if (typeof value === "bigint") {
    if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < -BigInt(Number.MAX_SAFE_INTEGER)) {
      return decimalText(value, scaler);
    }
    return scaleInteger(Number(value), scaler);
  }
  if (scaler === 0 || value === 0) return value;
  if (scaler < 0) {
    // Both operands are exact up to 10^22, and IEEE 754 division rounds correctly.
    const power = powers[-scaler];
    return power === undefined ? Number(`${value}e${scaler}`) : value / power;
  }
  const power = powers[scaler];
  const product = power === undefined ? Number.POSITIVE_INFINITY : value * power;
  return Math.abs(product) <= Number.MAX_SAFE_INTEGER ? product : decimalText(BigInt(value), scaler);
}

/** The exact decimal of `value` times ten to the power of `scaler`, without trailing zeros after the point. */
export function decimalText(value: bigint, scaler: number): string {
  if (value === 0n) return "0";
  if (scaler >= 0) return `${value}${"0".repeat(scaler)}`;
  const sign = value < 0n ? "-" : "";
  const digits = (value < 0n ? -value : value).toString().padStart(1 - scaler, "0");
  const whole = digits.slice(0, scaler);
  const fraction = digits.slice(scaler).replace(/0+$/, "");
  return fraction === "" ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

/**
 * A floating-point value, scaled by moving the decimal point. JSON has no NaN and no infinity, so they become the texts
 * "NaN", "Infinity", "-Infinity".
 */
export function scaleFloat(value: number, scaler: number): number | string {
  if (!Number.isFinite(value)) return String(value);
  if (scaler === 0 || value === 0) return value;
  const [mantissa = "0", exponent = "0"] = String(value).split("e");
  const scaled = Number(`${mantissa}e${Number(exponent) + scaler}`);
  return Number.isFinite(scaled) ? scaled : String(scaled);
}

/**
 * The number with the fewest decimal digits that a float32 stores as `value`: 1.1, not 1.100000023841858, and 1e20,
 * not 100000002004087730000.
 */
export function shortestFloat32(value: number): number {
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) < exactIntegers)) return value;
  for (let digits = 1; digits <= 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    f32[0] = candidate;
    if (f32[0] === value) return candidate;
  }
  return value;
}
