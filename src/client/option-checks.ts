import { DlmsConfigError } from "../errors";

/** What was given, short; objects by their kind only. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

export function invalid(path: string, expected: string, got: unknown): DlmsConfigError {
  return new DlmsConfigError("CONFIG_INVALID", `${path}: expected ${expected}, got ${shown(got)}`, {
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
