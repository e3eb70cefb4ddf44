import { ElementStream } from "../codec";
import { clockKind, createRowReader, momentToEpoch, obisPrinted, type ProfileRow, restrictingObject } from "../cosem";
import { DlmsDecodeError } from "../errors";
import { type Attempt, boundsOf, type ProfileReading, type Wanted, zoneOf } from "./profile-attempts";
import type { ColumnChoice } from "./profile-choice";
import type { ProfileInfo } from "./profile-info";

/** Padding and empty blocks behind the last row, which some meters send. */
const maxBlocksBehind = 100;

const clockUnits = { "date-time": undefined, unix: 1000, "unix-microseconds": 0.001 } as const;

/** Turns the pieces of a buffer into rows, oldest first, and hands them on. */
export class RowSink {
  readonly #reading: ProfileReading;
  readonly #info: ProfileInfo;
  readonly #choice: ColumnChoice;
  readonly #attempt: Attempt;
  #keep: Attempt["keep"];
  /** in epoch ms, where the range is one by time */
  readonly #bounds: { readonly from: number; readonly to: number } | undefined;
  readonly #elements: ElementStream<ProfileRow>;
  readonly #timeKey: string | undefined;
  /** ms in one step of a clock that counts since 1970 */
  readonly #unit: number | undefined;
  /** a broken reading goes on with the rows behind this time */
  readonly #after: number | undefined;
  /** rows that can be handed on only when all have come */
  #held: ProfileRow[] = [];
  #blocks = 0;
  /** blocks that came when all rows were there */
  #behind = 0;
  #empty = false;
  #seen = 0;
  #leftOut = 0;
  /** rows left out because nobody can say whether they are wanted */
  #timeless = 0;
  #misfit: DlmsDecodeError | undefined;

  constructor(reading: ProfileReading, { info, choice }: Wanted, attempt: Attempt) {
    const newestFirst = info.sortMethod === 2;
    this.#reading = reading;
    this.#info = info;
    this.#choice = choice;
    this.#attempt = attempt;
    this.#keep = attempt.keep;
    this.#bounds = boundsOf(reading, info);
    this.#after = reading.handed.lastTime;
    const asked = attempt.columns?.flatMap((index) => info.columns[index] ?? []);
    const reader = createRowReader(asked ?? info.columns, {
      ...reading.present,
      capturePeriod: info.capturePeriod,
      newestFirst,
      ...(asked === undefined ? {} : { allColumns: info.columns }),
    });
    this.#elements = new ElementStream(reader);
    const clock = restrictingObject(info.captureObjects);
    this.#unit = clock === undefined ? undefined : clockUnits[clockKind(clock) ?? "date-time"];
    this.#timeKey = clock === undefined ? undefined : info.columns[info.captureObjects.indexOf(clock)]?.key;
  }

  get began(): boolean {
    return this.#blocks > 0;
  }

  /** The first entry has neither the columns that were asked for nor all of them: what comes is of no use. */
  get misfit(): DlmsDecodeError | undefined {
    return this.#misfit;
  }

