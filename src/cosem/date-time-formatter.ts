/** Fast formatting of the date-times in profile columns. */
import {
  type DateTimeParts,
  dateTimeFromBytes,
  isCalendarDay,
  isoOffset,
  presentDateTime,
  resolveDateTime,
} from "./date-time";
import type { PresentOptions } from "./model";
import { utcMs, zoneRules } from "./time-zone";

const minuteTexts = Array.from(
  { length: 1440 },
  (_, n) => `${String(Math.floor(n / 60)).padStart(2, "0")}:${String(n % 60).padStart(2, "0")}:`,
);
const secondTexts = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, "0"));

/**
 * Formats date-times, 12 bytes from `at` on, exactly as `presentDateTime` does, for columns with many of them: the
 * calendar day and the offset are computed once per day, not once per row.
 */
export function dateTimeFormatter(options: PresentOptions): (bytes: Uint8Array, at?: number) => unknown {
  const wish = options.dates ?? "iso";
  const zoned = (options.timeZone ?? "") !== "";
  let dayKey = -1;
  let dayPossible = false;
  let dayText = "";
  let dayMs = 0;
  let deviationKey = -1;
  let suffix = "";
  let offsetMs = 0;
  /** minute of the day -> `hh:mm:00` and the offset: profiles are captured on whole minutes */
  let tails: (string | undefined)[] = [];

  const setDay = (key: number, year: number, month: number, day: number): void => {
    dayKey = key;
    dayPossible = year !== 0xffff && isCalendarDay(year, month, day);
    if (!dayPossible) return;
    dayText = `${String(year).padStart(4, "0")}-${secondTexts[month] ?? ""}-${secondTexts[day] ?? ""}T`;
    dayMs = utcMs(year, month, day);
  };
  const setDeviation = (raw: number): void => {
    deviationKey = raw;
    const sent = raw > 0x8000 ? raw - 0x10000 : raw;
    const east = options.reversedDeviation === true ? sent : -sent;
    suffix = raw === 0x8000 ? "" : isoOffset(east + 0);
    offsetMs = east * 60_000;
    tails = new Array<string | undefined>(1440);
  };

  return (bytes, at = 0) => {
    const raw = ((bytes[at + 9] ?? 0) << 8) | (bytes[at + 10] ?? 0);
    const hundredths = bytes[at + 8] ?? 0xff;
    const minute = (bytes[at + 6] ?? 0xff) + (bytes[at + 5] ?? 0xff) * 60;
    const seconds = bytes[at + 7] ?? 0xff;
    const second = secondTexts[seconds];
    const month = bytes[at + 2] ?? 0;
    const day = bytes[at + 3] ?? 0;
    const year = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const key = year * 65536 + month * 256 + day;
    if (key !== dayKey) setDay(key, year, month, day);
    const plain = hundredths === 0 || hundredths === 0xff;
    const usual =
      plain &&
      dayPossible &&
      second !== undefined &&
      (bytes[at + 6] ?? 0xff) < 60 &&
      minute < 1440 &&
      bytes.length >= at + 12 &&
      (raw === 0x8000 ? !zoned : raw < 1440 || (raw > 0x10000 - 1440 && raw !== 0xffff));
    if (!usual) return presentDateTime(dateTimeFromBytes(bytes.subarray(at, at + 12)), options).value;
    if (raw !== deviationKey) setDeviation(raw);
    if (wish === "iso" || raw === 0x8000) {
      if (seconds !== 0) return dayText + (minuteTexts[minute] ?? "") + second + suffix;
      return dayText + (tails[minute] ??= `${minuteTexts[minute] ?? ""}00${suffix}`);
    }
    const epochMs = dayMs + minute * 60_000 + seconds * 1000 - offsetMs;
    return wish === "date" ? new Date(epochMs) : epochMs;
  };
}

/**
 * A date-time that lies `seconds` after (or before) another: the same deviation and status, or, where the meter
 * gives no deviation, local time of `options.timeZone`. Null when the base is not one point in time.
 */
export function addSeconds(base: DateTimeParts, seconds: number, options: PresentOptions): DateTimeParts | null {
  const { iso, epochMs } = resolveDateTime(base, options);
  if (iso === null) return null;
  const { year, month, day } = base;
  const localMs =
    utcMs(year ?? 0, Number(month), Number(day), base.hour ?? 0, base.minute ?? 0, base.second ?? 0) + seconds * 1000;
  if (base.deviation === null && epochMs !== null && options.timeZone !== undefined) {
    const moved = epochMs + seconds * 1000;
    const rules = zoneRules(options.timeZone);
    const offset = rules.offsetAt(moved);
    const local = partsOf(moved + offset * 60_000 - (base.hundredths ?? 0) * 10, base);
    // In the two equal hours in autumn the daylight saving bit of the status distinguishes them, so it is updated.
    const daylight = offset > rules.offsetOfLocal(moved + offset * 60_000, true);
    const status = base.status === null ? null : daylight ? base.status | 0x80 : base.status & 0x7f;
    return { ...local, status: status ?? (daylight ? null : 0) };
  }
  return partsOf(localMs, base);
}

function partsOf(localMs: number, base: DateTimeParts): DateTimeParts {
  const local = new Date(localMs);
  return {
    ...base,
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    weekday: base.weekday === null ? null : local.getUTCDay() || 7,
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
  };
}
