/** An invocation counter in a file: no value is used twice, even after a crash. */
import { resolve } from "node:path";
import { type Clock, Mutex, systemClock } from "../../clock";
import { DlmsConfigError, DlmsStateError } from "../../errors";
import { invalid, object } from "../../errors/arguments";
import {
  checkExhaustion,
  CounterBlock,
  maxCounter,
  type CounterRecord,
  decodeCounterRecord,
  encodeCounterRecord,
  untried,
  withTried,
} from "../../security";
import type { InvocationCounterStore, UnprovenCounter } from "../../security/model";
import { type CounterFileSystem, KeptFile, realFileSystem, realPath } from "./kept-file";

export type { CounterFileHandle, CounterFileSystem } from "./kept-file";

export interface FileCounterOptions {
  /** values claimed with one write, 1..65536 (256): a crash skips the unused ones */
  readonly block?: number;
  /** first value when there is no file yet (1) */
  readonly start?: number;
  /**
   * Path of a marker file, which records that the counter's file existed: if the counter's file is lost, the store
   * issues no value before the counter is raised, rather than starting again. Absent: a missing file is a new counter.
   */
  readonly marker?: string;
  /** for tests */
  readonly fs?: CounterFileSystem;
  readonly clock?: Clock;
}

/** A record is under 2500 bytes; a larger file is something else and is not read. */
const maxRecordBytes = 4096;
const usualBlock = 256;
const usualStart = 1;
/** Unproven values that are claimed with one write: an association needs a few. */
const unprovenBlock = 16;

/**
 * Counters in use in this process, by file system and real path: two stores on one path issue values of one block, in
 * order, because a meter refuses any value below the highest that it has received.
 */
const shared = new WeakMap<CounterFileSystem, Map<string, FileCounter>>();

/**
 * An invocation counter in a file. Values are claimed in blocks: the new high-water mark is on the disk before the
 * first value of a block is used, so a kill at any instant skips values but never repeats one. Several stores and
 * several processes may use one file; each value is issued once.
 *
 * Operations reject with DlmsConfigError CONFIG_INVALID for a file that is damaged, foreign, or cannot be read or
 * written (the counter never restarts), DlmsStateError STATE_BUSY when another process does not release it, and
 * DlmsSecurityError SEC_COUNTER_EXHAUSTED near 2^32.
 * @throws DlmsConfigError CONFIG_MISSING, CONFIG_INVALID for the arguments
 */
export function fileCounterStore(path: string, options: FileCounterOptions = {}): InvocationCounterStore {
  if (typeof path !== "string") throw invalid("security.invocationCounter", "a file path", path);
  if (path.length === 0) {
    throw new DlmsConfigError("CONFIG_MISSING", "security.invocationCounter: a file path is needed, got an empty text");
  }
  object("options", options);
  const { block = usualBlock, start = usualStart } = options;
  if (!Number.isInteger(block) || block < 1 || block > 65536) {
    throw invalid("security.invocationCounter", "a block of 1..65536 values", block);
  }
  const settings = { block, start, fs: options.fs ?? realFileSystem, clock: options.clock ?? systemClock };
  const marker = options.marker === undefined ? undefined : resolve(options.marker);
  const absolute = resolve(path);
  return storeOf(() => sharedCounter(absolute, { ...settings, marker }));
}

/**
 * A store for a file whose name takes some time to determine: the name is requested when the counter is first used.
 * @param path of the file; its marker is in the same folder
 */
export function namedCounterStore(
  path: () => Promise<string>,
  parts: { readonly fs: CounterFileSystem; readonly clock: Clock },
): InvocationCounterStore {
  return storeOf(async () => {
    const absolute = resolve(await path());
    return sharedCounter(absolute, { block: usualBlock, start: usualStart, marker: `${absolute}.known`, ...parts });
  });
}

function storeOf(openFile: () => Promise<FileCounter>): InvocationCounterStore {
  let opening: Promise<FileCounter> | undefined;
  // All waiting calls share one opening, so that they are served in the order of the calls; a failed one is repeated.
  const open = (): Promise<FileCounter> =>
    (opening ??= openFile().catch((error: unknown) => {
      opening = undefined;
      throw error;
    }));
  return {
    reserve: async (count) => (await open()).reserve(count),
    raiseTo: async (atLeast) => (await open()).raiseTo(atLeast),
    mark: async () => (await open()).mark(),
    markedAt: async () => (await open()).markedAt(),
    lost: async () => (await open()).lost(),
    tryFrom: (atLeast) => {
      checkExhaustion(atLeast, 0);
      const unproven = new CounterBlock(atLeast);
      return {
        reserve: async (count) => (await open()).reserveUnproven(unproven, count),
        prove: async () => (await open()).raiseTo(unproven.mark),
      } satisfies UnprovenCounter;
    },
  };
}

type Settings = Required<Omit<FileCounterOptions, "marker">> & { readonly marker: string | undefined };

async function sharedCounter(path: string, settings: Settings): Promise<FileCounter> {
  const real = await realPath(path, settings.fs, keptCounter(path, settings));
  const counters = shared.get(settings.fs) ?? new Map<string, FileCounter>();
  shared.set(settings.fs, counters);
  const counter = counters.get(real) ?? new FileCounter(real, settings);
  counters.set(real, counter);
  return counter;
}

