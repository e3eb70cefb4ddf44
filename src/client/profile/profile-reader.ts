/** The reader of one profile that a program iterates over. */
import { classIds } from "../../apdu";
import type { Clock } from "../../clock";
import {
  type ObisLike,
  obisDotted,
  obisPrinted,
  type PresentOptions,
  type ProfileColumn,
  type ProfileRow,
  readMoment,
} from "../../cosem";
import { encodeValueBytes } from "../../codec";
import { DlmsConfigError } from "../../errors";
import { object, quote } from "../../errors/arguments";
import { callSafely } from "../../errors/boundary";
import type { Association } from "../association/association";
import type { FetchOptions, MeterHints } from "../association/meter-hints";
import type { ClientRequest } from "../services/request-queue";
import type { OperationOptions, ReadOptions } from "../options/options";
import { chooseColumns } from "./columns";
import { profileFacts } from "./profile-info";
import type { ReadingProgress, ProfileProgress, ProfileReading, SelectionUsed } from "./strategies";
import { profileDays, type ProfileRange } from "./time-range";
import { canResume, resume, readProfile } from "./read-profile";
import { RowStream } from "./row-stream";
import { RowTable } from "./row-table";

export interface ProfileOptions extends ReadOptions {
  /** Called after each block. */
  readonly onProgress?: (progress: ProfileProgress) => void;
  /**
   * The requested columns, in this order, by their keys, or by OBIS code if that is unique; none = all. With a range,
   * only these and the time, by which an interrupted reading continues, are requested from the meter.
   */
  readonly columns?: readonly string[];
}

export interface ProfileTable {
  readonly columns: readonly ProfileColumn[];
  /** oldest first */
  readonly rows: readonly ProfileRow[];
  /** the method that finally selected the entries */
  readonly selection: SelectionUsed;
  /** refusals with the fallbacks used; interruptions with the way to continue */
  readonly notes: readonly string[];
  /** seconds from row to row; 0 = on events, or not known */
  readonly capturePeriod: number;
  /** of a range `{ after }`: the row at that time, which `rows` does not have; the base of differences */
  readonly before?: ProfileRow;
}

/** The parts of its client that a reader needs. */
export interface ProfileHost {
  readonly clock: Clock;
  readonly present: PresentOptions;
  readonly reversedDeviation: boolean;
  readonly timeMarks: boolean;
  readonly hints: MeterHints;
  readonly noGetWithList: boolean;
  submit<T>(request: ClientRequest<Association, T>, options: OperationOptions): Promise<T>;
  note(text: string): void;
}

interface Consumer {
  begun(columns: readonly ProfileColumn[], capturePeriod: number): void;
  before?(row: ProfileRow): void;
  rows(rows: readonly ProfileRow[]): Promise<void>;
  stopped(): boolean;
  /** Discards the rows that it received, so that the reading may restart; absent if they have been delivered. */
  readonly forget?: () => void;
}

/** Reads the rows of one profile: each iteration, and each `toTable`, reads them again. */
export class ProfileReader implements AsyncIterable<ProfileRow> {
  readonly #logicalName: string;
  readonly #range: ProfileRange | undefined;
  readonly #options: ProfileOptions;
  readonly #columns: readonly string[];
  readonly #host: ProfileHost;
  #selection: SelectionUsed | undefined;
  #notes: readonly string[] = [];

  /** Programs call `client.profile`. @internal */
  constructor(obis: ObisLike, range: ProfileRange | undefined, options: ProfileOptions, host: ProfileHost) {
    this.#logicalName = obisDotted(obis);
    this.#range = checkRange(range);
    this.#options = options;
    this.#columns = checkColumns(options.columns);
    this.#host = host;
  }

  /** How the last reading selected its entries; undefined until its first row. */
  get selection(): SelectionUsed | undefined {
    return this.#selection;
  }

  /** Notes on the last reading: refusals with the fallbacks used, interruptions, and omitted rows. */
  get notes(): readonly string[] {
    return [...this.#notes];
  }

  /** The selected columns, without reading rows. */
  columns(): Promise<readonly ProfileColumn[]> {
    const { host, ref, columns } = { host: this.#host, ref: this.#ref, columns: this.#columns };
    return host.submit(
      {
        name: `read the columns of profile ${obisPrinted(ref.logicalName)}`,
        key: `columns ${ref.logicalName} ${columns.join()}`,
        repeatable: true,
        run: async (active, queued) => {
          const now = (): number => host.clock.wallTime();
          const options = {
            ...this.#fetchOptions(() => queued.abandoned),
            reversedDeviation: host.reversedDeviation,
            timeMarks: host.timeMarks,
            now,
          };
          const { info } = await profileFacts(active, ref, {}, options);
          return () => chooseColumns(info, columns).columns;
        },
      },
      this.#options,
    );
  }

  /** All rows at once. */
  async toTable(): Promise<ProfileTable> {
    const rows = new RowTable<ProfileRow>();
    let columns: readonly ProfileColumn[] = [];
    let capturePeriod = 0;
    let before: ProfileRow | undefined;
    const reading = this.#begin({
      begun: (chosen, period) => {
        columns = chosen;
        capturePeriod = period;
      },
      before: (row) => {
        before = row;
      },
      rows: (more) => {
        rows.push(more);
        return Promise.resolve();
      },
      stopped: () => false,
      forget: () => {
        rows.clear();
      },
    });
    await reading.done;
    return {
      ...{ columns, rows: rows.all(), selection: reading.selection() ?? "all", notes: reading.notes, capturePeriod },
      ...(before === undefined ? {} : { before }),
    };
  }

