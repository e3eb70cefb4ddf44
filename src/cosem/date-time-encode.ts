/** Encodes date-times from Date, epoch, ISO 8601 text and parts. */
import { DlmsConfigError } from "../errors";
import { quote } from "../errors/arguments";
import { clockStatusBits, type DateTimeParts, isCalendarDay } from "./date-time";
import { utcMs, zoneRules } from "./time-zone";

export interface EncodeDateTimeOptions {
  /**
   * Minutes east of UTC in which the meter keeps local time, for instants (Date, epoch) and for texts with
   * an offset. Without it, and without `timeZone`, an instant is written in UTC and a text in its own offset.
   */
  readonly offset?: number;
  /** IANA zone of the meter; also gives the deviation of texts without an offset */
  readonly timeZone?: string;
  /** write 8000 instead of the deviation: some meters refuse a range whose bounds have one */
  readonly unspecifiedDeviation?: boolean;
  /** the meter uses the deviation with the opposite sign */
  readonly reversedDeviation?: boolean;
  /** also write the day of week; range selectors leave it unspecified */
  readonly weekday?: boolean;
  /**
   * Clock status byte of instants and texts: a number (0), null = not specified (FF), or "by-zone": the bit for daylight
   * saving time if `timeZone` has it at that moment.
   */
  readonly status?: number | null | "by-zone";
}

const isoForm =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/** A text with `*` for unspecified fields, and the special days and months of the standard. */
const wildForm =
  /^(\*|\d{4})-(\*|\d{2}|dst-begin|dst-end)-(\*|\d{2}|last|second-last)(?:[T ](\*|\d{2}):(\*|\d{2})(?::(\*|\d{2}))?)?$/i;
const timeForm = /^(\*|\d{2}):(\*|\d{2})(?::(\*|\d{2})(?:[.,](\d{1,2}))?)?$/;
const specialMonths = { "dst-begin": "daylight-saving-begin", "dst-end": "daylight-saving-end" } as const;

/**
 * The 12 bytes of a date-time. A Date or a number (epoch in ms) is an instant; a text is ISO 8601, and without
 * an offset it is the meter's local time; `*` stands for an unspecified field of a text. Parts are written as they are,
 * null as unspecified.
 * @throws DlmsConfigError CONFIG_INVALID for anything that is not a date
 */
export function dateTimeToBytes(
  value: Date | number | string | Partial<DateTimeParts>,
  options: EncodeDateTimeOptions = {},
): Uint8Array {
  if (value instanceof Date) return fromEpoch(value.getTime(), options);
  if (typeof value === "number") return fromEpoch(value, options);
  if (typeof value === "string") return fromText(value.trim(), options);
  if (typeof value === "object" && value !== null) return fromParts(withWeekday(value, options));
  throw invalid(value, `a ${typeof value} is no date`);
}

/**
 * The 5 bytes of a date: `2024-12-25`, `*-12-25` (each year), a Date in the meter's zone, or parts.
 * @throws DlmsConfigError CONFIG_INVALID for anything that is not a date
 */
export function dateToBytes(
  value: Date | string | Partial<DateTimeParts>,
  options: EncodeDateTimeOptions = {},
): Uint8Array {
  if (typeof value === "string" && /[T:]/i.test(value.replace(/dst-|last/gi, ""))) {
    throw invalid(value, "a date has no time");
  }
  return dateTimeToBytes(value, { weekday: false, ...options }).subarray(0, 5);
}

/**
 * The 4 bytes of a time: `06:30`, `06:30:00`, `*:00:00` (each hour), a Date in the meter's zone, or parts.
 * @throws DlmsConfigError CONFIG_INVALID for anything that is not a time
 */
export function timeToBytes(
  value: Date | string | Partial<DateTimeParts>,
  options: EncodeDateTimeOptions = {},
): Uint8Array {
  if (typeof value !== "string") return dateTimeToBytes(value, options).subarray(5, 9);
  const match = timeForm.exec(value.trim());
  if (match === null) throw invalid(value, "a time is hh:mm, hh:mm:ss or has * for unspecified fields");
  const [, hour = "", minute = "", second = "00", fraction = "0"] = match;
  const hundredths = Number(fraction.padEnd(2, "0"));
  return fromParts({ hour: wild(hour), minute: wild(minute), second: wild(second), hundredths }).subarray(5, 9);
}

