/** Reads properties of a node or message: text, numbers and words, with errors that name the property. */
import { DlmsConfigError } from "../../src/index";

/** The properties of a node as Node-RED provides them: `${ENV}` already replaced, numbers often strings. */
export type RawSettings = Readonly<Record<string, unknown>>;

const unsetVariable = /^\$\{([^}]+)\}$/;

/** Absent, null and "" all mean: take the default. */
export function isAbsent(value: unknown): value is undefined | null | "" {
  return value === undefined || value === null || value === "";
}

/** Quotes a wrong value in a message: short, and without the content of objects. */
export function quote(value: unknown): string {
  if (typeof value === "string") return `"${value.length > 60 ? `${value.slice(0, 57)}...` : value}"`;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (value === null || value === undefined) return "nothing";
  return Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
}

/** Node-RED leaves `${NAME}` as it is when the environment variable is not set. */
function refuseUnset(value: unknown, name: string): void {
  const match = typeof value === "string" ? unsetVariable.exec(value) : null;
  if (match) {
    throw new DlmsConfigError("CONFIG_MISSING", `${name}: the environment variable ${match[1] ?? ""} is not set`, {
      details: { property: name, variable: match[1] ?? "" },
    });
  }
}

/** @param rule the expected value, for texts in other languages */
function invalid(name: string, expected: string, value: unknown, rule: object = {}): DlmsConfigError {
  return new DlmsConfigError("CONFIG_INVALID", `${name}: expected ${expected}, got ${quote(value)}`, {
    details: { property: name, ...rule },
  });
}

export function textOf(raw: RawSettings, name: string, fallback: string): string {
  const value = raw[name];
  if (isAbsent(value)) return fallback;
  refuseUnset(value, name);
  if (typeof value === "string") return value.trim();
  if (typeof value === "number") return String(value);
  throw invalid(name, "a text", value);
}

/** A required text. */
export function neededTextOf(raw: RawSettings, name: string, fallback: string, label: string): string {
  const text = textOf(raw, name, fallback);
  if (text !== "") return text;
  throw new DlmsConfigError("CONFIG_MISSING", `${name}: ${label} is needed`, { details: { property: name } });
}

/** A whole number in a range, from a number or its decimal or 0x text. */
export function wholeNumber(value: unknown, name: string, min: number, max: number): number {
  refuseUnset(value, name);
  const text = typeof value === "string" ? value.trim() : value;
  const number =
    typeof text === "string" && /^-?(\d+|0x[0-9a-f]+)$/i.test(text)
      ? Number(text)
      : typeof text === "number"
        ? text
        : NaN;
  if (Number.isInteger(number) && number >= min && number <= max) return number;
  throw invalid(name, `a whole number from ${min} to ${max}`, value, { min, max });
}

export interface NumberRange {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}

export function integerOf(raw: RawSettings, name: string, range: NumberRange): number {
  const value = raw[name];
  return isAbsent(value) ? range.fallback : wholeNumber(value, name, range.min, range.max);
}

/** One of a set of words, in any case. */
export function choiceOf<const T extends string>(
  raw: RawSettings,
  name: string,
  choices: readonly T[],
  fallback: NoInfer<T>,
): T {
  const value = raw[name];
  if (isAbsent(value)) return fallback;
  refuseUnset(value, name);
  const wanted = typeof value === "string" ? value.trim().toUpperCase() : quote(value);
  const found = choices.find((choice) => choice.toUpperCase() === wanted);
  if (found !== undefined) return found;
  const words = choices.filter((choice) => choice !== "").join(", ");
  throw invalid(name, words, value, { choices: words });
}

export function flagOf(raw: RawSettings, name: string, fallback: boolean): boolean {
  const value = raw[name];
  if (isAbsent(value)) return fallback;
  refuseUnset(value, name);
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "1" || value === 1) return true;
  if (value === "false" || value === "0" || value === 0) return false;
  throw invalid(name, "true or false", value);
}
