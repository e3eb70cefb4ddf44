/** Times of a meter: the instant of a row, and the encoding of the bounds of a range. */
import {
  type CaptureObject,
  clockKind,
  type EncodeDateTimeOptions,
  type Moment,
  readMoment,
  type RowTime,
  timeBound,
  zoneRules,
} from "../../cosem";
import type { DlmsValue } from "../../codec";

const hour = 3_600_000;
const minute = 60_000;

/** How a meter's times are interpreted: first by their own offset, then by the zone, then by the clock. */
export interface MeterTime {
  /** IANA zone; empty = none was configured */
  readonly timeZone: string;
  /** minutes east of UTC of the meter's clock now; undefined if the clock does not report it, or was not read */
  readonly offset: number | undefined;
  /** whether daylight saving is on now; undefined if the clock does not report it, or was not read */
  readonly daylight: boolean | undefined;
  /** the meter uses the deviation with the opposite sign */
  readonly reversedDeviation: boolean;
}

/** A row's place in time, in ms. */
export interface ResolvedTime {
  /** epoch ms, as exact as the known facts allow */
  readonly instant: number;
  /** the meter's wall clock as if it were UTC */
  readonly local: number;
  /** minutes east of UTC, if the row contains it */
  readonly offset: number | undefined;
  /** the local time occurs only once, which only the row's own offset or the zone can show */
  readonly sure: boolean;
  /** the instant is as reliable as the meter's daylight saving bit */
  readonly exact: boolean;
}

export function resolveTime(time: RowTime, meter: MeterTime): ResolvedTime {
  const { local, offset, daylight } = time;
  if (offset !== undefined) return { local, offset, instant: local - offset * minute, sure: true, exact: true };
  if (meter.timeZone !== "") {
    const rules = zoneRules(meter.timeZone);
    const [first, second] = [rules.offsetOfLocal(local), rules.offsetOfLocal(local, true)];
    const own = daylight === false ? second : first;
    const sure = first === second;
    return { local, offset, instant: local - own * minute, sure, exact: sure || daylight !== undefined };
  }
  // the clock was read today, but the row may be from the other season
  const known = daylight !== undefined && meter.daylight !== undefined;
  const season = known ? (Number(daylight) - Number(meter.daylight)) * hour : 0;
  const exact = known && meter.offset !== undefined;
  return { local, offset, instant: local - (meter.offset ?? 0) * minute - season, sure: false, exact };
}

/** The place in time of a row whose clock counts since 1970. */
export function resolveInstant(instant: number, meter: MeterTime): ResolvedTime {
  const offset = meter.timeZone === "" ? (meter.offset ?? 0) : zoneRules(meter.timeZone).offsetAt(instant);
  return { instant, local: instant + offset * minute, offset, sure: true, exact: true };
}

/**
 * Whether a time without an offset may occur twice, as far as that can be determined without the zone: clocks are set
 * back in the night before or at the end of a week, in spring or autumn.
 */
export function isAmbiguousLocalTime({ local, offset, sure }: ResolvedTime): boolean {
  if (sure || offset !== undefined) return false;
  const date = new Date(local);
  const month = date.getUTCMonth();
  const weekday = date.getUTCDay();
  const night = date.getUTCHours() < 4 || date.getUTCHours() === 23;
  return night && (weekday === 0 || weekday > 3) && (month === 2 || month === 3 || month > 7);
}

/** A bound of a range by time: an instant, a time of the meter's clock, or a time exactly as the meter wrote it. */
export type TimeBound = { readonly moment: Moment } | { readonly time: ResolvedTime };

/** Moves a bound from within one of two equal hours to outside both. */
const aroundTwice = 2 * hour;

/** Maximum error of today's offset at another time of the year, in ms. */
export const seasonShift = hour;

/** The last second of a clock of 32 bits, in ms. */
const maxUnixMs = 0xffffffff * 1000;

/**
 * Writes bounds for a meter. The standard form is an instant with its deviation, and a time of the meter's clock
 * without one. Some meters expect the opposite. A bound that then depends on today's offset is widened by an hour, and
 * the client filters the rows.
 */
export class BoundWriter {
  readonly #restricting: CaptureObject;
  readonly #meter: MeterTime;

