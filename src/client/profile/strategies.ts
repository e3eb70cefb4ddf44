/** The strategies by which the entries of a range can be selected, the cheapest first. */
import type { DlmsValue } from "../../codec";
import {
  type AttributeRef,
  type CaptureObject,
  defaultClock,
  entriesByAge,
  entrySelection,
  type Moment,
  type PresentOptions,
  type ProfileColumn,
  type ProfileRow,
  rangeSelectionOf,
  readMoment,
  restrictingObject,
  type Selection,
} from "../../cosem";
import { type ColumnChoice, columnOf } from "./columns";
import type { ProfileInfo } from "./profile-info";
import {
  BoundWriter,
  instantsOf,
  isoLocal,
  type MeterTime,
  type ResolvedTime,
  seasonShift,
  type TimeBound,
} from "./meter-time";
import type { ProfileRange, TimeRange } from "./time-range";

/** How the entries were finally selected: by the meter by time, by the meter by number, or by reading all of them. */
export type SelectionUsed = "range" | "entry" | "all";

export interface ProfileProgress {
  readonly rows: number;
  readonly blocks: number;
  readonly bytes: number;
}

/** A row and its time, as far as known. */
export interface ResolvedRow {
  readonly row: ProfileRow;
  readonly time: ResolvedTime | undefined;
}

/** The delivered part of a reading; it outlives a break of the connection. */
export interface ReadingProgress {
  rows: number;
  blocks: number;
  bytes: number;
  /** time of the last delivered row; undefined if it has none */
  last: ResolvedTime | undefined;
  /** how many of the last rows have that same time */
  equal: number;
  /** no delivered row is earlier than the one before it */
  ascending: boolean;
  /** after an interruption: skips repeated rows up to this one and `equal` rows of its time */
  skip:
    { readonly upTo: ResolvedTime; readonly equal: number; seen: number; readonly later: ResolvedRow[] } | undefined;
  /** the reading resumed by time after a break */
  resumed: boolean;
  /** the bounds of a range by time: those of a day stay the same when midnight passes during the reading */
  timed?: TimeRange | undefined;
}

/** The state of one profile reading. */
export interface ProfileReading {
  readonly ref: AttributeRef;
  readonly range: ProfileRange | undefined;
  /** names of the selected columns; empty = all */
  readonly columns: readonly string[];
  readonly present: PresentOptions;
  readonly reversedDeviation: boolean;
  /** rows get their times from time marks, which needs all columns (quirk timeMarks) */
  readonly timeMarks?: boolean;
  readonly now: () => number;
  readonly begun: (columns: readonly ProfileColumn[], selection: SelectionUsed, capturePeriod: number) => void;
  /** Receives the row at the excluded start of a range. */
  readonly before: (row: ProfileRow) => void;
  /** Receives rows in the order of their delivery; resolves when more are needed. */
  readonly rows: (rows: readonly ProfileRow[]) => Promise<void>;
  readonly report: (progress: ProfileProgress) => void;
  readonly note: (text: string) => void;
  /** Whether the received rows can be discarded, so that the reading may restart. */
  readonly forget: (() => void) | undefined;
  readonly progress: ReadingProgress;
}

/** A strategy to get the entries: the selection in the request, and the work left to do with the answer. */
export interface SelectionStrategy {
  readonly used: SelectionUsed;
  readonly selection: Selection | undefined;
  /** the rows of the answer to deliver */
  readonly rowFilter: "all" | { readonly last: number } | { readonly slice: readonly [number, number] } | "time";
  readonly note?: string;
  /** the meter's numbers of the requested entries */
  readonly numbers?: { readonly from: number; readonly to: number };
  /** the range in pieces, requested in turn, in place of `selection` */
  readonly pieces?: readonly Selection[];
  /** the last piece is all future time, which contains hardly any entries */
  readonly lastPieceIsFuture?: boolean;
  /** the bounds are widened because meters disagree on whether they are inclusive */
  readonly boundsWidened?: boolean;
  /** number of entries that the meter reported; a shorter answer is incomplete */
  readonly expected?: number;
  /** the bounds are correct only for a meter whose rows have their own offset */
  readonly needsOffset?: boolean;
  /** indices of the requested columns; undefined = all */
  readonly columns?: readonly number[] | undefined;
}

/** The known facts about the profile and the selected columns. */
export interface ProfilePlan {
  readonly info: ProfileInfo;
  readonly choice: ColumnChoice;
  readonly meter: MeterTime;
  /** the bounds of a range by time */
  readonly timed: TimeRange | undefined;
  /** epoch ms, by the meter's clock if it was read */
  readonly now: number;
  /** undefined if it was not requested, or the meter does not report it */
  readonly entriesInUse: number | undefined;
  /** a row of this profile was seen to have no offset */
  readonly withoutDeviation: boolean;
}

/** A range without an end reaches ten years into the future. */
const openEnd = 10 * 365.25 * 86_400_000;

