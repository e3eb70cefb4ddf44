/** Decodes the bytes of a profile's buffer into rows, filters them and delivers them. */
import { ElementStream } from "../../codec";
import {
  clockKind,
  createMarkedRowReader,
  createTimedRowReader,
  obisPrinted,
  restrictingObject,
  type TimedRow,
} from "../../cosem";
import { DlmsDecodeError, type DlmsError, isDlmsError } from "../../errors";
import { maxBlocksBehind } from "../../session/steps/options";
import {
  type SelectionStrategy,
  type ReadingProgress,
  type ResolvedRow,
  type ProfileReading,
  type ProfilePlan,
} from "./strategies";
import { type MeterTime, type ResolvedTime, resolveTime, resolveInstant, seasonShift, TimeFilter } from "./meter-time";
import { entryOrder, RowOrder } from "./row-order";

/** Layers of errors that may concern only the bytes after the rows; a wrong tag is not one of them. */
const layersAfterRows: ReadonlySet<DlmsError["layer"]> = new Set(["codec", "service", "access", "link", "transport"]);

const clockUnits = { "date-time": undefined, unix: 1000, "unix-microseconds": 0.001 } as const;

/** Decodes the pieces of a buffer into rows, and delivers them oldest first. */
export class RowSink {
  readonly #reading: ProfileReading;
  readonly #plan: ProfilePlan;
  readonly #strategy: SelectionStrategy;
  #rowFilter: SelectionStrategy["rowFilter"];
  /** if the range is a range by time */
  readonly #filter: TimeFilter | undefined;
  readonly #slack: number;
  readonly #elements: ElementStream<TimedRow>;
  readonly #timeKey: string | undefined;
  /** ms per step of a clock that counts since 1970 */
  readonly #unit: number | undefined;
  readonly #order: RowOrder;
  #blocks = 0;
  /** blocks received after all rows */
  #behind = 0;
  #empty = false;
  #seen = 0;
  #leftOut = 0;
  /** rows without a time, left out because they may be of another range */
  #timeless = 0;
  #timed = false;
  /** the time column has structures */
  #hasMarks = false;
  #misfit: DlmsDecodeError | undefined;
  #short: DlmsDecodeError | undefined;
  #withoutDeviation = false;

  constructor(reading: ProfileReading, plan: ProfilePlan, strategy: SelectionStrategy) {
    const { info } = plan;
    this.#reading = reading;
    this.#plan = plan;
    this.#strategy = strategy;
    this.#rowFilter = strategy.rowFilter;
    const { timed } = plan;
    const end = timed?.to ?? Number.MAX_SAFE_INTEGER;
    this.#filter = timed === undefined ? undefined : new TimeFilter(timed.from, end, plan.meter, timed);
    this.#slack = slackOf(strategy, plan.meter);
    const clock = restrictingObject(info.captureObjects);
    this.#unit = clock === undefined ? undefined : clockUnits[clockKind(clock) ?? "date-time"];
    this.#timeKey = clock === undefined ? undefined : info.columns[info.captureObjects.indexOf(clock)]?.key;
    this.#order = new RowOrder(entryOrder(info.sortMethod), this.#timeKey !== undefined);
    const asked = strategy.columns?.flatMap((index) => info.columns[index] ?? []);
    const createReader = reading.timeMarks === true ? createMarkedRowReader : createTimedRowReader;
    const reader = createReader(asked ?? info.columns, {
      ...reading.present,
      // in a buffer of unknown order the time of the next row may lie on either side
      capturePeriod: info.sortMethod === undefined ? 0 : info.capturePeriod,
      newestFirst: info.sortMethod === 2,
      timeKey: this.#timeKey,
      ...(asked === undefined ? {} : { allColumns: info.columns }),
    });
    this.#elements = new ElementStream(reader);
  }

  /** All rows that the meter announced have been received. */
  get isWhole(): boolean {
    return this.#empty || this.#elements.complete;
  }

  /**
   * The limit of blocks after the last row is reached: some meters send padding and empty blocks there, and others
   * never mark a block as the last one.
   */
  get isEnough(): boolean {
    return this.#behind > maxBlocksBehind;
  }

  get began(): boolean {
    return this.#blocks > 0;
  }

  /** Number of received entries. */
  get entries(): number {
    return this.#elements.received;
  }

  /** The first entry has neither the requested columns nor all of them, so the answer is unusable. */
  get misfit(): DlmsDecodeError | undefined {
    return this.#misfit;
  }

  /** Fewer entries were received than the meter reported, so they are not the requested ones. */
  get short(): DlmsDecodeError | undefined {
    return this.#short;
  }

  /** The rows have no offset, and the bounds were written for a meter whose rows have one: they are not used. */
  get withoutDeviation(): boolean {
    return this.#withoutDeviation;
  }

