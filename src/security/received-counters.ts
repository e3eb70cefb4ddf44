import { createHmac } from "node:crypto";
import { bytesEqual, toHex } from "../bytes";
import { DlmsSecurityError, DlmsStateError } from "../errors";
import type { ReceivedCounter, ReceivedCounterStore } from "./model";
import { systemRandom } from "./random";

/** Pairs of key and system title that a store remembers. At the limit it refuses further meters; it forgets none. */
export const mostReceivedCounters = 65_536;

/**
 * The highest counter by name, for stores. It never forgets: a forgotten counter is one that can be replayed.
 */
export class ReceivedMarks {
  readonly #marks = new Map<string, number>();
  readonly #limit: number;
  readonly #raised: () => void;

  /** @param raised called after each change, on the path of every answer */
  constructor(limit: number, raised: () => void = () => undefined) {
    this.#limit = limit;
    this.#raised = raised;
  }

  /** @throws DlmsStateError STATE_QUEUE_FULL for one more name than the limit allows */
  of(name: string): ReceivedCounter {
    const marks = this.#marks;
    if (!marks.has(name)) this.#checkRoom();
    const raised = this.#raised;
    return {
      get last() {
        return marks.get(name);
      },
      accept: (counter) => {
        if (counter <= (marks.get(name) ?? -1)) return;
        marks.set(name, counter);
        raised();
      },
    };
  }

  /** What another process or an earlier run accepted. */
  merge(marks: Iterable<readonly [string, number]>): void {
    for (const [name, counter] of marks) {
      if (counter > (this.#marks.get(name) ?? -1)) this.#marks.set(name, counter);
    }
  }

  entries(): [string, number][] {
    return [...this.#marks];
  }

  #checkRoom(): void {
    if (this.#marks.size < this.#limit) return;
    throw new DlmsStateError(
      "STATE_QUEUE_FULL",
      `received invocation counters: ${this.#limit} pairs of key and system title are remembered, which is the limit; none is ` +
        "forgotten, since its messages could be replayed. Read further meters from another process",
      { details: { limit: this.#limit } },
    );
  }
}

const processSecret = systemRandom(32);

/** A name for a key within this process: nothing that leads back to the key, and another one in each process. */
export const processKeyName = (key: Uint8Array): string =>
  createHmac("sha256", processSecret).update(key).digest("base64");

/**
 * Received counters that live as long as the store: one for all clients of a process that use the same keys. It keeps
 * no key, only a keyed hash of it.
 */
export function memoryReceivedCounters(): ReceivedCounterStore {
  const marks = new ReceivedMarks(mostReceivedCounters);
  return {
    of: (key, systemTitle) => marks.of(`${processKeyName(key)}-${toHex(systemTitle)}`),
    remedy: "restart this process, or give the client a store of its own (security.receivedCounters)",
  };
}

/** Keys made for one message that are remembered at most; beyond it the one that was silent longest goes. */
const trackedMost = 4096;

/**
 * The highest counter that came, per sender's system title and key. Check first, open the content (its tag!), then
 * commit: a forged APDU must not move the mark. The counters of a key that outlives the association are the store's;
 * those of a dedicated key, or of a key made for one message, are remembered here.
 */
export class ReceivedCounters {
  readonly #store: ReceivedCounterStore;
  readonly #last = new Map<string, number>();
  /** of the message that came last: looking it up costs more than the cipher */
  #recent:
    | {
        readonly systemTitle: Uint8Array;
        readonly keyRole: string;
        readonly key: Uint8Array | undefined;
        readonly counter: ReceivedCounter;
      }
    | undefined;

  /** @param store of the lasting keys */
  constructor(store: ReceivedCounterStore = memoryReceivedCounters()) {
    this.#store = store;
  }

  /** Before an association: the counters of earlier runs are known from here on. */
  async ready(): Promise<void> {
    await this.#store.ready?.();
  }

  async flush(): Promise<void> {
    await this.#store.flush?.();
  }

  /**
   * @param key of a lasting key: the key
   * @throws DlmsSecurityError SEC_REPLAY unless the counter is above all that came before
   */
  check(systemTitle: Uint8Array, keyRole: string, counter: number, key?: Uint8Array): void {
    const last = this.last(systemTitle, keyRole, key);
    if (last === undefined || counter > last) return;
    const title = toHex(systemTitle);
    const remedy = key === undefined ? undefined : this.#store.remedy;
    throw new DlmsSecurityError(
      "SEC_REPLAY",
      `system title ${title}, ${keyRole} key: received invocation counter ${counter}, expected more than ${last}; ` +
        "the message was repeated or is out of order, and was refused" +
        (remedy === undefined
          ? ""
          : `. If this is a meter that starts its counter again under the same key and title, exchange the key, or ${remedy}: ` +
            "messages recorded earlier are believed once more after that"),
      { details: { systemTitle: title, keyRole, received: counter, last } },
    );
  }

  /** Remember a counter whose tag was verified. Never moves backwards. */
  commit(systemTitle: Uint8Array, keyRole: string, counter: number, key?: Uint8Array): void {
    this.#of(systemTitle, keyRole, key).accept(counter);
  }

  /** The highest counter that was committed. */
  last(systemTitle: Uint8Array, keyRole: string, key?: Uint8Array): number | undefined {
    return this.#of(systemTitle, keyRole, key).last;
  }

  #of(systemTitle: Uint8Array, keyRole: string, key: Uint8Array | undefined): ReceivedCounter {
    const recent = this.#recent;
    if (recent?.keyRole === keyRole && recent.key === key && bytesEqual(recent.systemTitle, systemTitle)) {
      return recent.counter;
    }
    const counter =
      key === undefined ? this.#passing(`${keyRole} ${toHex(systemTitle)}`) : this.#store.of(key, systemTitle);
    this.#recent = { systemTitle: Uint8Array.from(systemTitle), keyRole, key, counter };
    return counter;
  }

  #passing(name: string): ReceivedCounter {
    const marks = this.#last;
    return {
      get last() {
        return marks.get(name);
      },
      accept: (counter) => {
        const last = marks.get(name);
        // put after all others, so that the first is the one that was silent longest
        if (last !== undefined && marks.size > 1) marks.delete(name);
        marks.set(name, last === undefined ? counter : Math.max(last, counter));
        if (marks.size <= trackedMost) return;
        const oldest = marks.keys().next();
        if (oldest.done !== true) marks.delete(oldest.value);
      },
    };
  }

  /** Forget a key that was exchanged (a new dedicated key), for every title. */
  forget(keyRole: string): void {
    for (const key of this.#last.keys()) if (key.startsWith(`${keyRole} `)) this.#last.delete(key);
  }
}
