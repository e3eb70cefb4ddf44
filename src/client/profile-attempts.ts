import {
  type AttributeRef,
  type EncodeDateTimeOptions,
  entriesByAge,
  entrySelection,
  type Moment,
  momentToEpoch,
  type PresentOptions,
  type ProfileColumn,
  type ProfileRow,
  rangeSelection,
  type RangeSelectionOptions,
  restrictingObject,
  type Selection,
} from "../cosem";
import type { ActiveSession } from "./active-session";
import type { FetchOptions } from "./fetch";
import type { ColumnChoice } from "./profile-choice";
import { entriesInUse, type ProfileInfo } from "./profile-info";

/** Which entries of a profile: the last n, those of a time, those of these numbers (1 = the oldest), or all. */
export type ProfileRange =
  | { readonly last: number }
  | { readonly from: Moment; readonly to?: Moment }
  | { readonly entries: readonly [first: number, last: number] };

/** How the entries were chosen in the end: by the meter by time, by the meter by number, or all were read. */
export type SelectionUsed = "range" | "entry" | "all";

export interface ProfileProgress {
  readonly rows: number;
  readonly blocks: number;
  readonly bytes: number;
}

/** What one profile reading knows of itself; it outlives a break of the connection. */
export interface ProfileReading {
  readonly ref: AttributeRef;
  readonly range: ProfileRange | undefined;
  /** names of the columns that are wanted; none = all */
  readonly columns: readonly string[];
  readonly present: PresentOptions;
  readonly zone: EncodeDateTimeOptions;
  readonly now: () => number;
  readonly begun: (columns: readonly ProfileColumn[], selection: SelectionUsed) => void;
  /** Takes rows in the order in which they are to be seen; resolves when more are wanted. */
  readonly rows: (rows: readonly ProfileRow[]) => Promise<void>;
  readonly progress: (progress: ProfileProgress) => void;
  readonly note: (text: string) => void;
  /** rows that were handed out before, and the time of the last of them */
  readonly handed: { rows: number; lastTime: number | undefined; blocks: number; bytes: number };
}

/** One way to get the entries: what the meter is asked for, and what is left to do with what comes. */
export interface Attempt {
  readonly used: SelectionUsed;
  readonly selection: Selection | undefined;
  /** which rows are wanted of what comes */
  readonly keep: "all" | { readonly last: number } | { readonly slice: readonly [number, number] } | "time";
  readonly note?: string;
  /** the meter's numbers of the entries that are asked for */
  readonly numbers?: { readonly from: number; readonly to: number };
  /** the range in pieces, asked for one after the other, in place of `selection` */
  readonly pieces?: readonly Selection[];
  /** indices of the columns that the meter is asked for; undefined = all */
  readonly columns?: readonly number[] | undefined;
}

/** What is known of the profile and of the columns that are wanted. */
export interface Wanted {
  readonly info: ProfileInfo;
  readonly choice: ColumnChoice;
}

/** What stands for "no end" in a range, from now: ten years. */
const openEnd = 10 * 365.25 * 86_400_000;

const whole = { used: "all", selection: undefined, note: "reading the whole buffer" } as const;

/** The ways to get what is wanted, the one that takes the least first; none: there are no such entries. */
export async function attemptsFor(
  active: ActiveSession,
  reading: ProfileReading,
  wanted: Wanted,
  options: FetchOptions,
): Promise<Attempt[]> {
  const { range } = reading;
  const resume = reading.handed.lastTime;
  if (resume !== undefined) return timeAttempts(reading, wanted, resume, rangeEnd(reading));
  if (range === undefined) return [{ ...whole, keep: "all" }];
  if ("from" in range) return timeAttempts(reading, wanted, range.from, rangeEnd(reading));
  return numberAttempts(active, reading, wanted, range, options);
}

function rangeEnd(reading: ProfileReading): Moment {
  const { range } = reading;
  // the meter's clock may be far ahead of ours
  return range !== undefined && "to" in range && range.to !== undefined ? range.to : reading.now() + openEnd;
}

/** Some columns, then all of them for meters that know no choice. */
const withAndWithout = (columns: readonly number[] | undefined): (readonly number[] | undefined)[] =>
  columns === undefined ? [undefined] : [columns, undefined];
const allColumnsNote = "asking for all columns";

