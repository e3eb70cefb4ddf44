/** Parses COSEM values from JSON. */
import { encodeValueBytes } from "../../codec/encode";
import { defaultMaxDepth } from "../../codec/limits";
import { dataTags, type DlmsValue, type NumberDataType } from "../../codec/value";
import { isDlmsError } from "../../errors";
import { quote } from "../../errors/arguments";
import { fieldsOf, hexBytes, invalid, kindOf } from "./json-fields";

const words: readonly string[] = Object.values(dataTags).filter((word) => word !== "compact-array");
const byteTypes = ["octet-string", "date-time", "date", "time"] as const;
const fixedLengths: Readonly<Record<string, number>> = { "date-time": 12, date: 5, time: 4 };

/**
 * Parses a value in JSON: `{"type": "long-unsigned", "value": 230}`. Bytes are hex strings, 64-bit numbers decimal
 * strings, arrays and structures lists of values. An octet-string may have `"text"` instead of hex.
 * @throws DlmsConfigError CONFIG_INVALID with the path
 */
export function parseJsonValue(json: unknown, path: string, room: ValueRoom = { left: maxValues }): DlmsValue {
  const value = parseNested(json, path, room, 0);
  return isComposed(value) ? fits(value, path) : value;
}

/** The number of values that a definition may still contain. */
export interface ValueRoom {
  left: number;
}

/** The most values of a definition; it also stops an object that contains itself. */
export const maxValues = 1_000_000;

const isComposed = ({ type }: DlmsValue): boolean => type === "array" || type === "structure";

function parseNested(json: unknown, path: string, room: ValueRoom, depth: number): DlmsValue {
  if (depth > defaultMaxDepth) throw invalid(path, `values that nest at most ${defaultMaxDepth} deep`, "deeper ones");
  if (--room.left < 0) throw invalid(path, `at most ${maxValues} values in a definition`, "more");
  const { values } = fieldsOf(json, path);
  const { type, value, text } = values;
  if (typeof type !== "string" || !words.includes(type)) {
    throw invalid(`${path}.type`, `one of ${words.join(", ")}`, typeof type === "string" ? quote(type) : kindOf(type));
  }
  if (type === "octet-string" && typeof text === "string") {
    return { type, value: new TextEncoder().encode(text) };
  }
  if (type === "array" || type === "structure") {
    if (!Array.isArray(value)) throw invalid(`${path}.value`, "a list of values", kindOf(value));
    const items: readonly unknown[] = value;
    return { type, value: items.map((item, index) => parseNested(item, `${path}.value[${index}]`, room, depth + 1)) };
  }
  return fits(typed(type, value, `${path}.value`), path);
}

function typed(type: string, value: unknown, path: string): DlmsValue {
  switch (type) {
    case "null-data":
    case "dont-care":
      return { type, value: null };
    case "boolean":
      if (typeof value !== "boolean") throw invalid(path, "true or false", kindOf(value));
      return { type, value };
    case "bit-string":
      if (typeof value !== "string" || !/^[01]*$/.test(value)) throw invalid(path, "a text of 0 and 1", kindOf(value));
      return { type, value };
    case "visible-string":
    case "utf8-string":
      if (typeof value !== "string") throw invalid(path, "a text", kindOf(value));
      return { type, value };
    case "long64":
    case "long64-unsigned":
      return { type, value: bigNumber(value, path) };
    default:
      return bytesOrNumber(type, value, path);
  }
}

function bytesOrNumber(type: string, value: unknown, path: string): DlmsValue {
  const byteType = byteTypes.find((candidate) => candidate === type);
  if (byteType !== undefined) {
    if (typeof value !== "string") throw invalid(path, "a text of hex digits", kindOf(value));
    return { type: byteType, value: hexBytes(value, path, fixedLengths[byteType]) };
  }
  if (typeof value !== "number" || !Number.isFinite(value)) throw invalid(path, "a number", kindOf(value));
  return { type: type as NumberDataType, value };
}

function bigNumber(value: unknown, path: string): bigint {
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value !== "string" || !/^-?\d{1,20}$/.test(value)) {
    throw invalid(path, "a decimal number as text", kindOf(value));
  }
  return BigInt(value);
}

/** Checks the range by encoding the value. */
function fits(value: DlmsValue, path: string): DlmsValue {
  try {
    encodeValueBytes(value);
    return value;
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    throw invalid(path, `a value that fits ${value.type}`, error.message);
  }
}
