/** Offsets of IANA time zones, cached. */
import { DlmsConfigError } from "../errors";

/** Offsets of one IANA zone. Intl is slow, so results are cached per quarter of an hour. */
export interface ZoneRules {
  /** minutes east of UTC at an instant */
  offsetAt(epochMs: number): number;
  /**
   * Minutes east of UTC for a local time, given as if it were UTC. A time that occurs twice counts as daylight saving
   * time, unless `standard` is set; a skipped time uses the offset before the gap.
   */
  offsetOfLocal(localMs: number, standard?: boolean): number;
  /** minutes east of UTC of standard time in the year of an instant: the smaller offset of the half-years around it */
  standardAt(epochMs: number): number;
}

const quarter = 900_000;
const day = 86_400_000;
const halfYear = 182 * day;
const maxKeptQuarters = 20_000;
const zones = new Map<string, ZoneRules>();

/** @throws DlmsConfigError CONFIG_INVALID for a name that this runtime does not support */
export function zoneRules(name: string): ZoneRules {
  let rules = zones.get(name);
  if (rules === undefined) {
    rules = makeRules(name);
    if (zones.size > 100) zones.clear();
    zones.set(name, rules);
  }
  return rules;
}

/** Whether the runtime supports an IANA zone of this name. */
export function isTimeZone(name: string): boolean {
  try {
    zoneRules(name);
    return true;
  } catch {
    return false;
  }
}

function makeRules(name: string): ZoneRules {
  const format = formatter(name);
  const cache = new Map<number, number>();
  const offsetAt = (epochMs: number): number => {
    const slot = Math.floor(epochMs / quarter);
    let offset = cache.get(slot);
    if (offset === undefined) {
      if (cache.size > maxKeptQuarters) cache.clear();
      offset = askOffset(format, slot * quarter);
      cache.set(slot, offset);
    }
    return offset;
  };
  const offsetOfLocal = (localMs: number, standard = false): number => {
    // One day before and after bracket any transition that can affect this local time.
    const before = offsetAt(localMs - day);
    const after = offsetAt(localMs + day);
    if (before === after) return before;
    const fits = [before, after].filter((offset) => offsetAt(localMs - offset * 60_000) === offset);
    const [first, second] = fits;
    if (first === undefined) return before;
    if (second === undefined) return first;
    return standard ? Math.min(first, second) : Math.max(first, second);
  };
  const standardAt = (epochMs: number): number =>
    Math.min(offsetAt(epochMs), offsetAt(epochMs - halfYear), offsetAt(epochMs + halfYear));
  return { offsetAt, offsetOfLocal, standardAt };
}

function formatter(name: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch (cause) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `time zone: ${JSON.stringify(name)} is not a known IANA zone; write for example "Europe/Vienna"`,
      { cause },
    );
  }
}

function askOffset(format: Intl.DateTimeFormat, epochMs: number): number {
  const part: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(epochMs)) part[type] = value;
  const year = part["era"] === "BC" ? 1 - Number(part["year"]) : Number(part["year"]);
  const local = utcMs(
    year,
    Number(part["month"]),
    Number(part["day"]),
    Number(part["hour"]),
    Number(part["minute"]),
    Number(part["second"]),
  );
  return Math.round((local - epochMs) / 60_000);
}

/** Like Date.UTC, month from 1, and without its special years 0 to 99. */
export function utcMs(year: number, month: number, dayOfMonth: number, hour = 0, minute = 0, second = 0): number {
  if (year >= 100) return Date.UTC(year, month - 1, dayOfMonth, hour, minute, second);
  return Date.UTC(year + 400, month - 1, dayOfMonth, hour, minute, second) - 146_097 * day;
}
