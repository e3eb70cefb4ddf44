/** Encodes values as A-XDR, and refuses those that their type cannot hold. */
import { ByteWriter } from "../bytes";
import { DlmsConfigError } from "../errors";
import { defaultMaxDepth } from "./limits";
import { dataTag } from "./tags";
import { minimumSize, writeTypeDescription } from "./type-description";
import type { DlmsValue, NumberDataType, TypeDescription } from "./value";

const utf8 = new TextEncoder();

/** Smallest and largest number of each integer type. */
const integerRanges: Readonly<Partial<Record<string, readonly [number, number]>>> = {
  "double-long": [-0x80000000, 0x7fffffff],
  "double-long-unsigned": [0, 0xffffffff],
  integer: [-0x80, 0x7f],
  long: [-0x8000, 0x7fff],
  unsigned: [0, 0xff],
  "long-unsigned": [0, 0xffff],
  enum: [0, 0xff],
  bcd: [-0x80, 0x7f],
  "delta-integer": [-0x80, 0x7f],
  "delta-long": [-0x8000, 0x7fff],
  "delta-double-long": [-0x80000000, 0x7fffffff],
  "delta-unsigned": [0, 0xff],
  "delta-long-unsigned": [0, 0xffff],
  "delta-double-long-unsigned": [0, 0xffffffff],
};

const bigRanges = {
  long64: [-(2n ** 63n), 2n ** 63n - 1n],
  "long64-unsigned": [0n, 2n ** 64n - 1n],
} as const;

const fixedSizes = { "date-time": 12, date: 5, time: 4 } as const;

/**
 * Append one A-XDR value.
 * @throws DlmsConfigError CONFIG_INVALID naming the element, its type, the value and the range
 */
export function encodeValue(writer: ByteWriter, value: DlmsValue, path = "value"): void {
  writeTagged(writer, value, path, 0);
}

/** The A-XDR bytes of one value. See encodeValue for the errors. */
export function encodeValueBytes(value: DlmsValue): Uint8Array {
  const writer = new ByteWriter();
  writeTagged(writer, value, "value", 0);
  return writer.toBytes();
}

/** Maximum size of an encoded value, because encoding a list that contains itself would never end. */
const maxEncodedBytes = 16 * 1024 * 1024;

function writeTagged(writer: ByteWriter, value: DlmsValue, path: string, depth: number): void {
  if (writer.length > maxEncodedBytes) invalid(path, `the value takes more than ${maxEncodedBytes} bytes`);
  if (typeof value !== "object" || value === null) invalid(path, `expected {type, value}, got ${shown(value)}`);
  const tag = dataTag(value.type);
  if (tag === undefined) invalid(path, `"${String(value.type)}" is not a data type`);
  writer.u8(tag);
  if (isComposed(value)) {
    const items = elements(value.value, value.type, path, depth);
    writer.writeLength(items.length);
    items.forEach((item, index) => writeTagged(writer, item, `${path}[${index}]`, depth + 1));
  } else if (value.type === "compact-array") {
    writeCompactArray(writer, value.description, elements(value.value, value.type, path, depth), path, depth);
  } else {
    writeContent(writer, value, path);
  }
}

function writeCompactArray(
  writer: ByteWriter,
  description: TypeDescription,
  items: readonly DlmsValue[],
  path: string,
  depth: number,
): void {
  writeTypeDescription(writer, description, defaultMaxDepth - depth);
  if (items.length > 0 && minimumSize(description) === 0) {
    invalid(path, "elements of a compact-array need contents, these have none");
  }
  const contents = new ByteWriter();
  items.forEach((item, index) => writeDescribed(contents, description, item, `${path}[${index}]`, depth + 1));
  writer.writeLength(contents.length).bytes(contents.toBytes());
}

function writeDescribed(
  writer: ByteWriter,
  description: TypeDescription,
  value: DlmsValue,
  path: string,
  depth: number,
): void {
  if (value.type === "compact-array" || value.type !== description.type) {
    invalid(path, `the type description requires ${description.type}, the element is ${value.type}`);
  }
  if (!isComposed(value)) {
    writeContent(writer, value, path);
    return;
  }
  const items = elements(value.value, value.type, path, depth);
  const count = description.type === "array" ? description.count : fieldsOf(description).length;
  if (items.length !== count) invalid(path, `the type description requires ${count} elements, got ${items.length}`);
  items.forEach((item, index) => {
    const type = description.type === "array" ? description.element : fieldsOf(description)[index];
    if (type !== undefined) writeDescribed(writer, type, item, `${path}[${index}]`, depth + 1);
  });
}

function fieldsOf(description: TypeDescription): readonly TypeDescription[] {
  return description.type === "structure" ? description.fields : [];
}