  constructor(restricting: CaptureObject, meter: MeterTime) {
    this.#restricting = restricting;
    this.#meter = meter;
  }

  /** `side`: -1 the first bound, 1 the last; for a time that occurs twice, the first bound uses the earlier instant. */
  encodeStandard(bound: TimeBound, side: -1 | 1): DlmsValue {
    if (!("time" in bound)) return this.#write(this.#edge(bound.moment, side), this.#options());
    const { time } = bound;
    if (!this.#isDateTime || time.offset === undefined) return this.#write(this.#momentOf(time), this.#options());
    // as the meter wrote it, not in today's offset
    return this.#write(time.instant, { ...this.#options(), offset: time.offset });
  }

  /** Undefined if there is no other form. */
  encodeAlternative(bound: TimeBound, side: -1 | 1): DlmsValue | undefined {
    if (!this.#isDateTime) return undefined;
    const { timeZone, offset } = this.#meter;
    if ("time" in bound) {
      const { time } = bound;
      if (time.offset === undefined && timeZone === "") return undefined;
      // the meter may interpret it as the second of two equal hours; rows before the break are skipped
      return this.#write(isoLocal(time.local - aroundTwice), { ...this.#options(), timeZone: "" });
    }
    const read = readMoment(bound.moment);
    if (timeZone !== "") {
      return this.#write(this.#edge(bound.moment, side), { ...this.#options(), unspecifiedDeviation: true });
    }
    if (offset === undefined) {
      const bare = { ...this.#options(), unspecifiedDeviation: true };
      return read.local === undefined ? this.#write(bound.moment, bare) : undefined;
    }
    if (read.local === undefined) return this.#write(isoLocal(read.instant + offset * minute + side * seasonShift), {});
    return this.#write(read.local - offset * minute + side * seasonShift, this.#options());
  }

  /**
   * Whether the bound's time of the meter's clock occurs twice, so that the bound is moved out of both hours and the
   * client filters the rows.
   */
  isMoved(bound: TimeBound, side: -1 | 1): boolean {
    return "moment" in bound && this.#isDateTime && this.#instantOf(bound.moment, side)?.twice === true;
  }

  #edge(moment: Moment, side: -1 | 1): Moment {
    const found = this.#instantOf(moment, side);
    if (found === undefined) return moment;
    return found.twice && this.#isDateTime ? found.instant + side * aroundTwice : found.instant;
  }

  /** With a zone: the instant of a bound, and whether its time of the meter's clock occurs twice. */
  #instantOf(moment: Moment, side: -1 | 1): { readonly instant: number; readonly twice: boolean } | undefined {
    const { timeZone } = this.#meter;
    if (timeZone === "") return undefined;
    const { earliest, latest } = instantsOf(moment, this.#meter);
    const instant = side < 0 ? earliest : latest;
    const rules = zoneRules(timeZone);
    const local = instant + rules.offsetAt(instant) * minute;
    return { instant, twice: rules.offsetOfLocal(local) !== rules.offsetOfLocal(local, true) };
  }

  #momentOf(time: ResolvedTime): Moment {
    return time.sure || this.#meter.timeZone !== "" ? time.instant : isoLocal(time.local);
  }

  get #isDateTime(): boolean {
    return clockKind(this.#restricting) === "date-time";
  }

  #options(): EncodeDateTimeOptions {
    const { timeZone, offset, reversedDeviation } = this.#meter;
    return { timeZone, reversedDeviation, ...(timeZone !== "" || offset === undefined ? {} : { offset }) };
  }

