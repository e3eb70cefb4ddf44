/** The use within each interval, from the states of counters in a profile. */
import type { ProfileColumn, ProfileRow } from "../cosem";
import { isCumulative } from "./cumulative";
import { isBelow, isDecimal, subtractDecimals } from "./decimal";
import { type RowMoment, rowMoment, timeColumn } from "./row-time";

/** Why the use within an interval is not known. */
export type UnknownUse =
  /** no row before it was read */
  | "first"
  /** rows are missing before it */
  | "gap"
  /** its time, or that of the row before, is unknown or not later */
  | "time"
  /** it or the row before has no number */
  | "no-value"
  /** the meter marks it, or the row before, as not valid */
  | "not-valid"
  /** the state fell: the meter was reset or exchanged, or the register rolled over */
  | "fell"
  /** after a fall the state passed the earlier one at once, so the fall was an error */
  | "returned";

export interface UnknownUseAt {
  /** index of the row */
  readonly row: number;
  readonly key: string;
  readonly reason: UnknownUse;
}

export interface DifferenceOptions {
  /** seconds from row to row; 0 or absent: rows come at no fixed interval, so that none can be missing */
  readonly capturePeriod?: number;
  /** the row before the first one */
  readonly before?: ProfileRow | undefined;
  /** indices of the rows whose unknown use is told; default all */
  readonly only?: readonly number[] | undefined;
}

export interface Differences {
  readonly rows: readonly ProfileRow[];
  /** keys of the columns that hold the use within the interval */
  readonly keys: readonly string[];
  readonly unknown: readonly UnknownUseAt[];
  /** the same in words, at most 20 of them */
  readonly notes: readonly string[];
}

/** Rows further apart than this many capture periods have others missing between them: months differ in length. */
const gapPeriods = 1.5;
const maxNotes = 20;

/**
 * Replaces the state of each counter by the difference to the row before; null where it is not known. The differences
 * of rows without a null add up to the register's change.
 */
export function differencesOf(
  columns: readonly ProfileColumn[],
  rows: readonly ProfileRow[],
  { capturePeriod = 0, before, only }: DifferenceOptions = {},
): Differences {
  const counters = columns.filter(isCumulative).map(({ key }) => new Counter(key));
  const steps = new Steps(columns, capturePeriod);
  const unknown: UnknownUseAt[] = [];
  const told = only === undefined ? undefined : new Set(only);
  if (before !== undefined) {
    steps.next(before);
    for (const counter of counters) counter.begin(before, isNotValid(before, columns));
  }
  const changed = rows.map((row, index) => {
    const step = steps.next(row);
    const notValid = isNotValid(row, columns);
    const result: ProfileRow = { ...row };
    for (const counter of counters) {
      if (!(counter.key in row)) continue;
      const use = counter.next(row, step, notValid);
      result[counter.key] = typeof use === "object" ? null : use;
      if (typeof use !== "object" || told?.has(index) === false) continue;
      unknown.push({ row: index, key: counter.key, reason: use.reason });
    }
    return result;
  });
  const keys = counters.map(({ key }) => key);
  return { rows: changed, keys, unknown, notes: notesOf(unknown, rows, timeColumn(columns)) };
}

type Step = "first" | "gap" | "time" | "next";

/** Compares the time of each row with the one before. */
class Steps {
  readonly #column: ProfileColumn | undefined;
  readonly #periodMs: number;
  #before: RowMoment | undefined;
  #began = false;

  constructor(columns: readonly ProfileColumn[], capturePeriod: number) {
    this.#column = timeColumn(columns);
    this.#periodMs = capturePeriod * 1000;
  }

  next(row: ProfileRow): Step {
    const now = rowMoment(row, this.#column);
    const before = this.#before;
    const first = !this.#began;
    this.#before = now;
    this.#began = true;
    if (first) return "first";
    if (this.#periodMs === 0) return "next";
    if (now === undefined || before?.isLocal !== now.isLocal || now.ms <= before.ms) return "time";
    return now.ms - before.ms > this.#periodMs * gapPeriods ? "gap" : "next";
  }
}

/** The states of one counter. */
class Counter {
  readonly key: string;
  #before: unknown;
  #wasNotValid = false;
  /** the state before it fell, until the counter has passed it */
  #peak: unknown;

  constructor(key: string) {
    this.key = key;
  }

  begin(row: ProfileRow, notValid: boolean): void {
    this.#before = row[this.key];
    this.#wasNotValid = notValid;
  }

  next(row: ProfileRow, step: Step, notValid: boolean): number | string | { readonly reason: UnknownUse } {
    const value = row[this.key];
    const [before, wasNotValid] = [this.#before, this.#wasNotValid];
    this.#before = value;
    this.#wasNotValid = notValid;
    if (step !== "next") return { reason: step };
    if (!isDecimal(value) || !isDecimal(before)) return { reason: "no-value" };
    if (notValid || wasNotValid) return { reason: "not-valid" };
    if (isBelow(value, before)) {
      this.#peak ??= before;
      return { reason: "fell" };
    }
    if (this.#peak !== undefined && !isBelow(value, this.#peak)) {
      this.#peak = undefined;
      return { reason: "returned" };
    }
    return subtractDecimals(value, before) ?? { reason: "no-value" };
  }
}

/** AMR profile status, 0-b:96.10.1 to 9: bit 2, the values of the row may not be used. */
const profileStatus = /^[01]\.\d+\.96\.10\.[1-9]\.255$/;
const dataNotValid = 0x04;

function isNotValid(row: ProfileRow, columns: readonly ProfileColumn[]): boolean {
  return columns.some(({ logicalName, attributeId, key }) => {
    const status = row[key];
    return (
      attributeId === 2 &&
      profileStatus.test(logicalName) &&
      typeof status === "number" &&
      (status & dataNotValid) !== 0
    );
  });
}

const reasons: Readonly<Record<UnknownUse, string>> = {
  first: "no row before it was read",
  gap: "rows are missing before it",
  time: "its time, or that of the row before, is unknown or not later",
  "no-value": "it, or the row before, has no number",
  "not-valid": "the meter marks it, or the row before, as not valid",
  fell: "the register fell: a reset, an exchange or a roll-over",
  returned: "the register is back at the level before its fall",
};

function notesOf(
  unknown: readonly UnknownUseAt[],
  rows: readonly ProfileRow[],
  column: ProfileColumn | undefined,
): string[] {
  const notes = unknown.slice(0, maxNotes).map(({ row, key, reason }) => {
    const time = column === undefined ? undefined : rows[row]?.[column.key];
    const at = time instanceof Date ? time.toISOString() : time;
    const place = typeof at === "string" || typeof at === "number" ? `row ${row + 1}, ${at}` : `row ${row + 1}`;
    return `use of ${key} in ${place} is not known: ${reasons[reason]}`;
  });
  const more = unknown.length - notes.length;
  return more > 0 ? [...notes, `use is not known in ${more} more places`] : notes;
}