function timeAttempts(reading: ProfileReading, { info, choice }: Wanted, from: Moment, to: Moment): Attempt[] {
  const restricting = restrictingObject(info.captureObjects);
  const zone = zoneOf(reading, info);
  const withDeviation = { ...zone, ...(restricting === undefined ? {} : { restricting }) };
  const columnsOf = (indices: readonly number[] = []): Pick<RangeSelectionOptions, "columns"> => ({
    columns: indices.flatMap((index) => info.captureObjects[index] ?? []),
  });
  const range = (unspecifiedDeviation: boolean, columns: readonly number[] | undefined): Attempt => ({
    used: "range",
    selection: rangeSelection(from, to, { ...withDeviation, unspecifiedDeviation, ...columnsOf(columns) }),
    keep: "all",
    note: columns !== choice.byRange ? allColumnsNote : "asking with the deviation unspecified",
    columns,
  });
  const ways = withAndWithout(choice.byRange);
  const attempts = [
    ...[false, true].flatMap((unspecified) => ways.map((columns) => range(unspecified, columns))),
    ...ways.flatMap((columns) =>
      inPieces(info, from, to, { ...withDeviation, ...columnsOf(columns) }).map((pieces) => ({ ...pieces, columns })),
    ),
  ];
  if (restricting === undefined) return attempts;
  const timed = reading.range !== undefined && "from" in reading.range;
  return [...attempts, { ...whole, keep: timed ? "time" : "all" }];
}

/** Entries of a piece: they fit one answer even where the meter cannot send blocks. */
const pieceEntries = 24;
const maxPieces = 2000;

/** The range in pieces, for meters that give a short range but not a long one. */
function inPieces(info: ProfileInfo, from: Moment, to: Moment, options: RangeSelectionOptions): Attempt[] {
  const period = info.capturePeriod * 1000;
  const first = momentToEpoch(from, options);
  const last = momentToEpoch(to, options);
  const step = pieceEntries * period;
  // newest first within each piece would be no order at all
  if (period === 0 || info.sortMethod !== 1 || last - first <= step || last - first > maxPieces * step) return [];
  const pieces: Selection[] = [];
  for (let at = first; at <= last; at += step) {
    // bounds are included, and have hundredths of seconds: the next piece begins a hundredth later
    pieces.push(rangeSelection(at, Math.min(at + step - 10, last), options));
  }
  return [{ used: "range", selection: undefined, pieces, keep: "all", note: "asking for the range in pieces" }];
}

async function numberAttempts(
  active: ActiveSession,
  reading: ProfileReading,
  { info, choice }: Wanted,
  range: Exclude<ProfileRange, { readonly from: Moment }>,
  options: FetchOptions,
): Promise<Attempt[]> {
  const all: Attempt =
    "last" in range ? { ...whole, keep: { last: range.last } } : { ...whole, keep: { slice: range.entries } };
  const plain = "entries" in range && info.sortMethod === 1;
  const inUse = plain ? Number.MAX_SAFE_INTEGER : await entriesInUse(active, reading.ref, options);
  if (inUse === undefined) return [all];
  const order = { sortMethod: info.sortMethod, entriesInUse: inUse };
  const [first, last] = "last" in range ? [inUse - Math.min(range.last, inUse) + 1, inUse] : range.entries;
  const numbers = entriesByAge(first, last, order);
  if (numbers === "none") return [];
  if (numbers === "unordered") return [all];
  const entries = withAndWithout(choice.byEntry).map((columns): Attempt => {
    const span =
      columns === undefined ? {} : { fromColumn: (columns[0] ?? 0) + 1, toColumn: (columns.at(-1) ?? 0) + 1 };
    const selection = entrySelection({ ...numbers, ...span });
    return { used: "entry", selection, numbers, keep: "all", note: allColumnsNote, columns };
  });
  return [...entries, all];
}

/** A range by time, in epoch ms. */
export function boundsOf(reading: ProfileReading, info: ProfileInfo): { from: number; to: number } | undefined {
  const { range } = reading;
  if (range === undefined || !("from" in range)) return undefined;
  const zone = zoneOf(reading, info);
  return { from: momentToEpoch(range.from, zone), to: momentToEpoch(rangeEnd(reading), zone) };
}

export function zoneOf(reading: ProfileReading, info: ProfileInfo): EncodeDateTimeOptions {
  if (info.offset === undefined || (reading.zone.timeZone ?? "") !== "") return reading.zone;
  return { ...reading.zone, offset: info.offset };
}
