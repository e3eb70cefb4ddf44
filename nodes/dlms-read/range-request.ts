/** The range of a profile in a message or in the node, checked. */
import { DlmsConfigError, type ProfileDays, type ProfileRange, systemClock } from "../../src/index";
import { isAbsent, quote, wholeNumber } from "../node-red/raw-settings";

type Moment = Extract<ProfileRange, { from: unknown }>["from"];

/** `"new"`: what came after the newest row that the node has sent; undefined: all rows. */
export type RequestedRange = ProfileRange | "new" | undefined;

const days: Readonly<Record<ProfileDays, ProfileDays>> = {
  today: "today",
  yesterday: "yesterday",
  "this-month": "this-month",
  "last-month": "last-month",
};

/** A range in one word, in any case, also in quotes. */
function wordOf(text: string): ProfileDays | "new" | undefined {
  const word = text
    .trim()
    .replace(/^"(.*)"$/, "$1")
    .toLowerCase();
  if (word === "new") return word;
  return Object.hasOwn(days, word) ? days[word as ProfileDays] : undefined;
}

/** ISO text, Date or ms since 1970. */
function momentOf(value: unknown, source: string): Moment {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "string" && /^\d{4}-\d\d-\d\d/.test(value.trim())) return value.trim();
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${source}: expected an ISO time like 2026-01-31T12:00, a Date or ms since 1970, got ${quote(value)}`,
    { details: { property: source } },
  );
}

const offset = /(Z|[+-]\d\d:?\d\d)$/i;

/** ms since 1970; a text without an offset is the meter's time, and is compared with another such text only. */
function comparable(moment: Moment, local: boolean): number {
  if (typeof moment !== "string") return local ? NaN : Number(moment);
  const text = moment.replace(" ", "T");
  const time = text.length > 10 ? text : `${text}T00:00`;
  if (local) return offset.test(time) ? NaN : Date.parse(`${time}Z`);
  return offset.test(time) ? Date.parse(time) : NaN;
}

/** Refuses a reversed range: every meter answers it without rows, as if the profile was empty. */
function refuseReversed(from: Moment, to: Moment, source: string): void {
  if (![true, false].some((local) => comparable(to, local) < comparable(from, local))) return;
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${source}.to: the end ${quote(to)} lies before the beginning ${quote(from)}`,
    { details: { property: `${source}.to` } },
  );
}

const dayMs = 86_400_000;

/** The same time of day a month before, or that month's last day. */
function monthBefore(now: number): number {
  const then = new Date(now);
  then.setUTCMonth(then.getUTCMonth() - 1);
  if (then.getUTCDate() !== new Date(now).getUTCDate()) then.setUTCDate(0);
  return then.getTime();
}

const periods: Readonly<Record<string, (now: number) => number>> = {
  day: (now) => now - dayMs,
  week: (now) => now - 7 * dayMs,
  month: monthBefore,
};

/** The last n rows, or the rows of a period that ends now. */
function lastOf(last: unknown, source: string): ProfileRange {
  if (typeof last !== "string" || /^-?\d|^0x|^\$\{/i.test(last.trim())) {
    return { last: wholeNumber(last, source, 1, 0xffffffff) };
  }
  const word = last.trim().toLowerCase();
  const period = Object.hasOwn(periods, word) ? periods[word] : undefined;
  if (period !== undefined) return { from: period(systemClock.wallTime()) };
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${source}: expected a whole number of rows, "day", "week" or "month", got ${quote(last)}`,
    { details: { property: source } },
  );
}

/**
 * `{last}` with a number or a period, `{from, to}`, `{after}`, `{entries: [first, last]}`, as an object or as JSON, or a
 * word; absent = all rows. `source`: the property, for errors.
 * @throws DlmsConfigError
 */
export function checkedRange(value: unknown, source: string): RequestedRange {
  if (isAbsent(value)) return undefined;
  const expected =
    '{last: n}, {last: "day"}, {from, to}, {after}, {entries: [first, last]}, "today", "yesterday", "this-month", "last-month" or "new"';
  const bad = (): DlmsConfigError =>
    new DlmsConfigError("CONFIG_INVALID", `${source}: expected ${expected}, got ${quote(value)}`, {
      details: { property: source },
    });
  let range: unknown = value;
  if (typeof range === "string") {
    const word = wordOf(range);
    if (word !== undefined) return word;
    try {
      range = JSON.parse(range) as unknown;
    } catch {
      throw bad();
    }
  }
  if (typeof range !== "object" || range === null || Array.isArray(range)) throw bad();
  const { last, from, after, to, entries } = range as Record<string, unknown>;
  if (!isAbsent(last)) return lastOf(last, `${source}.last`);
  if (Array.isArray(entries) && entries.length === 2) {
    const first = wholeNumber(entries[0], `${source}.entries[0]`, 1, 0xffffffff);
    return { entries: [first, wholeNumber(entries[1], `${source}.entries[1]`, first, 0xffffffff)] };
  }
  if (isAbsent(from) && isAbsent(after)) {
    if (Object.keys(range).length === 0) return undefined;
    throw bad();
  }
  const start = isAbsent(from) ? "after" : "from";
  const begin = momentOf(isAbsent(from) ? after : from, `${source}.${start}`);
  const end = isAbsent(to) ? undefined : momentOf(to, `${source}.to`);
  if (end !== undefined) refuseReversed(begin, end, source);
  const until = end === undefined ? {} : { to: end };
  return start === "from" ? { from: begin, ...until } : { after: begin, ...until };
}
