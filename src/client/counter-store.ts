import * as nodeFs from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { toHex } from "../bytes";
import { type Clock, systemClock } from "../clock";
import { DlmsConfigError, DlmsStateError, isDlmsError } from "../errors";
import { invalid, object } from "../errors/arguments";
import {
  checkExhaustion,
  CounterBlock,
  counterLimit,
  decodeCounterRecord,
  encodeCounterRecord,
  systemRandom,
} from "../security";
import type { InvocationCounterStore } from "../security/model";

/** The part of node:fs/promises that the store uses; tests put faults in. */
export interface CounterFileSystem {
  realpath(path: string): Promise<string>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  stat(
    path: string,
  ): Promise<{ readonly mode: number; readonly size: number; readonly mtimeMs: number; isFile(): boolean }>;
  open(path: string, flags: string): Promise<CounterFileHandle>;
  rename(from: string, to: string): Promise<void>;
  link(existing: string, path: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string, options: { recursive: true }): Promise<unknown>;
}

export interface CounterFileHandle {
  writeFile(text: string): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileCounterOptions {
  /** values claimed with one write, 1..65536 (256): a crash skips what is left of them */
  readonly block?: number;
  /** first value when there is no file yet (1) */
  readonly start?: number;
  /** for tests */
  readonly fs?: CounterFileSystem;
  readonly clock?: Clock;
}

/** A lock whose holder does not seem to be alive is taken over after this time, in ms. */
const lockStaleMs = 5000;
/** How long a reservation waits for another process, in ms: beyond the time after which a lock is stale. */
const lockWaitMs = 8000;
const lockPollMs = 20;
/** A record is under 150 bytes; what is larger is something else and is not read. */
const recordMost = 4096;

/**
 * Counters that are in use in this process, by file system and real path: two stores on one path hand out values of
 * one block, in order, since a meter refuses whatever is below the highest that it has seen.
 */
const shared = new WeakMap<CounterFileSystem, Map<string, FileCounter>>();

/**
 * An invocation counter in a file. Values are claimed in blocks: the new high-water mark is on the disk before the
 * first value of a block is handed out, so a kill at any instant skips values but never repeats one. Several stores
 * and several processes may use one file; each value is handed out once.
 *
 * Operations reject with DlmsConfigError CONFIG_INVALID for a file that is damaged, foreign, or cannot be read or
 * written (never starting again), DlmsStateError STATE_BUSY when another process does not let go of it, and
 * DlmsSecurityError SEC_COUNTER_EXHAUSTED near 2^32.
 * @throws DlmsConfigError CONFIG_MISSING, CONFIG_INVALID for the arguments
 */
export function fileCounterStore(path: string, options: FileCounterOptions = {}): InvocationCounterStore {
  if (typeof path !== "string") throw invalid("security.invocationCounter", "a file path", path);
  if (path.length === 0) {
    throw new DlmsConfigError("CONFIG_MISSING", "security.invocationCounter: a file path is needed, got an empty text");
  }
  object("options", options);
  const { block = 256, start = 1 } = options;
  if (!Number.isInteger(block) || block < 1 || block > 65536) {
    throw invalid("security.invocationCounter", "a block of 1..65536 values", block);
  }
  const settings = { block, start, fs: options.fs ?? nodeFs, clock: options.clock ?? systemClock };
  const absolute = resolve(path);
  let opening: Promise<FileCounter> | undefined;
  // One opening for all that wait, so that they are served in the order in which they asked; a failed one is repeated.
  const open = (): Promise<FileCounter> =>
    (opening ??= sharedCounter(absolute, settings).catch((error: unknown) => {
      opening = undefined;
      throw error;
    }));
  return {
    reserve: async (count) => (await open()).reserve(count),
    raiseTo: async (atLeast) => (await open()).raiseTo(atLeast),
    mark: async () => (await open()).mark(),
  };
}

type Settings = Required<FileCounterOptions>;

async function sharedCounter(path: string, settings: Settings): Promise<FileCounter> {
  const real = await realPath(path, settings.fs);
  const counters = shared.get(settings.fs) ?? new Map<string, FileCounter>();
  shared.set(settings.fs, counters);
  const counter = counters.get(real) ?? new FileCounter(real, settings);
  counters.set(real, counter);
  return counter;
}

/** The path behind symbolic links; of a file that is not there yet, that of its folder, which is made if needed. */
async function realPath(path: string, fs: CounterFileSystem): Promise<string> {
  try {
    return await fs.realpath(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw fileError(path, "cannot be found", error);
  }
  try {
    await fs.mkdir(dirname(path), { recursive: true });
    return join(await fs.realpath(dirname(path)), basename(path));
  } catch (error) {
    throw fileError(path, "its folder cannot be made", error);
  }
}

class FileCounter {
  readonly #path: string;
  readonly #lockPath: string;
  readonly #settings: Settings;
  readonly #block: CounterBlock;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(path: string, settings: Settings) {
    this.#path = path;
    this.#lockPath = `${path}.lock`;
    this.#settings = settings;
    this.#block = new CounterBlock(settings.start);
  }

  reserve(count: number): Promise<number> {
    if (!Number.isInteger(count) || count < 1 || count > 65536) {
      return Promise.reject(
        new DlmsConfigError("CONFIG_INVALID", `invocation counter: expected to reserve 1..65536 values, got ${count}`),
      );
    }
    return this.#inTurn(async () => {
      const first = this.#block.take(count);
      if (first !== undefined) return first;
      await this.#locked((token) => this.#claim(count, token));
      const claimed = this.#block.take(count);
      if (claimed !== undefined) return claimed;
      throw new DlmsStateError(
        "STATE_BUSY",
        `invocation counter file ${this.#path}: the claimed values were gone at once`,
      );
    });
  }

  mark(): Promise<number | undefined> {
    return this.#inTurn(() => this.#read());
  }

  raiseTo(atLeast: number): Promise<void> {
    return this.#inTurn(async () => {
      checkExhaustion(atLeast, 0);
      if (atLeast > this.#block.mark) {
        await this.#locked(async (token) => {
          const stored = await this.#read();
          if (stored === undefined || atLeast > stored) await this.#write(atLeast, token);
        });
      }
      this.#block.raiseTo(atLeast);
    });
  }

  /** One operation at a time. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(task);
    // The caller gets the failure; the next in turn only waits.
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async #claim(count: number, token: string): Promise<void> {
    const stored = await this.#read();
    const first = Math.max(stored ?? 0, this.#block.mark);
    checkExhaustion(first, count);
    const mark = Math.min(first + Math.max(count, this.#settings.block), counterLimit);
    await this.#write(mark, token);
    this.#block.claim(first, mark);
  }

  /** The stored mark, or undefined when there is no file yet. */
  async #read(): Promise<number | undefined> {
    const { fs } = this.#settings;
    let text: string;
    try {
      const facts = await fs.stat(this.#path);
      if (!facts.isFile()) throw fileError(this.#path, "is not a file");
      if ((facts.mode & 0o222) === 0) throw fileError(this.#path, "is read-only");
      if (facts.size > recordMost) throw fileError(this.#path, `holds ${facts.size} bytes, which is no counter record`);
      text = await fs.readFile(this.#path, "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw fileError(this.#path, "cannot be read", error);
    }
    return decodeCounterRecord(text, this.#path);
  }

  /** Put a new mark on the disk: all of it or nothing, and there before this resolves. */
  async #write(mark: number, token: string): Promise<void> {
    const { fs } = this.#settings;
    const temporary = `${this.#path}.${process.pid}.tmp`;
    try {
      const file = await fs.open(temporary, "w");
      try {
        await file.writeFile(encodeCounterRecord(mark));
        await file.sync();
      } finally {
        await file.close();
      }
      if (!(await this.#holds(token))) {
        throw new DlmsStateError(
          "STATE_BUSY",
          `invocation counter file ${this.#path}: another process took it over, since writing took more than ${lockStaleMs} ms`,
        );
      }
      await fs.rename(temporary, this.#path);
      await syncFolder(dirname(this.#path), fs);
    } catch (error) {
      throw fileError(this.#path, "cannot be written", error);
    }
  }

  async #locked(task: (token: string) => Promise<void>): Promise<void> {
    const token = await this.#lock();
    try {
      await task(token);
    } finally {
      await this.#unlock(token);
    }
  }

  /** Processes take turns by a file that only one can create. */
  async #lock(): Promise<string> {
    const { fs, clock } = this.#settings;
    const token = JSON.stringify({ pid: process.pid, host: hostname(), token: toHex(systemRandom(8)) });
    const deadline = clock.now() + lockWaitMs;
    for (;;) {
      try {
        const file = await fs.open(this.#lockPath, "wx");
        try {
          await file.writeFile(token);
        } finally {
          await file.close();
        }
        return token;
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw fileError(this.#path, "cannot be locked", error);
      }
      if (await this.#takeOverStale()) continue;
      if (clock.now() >= deadline) throw this.#busy();
      await new Promise<void>((done) => clock.setTimeout(done, lockPollMs));
    }
  }

  #busy(): DlmsStateError {
    return new DlmsStateError(
      "STATE_BUSY",
      `invocation counter file ${this.#path}: another process holds ${this.#lockPath} for more than ${lockWaitMs} ms; ` +
        "use one file for each Node-RED, or remove the lock if no other process runs",
      { details: { path: this.#path } },
    );
  }

  /** Whether the lock was left behind by a process that died, and is now out of the way. */
  async #takeOverStale(): Promise<boolean> {
    const { fs, clock } = this.#settings;
    const aside = `${this.#lockPath}.${process.pid}`;
    try {
      const { mtimeMs } = await fs.stat(this.#lockPath);
      const holder = await fs.readFile(this.#lockPath, "utf8");
      if (!isStale(holder, clock.wallTime() - mtimeMs)) return false;
      await fs.rename(this.#lockPath, aside);
      // Between reading and renaming another process may have done the same, and may hold a fresh lock: give it back.
      if ((await fs.readFile(aside, "utf8")) !== holder) await this.#giveBack(aside);
      await fs.unlink(aside);
      return true;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return true;
      throw fileError(this.#path, "cannot be locked", error);
    }
  }

  async #giveBack(aside: string): Promise<void> {
    try {
      await this.#settings.fs.link(aside, this.#lockPath);
    } catch (error) {
      // A third process has the lock by now; the holder notices before it writes.
      if (codeOf(error) !== "EEXIST") throw error;
    }
  }

  async #holds(token: string): Promise<boolean> {
    try {
      return (await this.#settings.fs.readFile(this.#lockPath, "utf8")) === token;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return false;
      throw error;
    }
  }

  async #unlock(token: string): Promise<void> {
    try {
      if (await this.#holds(token)) await this.#settings.fs.unlink(this.#lockPath);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw fileError(this.#path, "cannot be unlocked", error);
    }
  }
}

/** A holder on this machine that is gone, or anybody who has been silent for longer than a write can take. */
function isStale(holder: string, ageMs: number): boolean {
  if (Math.abs(ageMs) > lockStaleMs) return true;
  const facts = /^\{"pid":(\d+),"host":"([^"]*)"/.exec(holder);
  if (facts?.[2] !== hostname()) return false;
  const pid = Number(facts[1]);
  return pid !== process.pid && !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

/** A rename is durable once its folder is. Some systems (Windows, some network drives) cannot open or sync folders. */
async function syncFolder(path: string, fs: CounterFileSystem): Promise<void> {
  try {
    const folder = await fs.open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    if (!["EPERM", "EISDIR", "EINVAL", "ENOTSUP", "EACCES", "EBADF"].includes(codeOf(error))) throw error;
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

function fileError(path: string, what: string, cause?: unknown): Error {
  if (isDlmsError(cause)) return cause;
  const code = codeOf(cause);
  return new DlmsConfigError(
    "CONFIG_INVALID",
    `invocation counter file ${path}: ${what}${code === "" ? "" : ` (${code})`}; ` +
      "without it no counter value is safe to use. The file and its folder have to be readable and writable for this process",
    { details: { path, ...(code === "" ? {} : { code }) }, ...(cause === undefined ? {} : { cause }) },
  );
}
