/** Ranges by time: what a request asks for, as bounds in the meter's time. */
import type { DlmsValue } from "../../codec";
import { type Moment, readMoment } from "../../cosem";
import { DlmsConfigError } from "../../errors";
import { isAmbiguousLocalTime, isoLocal, type MeterTime, seasonShift } from "./meter-time";

/** Calendar days of the meter: from midnight to midnight, the last one excluded. */
export type ProfileDays = "today" | "yesterday" | "this-month" | "last-month";

export const profileDays: readonly ProfileDays[] = ["today", "yesterday", "this-month", "last-month"];

/**
 * The entries to read from a profile: the last n; those of a time range, both ends included; those after a time, itself
 * excluded, to continue where a database ends; those of a day or month of the meter; those with these numbers (1 = the
 * oldest); those whose value in a column is within bounds, which the meter compares; or all.
 */
export type ProfileRange =
  | { readonly last: number }
  | { readonly from: Moment; readonly to?: Moment }
  | { readonly after: Moment; readonly to?: Moment }
  | ProfileDays
  | { readonly entries: readonly [first: number, last: number] }
  | {
      /** key of a column, or its OBIS code if that is unique */
      readonly column: string;
      readonly least: DlmsValue;
      readonly most: DlmsValue;
    };

/** A range by time. */
export interface TimeRange {
  readonly from: Moment;
  readonly to: Moment | undefined;
  /** rows at `from` are left out */
  readonly excludesFrom: boolean;
  /** rows at `to` are left out */
  readonly excludesTo: boolean;
}

/** Whether the range selects rows by their time. */
export function isTimeRange(range: ProfileRange | undefined): boolean {
  return range !== undefined && (typeof range === "string" || "from" in range || "after" in range);
}

/** Whether the bounds depend on the meter's clock. */
export function isDayRange(range: ProfileRange | undefined): range is ProfileDays {
  return typeof range === "string";
}

/** The bounds of a range by time; undefined for other ranges. `localNow`: the meter's wall clock as if it were UTC. */
export function timeRangeOf(
  range: ProfileRange | undefined,
  meter: MeterTime,
  localNow: number | undefined,
): TimeRange | undefined {
  if (range === undefined) return undefined;
  if (typeof range === "string") return daysOf(range, localNow);
  if ("from" in range) return { from: range.from, to: range.to, excludesFrom: false, excludesTo: false };
  if (!("after" in range)) return undefined;
  return { ...startAfter(range.after, meter), to: range.to, excludesTo: false };
}

/**
 * A time of the meter's clock that may occur twice, without a zone that tells: the rows from an hour before are read
 * too, because those of the second hour have the same times. Rows may be returned twice, but none is missing.
 */
function startAfter(after: Moment, { timeZone }: MeterTime): Pick<TimeRange, "from" | "excludesFrom"> {
  const { local } = readMoment(after);
  if (local === undefined || timeZone !== "") return { from: after, excludesFrom: true };
  const time = { local, instant: local, offset: undefined, sure: false, exact: false };
  return isAmbiguousLocalTime(time)
    ? { from: isoLocal(local - seasonShift), excludesFrom: false }
    : { from: after, excludesFrom: true };
}

function daysOf(days: ProfileDays, localNow: number | undefined): TimeRange {
  if (localNow === undefined) {
    throw new DlmsConfigError(
      "CONFIG_MISSING",
      `range: "${days}" needs the meter's time, and its clock does not tell it; set the time zone of the meter`,
      { details: { property: "range" } },
    );
  }
  const [from, to] = boundsOf(days, new Date(localNow));
  return { from: isoLocal(from), to: isoLocal(to), excludesFrom: false, excludesTo: true };
}

function boundsOf(days: ProfileDays, now: Date): readonly [from: number, to: number] {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  switch (days) {
    case "today":
      return [Date.UTC(year, month, day), Date.UTC(year, month, day + 1)];
    case "yesterday":
      return [Date.UTC(year, month, day - 1), Date.UTC(year, month, day)];
    case "this-month":
      return [Date.UTC(year, month), Date.UTC(year, month + 1)];
    case "last-month":
      return [Date.UTC(year, month - 1), Date.UTC(year, month)];
  }
}