const whole = { used: "all", selection: undefined, note: "reading the whole buffer" } as const;

/** The strategies for the range, the one with the smallest answer first; empty: there are no such entries. */
export function strategiesFor(reading: ProfileReading, plan: ProfilePlan): SelectionStrategy[] {
  const { range } = reading;
  const { skip } = reading.progress;
  const { timed } = plan;
  // the meter's clock may be far ahead of the client's
  const to: Moment = timed?.to ?? plan.now + openEnd;
  const open = timed?.to === undefined;
  // rows with time marks are read again: without the mark before them the rest would have no times
  if (skip !== undefined && reading.timeMarks !== true)
    return timeStrategies(plan, { from: { time: skip.upTo }, to, open });
  if (range === undefined) return [{ ...whole, rowFilter: "all" }];
  if (typeof range === "object" && "column" in range) return [byColumn(plan, range)];
  if (timed !== undefined) return timeStrategies(plan, { from: { moment: timed.from }, to, open });
  return typeof range === "object" && ("last" in range || "entries" in range) ? numberStrategies(plan, range) : [];
}

/** First the chosen columns, then all of them for meters that cannot select columns. */
const withAndWithout = (columns: readonly number[] | undefined): (readonly number[] | undefined)[] =>
  columns === undefined ? [undefined] : [columns, undefined];
const allColumnsNote = "asking for all columns";

interface TimeSpan {
  readonly from: TimeBound;
  readonly to: Moment;
  /** the request names no end */
  readonly open: boolean;
}

function timeStrategies(plan: ProfilePlan, span: TimeSpan): SelectionStrategy[] {
  const { info, choice, meter } = plan;
  const clock = restrictingObject(info.captureObjects);
  const restricting = clock ?? defaultClock;
  const writer = new BoundWriter(restricting, meter);
  const to: TimeBound = { moment: span.to };
  const objects = (indices: readonly number[] = []): CaptureObject[] =>
    indices.flatMap((index) => info.captureObjects[index] ?? []);
  const ways = withAndWithout(choice.byRange);
  const range = (from: DlmsValue, end: DlmsValue, rest: Partial<SelectionStrategy>): SelectionStrategy[] =>
    ways.map((columns) => ({
      used: "range",
      selection: rangeSelectionOf(restricting, from, end, objects(columns)),
      rowFilter: "all",
      ...rest,
      ...(columns === choice.byRange ? {} : { note: allColumnsNote }),
      columns,
    }));
  const moved = writer.isMoved(span.from, -1) || writer.isMoved(to, 1);
  const needsOffset = meter.timeZone === "" && meter.offset !== undefined && namesInstants(span);
  const usual = range(writer.encodeStandard(span.from, -1), writer.encodeStandard(to, 1), {
    boundsWidened: moved,
    needsOffset,
  });
  const strategies = plan.withoutDeviation && needsOffset ? [] : usual;
  const other = { from: writer.encodeAlternative(span.from, -1), to: writer.encodeAlternative(to, 1) };
  if (other.from !== undefined || other.to !== undefined) {
    const others = range(other.from ?? writer.encodeStandard(span.from, -1), other.to ?? writer.encodeStandard(to, 1), {
      note: `asking with the deviation ${isLocal(span.from, meter) ? "set" : "unspecified"}`,
      boundsWidened: meter.timeZone === "" || moved,
    });
    for (const strategy of others) strategies.push(strategy);
  }
  const bounds = pieceBounds(plan, span);
  if (bounds.length > 0) {
    for (const columns of ways) {
      const pieces = bounds.map(([from, end]) =>
        rangeSelectionOf(
          restricting,
          writer.encodeStandard({ moment: from }, -1),
          writer.encodeStandard({ moment: end }, 1),
          objects(columns),
        ),
      );
      strategies.push({
        used: "range",
        selection: undefined,
        pieces,
        lastPieceIsFuture: span.open,
        rowFilter: "all",
        note: piecesNote,
        boundsWidened: true,
        columns,
      });
    }
  }
  if (clock === undefined) return strategies;
  return [...strategies, { ...whole, rowFilter: plan.timed === undefined ? "all" : "time" }];
}

const piecesNote = "asking for the range in pieces";

/** Whether the request names an instant: a meter without offsets interprets it by today's offset. */
function namesInstants({ from, to, open }: TimeSpan): boolean {
  const isInstant = (moment: Moment): boolean => readMoment(moment).local === undefined;
  return ("moment" in from && isInstant(from.moment)) || (!open && isInstant(to));
}

/** Whether the bound is written without a deviation in the standard form. */
function isLocal(bound: TimeBound, { timeZone }: MeterTime): boolean {
  if ("time" in bound) return bound.time.offset === undefined && timeZone === "";
  return readMoment(bound.moment).local !== undefined && timeZone === "";
}

/** Entries of a piece, few enough for one answer even if the meter cannot send blocks. */
const maxPieceEntries = 24;
const maxPieces = 2000;
const day = 86_400_000;

