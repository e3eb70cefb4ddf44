/** Readers of JSON fields that name the path of each fault and never print a value that may be a secret. */
import { fromHex } from "../../bytes";
import { DlmsConfigError, isDlmsError } from "../../errors";
import { quote } from "../../errors/arguments";

/** A JSON object and its path in the definition. */
export interface Fields {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export function invalid(path: string, expected: string, got: string): DlmsConfigError {
  return new DlmsConfigError("CONFIG_INVALID", `${path}: expected ${expected}, got ${got}`, { details: { path } });
}

/** The kind of a value. The value itself is not printed because it may be a secret. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}

export function fieldsOf(value: unknown, path: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(path, "an object", kindOf(value));
  }
  return { path, values: value as Readonly<Record<string, unknown>> };
}

export function onlyKnown(fields: Fields, known: readonly string[]): void {
  const odd = Object.keys(fields.values).find((name) => !known.includes(name));
  if (odd !== undefined)
    throw invalid(`${fields.path}.${odd.slice(0, 60)}`, `one of ${known.join(", ")}`, "an unknown field");
}

export function listOf(fields: Fields, name: string): Fields[] {
  const list = fields.values[name] ?? [];
  const path = `${fields.path}.${name}`;
  if (!Array.isArray(list)) throw invalid(path, "a list", kindOf(list));
  return list.map((item: unknown, index) => fieldsOf(item, `${path}[${index}]`));
}

export function numberField(fields: Fields, name: string, least: number, most: number): number | undefined {
  const value = fields.values[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
    const got = typeof value === "number" ? String(value) : kindOf(value);
    throw invalid(`${fields.path}.${name}`, `a whole number from ${least} to ${most}`, got);
  }
  return value;
}

export function textField(fields: Fields, name: string): string | undefined {
  const value = fields.values[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw invalid(`${fields.path}.${name}`, "a text", kindOf(value));
  return value;
}

export function flagField(fields: Fields, name: string): boolean | undefined {
  const value = fields.values[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw invalid(`${fields.path}.${name}`, "true or false", kindOf(value));
  return value;
}

export function wordField<const W extends string>(fields: Fields, name: string, words: readonly W[]): W | undefined {
  const value = textField(fields, name);
  if (value === undefined) return undefined;
  const word = words.find((candidate) => candidate === value);
  if (word === undefined) throw invalid(`${fields.path}.${name}`, `one of ${words.join(", ")}`, quote(value));
  return word;
}

/** Bytes as hex. Error messages never contain the text itself. */
export function bytesField(fields: Fields, name: string, length?: number): Uint8Array | undefined {
  const text = textField(fields, name);
  if (text === undefined) return undefined;
  return hexBytes(text, `${fields.path}.${name}`, length);
}

export function hexBytes(text: string, path: string, length?: number): Uint8Array {
  const expected = length === undefined ? "hex digits" : `${length} bytes in hex`;
  let bytes: Uint8Array;
  try {
    bytes = fromHex(text);
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    throw invalid(path, expected, "other characters, or an odd number of digits");
  }
  if (length !== undefined && bytes.length !== length) throw invalid(path, expected, `${bytes.length}`);
  return bytes;
}