  async take(bytes: Uint8Array): Promise<void> {
    if (this.#blocks === 0) {
      const { choice, info } = this.#plan;
      this.#reading.begun(choice.columns, this.#strategy.used, info.capturePeriod);
    }
    this.#empty ||= this.#blocks === 0 && isAbsentBuffer(bytes);
    this.#blocks++;
    const { progress } = this.#reading;
    progress.blocks++;
    progress.bytes += bytes.length;
    if (this.isWhole) this.#behind++;
    if (!this.#empty && this.#misfit === undefined) {
      const elements = this.#rowsOf(bytes);
      const first = elements.find(({ time }) => time !== undefined)?.time;
      this.#timed ||= first !== undefined;
      this.#hasMarks ||= elements.some(({ row }) => Array.isArray(row[this.#timeKey ?? ""]));
      this.#withoutDeviation ||=
        this.#strategy.needsOffset === true && first !== undefined && first.offset === undefined;
      this.#distrust();
      if (!this.#withoutDeviation && this.#misfit === undefined && this.#short === undefined)
        await this.#select(elements);
    }
    this.#reading.report({ rows: progress.rows, blocks: progress.blocks, bytes: progress.bytes });
  }

  #rowsOf(bytes: Uint8Array): readonly ResolvedRow[] {
    try {
      return this.#elements.push(bytes).elements.map((one) => ({ row: one.row, time: this.#resolve(one) }));
    } catch (error) {
      const first = this.#strategy.columns !== undefined && this.#elements.received === 0;
      if (!first || !(error instanceof DlmsDecodeError)) throw error;
      // the rest of the answer has to be received before the next request
      this.#misfit = error;
      return [];
    }
  }

  /** Returns the error, with a note, if all rows were received before it and stay valid; undefined for any other. */
  afterRows(error: unknown): DlmsError | undefined {
    if (!this.isWhole || !isDlmsError(error) || !layersAfterRows.has(error.layer)) return undefined;
    this.#note(`all rows had arrived before the answer was interrupted: ${error.message}`);
    return error;
  }

