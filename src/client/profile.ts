import type { Clock } from "../clock";
import {
  type ObisLike,
  obisDotted,
  obisPrinted,
  type PresentOptions,
  type ProfileColumn,
  type ProfileRow,
} from "../cosem";
import { DlmsConfigError } from "../errors";
import { object } from "../errors/arguments";
import type { ActiveSession } from "./active-session";
import type { FetchOptions, MeterHints } from "./fetch";
import type { JobInit } from "./job-queue";
import type { OperationOptions, ReadOptions } from "./options";
import { chooseColumns } from "./profile-choice";
import { profileInfo } from "./profile-info";
import type { ProfileProgress, ProfileRange, ProfileReading, SelectionUsed } from "./profile-attempts";
import { readProfile } from "./profile-read";
import { RowStream } from "./row-stream";

export interface ProfileOptions extends ReadOptions {
  /** Called after each block. */
  readonly onProgress?: (progress: ProfileProgress) => void;
  /**
   * The columns that are wanted, in this order, by their keys, or by OBIS code where that is enough; none = all.
   * With a range the meter is asked for these only, and for the time, by which a broken reading goes on.
   */
  readonly columns?: readonly string[];
}

export interface ProfileTable {
  readonly columns: readonly ProfileColumn[];
  /** oldest first */
  readonly rows: readonly ProfileRow[];
  /** how the entries were chosen in the end */
  readonly selection: SelectionUsed;
  /** what the meter refused, and what was done instead; breaks and how the reading went on */
  readonly notes: readonly string[];
}

/** What a reader needs of its client. */
export interface ProfileHost {
  readonly clock: Clock;
  readonly present: PresentOptions;
  readonly reversedDeviation: boolean;
  readonly hints: MeterHints;
  readonly noGetWithList: boolean;
  submit<T>(init: JobInit<ActiveSession, T>, options: OperationOptions): Promise<T>;
  note(text: string): void;
}

interface Consumer {
  begun(columns: readonly ProfileColumn[], selection: SelectionUsed): void;
  rows(rows: readonly ProfileRow[]): Promise<void>;
  note(text: string): void;
  stopped(): boolean;
  /** Forgets the rows that it was given, so that the reading may begin again; absent where they are gone. */
  forget?(): void;
}

/** Reads the rows of one profile: each iteration, and each `toTable`, reads them anew. */
export class ProfileReader implements AsyncIterable<ProfileRow> {
  readonly #logicalName: string;
  readonly #range: ProfileRange | undefined;
  readonly #options: ProfileOptions;
  readonly #columns: readonly string[];
  readonly #host: ProfileHost;

  constructor(obis: ObisLike, range: ProfileRange | undefined, options: ProfileOptions, host: ProfileHost) {
    this.#logicalName = obisDotted(obis);
    this.#range = checkRange(range);
    this.#options = options;
    this.#columns = checkColumns(options.columns);
    this.#host = host;
  }

  /** The columns that are wanted, without reading rows. */
  columns(): Promise<readonly ProfileColumn[]> {
    const { host, ref, columns } = { host: this.#host, ref: this.#ref, columns: this.#columns };
    return host.submit(
      {
        what: `read the columns of profile ${obisPrinted(ref.logicalName)}`,
        key: `columns ${ref.logicalName} ${columns.join()}`,
        repeatable: true,
        run: async (active, job) => {
          const options = { ...this.#fetchOptions(() => job.abandoned), reversedDeviation: host.reversedDeviation };
          const info = await profileInfo(active, ref, options);
          return () => chooseColumns(info, columns).columns;
        },
      },
      this.#options,
    );
  }

  /** All rows at once. */
  async toTable(): Promise<ProfileTable> {
    const rows: ProfileRow[] = [];
    const notes: string[] = [];
    let columns: readonly ProfileColumn[] = [];
    let selection: SelectionUsed = "all";
    await this.#read({
      begun: (chosen, used) => {
        columns = chosen;
        selection = used;
      },
      rows: (more) => {
        for (const row of more) rows.push(row);
        return Promise.resolve();
      },
      note: (text) => notes.push(text),
      stopped: () => false,
      forget: () => {
        rows.length = 0;
      },
    });
    return { columns, rows, selection, notes };
  }