const wild = (text: string): number | null => (text === "*" ? null : Number(text));

/** A text with wildcards in its parts; undefined if it has none. */
function readWildcards(text: string): Partial<DateTimeParts> | undefined {
  if (!/\*|dst|last/i.test(text)) return undefined;
  const match = wildForm.exec(text);
  if (match === null) throw invalid(text, "a text with * is *-mm-dd or *-mm-ddThh:mm:ss");
  const [, year = "*", month = "*", day = "*", hour = "*", minute = "*", second = minute === "*" ? "*" : "00"] = match;
  const special = specialMonths[month.toLowerCase() as keyof typeof specialMonths] as
    DateTimeParts["month"] | undefined;
  const dayWord = day.toLowerCase();
  return {
    year: wild(year),
    month: special ?? wild(month),
    day: dayWord === "last" || dayWord === "second-last" ? dayWord : wild(day),
    weekday: null,
    hour: wild(hour),
    minute: wild(minute),
    second: wild(second),
    hundredths: second === "*" ? null : 0,
  };
}

/** Parts with their day of week, if it is wanted and they have none; a wrong one is refused. */
function withWeekday(parts: Partial<DateTimeParts>, { weekday }: EncodeDateTimeOptions): Partial<DateTimeParts> {
  const { year, month, day } = parts;
  if (weekday !== true || typeof year !== "number" || typeof month !== "number" || typeof day !== "number")
    return parts;
  if (!isCalendarDay(year, month, day)) throw invalid(`${year}-${month}-${day}`, "no such day");
  const right = new Date(utcMs(year, month, day, 0, 0, 0)).getUTCDay() || 7;
  if (parts.weekday === undefined) return { ...parts, weekday: right };
  if (parts.weekday === null || parts.weekday === right) return parts;
  throw invalid(`${year}-${month}-${day}`, `its day of week is ${right}, not ${parts.weekday}`);
}

function invalid(value: unknown, problem: string): DlmsConfigError {
  const shown = value instanceof Date ? String(value) : quote(value);
  return new DlmsConfigError(
    "CONFIG_INVALID",
    `date-time ${shown}: ${problem}; write for example "2024-03-01T00:00:00+01:00", "2024-03-01T00:00" (meter time), a Date or epoch milliseconds`,
  );
}

function fromEpoch(epochMs: number, options: EncodeDateTimeOptions): Uint8Array {
  if (!Number.isFinite(epochMs)) throw invalid(epochMs, "it is no valid instant");
  const zone = options.timeZone === undefined || options.timeZone === "" ? undefined : options.timeZone;
  const offset = options.offset ?? (zone === undefined ? 0 : zoneRules(zone).offsetAt(epochMs));
  return write(epochMs + offset * 60_000, offset, options);
}

/** The status byte: daylight saving time by the zone's rules. */
function statusAt(localMs: number, offset: number | null, { status, timeZone }: EncodeDateTimeOptions): number | null {
  if (status !== "by-zone") return status ?? (status === null ? null : 0);
  if (offset === null || timeZone === undefined || timeZone === "" || Number.isNaN(localMs)) return 0;
  return zoneRules(timeZone).standardAt(localMs - offset * 60_000) < offset ? clockStatusBits.daylightSavingActive : 0;
}

/** A text in its parts: local time in ms as if it were UTC, and its offset in minutes east of UTC. */
function readText(text: string): { readonly localMs: number; readonly own: number | undefined } {
  const match = isoForm.exec(text);
  if (match === null) throw invalid(text, "it is not in ISO 8601 form");
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone] = match;
  const ok = isCalendarDay(Number(year), Number(month), Number(day));
  if (!ok || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59)
    throw invalid(text, "no such date or time");
  const localMs =
    utcMs(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second)) +
    Math.floor(Number(`0.${fraction === "" ? "0" : fraction}`) * 1000);
  const own = zone === undefined ? undefined : offsetOf(zone);
  if (own !== undefined && Math.abs(own) >= 1440) throw invalid(text, "no such offset");
  return { localMs, own };
}

