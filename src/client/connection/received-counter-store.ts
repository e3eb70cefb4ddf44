/** The received invocation counters in a file, so that replays are refused after a restart too. */
import { resolve } from "node:path";
import { toHex } from "../../bytes";
import { type Clock, systemClock, type TimerHandle } from "../../clock";
import { DlmsConfigError, DlmsStateError } from "../../errors";
import { invalid, object } from "../../errors/arguments";
import {
  decodeReceivedRecord,
  encodeReceivedRecord,
  keyFingerprint,
  keyFingerprintAside,
  maxReceivedCounters,
  processKeyName,
  ReceivedMarks,
  systemRandom,
} from "../../security";
import type { ReceivedCounterStore } from "../../security/model";
import { type CounterFileSystem, KeptFile, realFileSystem, realPath } from "./kept-file";

export interface FileReceivedCountersOptions {
  /** at most one write in this time, in ms (10000): a crash loses the counters of this time */
  readonly writeEvery?: number;
  /** for tests */
  readonly fs?: CounterFileSystem;
  readonly clock?: Clock;
}

/** 65,536 entries of at most 60 bytes. */
const maxRecordBytes = 4_194_304;

/**
 * Received counters in a file, shared by all clients of a process that are given the store: recorded messages are
 * refused after a restart too. New counters are written at most once in `writeEvery` ms and when a client closes, so a
 * process that is killed forgets those of its last `writeEvery` ms. The file names keys by a costly salted hash only.
 *
 * Associations are refused with DlmsConfigError CONFIG_INVALID while the file is damaged or cannot be read or written,
 * because without it the client could not detect recorded messages.
 * @throws DlmsConfigError CONFIG_INVALID for the arguments
 */
export function fileReceivedCounters(path: string, options: FileReceivedCountersOptions = {}): ReceivedCounterStore {
  if (typeof path !== "string" || path.length === 0) throw invalid("security.receivedCounters", "a file path", path);
  object("options", options);
  const { writeEvery = 10_000, fs = realFileSystem, clock = systemClock } = options;
  if (!Number.isInteger(writeEvery) || writeEvery < 1 || writeEvery > 3_600_000) {
    throw invalid("security.receivedCounters", "writeEvery of 1..3600000 ms", writeEvery);
  }
  return new FileReceivedCounters(resolve(path), { writeEvery, fs, clock });
}

class FileReceivedCounters implements ReceivedCounterStore {
  readonly remedy: string;
  readonly #file: KeptFile;
  readonly #options: Required<FileReceivedCountersOptions>;
  readonly #marks: ReceivedMarks;
  /**
   * names in the file, by the key's name in this process: a name is a hash that takes some 10 ms, so the names of an
   * association are computed before it begins
   */
  readonly #names = new Map<string, string>();
  #salt: Uint8Array | undefined;
  #opening: Promise<void> | undefined;
  #writing: Promise<void> | undefined;
  #timer: TimerHandle | undefined;
  #dirty = false;
  #failed = false;

  constructor(path: string, options: Required<FileReceivedCountersOptions>) {
    const { fs, clock } = options;
    this.remedy = `stop this process and remove ${path}`;
    this.#options = options;
    this.#file = new KeptFile(path, {
      fs,
      clock,
      kind: "received counter file",
      need: "without it messages that were recorded earlier would be believed",
      maxBytes: maxRecordBytes,
    });
    this.#marks = new ReceivedMarks(maxReceivedCounters, () => {
      this.#changed();
    });
  }

  of(key: Uint8Array, systemTitle: Uint8Array): ReturnType<ReceivedMarks["of"]> {
    return this.#marks.of(`${this.#nameOf(key)}-${toHex(systemTitle)}`);
  }

  /** Reads the file once. A failed write is retried, so that a full disk is not ignored silently. */
  async ready(keys: readonly Uint8Array[] = []): Promise<void> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    await this.#opening;
    for (const key of keys) await this.#learnName(key);
    if (this.#failed) await this.flush();
  }

  async flush(): Promise<void> {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#dirty || this.#writing !== undefined) await (this.#writing ??= this.#write());
  }

  async #open(): Promise<void> {
    const text = (await this.#file.read()) ?? (await this.#make());
    const { salt, counters } = decodeReceivedRecord(text, this.#file.path);
    this.#salt = salt;
    this.#marks.merge(counters);
  }

  /**
   * Before the first name is computed: of two processes that start at the same time, the second uses the salt of the
   * first.
   */
  async #make(): Promise<string> {
    await realPath(this.#file.path, this.#options.fs, this.#file);
    return this.#file.locked(async (token) => {
      const known = await this.#file.read();
      if (known !== undefined) return known;
      const text = encodeReceivedRecord(systemRandom(16), []);
      await this.#file.write(text, token);
      return text;
    });
  }

  #changed(): void {
    this.#dirty = true;
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      // the next association reports a failure and tries again
      this.flush().catch(() => undefined);
    }, this.#options.writeEvery);
    // a pending write must not keep a process alive after it has closed its clients
    (this.#timer as { unref?: () => void }).unref?.();
  }

  async #write(): Promise<void> {
    try {
      await this.#file.locked(async (token) => {
        const salt = this.#salted();
        const text = await this.#file.read();
        if (text !== undefined) {
          const stored = decodeReceivedRecord(text, this.#file.path);
          // another process that uses the same file may have written this record
          if (toHex(stored.salt) !== toHex(salt)) throw this.#changedFile();
          this.#marks.merge(stored.counters);
        }
        this.#dirty = false;
        await this.#file.write(encodeReceivedRecord(salt, this.#marks.entries()), token);
      });
      this.#failed = false;
    } catch (error) {
      this.#dirty = true;
      this.#failed = true;
      throw error;
    } finally {
      this.#writing = undefined;
    }
  }

  #changedFile(): DlmsConfigError {
    return new DlmsConfigError(
      "CONFIG_INVALID",
      `received counter file ${this.#file.path}: it was replaced by a file of another installation; restart this process to use it, or ` +
        "remove it",
      { details: { path: this.#file.path } },
    );
  }

  #nameOf(key: Uint8Array): string {
    const id = processKeyName(key);
    return this.#names.get(id) ?? this.#keepName(id, keyFingerprint(this.#salted(), key));
  }

  async #learnName(key: Uint8Array): Promise<void> {
    const id = processKeyName(key);
    if (!this.#names.has(id)) this.#keepName(id, await keyFingerprintAside(this.#salted(), key));
  }

  #keepName(id: string, name: string): string {
    if (this.#names.size >= maxReceivedCounters) this.#names.clear();
    this.#names.set(id, name);
    return name;
  }

  #salted(): Uint8Array {
    if (this.#salt !== undefined) return this.#salt;
    throw new DlmsStateError("STATE_BUSY", `received counter file ${this.#file.path}: it was not read yet`, {
      fault: "internal",
    });
  }
}