  [Symbol.asyncIterator](): AsyncIterator<ProfileRow, undefined> {
    const stream = new RowStream<ProfileRow>(this.#host.clock, this.#name);
    let started = false;
    const start = (): void => {
      if (started) return;
      started = true;
      const consumer: Consumer = {
        begun: () => undefined,
        rows: (rows) => stream.push(rows),
        stopped: () => stream.stopped,
      };
      this.#begin(consumer).done.then(
        () => {
          stream.end();
        },
        (error: unknown) => {
          stream.fail(error);
        },
      );
    };
    return {
      next: () => {
        start();
        return stream.next();
      },
      return: () => {
        stream.stop();
        return Promise.resolve({ value: undefined, done: true });
      },
    };
  }

  get #ref(): { classId: number; logicalName: string; attributeId: number } {
    return { classId: classIds["profile-generic"], logicalName: this.#logicalName, attributeId: 2 };
  }

  get #name(): string {
    return `read profile ${obisPrinted(this.#logicalName)}`;
  }

  #fetchOptions(cancelled: () => boolean): FetchOptions {
    return { cancelled, hints: this.#host.hints, noGetWithList: this.#host.noGetWithList };
  }

  /** Starts a separate reading. */
  #begin(consumer: Consumer): {
    done: Promise<void>;
    notes: readonly string[];
    selection(): SelectionUsed | undefined;
  } {
    const { clock, present, reversedDeviation, timeMarks } = this.#host;
    const notes: string[] = [];
    let selection: SelectionUsed | undefined;
    this.#notes = notes;
    this.#selection = undefined;
    const note = (text: string): void => {
      this.#host.note(text);
      notes.push(text);
    };
    const reading: ProfileReading = {
      ref: this.#ref,
      range: this.#range,
      columns: this.#columns,
      present,
      reversedDeviation,
      timeMarks,
      now: () => clock.wallTime(),
      begun: (columns, used, capturePeriod) => {
        selection = used;
        if (this.#notes === notes) this.#selection = used;
        consumer.begun(columns, capturePeriod);
      },
      before: (row) => consumer.before?.(row),
      rows: consumer.rows.bind(consumer),
      report: (progress) => {
        this.#progress(progress);
      },
      note,
      forget: consumer.forget,
      progress: nothingRead(),
    };
    return { done: this.#submit(reading, consumer), notes, selection: () => selection };
  }

  /** An exception or rejection of a listener has no other effect. */
  #progress(progress: ProfileProgress): void {
    callSafely(
      () => this.#options.onProgress?.(progress),
      (error) => {
        this.#host.note(`${this.#name}: onProgress threw ${String(error)}`);
      },
    );
  }

  #submit(reading: ProfileReading, consumer: Consumer): Promise<void> {
    const { progress } = reading;
    return this.#host.submit(
      {
        name: this.#name,
        // delivered rows cannot be withdrawn, so the reading continues only where the time of the last row is known
        repeatable: () => !consumer.stopped() && canResume(reading),
        progress: () => progress.rows,
        size: "profile",
        run: async (active, queued, attempt) => {
          if (attempt > 0) {
            const { rows } = progress;
            reading.note(`${this.#name}: the connection broke after ${rows} rows; ${resume(reading)}`);
          }
          await readProfile(
            active,
            reading,
            this.#fetchOptions(() => queued.abandoned || consumer.stopped()),
          );
          return () => undefined;
        },
      },
      this.#options,
    );
  }
}

function nothingRead(): ReadingProgress {
  return {
    rows: 0,
    blocks: 0,
    bytes: 0,
    last: undefined,
    equal: 0,
    ascending: true,
    skip: undefined,
    resumed: false,
  };
}

const maxEntryNumber = 0xffffffff;
const rangeForms =
  '{ last }, { from, to }, { after }, "today", "yesterday", "this-month", "last-month", { entries }, { column, least, most } or nothing';

function checkRange(range: ProfileRange | undefined): ProfileRange | undefined {
  if (range === undefined) return undefined;
  if (typeof range === "string") {
    return profileDays.includes(range) ? range : refuse(`range: expected ${rangeForms}`, range);
  }
  object("range", range, rangeForms);
  if ("last" in range)
    return whole(range.last, 1) ? range : refuse("range.last: expected a whole number from 1", range.last);
  if ("entries" in range) {
    const [first, last] = Array.isArray(range.entries) ? range.entries : [];
    if (whole(first, 1) && whole(last, first ?? 1)) return range;
    return refuse("range.entries: expected [first, last], 1-based, first not above last", range.entries);
  }
  if ("column" in range) {
    if (typeof range.column !== "string")
      return refuse("range.column: expected a name like 1.0.1.8.0.255", range.column);
    // bounds that are not values are refused now
    for (const bound of [range.least, range.most]) encodeValueBytes(bound);
    return range;
  }
  if ("from" in range || "after" in range) {
    readMoment("from" in range ? range.from : range.after);
    if (range.to !== undefined) readMoment(range.to);
    return range;
  }
  return refuse(`range: expected ${rangeForms}`, range);
}

function checkColumns(columns: unknown): readonly string[] {
  if (columns === undefined) return [];
  if (Array.isArray(columns) && columns.every((one) => typeof one === "string")) return columns;
  return refuse("columns: expected a list of names like 1.0.1.8.0.255", columns);
}

function whole(value: unknown, min: number): boolean {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= maxEntryNumber;
}

function refuse(expected: string, got: unknown): never {
  throw new DlmsConfigError("CONFIG_INVALID", `${expected}, got ${shown(got)}`);
}

/** The value as JSON, if it has such a form. */
function shown(value: unknown): string {
  try {
    return (
      JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? String(part) : part)) ?? quote(value)
    );
  } catch {
    return quote(value);
  }
}
