/** COSEM dates and times: decoding, ISO form and instant. */
import { DlmsDecodeError } from "../errors";
import type { DateTimeInfo, PresentOptions } from "./model";
import { utcMs, zoneRules } from "./time-zone";

/** Days and months with a changing date, IEC 62056-6-2 "Date and time formats". */
export type SpecialMonth = "daylight-saving-begin" | "daylight-saving-end";
export type SpecialDay = "last" | "second-last";

/** The fields of a date, as the meter sent them; null = not specified. */
export interface DateParts {
  readonly year: number | null;
  readonly month: number | SpecialMonth | null;
  readonly day: number | SpecialDay | null;
  /** 1 = Monday .. 7 = Sunday */
  readonly weekday: number | null;
}
export interface TimeParts {
  readonly hour: number | null;
  readonly minute: number | null;
  readonly second: number | null;
  readonly hundredths: number | null;
}
export interface DateTimeParts extends DateParts, TimeParts {
  /** minutes to add to local time to get UTC, as sent; null = not specified (8000) */
  readonly deviation: number | null;
  /** clock status byte; null = not specified (FF) */
  readonly status: number | null;
}

/** Bits of the clock status byte, IEC 62056-6-2 "Date and time formats". */
export const clockStatusBits = {
  invalidValue: 0x01,
  doubtfulValue: 0x02,
  differentClockBase: 0x04,
  invalidClockStatus: 0x08,
  daylightSavingActive: 0x80,
} as const satisfies Readonly<Record<string, number>>;

const two = Array.from({ length: 256 }, (_, n) => String(n).padStart(2, "0"));
const pad = (n: number): string => two[n] ?? String(n);

const orNull = (byte: number | undefined): number | null => (byte === undefined || byte === 0xff ? null : byte);

function month(byte: number | undefined): DateParts["month"] {
  if (byte === 0xfd) return "daylight-saving-end";
  if (byte === 0xfe) return "daylight-saving-begin";
  return orNull(byte);
}

function day(byte: number | undefined): DateParts["day"] {
  if (byte === 0xfd) return "second-last";
  if (byte === 0xfe) return "last";
  return orNull(byte);
}

/** The fields of a date of 5 bytes. @throws DlmsDecodeError DECODE_LENGTH for another length */
export function dateFromBytes(bytes: Uint8Array): DateParts {
  expectLength(bytes, 5, "date");
  return readDate(bytes);
}

/** The fields of a time of 4 bytes. @throws DlmsDecodeError DECODE_LENGTH for another length */
export function timeFromBytes(bytes: Uint8Array): TimeParts {
  expectLength(bytes, 4, "time");
  return readTime(bytes, 0);
}

/**
 * The fields of a date-time of 12 bytes. Nothing is checked or corrected: impossible values stay as sent.
 * @throws DlmsDecodeError DECODE_LENGTH for another length
 */
export function dateTimeFromBytes(bytes: Uint8Array): DateTimeParts {
  expectLength(bytes, 12, "date-time");
  const raw = ((bytes[9] ?? 0) << 8) | (bytes[10] ?? 0);
  // not specified: 8000 by the standard; FFFF on a meter that fills all unknown fields with FF
  const deviation = raw === 0x8000 || raw === 0xffff ? null : raw > 0x8000 ? raw - 0x10000 : raw;
  const { year, month: monthOfYear, day: dayOfMonth, weekday } = readDate(bytes);
  const { hour, minute, second, hundredths } = readTime(bytes, 5);
  const status = orNull(bytes[11]);
  // field by field: spreading the two objects costs more than the rest of the function, and every row has a time
  return { year, month: monthOfYear, day: dayOfMonth, weekday, hour, minute, second, hundredths, deviation, status };
}

function readDate(bytes: Uint8Array): DateParts {
  const year = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  return {
    year: year === 0xffff ? null : year,
    month: month(bytes[2]),
    day: day(bytes[3]),
    weekday: orNull(bytes[4]),
  };
}

function readTime(bytes: Uint8Array, at: number): TimeParts {
  return {
    hour: orNull(bytes[at]),
    minute: orNull(bytes[at + 1]),
    second: orNull(bytes[at + 2]),
    hundredths: orNull(bytes[at + 3]),
  };
}

function expectLength(bytes: Uint8Array, length: number, name: string): void {
  if (bytes.length === length) return;
  throw new DlmsDecodeError("DECODE_LENGTH", `${name}: ${length} bytes are needed, got ${bytes.length}`, {
    details: { need: length, have: bytes.length },
  });
}

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a year, month and day exist in the calendar. */
export function isCalendarDay(year: number, monthOfYear: number, dayOfMonth: number): boolean {
  if (monthOfYear < 1 || monthOfYear > 12 || dayOfMonth < 1) return false;
  const leap = monthOfYear === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return dayOfMonth <= (monthLengths[monthOfYear - 1] ?? 0) + (leap ? 1 : 0);
}

/** `YYYY-MM-DD`, or null when a part is missing, special or impossible. */
export function isoDate(parts: DateParts): string | null {
  const { year, month: m, day: d } = parts;
  if (year === null || typeof m !== "number" || typeof d !== "number" || !isCalendarDay(year, m, d)) return null;
  return `${String(year).padStart(4, "0")}-${pad(m)}-${pad(d)}`;
}

/** `hh:mm:ss`, hundredths only if not 0, or null when a part is missing or impossible. */
export function isoTime(parts: TimeParts): string | null {
  const { hour, minute, second, hundredths } = parts;
  if (hour === null || minute === null || second === null || hour > 23 || minute > 59 || second > 59) return null;
  if (hundredths !== null && hundredths > 99) return null;
  const fraction = hundredths === null || hundredths === 0 ? "" : `.${pad(hundredths)}`;
  return `${pad(hour)}:${pad(minute)}:${pad(second)}${fraction}`;
}