  [Symbol.asyncIterator](): AsyncIterator<ProfileRow, undefined> {
    const stream = new RowStream<ProfileRow>(this.#host.clock, this.#what);
    let started = false;
    const start = (): void => {
      if (started) return;
      started = true;
      const consumer: Consumer = {
        begun: () => undefined,
        rows: (rows) => stream.push(rows),
        note: () => undefined,
        stopped: () => stream.stopped,
      };
      this.#read(consumer).then(
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
    return { classId: 7, logicalName: this.#logicalName, attributeId: 2 };
  }

  get #what(): string {
    return `read profile ${obisPrinted(this.#logicalName)}`;
  }

  #fetchOptions(cancelled: () => boolean): FetchOptions {
    return { cancelled, hints: this.#host.hints, noGetWithList: this.#host.noGetWithList };
  }

  #read(consumer: Consumer): Promise<void> {
    const { clock, present, reversedDeviation } = this.#host;
    const note = (text: string): void => {
      this.#host.note(text);
      consumer.note(text);
    };
    const handed: ProfileReading["handed"] = { rows: 0, lastTime: undefined, blocks: 0, bytes: 0 };
    const reading: ProfileReading = {
      ref: this.#ref,
      range: this.#range,
      columns: this.#columns,
      present,
      zone: { ...(present.timeZone === undefined ? {} : { timeZone: present.timeZone }), reversedDeviation },
      now: () => clock.wallTime(),
      begun: consumer.begun.bind(consumer),
      rows: consumer.rows.bind(consumer),
      progress: (progress) => this.#options.onProgress?.(progress),
      note,
      handed,
    };
    return this.#host.submit(
      {
        what: this.#what,
        // what was handed on cannot be taken back: it goes on only where the time of the last row is known
        repeatable: () =>
          !consumer.stopped() && (handed.rows === 0 || handed.lastTime !== undefined || consumer.forget !== undefined),
        run: async (active, job, attempt) => {
          if (attempt > 0) {
            const { rows, lastTime } = handed;
            const how = rows === 0 ? "read again" : lastTime === undefined ? "begun again" : "went on by time";
            note(`${this.#what}: the connection broke after ${rows} rows; ${how}`);
            if (lastTime === undefined && rows > 0) {
              consumer.forget?.();
              handed.rows = 0;
            }
          }
          await readProfile(
            active,
            reading,
            this.#fetchOptions(() => job.abandoned || consumer.stopped()),
          );
          return () => undefined;
        },
      },
      this.#options,
    );
  }
}

function checkRange(range: ProfileRange | undefined): ProfileRange | undefined {
  if (range === undefined) return undefined;
  object("range", range, "{ last }, { from, to }, { entries } or nothing");
  if ("last" in range)
    return whole(range.last, 1) ? range : refuse("range.last: expected a whole number from 1", range.last);
  if ("entries" in range) {
    const [first, last] = Array.isArray(range.entries) ? range.entries : [];
    if (whole(first, 1) && whole(last, first ?? 1)) return range;
    return refuse("range.entries: expected [first, last], 1-based, first not above last", range.entries);
  }
  if ("from" in range) return range;
  return refuse("range: expected { last }, { from, to }, { entries } or nothing", range);
}

function checkColumns(columns: unknown): readonly string[] {
  if (columns === undefined) return [];
  if (Array.isArray(columns) && columns.every((one) => typeof one === "string")) return columns;
  return refuse("columns: expected a list of names like 1.0.1.8.0.255", columns);
}

function whole(value: unknown, min: number): boolean {
  return Number.isInteger(value) && (value as number) >= min;
}

function refuse(expected: string, got: unknown): never {
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${expected}, got ${JSON.stringify(got, (_key, part: unknown) => (typeof part === "bigint" ? String(part) : part))}`,
  );
}
