import { encodeValueBytes } from "../codec/encode";
import { dataTags, type DlmsValue, type NumberDataType } from "../codec/value";
import { isDlmsError } from "../errors";
import { fieldsOf, hexBytes, invalid, kindOf } from "./json-fields";

const words: readonly string[] = Object.values(dataTags).filter((word) => word !== "compact-array");
const byteTypes = ["octet-string", "date-time", "date", "time"] as const;
const fixedLengths: Readonly<Record<string, number>> = { "date-time": 12, date: 5, time: 4 };

/**
 * A value as JSON writes it: `{"type": "long-unsigned", "value": 230}`. Bytes are hex, 64-bit numbers decimal text,
 * arrays and structures lists of values. Instead of hex, an octet-string may have `"text"`.
 * @throws DlmsConfigError CONFIG_INVALID with the path
 */
export function parseJsonValue(json: unknown, path: string): DlmsValue {
  const { values } = fieldsOf(json, path);
  const { type, value, text } = values;
  if (typeof type !== "string" || !words.includes(type)) {
    throw invalid(
      `${path}.type`,
      `one of ${words.join(", ")}`,
      typeof type === "string" ? JSON.stringify(type) : kindOf(type),
    );
  }
  if (type === "octet-string" && typeof text === "string") {
    return { type, value: new TextEncoder().encode(text) };
  }
  const parsed = typed(type, value, `${path}.value`);
  return fits(parsed, path);
}

function typed(type: string, value: unknown, path: string): DlmsValue {
  switch (type) {
    case "null-data":
    case "dont-care":
      return { type, value: null };
    case "array":
    case "structure":
      if (!Array.isArray(value)) throw invalid(path, "a list of values", kindOf(value));
      return { type, value: value.map((item: unknown, index) => parseJsonValue(item, `${path}[${index}]`)) };
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

/** The codec knows the ranges. */
function fits(value: DlmsValue, path: string): DlmsValue {
  try {
    encodeValueBytes(value);
    return value;
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    throw invalid(path, `a value that fits ${value.type}`, error.message);
  }
}
