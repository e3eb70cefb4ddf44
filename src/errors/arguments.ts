/** Checks of arguments that users pass; their errors quote the value but never a secret. */
import { DlmsConfigError } from "./dlms-error";

/** Maximum delay of a Node.js timer, in ms. With a longer delay it fires at once. */
export const maxTimerMs = 0x7fffffff;

/**
 * A short form of the given value. Objects are shown by their kind only, because JSON or String fails for some of them.
 */
export function quote(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** The same for places where a text may be a misplaced secret. */
function quoteUnlessText(value: unknown): string {
  return typeof value === "string" ? "a text" : quote(value);
}

/** The error for a wrong value. A text given for an authentication or a key is not shown. */
export function invalid(path: string, expected: string, got: unknown): DlmsConfigError {
  const shown = /(^|\.)(auth|security)\b/.test(path) ? quoteUnlessText(got) : quote(got);
  return new DlmsConfigError("CONFIG_INVALID", `${path}: expected ${expected}, got ${shown}`, {
    details: { setting: path },
  });
}

export function missing(path: string, expected: string): DlmsConfigError {
  return new DlmsConfigError("CONFIG_MISSING", `${path}: missing; expected ${expected}`, {
    details: { setting: path },
  });
}

export function integer(path: string, value: unknown, min: number, max: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalid(path, `an integer from ${min} to ${max}`, value);
}

/** A time that a timer can wait, in ms. */
export function milliseconds(path: string, value: unknown, min: number): number {
  if (typeof value === "number" && value >= min && value <= maxTimerMs) return value;
  throw invalid(path, `milliseconds, at least ${min} and at most ${maxTimerMs}`, value);
}

export function oneOf(path: string, value: unknown, allowed: readonly (string | number)[]): void {
  if (!allowed.includes(value as string)) throw invalid(path, `one of ${allowed.join(", ")}`, value);
}

/** @param expected the expected form, for example `{ sap }` */
export function object(path: string, value: unknown, expected = "an object"): asserts value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(path, expected, value);
}

/** Refuses unknown option names, because a mistyped option would have no effect. */
export function knownKeys(path: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw invalid(`${path}.${key.slice(0, 60)}`, `one of ${known.join(", ")}`, key);
  }
}

export function callback(path: string, value: unknown): void {
  if (typeof value !== "function") throw invalid(path, "a function", value);
}
