/** Text of A-XDR data as a tree. */
import { latin1, toHex } from "../bytes";
import { type DlmsValue, decodeValueBytes, encodeValueBytes, type TypeDescription } from "../codec";
import { dateTimeFromBytes, obisPrinted, presentDateTime } from "../cosem";
import { type BytesLike, tagged, toBytes } from "./input";
import { TextRoom } from "./text-room";

/**
 * Decodes one A-XDR value from bytes or hex.
 * @throws DlmsDecodeError with path and offset; DECODE_TRAILING for bytes after the value
 */
export function decodeData(bytes: BytesLike): DlmsValue {
  return decodeValueBytes(toBytes(bytes));
}

/**
 * Encodes a value as A-XDR.
 * @throws DlmsConfigError CONFIG_INVALID for an input that is not a value, or does not fit its type
 */
export function encodeData(value: DlmsValue): Uint8Array {
  tagged("value", value, "type", "a value with its type, as decodeData returns it");
  return encodeValueBytes(value);
}

/**
 * A value as a readable tree, one line each, in a text of about 8 kB at most. Hints in brackets show what bytes
 * resemble; they are guesses.
 * @throws DlmsConfigError CONFIG_INVALID for an input that is not a value
 */
export function describeData(value: DlmsValue): string {
  tagged("value", value, "type", "a value with its type, as decodeData returns it");
  return dataLines(value).join("\n");
}

export function dataLines(value: DlmsValue, room = new TextRoom()): string[] {
  switch (value.type) {
    case "array":
    case "structure":
      return [room.line(`${value.type} (${value.value.length})`), ...children(value.value, room)];
    case "compact-array": {
      const head = `compact-array (${value.value.length}) of ${typeText(value.description, new TextRoom(maxTypeCharacters))}`;
      return [room.line(head), ...children(value.value, room)];
    }
    default:
      return [room.line(plainText(value, room))];
  }
}

/** The most characters of a compact-array's type description. */
const maxTypeCharacters = 400;

type Plain = Exclude<DlmsValue, { readonly type: "array" | "structure" | "compact-array" }>;

function plainText(value: Plain, room: TextRoom): string {
  switch (value.type) {
    case "null-data":
    case "dont-care":
      return value.type;
    case "octet-string":
      return `octet-string (${value.value.length}) ${room.hex(value.value)}${hint(value.value)}`;
    case "date-time":
      return `date-time ${toHex(value.value)}${dateHint(value.value)}`;
    case "date":
    case "time":
      return `${value.type} ${toHex(value.value)}`;
    case "visible-string":
    case "utf8-string":
      return `${value.type} (${value.value.length}) ${JSON.stringify(room.start(value.value))}`;
    case "bit-string":
      return `bit-string ${room.start(value.value)}`;
    default:
      return `${value.type} ${value.value}`;
  }
}

function children(values: readonly DlmsValue[], room: TextRoom): string[] {
  return room.items(values, (value) => dataLines(value, room));
}

export function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function typeText(type: TypeDescription, room: TextRoom): string {
  if (type.type === "array") return `${room.line(`array (${type.count}) of `)}${typeText(type.element, room)}`;
  if (type.type !== "structure") return room.line(type.type);
  const fields: string[] = [];
  for (const field of type.fields) {
    fields.push(room.full ? `... (${type.fields.length - fields.length} more)` : typeText(field, room));
    if (room.full) break;
  }
  return `structure {${fields.join(", ")}}`;
}

function hint(bytes: Uint8Array): string {
  if (bytes.length === 6 && bytes[5] === 0xff) return ` [${obisPrinted(bytes)}]`;
  if (bytes.length === 12) {
    const year = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
    const month = bytes[2] ?? 0;
    if (year >= 1970 && year <= 2200 && month >= 1 && month <= 12) return dateHint(bytes);
  }
  const printable = bytes.length > 0 && bytes.every((byte) => byte >= 0x20 && byte <= 0x7e);
  return printable ? ` [${JSON.stringify(latin1(bytes.subarray(0, 200)))}]` : "";
}

export function dateHint(bytes: Uint8Array): string {
  const { value } = presentDateTime(dateTimeFromBytes(bytes));
  return typeof value === "string" ? ` [${value}]` : "";
}
