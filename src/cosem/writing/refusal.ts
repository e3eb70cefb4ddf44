/** Errors for values that do not fit their type. */
import { DlmsConfigError } from "../../errors";
import { quote } from "../../errors/arguments";

/** The error for a value that does not fit; it names the path, what was expected, and a short form of the value. */
export function misfit(path: string, expected: string, got: unknown): DlmsConfigError {
  return refusal(path, `expected ${expected}, got ${shown(got)}`);
}

export function refusal(path: string, problem: string): DlmsConfigError {
  return new DlmsConfigError("CONFIG_INVALID", `${path}: ${problem}`, { details: { path } });
}

/** A short form of a value; the contents of bytes are not shown, because they may be a key. */
export function shown(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : value.toISOString();
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "bigint" ? `${value}n` : quote(value);
}