  #write(moment: Moment, options: EncodeDateTimeOptions): DlmsValue {
    if (this.#isDateTime) return timeBound(this.#restricting, moment, options);
    // a clock that counts since 1970 has no time before that, and none after its largest number
    const { earliest } = instantsOf(moment, this.#meter);
    return timeBound(this.#restricting, Math.min(Math.max(earliest, 0), maxUnixMs), options);
  }
}

/** A time of the meter's clock as text. */
export function isoLocal(local: number): string {
  return new Date(local).toISOString().slice(0, -1);
}

/**
 * The earliest and latest instant of a moment, as far as the zone is known: a time that occurs twice has two instants.
 */
export function instantsOf(moment: Moment, { timeZone, offset }: MeterTime): { earliest: number; latest: number } {
  const read = readMoment(moment);
  if (read.local === undefined) return { earliest: read.instant, latest: read.instant };
  const { local } = read;
  if (timeZone === "") {
    const instant = local - (offset ?? 0) * minute;
    return { earliest: instant, latest: instant };
  }
  const rules = zoneRules(timeZone);
  const one = local - rules.offsetOfLocal(local) * minute;
  const other = local - rules.offsetOfLocal(local, true) * minute;
  return { earliest: Math.min(one, other), latest: Math.max(one, other) };
}

/**
 * Selects the rows of a range by time. A bound without an offset is compared with the meter's own wall clock, which
 * needs no offset; an instant is compared with the row's instant.
 */
export class TimeFilter {
  readonly #from: { readonly instant?: number; readonly local?: number };
  readonly #to: { readonly instant?: number; readonly local?: number };
  readonly #earliest: number;
  readonly #latest: number;
  readonly #zoned: boolean;
  readonly #excludesFrom: boolean;
  readonly #excludesTo: boolean;
  /** the first row from the start on, included or not */
  #first: ResolvedTime | undefined;

  constructor(
    from: Moment,
    to: Moment,
    meter: MeterTime,
    {
      excludesFrom = false,
      excludesTo = false,
    }: { readonly excludesFrom?: boolean; readonly excludesTo?: boolean } = {},
  ) {
    this.#excludesFrom = excludesFrom;
    this.#excludesTo = excludesTo;
    this.#from = readMoment(from);
    this.#to = readMoment(to);
    this.#earliest = instantsOf(from, meter).earliest;
    const { earliest, latest } = instantsOf(to, meter);
    // a day ends at the first of two midnights
    this.#latest = excludesTo ? earliest : latest;
    this.#zoned = meter.timeZone !== "";
  }

  /** `slack`: how far a row with an inexact instant may lie outside the range, in ms, and still be accepted. */
  takes(time: ResolvedTime, slack: number): boolean {
    const taken = (this.#isAfterStart(time, slack) || this.#isSecondHour(time)) && this.#isBeforeEnd(time, slack);
    if (taken) this.#first ??= time;
    return taken && !this.isExcludedStart(time) && !(this.#excludesTo && this.#isEnd(time));
  }

  /** Whether the row lies at the start, and the range begins after it. */
  isExcludedStart(time: ResolvedTime): boolean {
    return this.#excludesFrom && this.#isStart(time);
  }

  /** A row whose instant is not exact may be later than the start, so it is kept. */
  #isStart(time: ResolvedTime): boolean {
    const { local } = this.#from;
    if (local !== undefined && !this.#byZone(time)) return time.local === local && time.offset === this.#first?.offset;
    return time.exact && time.instant === this.#earliest;
  }

  #isEnd(time: ResolvedTime): boolean {
    const { local } = this.#to;
    if (local !== undefined && !this.#byZone(time)) return time.local === local;
    return time.instant === this.#latest;
  }

  #isAfterStart(time: ResolvedTime, slack: number): boolean {
    const { local } = this.#from;
    if (local !== undefined && !this.#byZone(time)) return time.local >= local;
    return time.instant >= this.#earliest - (time.exact ? 0 : slack);
  }

  #isBeforeEnd(time: ResolvedTime, slack: number): boolean {
    const { local } = this.#to;
    if (local !== undefined && !this.#byZone(time)) return time.local <= local;
    return time.instant <= this.#latest + (time.exact ? 0 : slack);
  }

  /** Whether the time has no own offset, and the zone determined its instant. */
  #byZone(time: ResolvedTime): boolean {
    return this.#zoned && time.offset === undefined;
  }

  /** Whether the clock was set back after a row was accepted, so that the row is later by its offset. */
  #isSecondHour({ local, offset, instant }: ResolvedTime): boolean {
    const { local: start } = this.#from;
    const first = this.#first;
    if (start === undefined || first?.offset === undefined || offset === undefined) return false;
    return offset < first.offset && instant > first.instant && local >= start - hour;
  }
}
