/** Numbers to be written: exact decimals of any size, ranges, and the scaling of values by their scaler. */
import type { DlmsValue, NumberDataType } from "../../codec";
import { shortestFloat32 } from "../scaling";
import { misfit, refusal } from "./refusal";

/** An exact decimal: `digits` times ten to the power of `exponent`. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

const ranges = {
  integer: [-(2n ** 7n), 2n ** 7n - 1n],
  long: [-(2n ** 15n), 2n ** 15n - 1n],
  "double-long": [-(2n ** 31n), 2n ** 31n - 1n],
  long64: [-(2n ** 63n), 2n ** 63n - 1n],
  unsigned: [0n, 2n ** 8n - 1n],
  "long-unsigned": [0n, 2n ** 16n - 1n],
  "double-long-unsigned": [0n, 2n ** 32n - 1n],
  "long64-unsigned": [0n, 2n ** 64n - 1n],
  enum: [0n, 2n ** 8n - 1n],
  bcd: [-(2n ** 7n), 2n ** 7n - 1n],
  "delta-integer": [-(2n ** 7n), 2n ** 7n - 1n],
  "delta-long": [-(2n ** 15n), 2n ** 15n - 1n],
  "delta-double-long": [-(2n ** 31n), 2n ** 31n - 1n],
  "delta-unsigned": [0n, 2n ** 8n - 1n],
  "delta-long-unsigned": [0n, 2n ** 16n - 1n],
  "delta-double-long-unsigned": [0n, 2n ** 32n - 1n],
} as const satisfies Readonly<Record<string, readonly [bigint, bigint]>>;

export type IntegerType = keyof typeof ranges;
type FloatType = "floating-point" | "float32" | "float64";
export type NumericType = IntegerType | FloatType;

export function isIntegerType(type: string): type is IntegerType {
  return Object.hasOwn(ranges, type);
}

export function isNumericType(type: string): type is NumericType {
  return isIntegerType(type) || type === "floating-point" || type === "float32" || type === "float64";
}

const decimalForm = /^([+-]?)(\d{1,400})(?:\.(\d{1,400}))?(?:e([+-]?\d{1,3}))?$/i;

/** The exact decimal of a number, a BigInt or a decimal text; undefined for anything else. */
function decimalOf(value: unknown): Decimal | undefined {
  if (typeof value === "bigint") return { digits: value, exponent: 0 };
  const text = typeof value === "number" && Number.isFinite(value) ? String(value) : value;
  if (typeof text !== "string") return undefined;
  const match = decimalForm.exec(text.trim());
  if (match === null) return undefined;
  const [, sign = "", whole = "", fraction = "", power = "0"] = match;
  return reduced(BigInt(`${sign === "-" ? "-" : ""}${whole}${fraction}`), Number(power) - fraction.length);
}

/** Without trailing zeros, so that equal decimals are equal in both fields. */
function reduced(digits: bigint, exponent: number): Decimal {
  if (digits === 0n) return { digits: 0n, exponent: 0 };
  let [rest, power] = [digits, exponent];
  while (rest % 10n === 0n) {
    rest /= 10n;
    power += 1;
  }
  return { digits: rest, exponent: power };
}

/** Beyond this power of ten no type can hold a whole number. */
const maxExponent = 400;

function wholeOf({ digits, exponent }: Decimal): bigint | undefined {
  if (exponent < 0) return undefined;
  return exponent > maxExponent ? undefined : digits * 10n ** BigInt(exponent);
}

/** The value of a numeric type, without any loss. @throws DlmsConfigError CONFIG_INVALID */
export function toNumber(value: unknown, type: NumericType, path: string): DlmsValue {
  const decimal = decimalOf(value);
  if (decimal === undefined) throw misfit(path, `${type}, ${rangeText(type)}`, value);
  return fromDecimal(decimal, value, type, path);
}

function fromDecimal(decimal: Decimal, value: unknown, type: NumericType, path: string): DlmsValue {
  if (!isIntegerType(type)) return { type, value: toFloat(decimal, value, type, path) };
  const whole = wholeOf(decimal);
  const [low, high] = ranges[type];
  if (whole === undefined || whole < low || whole > high) throw misfit(path, `${type}, ${rangeText(type)}`, value);
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw refusal(path, `${value} is beyond 2^53 and may have lost digits; give a BigInt or a decimal text`);
  }
  if (type === "long64" || type === "long64-unsigned") return { type, value: whole };
  return { type: type as NumberDataType, value: Number(whole) };
}

/** "a whole number from 0 to 255" */
export function rangeText(type: NumericType): string {
  if (!isIntegerType(type)) return "a number";
  const [low, high] = ranges[type];
  return `a whole number from ${low} to ${high}`;
}

/** The nearest floating-point number, if it reads as the same decimal. */
function toFloat(decimal: Decimal, value: unknown, type: FloatType, path: string): number {
  const double = Number(`${decimal.digits}e${decimal.exponent}`);
  const nearest = type === "float64" ? double : shortestFloat32(Math.fround(double));
  const back = decimalOf(nearest);
  if (back === undefined || back.digits !== decimal.digits || back.exponent !== decimal.exponent) {
    const instead = Number.isFinite(nearest) ? `; the nearest one is ${nearest}` : "";
    throw refusal(path, `${shownNumber(value)} cannot be represented as ${type} without a loss${instead}`);
  }
  return type === "float64" ? double : Math.fround(double);
}

const shownNumber = (value: unknown): string => (typeof value === "string" ? value.slice(0, 60) : String(value));

/**
 * A value in its unit as the integer that the meter stores: 230.5 with the scaler -1 is 2305.
 * @throws DlmsConfigError CONFIG_INVALID for a value that the type and the scaler cannot represent exactly
 */
export function scaledValue(value: unknown, scaler: number, type: string, path = "value"): DlmsValue {
  if (!Number.isInteger(scaler) || scaler < -128 || scaler > 127) {
    throw misfit(`${path}: scaler`, "a whole number from -128 to 127", scaler);
  }
  if (!isNumericType(type)) throw refusal(path, `a value of type ${String(type)} has no scaler`);
  const decimal = decimalOf(value);
  if (decimal === undefined) throw misfit(path, "a number, a BigInt or a decimal text", value);
  const { digits, exponent } = decimal;
  const stored = reduced(digits, exponent - scaler);
  if (isIntegerType(type)) {
    const step = scaler >= 0 ? `1${"0".repeat(scaler)}` : `0.${"0".repeat(-scaler - 1)}1`;
    if (digits !== 0n && stored.exponent < 0) {
      throw refusal(path, `${shownNumber(value)} is no multiple of ${step}, the step of the scaler ${scaler}`);
    }
    const whole = wholeOf(stored);
    const [low, high] = ranges[type];
    if (whole === undefined || whole < low || whole > high) {
      throw refusal(path, `${shownNumber(value)} with the scaler ${scaler} is beyond ${type}, ${rangeText(type)}`);
    }
    return fromDecimal(stored, whole, type, path);
  }
  return fromDecimal(stored, value, type, path);
}
