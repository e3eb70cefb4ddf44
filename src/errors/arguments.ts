import { DlmsConfigError } from "./dlms-error";

/** The longest time that a timer of Node can wait, in ms; it fires at once for more. */
export const longestWait = 0x7fffffff;

/** What was given, short; objects by their kind only, since neither JSON nor String can be had of all of them. */
export function quote(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** The same where a text may be a secret that got into the wrong place. */
function quoteUnlessText(value: unknown): string {
  return typeof value === "string" ? "a text" : quote(value);
}

/** A text in the place of an authentication or a key is not shown. */
export function invalid(path: string, expected: string, got: unknown): DlmsConfigError {
  const shown = /^(auth|security)\b/.test(path) ? quoteUnlessText(got) : quote(got);
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
  if (typeof value === "number" && value >= min && value <= longestWait) return value;
  throw invalid(path, `milliseconds, at least ${min} and at most ${longestWait}`, value);
}

export function oneOf(path: string, value: unknown, allowed: readonly (string | number)[]): void {
  if (!allowed.includes(value as string)) throw invalid(path, `one of ${allowed.join(", ")}`, value);
}

/** @param expected the form, `{ sap }` for one */
export function object(path: string, value: unknown, expected = "an object"): asserts value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(path, expected, value);
}

/** A mistyped name would be an option that has no effect. */
export function knownKeys(path: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw invalid(`${path}.${key.slice(0, 60)}`, `one of ${known.join(", ")}`, key);
  }
}

export function callback(path: string, value: unknown): void {
  if (typeof value !== "function") throw invalid(path, "a function", value);
}
