/** Encodes date-times from Date, epoch, ISO 8601 text and parts. */
import { DlmsConfigError } from "../errors";
import { quote } from "../errors/arguments";
import { type DateTimeParts, isCalendarDay } from "./date-time";
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
}

const isoForm =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/**
 * The 12 bytes of a date-time. A Date or a number (epoch in ms) is an instant; a text is ISO 8601, and without
 * an offset it is the meter's local time; parts are written as they are, null as unspecified.
 * @throws DlmsConfigError CONFIG_INVALID for anything that is not a date
 */
export function dateTimeToBytes(
  value: Date | number | string | Partial<DateTimeParts>,
  options: EncodeDateTimeOptions = {},
): Uint8Array {
  if (value instanceof Date) return fromEpoch(value.getTime(), options);
  if (typeof value === "number") return fromEpoch(value, options);
  if (typeof value === "string") return fromText(value.trim(), options);
  if (typeof value === "object" && value !== null) return fromParts(value);
  throw invalid(value, `a ${typeof value} is no date`);
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
    status: 0,
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