function fromText(text: string, options: EncodeDateTimeOptions): Uint8Array {
  const parts = readWildcards(text);
  if (parts !== undefined)
    return fromParts({ ...parts, status: typeof options.status === "number" ? options.status : null });
  const { localMs, own } = readText(text);
  const named = options.timeZone ?? "";
  if (own !== undefined) {
    const moved = options.offset !== undefined || named !== "";
    return moved ? fromEpoch(localMs - own * 60_000, options) : write(localMs, own, options);
  }
  return write(localMs, named === "" ? null : zoneRules(named).offsetOfLocal(localMs), options);
}

/**
 * The moment of a date: an instant in epoch ms or, for a text without an offset, a local time of the meter in ms as if
 * it were UTC.
 * @throws DlmsConfigError CONFIG_INVALID for anything that is not a date
 */
export function readMoment(
  moment: Date | number | string,
): { readonly instant: number; readonly local?: never } | { readonly local: number; readonly instant?: never } {
  if (typeof moment === "string") {
    const { localMs, own } = readText(moment.trim());
    return own === undefined ? { local: localMs } : { instant: localMs - own * 60_000 };
  }
  const instant = moment instanceof Date ? moment.getTime() : moment;
  if (typeof instant !== "number") throw invalid(moment, `a ${typeof moment} is no date`);
  if (!Number.isFinite(instant)) throw invalid(moment, "it is no valid instant");
  return { instant };
}

function offsetOf(zone: string): number {
  if (/^z$/i.test(zone)) return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(":", "") || "0");
  return zone.startsWith("-") ? -minutes : minutes;
}

function write(localMs: number, offset: number | null, options: EncodeDateTimeOptions): Uint8Array {
  const local = new Date(localMs);
  if (Number.isNaN(localMs) || Number.isNaN(local.getTime())) throw invalid(localMs, "it is out of range");
  const known = offset === null || options.unspecifiedDeviation === true ? null : -offset;
  const weekday = local.getUTCDay();
  return fromParts({
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    weekday: options.weekday === true ? (weekday === 0 ? 7 : weekday) : null,
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    hundredths: Math.floor(local.getUTCMilliseconds() / 10),
    deviation: known === null ? null : options.reversedDeviation === true ? -known : known,
    status: statusAt(localMs, offset, options),
  });
}

const monthCodes = { "daylight-saving-end": 0xfd, "daylight-saving-begin": 0xfe } as const;
const dayCodes = { "second-last": 0xfd, last: 0xfe } as const;

function fromParts(parts: Partial<DateTimeParts>): Uint8Array {
  const { month = null, day = null } = parts;
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, field("year", parts.year, 0xffff, 0xffff));
  bytes[2] = typeof month === "string" ? monthCodes[month] : field("month", month, 12, 0xff);
  bytes[3] = typeof day === "string" ? dayCodes[day] : field("day", day, 31, 0xff);
  bytes[4] = field("weekday", parts.weekday, 7, 0xff);
  bytes[5] = field("hour", parts.hour, 23, 0xff);
  bytes[6] = field("minute", parts.minute, 59, 0xff);
  bytes[7] = field("second", parts.second, 59, 0xff);
  bytes[8] = field("hundredths", parts.hundredths, 99, 0xff);
  const deviation = parts.deviation ?? null;
  if (deviation !== null && !(Number.isInteger(deviation) && Math.abs(deviation) < 1440)) {
    throw invalid(deviation, "deviation must be -1439 to 1439 minutes");
  }
  view.setInt16(9, deviation ?? -0x8000);
  bytes[11] = field("status", parts.status, 0xff, 0xff);
  return bytes;
}

function field(name: string, value: number | null | undefined, largest: number, unspecified: number): number {
  if (value === null || value === undefined) return unspecified;
  if (!Number.isInteger(value) || value < 0 || value > largest) throw invalid(value, `${name} must be 0 to ${largest}`);
  return value;
}
