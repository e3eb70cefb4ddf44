/** Exact arithmetic with decimals: numbers in their shortest form, or texts of any length. */
import { scaleInteger } from "../cosem";

/** `digits` times ten to the power of `-places`. */
interface Decimal {
  readonly digits: bigint;
  readonly places: number;
}

const form = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,4}))?$/i;
/** More decimal places than any value of a meter has. */
const maxPlaces = 400;

/** Undefined if the value is neither a finite number nor a decimal text. */
function readDecimal(value: unknown): Decimal | undefined {
  if (typeof value !== "number" && typeof value !== "string") return undefined;
  const match = form.exec(String(value));
  if (match === null) return undefined;
  const [, sign = "", whole = "", part = "", exponent = "0"] = match;
  const places = part.length - Number(exponent);
  if (Math.abs(places) > maxPlaces || whole.length > maxPlaces) return undefined;
  const digits = BigInt(`${whole}${part}`);
  const signed = sign === "" ? digits : -digits;
  return places >= 0 ? { digits: signed, places } : { digits: signed * 10n ** BigInt(-places), places: 0 };
}

/** Whether the value is a number, as a number or as a decimal text. */
export function isDecimal(value: unknown): boolean {
  return readDecimal(value) !== undefined;
}

/**
 * The exact difference of two decimals; a text if a number cannot hold it. Undefined if one of them is no decimal.
 */
export function subtractDecimals(value: unknown, before: unknown): number | string | undefined {
  if (Number.isSafeInteger(value) && Number.isSafeInteger(before)) {
    const difference = (value as number) - (before as number);
    if (Number.isSafeInteger(difference)) return difference;
  }
  const [one, other] = [readDecimal(value), readDecimal(before)];
  if (one === undefined || other === undefined) return undefined;
  const places = Math.max(one.places, other.places);
  const digitsOf = ({ digits, places: own }: Decimal): bigint => digits * 10n ** BigInt(places - own);
  let digits = digitsOf(one) - digitsOf(other);
  let scaler = -places;
  while (scaler < 0 && digits % 10n === 0n) {
    digits /= 10n;
    scaler++;
  }
  return scaleInteger(digits, scaler);
}

/** Whether the first decimal is smaller than the second. */
export function isBelow(value: unknown, other: unknown): boolean {
  const difference = subtractDecimals(value, other);
  return difference !== undefined && String(difference).startsWith("-");
}