/** The range in pieces, for meters that answer a short range but not a long one; empty if it cannot be split. */
function pieceBounds({ info, meter, now }: ProfilePlan, { from, to, open }: TimeSpan): (readonly [Moment, Moment])[] {
  const period = info.capturePeriod * 1000;
  const step = maxPieceEntries * period;
  // newest first within each piece would give no usable order
  if (period === 0 || info.sortMethod !== 1) return [];
  const end = readMoment(to);
  // if both bounds are times of the meter's clock, the pieces are too, so that the offset of another season does not
  // matter
  const local = meter.timeZone === "" && isLocal(from, meter) && (open || end.local !== undefined);
  const first = "time" in from ? (local ? from.time.local : from.time.instant) : edge(from.moment, local, -1, meter);
  // future entries are few, so an end that the request does not name is not split into pieces
  const last = open ? now + day : edge(to, local, 1, meter);
  if (last - first <= step || last - first > maxPieces * step) return [];
  const moment = (ms: number): Moment => (local ? isoLocal(ms) : ms);
  const pieces: (readonly [Moment, Moment])[] = [];
  const shift = local ? 0 : (meter.offset ?? 0) * 60_000;
  for (let at = first; at <= last;) {
    const next = at + step + outOfNight(at + step + shift, step);
    // bounds are inclusive and have hundredths of seconds, so the next piece begins a hundredth later
    pieces.push([moment(at), moment(Math.min(next - 10, last))]);
    at = next;
  }
  if (open) pieces.push([moment(last + 10), to]);
  return pieces;
}

const hour = 3_600_000;
/** Clock changes take place before this hour. */
const nightEnds = 4 * hour;

/**
 * How far the end of a piece is moved away from the hours in which the clock may be set back: there a meter that stores
 * no offset would send the same rows for both pieces, or for none. It is moved back if the piece remains long enough,
 * otherwise forward.
 */
function outOfNight(local: number, step: number): number {
  const ofDay = ((local % day) + day) % day;
  if (ofDay >= nightEnds) return 0;
  return step > nightEnds + hour ? -(ofDay + hour) : nightEnds - ofDay;
}

/**
 * Where the pieces begin (-1) or end (1): a time of the meter's clock unchanged, or an instant that is certainly
 * outside the range.
 */
function edge(moment: Moment, local: boolean, side: -1 | 1, meter: MeterTime): number {
  const read = readMoment(moment);
  if (local) return read.local ?? read.instant;
  const { earliest, latest } = instantsOf(moment, meter);
  const season = read.local !== undefined && meter.timeZone === "" ? side * seasonShift : 0;
  return (side < 0 ? earliest : latest) + season;
}

function byColumn(
  { info, choice }: ProfilePlan,
  range: Extract<ProfileRange, { readonly column: string }>,
): SelectionStrategy {
  const index = info.columns.indexOf(columnOf(range.column, info.columns));
  const object = info.captureObjects[index] ?? defaultClock;
  const columns = choice.byRange?.flatMap((one) => info.captureObjects[one] ?? []) ?? [];
  return {
    used: "range",
    selection: rangeSelectionOf(object, range.least, range.most, columns),
    rowFilter: "all",
    columns: choice.byRange,
  };
}

function numberStrategies(
  { info, choice, entriesInUse }: ProfilePlan,
  range: Extract<ProfileRange, { readonly last: number } | { readonly entries: readonly [number, number] }>,
): SelectionStrategy[] {
  const all: SelectionStrategy =
    "last" in range ? { ...whole, rowFilter: { last: range.last } } : { ...whole, rowFilter: { slice: range.entries } };
  // entries_in_use does not matter if the range counts from the same end as the meter
  const newestFirst = info.sortMethod === 2;
  const plain = ("entries" in range && info.sortMethod === 1) || ("last" in range && newestFirst);
  const inUse = plain ? Number.MAX_SAFE_INTEGER : entriesInUse;
  if (inUse === undefined) return [all];
  const order = { sortMethod: info.sortMethod ?? unordered, entriesInUse: inUse };
  const [first, last] = "last" in range ? [inUse - Math.min(range.last, inUse) + 1, inUse] : range.entries;
  const numbers = entriesByAge(first, last, order);
  if (numbers === "none") return [];
  if (numbers === "unordered") return [all];
  const entries = withAndWithout(choice.byEntry).map((columns): SelectionStrategy => {
    const span =
      columns === undefined ? {} : { fromColumn: (columns[0] ?? 0) + 1, toColumn: (columns.at(-1) ?? 0) + 1 };
    const selection = entrySelection({ ...numbers, ...span });
    const expected = "last" in range && !plain ? numbers.to - numbers.from + 1 : 0;
    return { used: "entry", selection, numbers, rowFilter: "all", note: allColumnsNote, columns, expected };
  });
  return [...entries, all];
}

/** A sort_method that does not order by time. */
const unordered = 0xff;