/** The counter's file: without it no value is safe to use. */
const keptCounter = (path: string, { fs, clock }: Settings): KeptFile =>
  new KeptFile(path, {
    fs,
    clock,
    kind: "invocation counter file",
    need: "without it no counter value is safe to use",
    maxBytes: maxRecordBytes,
  });

const markerText =
  "The counter file of this name existed. Without it no counter restarts. Leave this file where it is.\n";

class FileCounter {
  readonly #file: KeptFile;
  readonly #marker: KeptFile | undefined;
  #marked = false;
  readonly #settings: Settings;
  readonly #block: CounterBlock;
  readonly #oneAtATime = new Mutex();

  constructor(path: string, settings: Settings) {
    this.#file = keptCounter(path, settings);
    this.#marker = settings.marker === undefined ? undefined : keptCounter(settings.marker, settings);
    this.#settings = settings;
    this.#block = new CounterBlock(settings.start);
  }

  reserve(count: number): Promise<number> {
    return this.#take(this.#block, count, (token) => this.#claim(count, token));
  }

  /** Claims values above the mark: they are recorded as tried before they are used, and the mark does not move. */
  reserveUnproven(unproven: CounterBlock, count: number): Promise<number> {
    return this.#take(unproven, count, async (token) => {
      const record = await this.#read();
      const size = Math.max(count, unprovenBlock);
      const above = Math.max(unproven.mark, record.next ?? 0, this.#block.mark);
      const from = untried(record.tried, above, size);
      checkExhaustion(from, size);
      const movedAt = record.movedAt ?? (record.next === undefined ? undefined : await this.#file.replacedAt());
      await this.#write({ ...record, movedAt, tried: withTried(record.tried, { from, to: from + size }) }, token);
      unproven.claim(from, from + size);
    });
  }

  #take(block: CounterBlock, count: number, claim: (token: string) => Promise<void>): Promise<number> {
    if (!Number.isInteger(count) || count < 1 || count > 65536) {
      return Promise.reject(
        new DlmsConfigError("CONFIG_INVALID", `invocation counter: expected to reserve 1..65536 values, got ${count}`),
      );
    }
    return this.#oneAtATime.run(async () => {
      const first = block.take(count);
      if (first !== undefined) return first;
      await this.#file.locked(claim);
      const claimed = block.take(count);
      if (claimed !== undefined) return claimed;
      throw new DlmsStateError(
        "STATE_BUSY",
        `invocation counter file ${this.#file.path}: the claimed values were gone at once`,
      );
    });
  }

  mark(): Promise<number | undefined> {
    return this.#oneAtATime.run(async () => (await this.#read()).next);
  }

  lost(): Promise<string | undefined> {
    return this.#oneAtATime.run(async () => ((await this.#isLost()) ? `${this.#lostText()}` : undefined));
  }

  markedAt(): Promise<number | undefined> {
    return this.#oneAtATime.run(async () => (await this.#read()).movedAt ?? this.#file.replacedAt());
  }

  raiseTo(atLeast: number): Promise<void> {
    return this.#oneAtATime.run(async () => {
      checkExhaustion(atLeast, 0);
      if (atLeast > this.#block.mark) {
        await this.#file.locked(async (token) => {
          const { next, tried } = await this.#read();
          if (next === undefined || atLeast > next) await this.#write({ next: atLeast, tried }, token);
        });
      }
      this.#block.raiseTo(atLeast);
    });
  }

  async #claim(count: number, token: string): Promise<void> {
    const { next, tried } = await this.#read();
    if (next === undefined && (await this.#isLost())) throw this.#lostError();
    const size = Math.max(count, this.#settings.block);
    const first = untried(tried, Math.max(next ?? 0, this.#block.mark), size);
    checkExhaustion(first, count);
    const mark = Math.min(first + size, maxCounter);
    await this.#write({ next: mark, tried }, token);
    this.#block.claim(first, mark);
  }

  async #read(): Promise<CounterRecord> {
    const text = await this.#file.read();
    return text === undefined ? { next: undefined, tried: [] } : decodeCounterRecord(text, this.#file.path);
  }

  async #write(record: CounterRecord, token: string): Promise<void> {
    const { next } = record;
    const tried = record.tried.filter(({ to }) => next === undefined || to > next);
    await this.#file.write(encodeCounterRecord({ ...record, tried }), token);
    if (next === undefined) return;
    // after the first record, so that a process killed in between has lost nothing
    if (this.#marker === undefined || this.#marked) return;
    if ((await this.#marker.read()) === undefined) {
      await this.#marker.locked((lock) => this.#marker?.write(markerText, lock) ?? Promise.resolve());
    }
    this.#marked = true;
  }

  /** Whether the file existed and is missing, and this process has not read the mark before. */
  async #isLost(): Promise<boolean> {
    if (this.#marker === undefined || this.#block.mark > this.#settings.start) return false;
    return (await this.#read()).next === undefined && (await this.#marker.read()) !== undefined;
  }

  #lostText(): string {
    return `invocation counter file ${this.#file.path}: it existed and is gone`;
  }

  #lostError(): DlmsConfigError {
    return new DlmsConfigError(
      "CONFIG_MISSING",
      `${this.#lostText()}; a restart would use counter values twice. Let the counter be read from the meter, by ` +
        `another client than this one (security.counterSource, "read from the meter" in the node), or restore the file from a backup. Only after the keys ` +
        `were exchanged in the meter, remove ${this.#marker?.path ?? "its marker"}`,
      { details: { path: this.#file.path } },
    );
  }
}
