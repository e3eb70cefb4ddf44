/** What was sent last of a profile, so that the next reading sends only what is new. */
import type { ProfileColumn, ProfileRow } from "../cosem";
import { type RowMoment, rowMoment, timeColumn } from "./row-time";

/** The end of the rows that were sent; as JSON it outlives a restart. */
export interface NewestRows {
  /** time of the row that was sent last, in ms; `isLocal`: the meter's wall clock as if it were UTC */
  readonly ms: number;
  readonly isLocal: boolean;
  /** time and fingerprint of the rows sent from two hours before that time on */
  readonly sent: readonly (readonly [ms: number, print: string])[];
}

/**
 * The next reading begins this long before the newest row: a clock that was set back, or the second of two equal hours,
 * gives new rows earlier times. Rows of that time that were sent are known.
 */
const overlapMs = 2 * 3_600_000;
/** A newest row this far in the future means that the meter's clock was set back since: no local time is so far ahead. */
const futureMs = 26 * 3_600_000;
/** Fingerprints that are kept; rows beyond them may be sent twice. */
const maxSent = 5000;

export type NewRowsRange = { readonly from: number | string } | undefined;

/** The range to read: undefined = all rows. `now`: ms since 1970. */
export function rangeOfNew(newest: NewestRows | undefined, now: number): NewRowsRange {
  if (newest === undefined || newest.ms > now + futureMs) return undefined;
  const from = newest.ms - overlapMs;
  return { from: newest.isLocal ? new Date(from).toISOString().slice(0, -1) : from };
}

export interface NewRows {
  /** indices of the rows that were not sent before */
  readonly fresh: readonly number[];
  /** what to keep once they were sent; undefined if no row has a time */
  readonly newest: NewestRows | undefined;
}

/** Which rows of a reading were not sent before. */
export function newRowsOf(
  columns: readonly ProfileColumn[],
  rows: readonly ProfileRow[],
  newest: NewestRows | undefined,
): NewRows {
  const column = timeColumn(columns);
  const sent = new Map<string, number>();
  for (const [, print] of newest?.sent ?? []) sent.set(print, (sent.get(print) ?? 0) + 1);
  const fresh: number[] = [];
  const now: [ms: number, print: string][] = [];
  let last: RowMoment | undefined = newest;
  for (const [index, row] of rows.entries()) {
    const print = fingerprint(row);
    const count = sent.get(print) ?? 0;
    if (count > 0) {
      sent.set(print, count - 1);
      continue;
    }
    const moment = rowMoment(row, column);
    fresh.push(index);
    last = moment ?? last;
    now.push([moment?.ms ?? last?.ms ?? 0, print]);
  }
  if (last === undefined) return { fresh, newest: undefined };
  const { ms, isLocal } = last;
  const all = [...(newest?.sent ?? []), ...now].filter(([at]) => at >= ms - overlapMs);
  return { fresh, newest: { ms, isLocal, sent: all.slice(-maxSent) } };
}

/** 64 bits of the row's JSON, by two runs of FNV-1a with different starts. */
function fingerprint(row: ProfileRow): string {
  const text = JSON.stringify(row, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  return fnv(text, 0x811c9dc5) + fnv(text, 0x1234567);
}

function fnv(text: string, start: number): string {
  let hash = start;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ (text.charCodeAt(i) & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (text.charCodeAt(i) >>> 8), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
