/** A small file that processes replace as a whole, under a lock and with each fsync that a crash needs. */
import * as nodeFs from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { toHex } from "../../bytes";
import { type Clock, sleep } from "../../clock";
import { DlmsConfigError, DlmsStateError, isDlmsError } from "../../errors";
import { systemRandom } from "../../security";
import { exhaustedAdvice } from "../../transport/socket-errors";

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

/** What follows the name of a kept file in those of its temporary files (`nameOf`). */
const ownFile = /^(?:[0-9a-f]+\.tmp|lock\.[0-9a-f]+)$/;

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
      await created(temporary, text, fs, (file) => file.sync());
      await this.#requireHeld(token);
      await fs.rename(temporary, this.path);
      // the process may have been stopped between the check of the lock and the rename
      await this.#requireHeld(token);
      await syncFolder(dirname(this.path), fs);
    } catch (error) {
      // what cannot be removed now, the next holder of the lock removes
      await removed(temporary, fs).catch(() => undefined);
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
        `${this.#options.need}; ${exhaustedAdvice(code) ?? "the file and its folder have to be readable and writable for this process"}`,
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
    const name = `${basename(this.path)}.`;
    // "counter.b" may be another counter beside "counter", in use by another process
    const isLeftover = (entry: string): boolean => entry.startsWith(name) && ownFile.test(entry.slice(name.length));
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
    const { clock } = this.#options;
    const token = JSON.stringify({ pid: process.pid, host: hostname(), token: toHex(systemRandom(8)) });
    const own = `${this.#lockPath}.${nameOf(token)}`;
    const deadline = clock.now() + maxLockWaitMs;
    for (;;) {
      if (await this.#isFree(own)) {
        if (await this.#take(own, token)) return token;
        continue;
      }
      if (clock.now() >= deadline) throw this.#busy();
      await sleep(clock, lockPollMs);
    }
  }

  /** @param own file of this process: it becomes the lock, with the holder inside whenever the process is killed */
  async #take(own: string, token: string): Promise<boolean> {
    const { fs } = this.#options;
    try {
      await created(own, token, fs);
      const taken = await this.#linked(own, token);
      await removed(own, fs);
      return taken;
    } catch (error) {
      throw this.error("cannot be locked", error);
    }
  }

  async #linked(own: string, token: string): Promise<boolean> {
    const { fs } = this.#options;
    try {
      await fs.link(own, this.#lockPath);
      return true;
    } catch (error) {
      // Another process was faster, and may have removed `own` as a leftover. A network drive that repeats the link
      // after a lost answer refuses the second one.
      if (["EEXIST", "ENOENT"].includes(codeOf(error))) return this.#holds(token);
    }
    try {
      // a file system without links
      await created(this.#lockPath, token, fs);
      return true;
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false;
      throw error;
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

  /**
   * Returns whether no process holds the lock; removes one that a process left which has ended.
   * @param aside name for the removed lock
   */
  async #isFree(aside: string): Promise<boolean> {
    const { fs, clock } = this.#options;
    try {
      const holder = await fs.readFile(this.#lockPath, "utf8");
      const { mtimeMs } = await fs.stat(this.#lockPath);
      if (!isStale(holder, clock.wallTime() - mtimeMs)) return false;
      // Between reading and renaming another process may have done the same, and this may be its fresh lock. It is not
      // put back: a third process may have had its turn in between. The holder sees the loss before it uses a value.
      await fs.rename(this.#lockPath, aside);
      await removed(aside, fs);
      return true;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return true;
      throw this.error("cannot be locked", error);
    }
  }

  async #requireHeld(token: string): Promise<void> {
    if (await this.#holds(token)) return;
    throw new DlmsStateError(
      "STATE_BUSY",
      `${this.#options.kind} ${this.path}: another process took it over; nothing of this write is used, and the next one tries again`,
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
    const { fs } = this.#options;
    try {
      // A process without a free file handle cannot read the lock. A holder whose lock is removed sees the loss.
      const held = await this.#holds(token).catch(() => true);
      if (held) await removed(this.#lockPath, fs);
    } catch (error) {
      throw this.error("cannot be unlocked", error);
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

async function created(
  path: string,
  text: string,
  fs: CounterFileSystem,
  finish: (file: CounterFileHandle) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const file = await fs.open(path, "wx");
  try {
    await file.writeFile(text);
    await finish(file);
  } finally {
    await file.close();
  }
}

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