  async take(bytes: Uint8Array): Promise<void> {
    if (this.#blocks === 0) this.#reading.begun(this.#choice.columns, this.#attempt.used);
    this.#empty ||= this.#blocks === 0 && bytes.length === 1 && bytes[0] === 0;
    this.#blocks++;
    const { handed } = this.#reading;
    handed.blocks++;
    handed.bytes += bytes.length;
    if (this.#empty || this.#elements.complete) this.#refuseEndless(this.#blocks);
    // some meters have null-data for an empty buffer
    if (!this.#empty && this.#misfit === undefined) {
      const elements = this.#rowsOf(bytes);
      this.#distrust();
      await this.#select(elements);
    }
    this.#reading.progress({ rows: handed.rows, blocks: handed.blocks, bytes: handed.bytes });
  }

  /** A meter that never says that a block is the last one would be asked for ever. */
  #refuseEndless(block: number): void {
    this.#behind++;
    if (this.#behind <= maxBlocksBehind) return;
    const { ref } = this.#reading;
    throw new DlmsDecodeError(
      "DECODE_LIMIT",
      `read profile ${obisPrinted(ref.logicalName)}: all rows have come, and the meter goes on with block ${block}; it never sends a last one`,
      { details: { blocks: block, limit: maxBlocksBehind } },
    );
  }

  #rowsOf(bytes: Uint8Array): readonly ProfileRow[] {
    try {
      return this.#elements.push(bytes).elements;
    } catch (error) {
      const first = this.#attempt.columns !== undefined && this.#elements.received === 0;
      if (!first || !(error instanceof DlmsDecodeError)) throw error;
      // the rest of the answer has to come all the same before something else can be asked
      this.#misfit = error;
      return [];
    }
  }

  async finish(): Promise<void> {
    if (!this.#empty) this.#elements.finish();
    const held = this.#info.sortMethod === 2 ? this.#held.reverse() : this.#held;
    this.#held = [];
    const keep = this.#keep;
    if (typeof keep === "object" && "slice" in keep) await this.#hand(held.slice(keep.slice[0] - 1, keep.slice[1]));
    else await this.#hand(held);
    if (this.#leftOut > 0) this.#noteExcess(`${this.#leftOut} rows of another time`);
    if (this.#timeless > 0) this.#noteTimeless();
  }

  /** Some meters accept a selection of entries and send more: then it is made here. */
  #distrust(): void {
    const { range } = this.#reading;
    const { numbers } = this.#attempt;
    if (numbers === undefined || this.#keep !== "all" || range === undefined || "from" in range) return;
    const wanted = numbers.to - numbers.from + 1;
    const count = this.#elements.count ?? 0;
    if (count <= wanted) return;
    // more than up to the last one: the whole buffer; else it began where it should (Gurux' server takes `to` for a count)
    if ("entries" in range && count > numbers.to) this.#keep = { slice: range.entries };
    else if ("last" in range || this.#info.sortMethod === 2) this.#keep = { last: wanted };
    this.#noteExcess(`${count} entries where ${wanted} were asked for`);
  }

  #noteExcess(what: string): void {
    const { ref, note } = this.#reading;
    note(`read profile ${obisPrinted(ref.logicalName)}: the meter sent ${what}; what was not asked for is left out`);
  }

  #noteTimeless(): void {
    const { ref, note } = this.#reading;
    const count = this.#timeless === 1 ? "1 row has" : `${this.#timeless} rows have`;
    note(`read profile ${obisPrinted(ref.logicalName)}: ${count} no known time and may be of another one; left out`);
  }

  async #select(rows: readonly ProfileRow[]): Promise<void> {
    const keep = this.#keep;
    const first = this.#seen;
    this.#seen += rows.length;
    if (this.#info.sortMethod === 2 || (typeof keep === "object" && "last" in keep)) this.#hold(rows, keep);
    else if (typeof keep === "object") {
      const [from, to] = keep.slice;
      await this.#hand(rows.slice(Math.max(0, from - 1 - first), Math.max(0, to - first)));
    } else await this.#hand(this.#ofRange(rows, keep));
  }

  /** By time: of a whole buffer those that are surely of the range, of a selection all but those that surely are not. */
  #ofRange(rows: readonly ProfileRow[], keep: Attempt["keep"]): readonly ProfileRow[] {
    const bounds = this.#bounds;
    if (bounds === undefined) return rows;
    return rows.filter((row) => {
      const time = this.#timeOf(row);
      if (time === undefined) {
        if (keep === "time") this.#timeless++;
        return keep !== "time";
      }
      const wanted = time >= bounds.from && time <= bounds.to;
      if (!wanted && keep !== "time") this.#leftOut++;
      return wanted;
    });
  }

  #hold(rows: readonly ProfileRow[], keep: Attempt["keep"]): void {
    for (const row of this.#ofRange(rows, keep)) this.#held.push(row);
    if (typeof keep !== "object" || !("last" in keep)) return;
    // newest first: the first n that came; oldest first: the last n
    if (this.#info.sortMethod === 2) this.#held.length = Math.min(this.#held.length, keep.last);
    else if (this.#held.length > keep.last) this.#held = this.#held.slice(-keep.last);
  }

  async #hand(rows: readonly ProfileRow[]): Promise<void> {
    const { handed, range } = this.#reading;
    const after = this.#after;
    let fresh = after === undefined ? rows : rows.filter((row) => this.#isFresh(row, after));
    // after a break more may have been captured than there was when the reading began
    const most = mostRows(range);
    if (most !== undefined) fresh = fresh.slice(0, Math.max(0, most - handed.rows));
    if (fresh.length === 0) return;
    handed.rows += fresh.length;
    handed.lastTime = this.#timeOf(fresh.at(-1));
    const { project } = this.#choice;
    await this.#reading.rows(project === undefined ? fresh : fresh.map(project));
  }

  #isFresh(row: ProfileRow, after: number): boolean {
    const time = this.#timeOf(row);
    if (time === undefined) this.#timeless++;
    return time !== undefined && time > after;
  }

  #timeOf(row: ProfileRow | undefined): number | undefined {
    const value = this.#timeKey === undefined ? undefined : row?.[this.#timeKey];
    if (typeof value === "number" && this.#unit !== undefined) return value * this.#unit;
    if (typeof value === "number" || typeof value === "string" || value instanceof Date) {
      return momentToEpoch(value, zoneOf(this.#reading, this.#info));
    }
    return undefined;
  }
}

function mostRows(range: ProfileReading["range"]): number | undefined {
  if (range === undefined || "from" in range) return undefined;
  return "last" in range ? range.last : range.entries[1] - range.entries[0] + 1;
}
