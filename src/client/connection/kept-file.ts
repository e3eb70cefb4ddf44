/** A small file that processes replace as a whole, under a lock and with each fsync that a crash needs. */
import * as nodeFs from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { toHex } from "../../bytes";
import { type Clock, sleep } from "../../clock";
import { DlmsConfigError, DlmsStateError, isDlmsError } from "../../errors";
import { systemRandom } from "../../security";

/** The part of node:fs/promises that the stores use; tests put faults in. */
export interface CounterFileSystem {
  realpath(path: string): Promise<string>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  readdir(path: string): Promise<string[]>;
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

export const realFileSystem: CounterFileSystem = nodeFs;

/** How long the lock of a process that seems to have ended is respected, in ms; then it is taken over. */
const maxLockAgeMs = 5000;
/** How long an operation waits for another process, in ms: beyond the time after which a lock is stale. */
const maxLockWaitMs = 8000;
const lockPollMs = 20;

export interface KeptFileOptions {
  readonly fs: CounterFileSystem;
  readonly clock: Clock;
  /** for messages: "invocation counter file" */
  readonly kind: string;
  /** for messages: the function that needs the file */
  readonly need: string;
  /** a larger file is something else and is not read */
  readonly maxBytes: number;
}

/** A small file that several processes replace as a whole, in turns. */
export class KeptFile {
  readonly path: string;
  readonly #lockPath: string;
  readonly #options: KeptFileOptions;

  constructor(path: string, options: KeptFileOptions) {
    this.path = path;
    this.#lockPath = `${path}.lock`;
    this.#options = options;
  }

  /** The contents, or undefined without a file. */
  async read(): Promise<string | undefined> {
    const { fs, maxBytes } = this.#options;
    try {
      const facts = await fs.stat(this.path);
      if (!facts.isFile()) throw this.error("is not a file");
      if ((facts.mode & 0o222) === 0) throw this.error("is read-only");
      if (facts.size > maxBytes) throw this.error(`holds ${facts.size} bytes, at most ${maxBytes} are expected`);
      return await fs.readFile(this.path, "utf8");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw this.error("cannot be read", error);
    }
  }

  /** Time of the last replacement of the contents, in ms since 1970; undefined without a file. */
  async replacedAt(): Promise<number | undefined> {
    try {
      return (await this.#options.fs.stat(this.path)).mtimeMs;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw this.error("cannot be read", error);
    }
  }

  /**
   * Replaces the contents: all of it or nothing, and on the disk before this resolves.
   * @param token of the lock
   * @throws DlmsStateError STATE_BUSY when another process took the lock over: the written contents may be lost
   */
  async write(text: string, token: string): Promise<void> {
    const { fs } = this.#options;
    // each lock has its own name, because the next holder removes the file that an earlier one left
    const temporary = `${this.path}.${nameOf(token)}.tmp`;
    try {
      const file = await fs.open(temporary, "wx");
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#requireHeld(token);
      await fs.rename(temporary, this.path);
      // the process may have been stopped between the check of the lock and the rename
      await this.#requireHeld(token);
      await syncFolder(dirname(this.path), fs);
    } catch (error) {
      throw this.error("cannot be written", error);
    }
  }

  /** Runs a task while no other process does: processes take turns by a file that only one of them can create. */
  async locked<T>(task: (token: string) => Promise<T>): Promise<T> {
    const token = await this.#lock();
    try {
      await this.#removeLeftovers();
      return await task(token);
    } finally {
      await this.#unlock(token);
    }
  }

  error(problem: string, cause?: unknown): Error {
    if (isDlmsError(cause)) return cause;
    const code = codeOf(cause);
    return new DlmsConfigError(
      "CONFIG_INVALID",
      `${this.#options.kind} ${this.path}: ${problem}${code === "" ? "" : ` (${code})`}; ` +
        `${this.#options.need}. The file and its folder have to be readable and writable for this process`,
      {
        details: { path: this.path, ...(code === "" ? {} : { code }) },
        ...(cause === undefined ? {} : { cause }),
      },
    );
  }

  /**
   * Removes the temporary files of processes that were killed. This also stops an earlier holder of the lock that was
   * suspended before its rename: the rename finds no file.
   */
  async #removeLeftovers(): Promise<void> {
    const { fs } = this.#options;
    const name = basename(this.path);
    const isLeftover = (entry: string): boolean =>
      entry.startsWith(`${name}.`) && (entry.endsWith(".tmp") || entry.startsWith(`${name}.lock.`));
    try {
      const folder = dirname(this.path);
      for (const entry of await fs.readdir(folder)) {
        if (isLeftover(entry)) await removed(join(folder, entry), fs);
      }
    } catch (error) {
      throw this.error("cannot be cleared of leftover temporary files", error);
    }
  }