/** `Z`, `+01:00`, `-03:30` for minutes east of UTC. */
export function isoOffset(minutesEast: number): string {
  if (minutesEast === 0) return "Z";
  const size = Math.abs(minutesEast);
  return `${minutesEast < 0 ? "-" : "+"}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}

/** A date-time and its place in time, as far as its parts allow. */
export interface ResolvedDateTime {
  /** null when a part is missing, special or impossible */
  readonly iso: string | null;
  /** null when iso is, or when no offset is known */
  readonly epochMs: number | null;
}

/** The ISO form and the instant of a date-time, by the meter's own deviation or else by `timeZone`. */
export function resolveDateTime(
  parts: DateTimeParts,
  options: Pick<PresentOptions, "reversedDeviation" | "timeZone"> = {},
): ResolvedDateTime {
  const date = isoDate(parts);
  const time = isoTime(parts);
  // An offset of a day or more cannot be written in ISO 8601, and no place on earth has it.
  const possible = parts.deviation === null || Math.abs(parts.deviation) < 1440;
  if (date === null || time === null || !possible) return { iso: null, epochMs: null };
  const localMs =
    utcMs(
      parts.year ?? 0,
      Number(parts.month),
      Number(parts.day),
      parts.hour ?? 0,
      parts.minute ?? 0,
      parts.second ?? 0,
    ) +
    (parts.hundredths ?? 0) * 10;
  const offset = offsetEast(parts, localMs, options);
  if (offset === null) return { iso: `${date}T${time}`, epochMs: null };
  return { iso: `${date}T${time}${isoOffset(offset)}`, epochMs: localMs - offset * 60_000 };
}

function offsetEast(
  parts: DateTimeParts,
  localMs: number,
  options: Pick<PresentOptions, "reversedDeviation" | "timeZone">,
): number | null {
  // `+ 0` turns the -0 of a deviation of 0 into 0.
  if (parts.deviation !== null) return (options.reversedDeviation === true ? parts.deviation : -parts.deviation) + 0;
  if (options.timeZone === undefined || options.timeZone === "") return null;
  // In the hour that occurs twice, the daylight saving bit of the status distinguishes the two.
  const standard = parts.status !== null && (parts.status & clockStatusBits.daylightSavingActive) === 0;
  return zoneRules(options.timeZone).offsetOfLocal(localMs, standard);
}

/** The capture time of a profile row, as its meter writes it. */
export interface RowTime {
  /** the meter's wall clock, in ms as if it were UTC */
  readonly local: number;
  /** minutes east of UTC; undefined if the meter does not report it */
  readonly offset: number | undefined;
  /** whether daylight saving is on; undefined if the meter does not report it */
  readonly daylight: boolean | undefined;
}

/**
 * The capture time of a row, from the 12 bytes at `at`; undefined if they are not one point in time. Read directly from
 * the bytes, because a profile has many rows.
 */
export function rowTime(
  bytes: Uint8Array,
  at: number,
  { reversedDeviation }: Pick<PresentOptions, "reversedDeviation">,
): RowTime | undefined {
  const year = ((bytes[at] ?? 0xff) << 8) | (bytes[at + 1] ?? 0xff);
  const monthOfYear = bytes[at + 2] ?? 0xff;
  const dayOfMonth = bytes[at + 3] ?? 0xff;
  const hour = bytes[at + 5] ?? 0xff;
  const minute = bytes[at + 6] ?? 0xff;
  const second = bytes[at + 7] ?? 0xff;
  const hundredths = bytes[at + 8] ?? 0xff;
  const deviation = (((bytes[at + 9] ?? 0x80) << 24) | ((bytes[at + 10] ?? 0) << 16)) >> 16;
  const status = bytes[at + 11] ?? 0xff;
  if (year === 0xffff || !isCalendarDay(year, monthOfYear, dayOfMonth)) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || (hundredths > 99 && hundredths !== 0xff)) return undefined;
  const known = deviation !== -0x8000 && deviation !== -1;
  if (known && Math.abs(deviation) >= 1440) return undefined;
  return {
    local: utcMs(year, monthOfYear, dayOfMonth, hour, minute, second) + (hundredths === 0xff ? 0 : hundredths * 10),
    offset: known ? (reversedDeviation === true ? deviation : -deviation) + 0 : undefined,
    daylight: status === 0xff ? undefined : (status & clockStatusBits.daylightSavingActive) !== 0,
  };
}

/** Facts of a date-time that its string does not show. */
export function dateTimeInfo(parts: DateTimeParts, epochMs: number | null): DateTimeInfo {
  const status = parts.status ?? 0;
  return {
    epochMs,
    deviation: parts.deviation,
    status: parts.status,
    invalid: (status & clockStatusBits.invalidValue) !== 0,
    doubtful: (status & clockStatusBits.doubtfulValue) !== 0,
    daylightSaving: (status & clockStatusBits.daylightSavingActive) !== 0,
  };
}

/** A date-time in the format of `options.dates`; its parts if it is not one point in time. */
export function presentDateTime(
  parts: DateTimeParts,
  options: PresentOptions = {},
): { readonly value: unknown; readonly dateTime: DateTimeInfo } {
  const { iso, epochMs } = resolveDateTime(parts, options);
  const dateTime = dateTimeInfo(parts, epochMs);
  if (iso === null) return { value: { ...parts }, dateTime };
  // Without an offset there is no instant, so local time stays a text rather than becoming a wrong Date.
  if (epochMs === null || options.dates === undefined || options.dates === "iso") return { value: iso, dateTime };
  return { value: options.dates === "date" ? new Date(epochMs) : epochMs, dateTime };
}