type PlainValue = Exclude<DlmsValue, { readonly type: "array" | "structure" | "compact-array" }>;
type Composed = Extract<DlmsValue, { readonly type: "array" | "structure" }>;

function isComposed(value: DlmsValue): value is Composed {
  return value.type === "array" || value.type === "structure";
}

function writeContent(writer: ByteWriter, value: PlainValue, path: string): void {
  switch (value.type) {
    case "null-data":
    case "dont-care":
      return;
    case "boolean":
      writeBoolean(writer, value.value, path);
      return;
    case "bit-string":
      writeBitString(writer, value.value, path);
      return;
    case "octet-string":
      writer.writeLength(octets(value.value, value.type, path).length).bytes(value.value);
      return;
    case "visible-string":
    case "utf8-string":
      writeString(writer, value.type, value.value, path);
      return;
    case "date-time":
    case "date":
    case "time":
      fixedOctets(value.value, value.type, path);
      writer.bytes(value.value);
      return;
    case "long64":
    case "long64-unsigned":
      writeBig(writer, value.type, value.value, path);
      return;
    default:
      writeNumber(writer, value.type, value.value, path);
  }
}

function writeBoolean(writer: ByteWriter, flag: unknown, path: string): void {
  if (typeof flag !== "boolean") invalid(path, `boolean expects true or false, got ${shown(flag)}`);
  writer.u8(flag ? 1 : 0);
}

function writeNumber(writer: ByteWriter, type: NumberDataType, value: number, path: string): void {
  if (typeof value !== "number") invalid(path, `${type} expects a number, got ${shown(value)}`);
  const range = integerRanges[type];
  if (range === undefined) return writeFloat(writer, type, value, path);
  const [low, high] = range;
  if (!Number.isInteger(value) || value < low || value > high) {
    invalid(path, `${type} expects a whole number from ${low} to ${high}, got ${value}`);
  }
  // two's complement: the unsigned setters wrap negative numbers as they should
  if (high > 0xffff) writer.u32(value);
  else if (high > 0xff) writer.u16(value);
  else writer.u8(value);
}

function writeFloat(writer: ByteWriter, type: NumberDataType, value: number, path: string): void {
  if (type === "float64") {
    writer.f64(value);
    return;
  }
  if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
    invalid(path, `${type} expects a number within +-3.4028235e38, got ${value}`);
  }
  writer.f32(value);
}

function writeBig(writer: ByteWriter, type: keyof typeof bigRanges, value: bigint, path: string): void {
  if (typeof value !== "bigint") invalid(path, `${type} expects a bigint, got ${shown(value)}`);
  const [low, high] = bigRanges[type];
  if (value < low || value > high) invalid(path, `${type} expects a whole number from ${low} to ${high}, got ${value}`);
  if (type === "long64") writer.i64(value);
  else writer.u64(value);
}

function writeBitString(writer: ByteWriter, bits: string, path: string): void {
  if (typeof bits !== "string" || !/^[01]*$/.test(bits)) {
    invalid(path, `bit-string expects the characters 0 and 1, got ${shown(bits)}`);
  }
  writer.writeLength(bits.length);
  for (let at = 0; at < bits.length; at += 8) {
    writer.u8(Number.parseInt(bits.slice(at, at + 8).padEnd(8, "0"), 2));
  }
}

function writeString(writer: ByteWriter, type: "visible-string" | "utf8-string", text: string, path: string): void {
  if (typeof text !== "string") invalid(path, `${type} expects text, got ${shown(text)}`);
  if (type === "utf8-string") {
    const bytes = utf8.encode(text);
    writer.writeLength(bytes.length).bytes(bytes);
    return;
  }
  writer.writeLength(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) invalid(path, `visible-string expects characters up to U+00FF, got ${shown(text.charAt(i))}`);
    writer.u8(code);
  }
}

function elements(items: readonly DlmsValue[], type: string, path: string, depth: number): readonly DlmsValue[] {
  const list: unknown = items;
  if (!Array.isArray(list)) invalid(path, `${type} expects a list of values, got ${shown(list)}`);
  if (depth >= defaultMaxDepth) invalid(path, `values nest deeper than ${defaultMaxDepth}`);
  return items;
}

function octets(bytes: Uint8Array, type: string, path: string): Uint8Array {
  if (!(bytes instanceof Uint8Array)) invalid(path, `${type} expects a Uint8Array, got ${shown(bytes)}`);
  return bytes;
}

function fixedOctets(bytes: Uint8Array, type: keyof typeof fixedSizes, path: string): void {
  const size = fixedSizes[type];
  const { length } = octets(bytes, type, path);
  if (length !== size) invalid(path, `${type} has ${size} bytes, got ${length}`);
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "bigint" ? `${value}n` : String(value);
}

function invalid(path: string, problem: string): never {
  throw new DlmsConfigError("CONFIG_INVALID", `${path}: ${problem}`, { details: { path } });
}
