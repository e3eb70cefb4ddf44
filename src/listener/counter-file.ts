/** Received counters of a fleet in a file, so that old pushes are refused after a restart too. */
import { open, readFile, rename, unlink } from "node:fs/promises";
import { type Clock, systemClock, type TimerHandle } from "../clock";
import { DlmsConfigError, DlmsStateError, isDlmsError } from "../errors";
import { integer, invalid } from "../errors/arguments";
import { type PushCounterStore, pushCounterStore } from "../push";
import type { ReceivedCounter, ReceivedCounterStore } from "../security";

export interface PushCounterFileOptions {
  /** minimum time between two writes, in ms (10,000); a crash loses the counters received since the last write */
  readonly writeEveryMs?: number;
  /** pairs of meter and key in memory (65,536) */
  readonly limit?: number;
  /** for tests */
  readonly clock?: Clock;
}

const defaultWriteEveryMs = 10_000;

/**
 * Received counters in a file, for one listener or for several of one process. The file is replaced as a whole, at most
 * once per `writeEveryMs` and when a listener closes; it contains no key. A listener does not start if the file is
 * damaged or unreadable, because recorded pushes would be accepted then.
 * @throws DlmsConfigError CONFIG_INVALID for the arguments
 */
export function pushCounterFile(path: string, options: PushCounterFileOptions = {}): ReceivedCounterStore {
  if (typeof path !== "string" || path === "") throw invalid("receivedCounters", "a file path", path);
  const { writeEveryMs = defaultWriteEveryMs, clock = systemClock, limit } = options;
  integer("writeEveryMs", writeEveryMs, 1, 3_600_000);
  return new CounterFile(path, limit, writeEveryMs, clock);
}

class CounterFile implements ReceivedCounterStore {
  readonly remedy: string;
  readonly #path: string;
  readonly #limit: number | undefined;
  readonly #writeEveryMs: number;
  readonly #clock: Clock;
  #store: PushCounterStore | undefined;
  #opening: Promise<void> | undefined;
  #writing: Promise<void> | undefined;
  #timer: TimerHandle | undefined;
  #written = 0;

  constructor(path: string, limit: number | undefined, writeEveryMs: number, clock: Clock) {
    this.remedy = `stop this process and remove ${path}`;
    this.#path = path;
    this.#limit = limit;
    this.#writeEveryMs = writeEveryMs;
    this.#clock = clock;
  }

  of(key: Uint8Array, systemTitle: Uint8Array): ReceivedCounter {
    const store = this.#store;
    if (store === undefined) {
      throw new DlmsStateError(
        "STATE_BUSY",
        `received counters of pushes, ${this.#path}: await ready() before the first push`,
      );
    }
    const counter = store.of(key, systemTitle);
    return {
      get last() {
        return counter.last;
      },
      accept: (value) => {
        counter.accept(value);
        this.#plan();
      },
    };
  }

  async ready(): Promise<void> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    await this.#opening;
  }

  async flush(): Promise<void> {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#writing !== undefined || (this.#store?.changes ?? 0) > this.#written) {
      await (this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      }));
    }
  }

  async #open(): Promise<void> {
    const record = await this.#read();
    const limit = this.#limit === undefined ? {} : { limit: this.#limit };
    try {
      this.#store = pushCounterStore({ ...limit, ...(record === undefined ? {} : { record }) });
    } catch (error) {
      if (!isDlmsError(error) || record === undefined) throw error;
      throw this.#error(
        "is damaged or foreign, and is left as it is. Restore it from a backup, or remove it: after that, recorded pushes are accepted again",
        error,
      );
    }
    // reports a folder without write permission at the start instead of with the first push
    await this.#write();
  }

  async #read(): Promise<string | undefined> {
    try {
      return await readFile(this.#path, "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw this.#error("cannot be read", error);
    }
  }

  #plan(): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      // the next write retries, and the final write reports the failure
      this.flush().catch(() => undefined);
    }, this.#writeEveryMs);
    // a pending write must not keep the process alive after its listener has closed
    (this.#timer as { unref?: () => void }).unref?.();
  }

  async #write(): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    const { changes } = store;
    const temporary = `${this.#path}.${process.pid}.tmp`;
    try {
      const file = await open(temporary, "w", 0o600);
      try {
        await file.writeFile(store.record());
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path);
      this.#written = changes;
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw this.#error("cannot be written", error);
    }
  }

  #error(problem: string, cause: unknown): DlmsConfigError {
    const code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? ` (${cause.code})` : "";
    return new DlmsConfigError(
      "CONFIG_INVALID",
      `received counters of pushes: the file ${this.#path} ${problem}${code}`,
      {
        details: { path: this.#path },
        cause,
      },
    );
  }
}