  async #lock(): Promise<string> {
    const { fs, clock } = this.#options;
    const token = JSON.stringify({ pid: process.pid, host: hostname(), token: toHex(systemRandom(8)) });
    const deadline = clock.now() + maxLockWaitMs;
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
        if (codeOf(error) !== "EEXIST") throw this.error("cannot be locked", error);
      }
      if (await this.#takeOverStale()) continue;
      if (clock.now() >= deadline) throw this.#busy();
      await sleep(clock, lockPollMs);
    }
  }

  #busy(): DlmsStateError {
    return new DlmsStateError(
      "STATE_BUSY",
      `${this.#options.kind} ${this.path}: another process holds ${this.#lockPath} for more than ${maxLockWaitMs} ms; ` +
        "use one file for each Node-RED, or remove the lock if no other process runs",
      { details: { path: this.path } },
    );
  }

  /** Returns whether the lock was left by a process that has ended, and is now removed. */
  async #takeOverStale(): Promise<boolean> {
    const { fs, clock } = this.#options;
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
      throw this.error("cannot be locked", error);
    }
  }

  async #giveBack(aside: string): Promise<void> {
    try {
      await this.#options.fs.link(aside, this.#lockPath);
    } catch (error) {
      // a third process has the lock by now; the holder notices that before it writes
      if (codeOf(error) !== "EEXIST") throw error;
    }
  }

  async #requireHeld(token: string): Promise<void> {
    if (await this.#holds(token)) return;
    throw new DlmsStateError(
      "STATE_BUSY",
      `${this.#options.kind} ${this.path}: another process took it over, since writing took more than ${maxLockAgeMs} ms`,
    );
  }

  async #holds(token: string): Promise<boolean> {
    try {
      return (await this.#options.fs.readFile(this.#lockPath, "utf8")) === token;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return false;
      throw error;
    }
  }

  async #unlock(token: string): Promise<void> {
    try {
      if (await this.#holds(token)) await this.#options.fs.unlink(this.#lockPath);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw this.error("cannot be unlocked", error);
    }
  }
}

/** The path without symbolic links. For a missing file: that of its folder, which is created if needed. */
export async function realPath(path: string, fs: CounterFileSystem, file: KeptFile): Promise<string> {
  try {
    return await fs.realpath(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw file.error("cannot be found", error);
  }
  try {
    await fs.mkdir(dirname(path), { recursive: true });
    return join(await fs.realpath(dirname(path)), basename(path));
  } catch (error) {
    throw file.error("its folder cannot be made", error);
  }
}

const nameOf = (token: string): string => /"token":"([0-9a-f]+)"/.exec(token)?.[1] ?? String(process.pid);

async function removed(path: string, fs: CounterFileSystem): Promise<void> {
  try {
    await fs.unlink(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** Whether the holder has ended on this machine, or has shown no activity for longer than a write can take. */
function isStale(holder: string, ageMs: number): boolean {
  if (Math.abs(ageMs) > maxLockAgeMs) return true;
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