  async finish(): Promise<void> {
    if (this.isEnough)
      this.#note("all rows have arrived and the meter continues with blocks; the client requests no more");
    if (!this.#empty) this.#elements.finish();
    const rowFilter = this.#rowFilter;
    const held = this.#order.end();
    if (typeof rowFilter === "object" && "slice" in rowFilter && !this.#order.streams) {
      await this.#deliver(held.slice(rowFilter.slice[0] - 1, rowFilter.slice[1]));
    } else if (typeof rowFilter === "object" && "last" in rowFilter) await this.#deliver(held.slice(-rowFilter.last));
    else await this.#deliver(held);
    await this.#deliverLater();
    const behind = this.#elements.trailing;
    if (behind > 0) this.#note(`the meter sent ${behind} bytes after the last row that it announced`);
    if (this.#leftOut > 0) this.#noteExcess(`${this.#leftOut} rows of another time`);
    if (this.#timeless > 0) this.#noteTimeless();
    if (this.#hasMarks && !this.#timed) this.#note(marksNote);
    if (this.#order.note !== undefined) this.#note(this.#order.note);
  }

  /** The row before the break is missing: later rows are new. */
  async #deliverLater(): Promise<void> {
    const { progress } = this.#reading;
    const { skip } = progress;
    if (skip === undefined || skip.seen > 0 || skip.later.length === 0) return;
    progress.skip = undefined;
    this.#note("the meter no longer has the last row before the interruption; only later rows were taken");
    await this.#deliver(skip.later);
  }

  /** Applies the selection here if a meter accepts a selection of entries but sends more. */
  #distrust(): void {
    const { range } = this.#reading;
    const { numbers } = this.#strategy;
    if (numbers === undefined || this.#rowFilter !== "all" || typeof range !== "object") return;
    const wanted = numbers.to - numbers.from + 1;
    const count = this.#elements.count ?? 0;
    if (count < (this.#strategy.expected ?? 0) && this.#elements.count !== undefined)
      this.#short = tooFew(count, wanted);
    if (count <= wanted) return;
    // more entries than the number of the last one: the whole buffer; otherwise the answer began where it should
    // (Gurux' server interprets `to` as a count)
    if ("entries" in range && count > numbers.to) this.#rowFilter = { slice: range.entries };
    else if ("last" in range || this.#plan.info.sortMethod === 2) this.#rowFilter = { last: wanted };
    this.#noteExcess(`${count} entries instead of ${wanted}`);
  }

  #note(text: string): void {
    const { ref, note } = this.#reading;
    note(`read profile ${obisPrinted(ref.logicalName)}: ${text}`);
  }

  #noteExcess(excess: string): void {
    this.#note(`the meter sent ${excess}; rows that were not requested are left out`);
  }

  #noteTimeless(): void {
    const count = this.#timeless === 1 ? "1 row has" : `${this.#timeless} rows have`;
    this.#note(`${count} no known time and may belong to another period; left out`);
  }

  async #select(rows: readonly ResolvedRow[]): Promise<void> {
    const rowFilter = this.#rowFilter;
    const wanted = this.#ofRange(rows, rowFilter);
    if (typeof rowFilter === "object" && "last" in rowFilter) {
      this.#order.keepLast(wanted, rowFilter.last);
      return;
    }
    const ordered = this.#order.put(wanted);
    if (typeof rowFilter !== "object" || !this.#order.streams) {
      await this.#deliver(ordered);
      return;
    }
    const first = this.#seen;
    this.#seen += ordered.length;
    const [from, to] = rowFilter.slice;
    await this.#deliver(ordered.slice(Math.max(0, from - 1 - first), Math.max(0, to - first)));
  }

  /**
   * Filters by time: from a whole buffer it keeps the rows that are certainly in the range; from a selection it drops
   * only those that are certainly outside.
   */
  #ofRange(rows: readonly ResolvedRow[], rowFilter: SelectionStrategy["rowFilter"]): readonly ResolvedRow[] {
    const filter = this.#filter;
    if (filter === undefined) return rows;
    return rows.filter(({ row, time }) => {
      if (time === undefined) {
        if (rowFilter === "time") this.#timeless++;
        return rowFilter !== "time";
      }
      const wanted = filter.takes(time, this.#slack);
      if (!wanted && filter.isExcludedStart(time)) {
        const { project } = this.#plan.choice;
        this.#reading.before(project === undefined ? row : project(row));
        return false;
      }
      if (!wanted && rowFilter !== "time" && this.#strategy.boundsWidened !== true) this.#leftOut++;
      return wanted;
    });
  }

  async #deliver(rows: readonly ResolvedRow[]): Promise<void> {
    const { progress, range } = this.#reading;
    const inRange = this.#strategy.used === "range" && this.#reading.timeMarks !== true;
    let fresh = progress.skip === undefined ? rows : afterBreak(rows, progress, inRange);
    // after a break the meter may have captured more rows than at the start of the reading
    const most = maxRows(range);
    if (most !== undefined) fresh = fresh.slice(0, Math.max(0, most - progress.rows));
    if (fresh.length === 0) return;
    for (const { time } of fresh) follow(progress, time);
    progress.rows += fresh.length;
    const { project } = this.#plan.choice;
    await this.#reading.rows(fresh.map(project === undefined ? ({ row }) => row : ({ row }) => project(row)));
  }

  #resolve({ row, time }: TimedRow): ResolvedTime | undefined {
    if (time !== undefined) return resolveTime(time, this.#plan.meter);
    const value = this.#unit === undefined || this.#timeKey === undefined ? undefined : row[this.#timeKey];
    return typeof value === "number" ? resolveInstant(value * (this.#unit ?? 1), this.#plan.meter) : undefined;
  }
}

const marksNote =
  "the rows have no times: the meter puts time marks in place of date-times, as SL7000 and ACE6000 meters do; each mark gives the beginning or the end of its interval, and the rows after it follow one capture period apart; set the quirk timeMarks for rows with times";

/** null-data or an empty string, which some meters send for an empty buffer. */
function isAbsentBuffer(bytes: Uint8Array): boolean {
  const [tag = 0, length] = bytes;
  if (tag === 0) return bytes.length === 1;
  return bytes.length === 2 && length === 0 && stringTags.has(tag);
}

/** octet-string, visible-string, utf8-string */
const stringTags: ReadonlySet<number> = new Set([9, 10, 12]);

export function tooFew(count: number, wanted: number): DlmsDecodeError {
  const problem = `of ${wanted} entries that are in use the meter sent ${count}`;
  return new DlmsDecodeError("DECODE_VALUE", problem, { details: { expected: wanted, got: count } });
}

/** How far a row without its own offset may seem to lie outside a range for which the meter selected it. */
function slackOf({ rowFilter, boundsWidened }: SelectionStrategy, { timeZone, offset }: MeterTime): number {
  if (rowFilter === "time") return 0;
  if (timeZone === "" && offset === undefined) return Number.POSITIVE_INFINITY;
  return boundsWidened === true ? 0 : seasonShift;
}

/**
 * Returns the rows after the break. Until the last delivered row is found, later rows are kept aside: they lie before
 * it if the clock was once ahead, and are new if the meter has overwritten it.
 */
function afterBreak(rows: readonly ResolvedRow[], progress: ReadingProgress, inRange: boolean): readonly ResolvedRow[] {
  for (const [index, row] of rows.entries()) {
    const { skip } = progress;
    if (skip === undefined || skip.seen >= skip.equal) {
      progress.skip = undefined;
      return rows.slice(index);
    }
    const { time } = row;
    // a selection begins with that row; a row without a time counts as it too, because the row before it is missing
    if (time === undefined ? inRange : time.instant === skip.upTo.instant) {
      skip.seen++;
      skip.later.length = 0;
    } else if (time !== undefined && time.instant > skip.upTo.instant) skip.later.push(row);
  }
  return [];
}

function follow(progress: ReadingProgress, time: ResolvedTime | undefined): void {
  const before = progress.last;
  progress.equal = time !== undefined && time.instant === before?.instant ? progress.equal + 1 : 1;
  if (time !== undefined && before !== undefined && time.instant < before.instant) progress.ascending = false;
  progress.last = time;
}

function maxRows(range: ProfileReading["range"]): number | undefined {
  if (typeof range !== "object") return undefined;
  if ("last" in range) return range.last;
  return "entries" in range ? range.entries[1] - range.entries[0] + 1 : undefined;
}
