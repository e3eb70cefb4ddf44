/** Octet-strings, texts and dates to be written. */
import { fromHex } from "../../bytes";
import type { DlmsValue } from "../../codec";
import { isDlmsError } from "../../errors";
import type { DateTimeParts } from "../date-time";
import { dateToBytes, dateTimeToBytes, type EncodeDateTimeOptions, timeToBytes } from "../date-time-encode";
import { parseObis } from "../obis";
import { misfit, refusal } from "./refusal";
import type { ValueType } from "./value-type";

/** How texts become octet-strings where the class table does not say it. */
export interface OctetOptions {
  /**
   * `auto` (default): a text with other characters than hex digits is text, and one that may be either is refused.
   */
  readonly octetStrings?: "auto" | "hex" | "text";
  /** for date-times */
  readonly dateTimes?: EncodeDateTimeOptions;
}

const utf8 = new TextEncoder();

/** The bytes of a Uint8Array or Buffer, of a Buffer that went through JSON, of `{hex}` or of `{text}`. */
export function explicitBytes(value: unknown, path: string): Uint8Array | undefined {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (typeof value !== "object" || value === null) return undefined;
  const { type, data, hex, text } = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(value).length;
  if (type === "Buffer" && Array.isArray(data) && keys === 2) return byteList(data, path);
  if (typeof hex === "string" && keys === 1) return hexBytes(hex, `${path}.hex`);
  if (typeof text === "string" && keys === 1) return utf8.encode(text);
  return undefined;
}

function byteList(list: readonly unknown[], path: string): Uint8Array {
  return Uint8Array.from(list, (byte, i) => {
    if (typeof byte === "number" && Number.isInteger(byte) && byte >= 0 && byte <= 255) return byte;
    throw misfit(`${path}[${i}]`, "a byte", byte);
  });
}

function hexBytes(text: string, path: string): Uint8Array {
  try {
    return fromHex(text);
  } catch (error) {
    // the text may be a key, so it is not shown
    throw refusal(path, isDlmsError(error) ? error.message.replace(/^hex: /, "") : "no hex digits");
  }
}

const isDateForm = (presentation: ValueType["presentation"]): presentation is DateForm =>
  presentation === "date-time" || presentation === "date" || presentation === "time";

/** @throws DlmsConfigError CONFIG_INVALID */
export function toOctets(value: unknown, definition: ValueType, options: OctetOptions, path: string): Uint8Array {
  const bytes = explicitBytes(value, path);
  if (bytes !== undefined) return bytes;
  const { presentation } = definition;
  if (isDateForm(presentation)) return toDate(value, presentation, options, path);
  if (typeof value !== "string") throw misfit(path, expectedOctets(presentation), value);
  switch (presentation) {
    case "logical-name":
      return at(path, () => parseObis(value));
    case "text":
      return utf8.encode(value);
    case "bytes":
      return hexBytes(value, path);
    default:
      return plainText(value, options.octetStrings ?? "auto", path);
  }
}

function expectedOctets(presentation: ValueType["presentation"]): string {
  if (presentation === "logical-name") return "an OBIS code";
  if (presentation === "text") return "a text, or bytes";
  if (presentation === "bytes") return "bytes, or hex digits";
  return "bytes, a text, {hex} or {text}";
}

function plainText(text: string, wish: "auto" | "hex" | "text", path: string): Uint8Array {
  if (wish === "text") return utf8.encode(text);
  if (wish === "hex" || /^0x/i.test(text)) return hexBytes(text, path);
  const digits = text.replace(/[\s:,-]+/g, "");
  if (digits === "" || digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) return utf8.encode(text);
  throw refusal(path, "the text may be hex digits or characters; give {hex: ...}, {text: ...} or a Buffer");
}

export type DateForm = "date-time" | "date" | "time";

/** The bytes of a date. @throws DlmsConfigError CONFIG_INVALID */
export function toDate(value: unknown, form: DateForm, options: OctetOptions, path: string): Uint8Array {
  const ok = value instanceof Date || typeof value === "string" || (typeof value === "object" && value !== null);
  if (!ok) throw misfit(path, `a ${form}: a text, a Date or its parts`, value);
  const moment = value as Date | string | Partial<DateTimeParts>;
  return at(path, () => {
    if (form === "date") return dateToBytes(moment, options.dateTimes);
    if (form === "time") return timeToBytes(moment, options.dateTimes);
    return dateTimeToBytes(moment, { weekday: true, status: "by-zone", ...options.dateTimes });
  });
}

/** Seconds since 1970 of a Date or a text. */
export function toUnixTime(value: unknown, options: OctetOptions, path: string): number | undefined {
  const text = typeof value === "string" && /^\d{4}-/.test(value.trim());
  if (!text && !(value instanceof Date)) return undefined;
  const ms = value instanceof Date ? value.getTime() : at(path, () => epochOfText(value, options));
  if (!Number.isFinite(ms) || ms % 1000 !== 0) throw misfit(path, "a time in whole seconds", value);
  return ms / 1000;
}

function epochOfText(text: string, { dateTimes }: OctetOptions): number {
  const view = new DataView(dateTimeToBytes(text, { ...dateTimes, timeZone: "UTC" }).buffer);
  const ms = Date.UTC(view.getUint16(0), view.getUint8(2) - 1, view.getUint8(3), view.getUint8(5), view.getUint8(6));
  return ms + view.getUint8(7) * 1000 + view.getUint8(8) * 10;
}

/** Names the path in the errors of a parser. */
function at<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (isDlmsError(error)) throw refusal(path, error.message);
    throw error;
  }
}

/** @throws DlmsConfigError CONFIG_INVALID */
export function toText(value: unknown, type: "visible-string" | "utf8-string", path: string): DlmsValue {
  if (typeof value !== "string") throw misfit(path, `${type}, a text`, value);
  // eslint-disable-next-line no-control-regex -- the standard's visible-string is ASCII
  if (type === "visible-string" && !/^[\x00-\x7f]*$/.test(value)) {
    throw refusal(path, "a visible-string has ASCII characters only");
  }
  return { type, value };
}
