/** The invocation counters of a fleet of pushing meters, with a record that can be stored in a file. */
import { toHex } from "../../bytes";
import { integer } from "../../errors/arguments";
import {
  decodeReceivedRecord,
  encodeReceivedRecord,
  maxReceivedCounters,
  ReceivedMarks,
  type ReceivedCounter,
  type ReceivedCounterStore,
  secretFingerprint,
  systemRandom,
} from "../../security";

/** Digits in the name of a key: enough to tell a new key from the previous one, too few to verify a guessed key. */
const keyNameDigits = 6;

export interface PushCounterStoreOptions {
  /** the return value of `record` in an earlier run */
  readonly record?: string;
  /** pairs of meter and key in memory (65536); pushes of further pairs are refused with PUSH_LIMIT */
  readonly limit?: number;
}

/** Received counters of a fleet. The store never forgets a pair: at its limit it refuses further meters. */
export interface PushCounterStore extends ReceivedCounterStore {
  /** pairs of meter and key in memory */
  readonly size: number;
  /** rises with each change: a file needs to be written only after it has risen */
  readonly changes: number;
  /** all counters as text, for a file; it holds no key */
  record(): string;
}

/**
 * Received counters that survive a restart: write `record()` to a file from time to time and pass it in at the next
 * start. After a crash, pushes received since the last write would be accepted again.
 * @throws DlmsConfigError CONFIG_INVALID for a damaged record
 */
export function pushCounterStore(options: PushCounterStoreOptions = {}): PushCounterStore {
  const limit = integer("limit", options.limit ?? maxReceivedCounters, 1, 1_000_000);
  const earlier = options.record === undefined ? undefined : decodeReceivedRecord(options.record, "of pushes");
  return new Store(limit, earlier?.salt ?? systemRandom(16), earlier?.counters ?? []);
}

class Store implements PushCounterStore {
  readonly remedy = "remove the meter's counter from the file of received counters";
  readonly #marks: ReceivedMarks;
  readonly #salt: Uint8Array;
  #changes = 0;

  constructor(limit: number, salt: Uint8Array, counters: readonly (readonly [string, number])[]) {
    this.#salt = salt;
    this.#marks = new ReceivedMarks(Math.max(limit, counters.length), () => {
      this.#changes++;
    });
    this.#marks.merge(counters);
  }

  get size(): number {
    return this.#marks.size;
  }

  get changes(): number {
    return this.#changes;
  }

  of(key: Uint8Array, systemTitle: Uint8Array): ReceivedCounter {
    const name = secretFingerprint(this.#salt, key).slice(0, keyNameDigits);
    return this.#marks.of(`${name}-${toHex(systemTitle)}`);
  }

  record(): string {
    return encodeReceivedRecord(this.#salt, this.#marks.entries());
  }
}
