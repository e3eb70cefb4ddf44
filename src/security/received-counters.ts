/** Replay protection: invocation counters of received messages, per key and sender. */
import { createHmac } from "node:crypto";
import { bytesEqual, toHex } from "../bytes";
import { DlmsSecurityError, DlmsStateError } from "../errors";
import { HeardPushes } from "./heard-pushes";
import type { ReceivedCounter, ReceivedCounterStore, SymmetricKeys } from "./model";
import { systemRandom } from "./random";

/**
 * Maximum number of pairs of key and system title in a store. At the limit it refuses further meters, because it must
 * not forget counters.
 */
export const maxReceivedCounters = 65_536;

/** Sequence number of events in this process: the start of associations, and skipped counters. */
let order = 0;

/**
 * Maximum number of skipped ranges below a mark. At the limit the oldest range is dropped, and its messages are
 * refused.
 */
const maxGapsPerKey = 16;

/** A range of skipped counters: a later message has overtaken theirs, or they were used for other receivers. */
interface Gap {
  readonly from: number;
  readonly to: number;
  readonly order: number;
}

interface Mark {
  last: number;
  gaps: Gap[];
}

/**
 * The highest counter by name, for stores. It never forgets a counter, because a forgotten counter could be replayed.
 */
export class ReceivedMarks {
  readonly #marks = new Map<string, Mark>();
  readonly #limit: number;
  readonly #raised: () => void;

  /** @param raised called after each change, so for every answer */
  constructor(limit: number, raised: () => void = () => undefined) {
    this.#limit = limit;
    this.#raised = raised;
  }

  /** @throws DlmsStateError STATE_QUEUE_FULL for one more name than the limit allows */
  of(name: string): ReceivedCounter {
    const marks = this.#marks;
    if (!marks.has(name)) this.#checkRoom();
    return {
      get last() {
        return marks.get(name)?.last;
      },
      accept: (counter) => {
        this.#accept(name, counter);
      },
      missing: (counter, since) =>
        marks.get(name)?.gaps.some((gap) => gap.order > since && isIn(gap, counter)) === true,
    };
  }

  /** Merges the counters that another process or an earlier run has accepted. */
  merge(marks: Iterable<readonly [string, number]>): void {
    for (const [name, counter] of marks) {
      if (counter > (this.#marks.get(name)?.last ?? -1)) this.#marks.set(name, { last: counter, gaps: [] });
    }
  }

  /** Limit of remembered names. */
  get size(): number {
    return this.#marks.size;
  }

  entries(): [string, number][] {
    return [...this.#marks].map(([name, { last }]) => [name, last]);
  }

  #accept(name: string, counter: number): void {
    const mark = this.#marks.get(name) ?? { last: -1, gaps: [] };
    if (counter <= mark.last) {
      mark.gaps = mark.gaps.flatMap((gap) => (isIn(gap, counter) ? without(gap, counter) : [gap]));
      return;
    }
    if (counter > mark.last + 1) {
      mark.gaps.push({ from: mark.last + 1, to: counter - 1, order: ++order });
      if (mark.gaps.length > maxGapsPerKey) mark.gaps.shift();
    }
    mark.last = counter;
    this.#marks.set(name, mark);
    this.#raised();
  }

  #checkRoom(): void {
    if (this.#marks.size < this.#limit) return;
    throw new DlmsStateError(
      "STATE_QUEUE_FULL",
      `received invocation counters: ${this.#limit} pairs of key and system title are remembered, which is the limit; none is ` +
        "forgotten, because its messages could be replayed. Read further meters from another process",
      { details: { limit: this.#limit } },
    );
  }
}

const isIn = ({ from, to }: Gap, counter: number): boolean => from <= counter && counter <= to;

/** The gap without one counter: no part, one part or two. */
const without = (gap: Gap, counter: number): Gap[] =>
  [
    { ...gap, to: counter - 1 },
    { ...gap, from: counter + 1 },
  ].filter(({ from, to }) => from <= to);

const processSecret = systemRandom(32);

/** A one-way name for a key, different in each process. */
export const processKeyName = (key: Uint8Array): string =>
  createHmac("sha256", processSecret).update(key).digest("base64");

/**
 * A store of received counters in memory, for all clients of a process that use the same keys. It keeps a keyed hash
 * instead of the key.
 */
export function memoryReceivedCounters(): ReceivedCounterStore {
  const marks = new ReceivedMarks(maxReceivedCounters);
  return {
    of: (key, systemTitle) => marks.of(`${processKeyName(key)}-${toHex(systemTitle)}`),
    remedy: "restart this process, or give the client its own store (security.receivedCounters)",
  };
}

const lastingKeys = ({ encryptionKey, broadcastKey }: SymmetricKeys): readonly Uint8Array[] =>
  broadcastKey === undefined ? [encryptionKey] : [encryptionKey, broadcastKey];

/** Maximum number of remembered message keys; at the limit the least recently used one is dropped. */
const maxMessageKeys = 4096;

const heardPushes = new HeardPushes();

/** The counters of one sender under one key, in one association. */
interface Stream {
  readonly systemTitle: Uint8Array;
  readonly keyRole: string;
  readonly key: Uint8Array | undefined;
  readonly counter: ReceivedCounter;
  /** the highest value in this association */
  own: number;
}

/**
 * The received counters, per sender's system title and key. Check first, open the content (which verifies its tag),
 * then commit, because a forged APDU must not move the mark. The store keeps the counters of keys that outlive the
 * association; those of dedicated keys and of message keys are kept here.
 *
 * Within an association counters rise. Clients that share the store may hear a meter over several lines, whose messages
 * overtake each other. A counter below the mark of the store is therefore accepted if no association has accepted it
 * and it was skipped after this association began. A push that several clients hear is delivered to each of them.
 */
export class ReceivedCounters {
  readonly #store: ReceivedCounterStore;
  readonly #now: () => number;
  readonly #restarts: boolean;
  readonly #last = new Map<string, number>();
  /** the streams of this association, from their first message on */
  readonly #streams: Stream[] = [];
  /** stream of the last message: looking it up costs more than the cipher */
  #recent: Stream | undefined;
  #since = order;

  /**
   * @param store store for keys that outlive the association
   * @param now a monotonic clock, in ms
   * @param restarts counters rise within an association only, under lasting keys too
   */
  constructor(store: ReceivedCounterStore = memoryReceivedCounters(), now: () => number = () => 0, restarts = false) {
    this.#store = store;
    this.#now = now;
    this.#restarts = restarts;
  }

  /** Called before an association: loads the counters of earlier runs. */
  async ready(keys: SymmetricKeys | undefined): Promise<void> {
    await this.#store.ready?.(keys === undefined ? [] : lastingKeys(keys));
  }

  async flush(): Promise<void> {
    await this.#store.flush?.();
  }

  /** Called when an association begins: counters that this process accepted earlier are old to it. */
  begin(): void {
    this.#since = order;
    this.#streams.length = 0;
    this.#recent = undefined;
    if (this.#restarts) this.#last.clear();
  }

  /** Whether no message of this sender was accepted in this association yet; of lasting keys only. */
  isFirst(systemTitle: Uint8Array, keyRole: string, key: Uint8Array | undefined): boolean {
    return key !== undefined && !this.#restarts && this.#of(systemTitle, keyRole, key).own < 0;
  }

  /**
   * @param key the key, if it outlives the association
   * @param content content of the message, to recognize a push that another client has heard
   * @throws DlmsSecurityError SEC_REPLAY unless the counter is above all earlier ones
   */
  check(systemTitle: Uint8Array, keyRole: string, counter: number, key?: Uint8Array, content?: Uint8Array): void {
    const stream = this.#of(systemTitle, keyRole, key);
    const last = stream.counter.last;
    if (last === undefined || counter > last) return;
    if (counter > stream.own && key !== undefined) {
      if (stream.counter.missing?.(counter, this.#since) === true) return;
      if (content !== undefined && heardPushes.has(content, this.#now(), this.#since)) return;
    }
    throw replayed(stream, counter, last, key === undefined || this.#restarts ? undefined : this.#store.remedy);
  }

  /**
   * Remember the counter of a verified message. The mark never decreases.
   * @param push the content, if it is a push
   */
  commit(systemTitle: Uint8Array, keyRole: string, counter: number, key?: Uint8Array, push?: Uint8Array): void {
    const stream = this.#of(systemTitle, keyRole, key);
    stream.counter.accept(counter);
    if (key === undefined) return;
    if (stream.own < 0) this.#streams.push(stream);
    stream.own = Math.max(stream.own, counter);
    if (push !== undefined) heardPushes.add(push, this.#now(), ++order);
  }

  /** The highest committed counter. */
  last(systemTitle: Uint8Array, keyRole: string, key?: Uint8Array): number | undefined {
    return this.#of(systemTitle, keyRole, key).counter.last;
  }

  #of(systemTitle: Uint8Array, keyRole: string, key: Uint8Array | undefined): Stream {
    const isIt = (stream: Stream): boolean =>
      stream.keyRole === keyRole && stream.key === key && bytesEqual(stream.systemTitle, systemTitle);
    if (this.#recent !== undefined && isIt(this.#recent)) return this.#recent;
    this.#recent = this.#streams.find(isIt) ?? {
      systemTitle: Uint8Array.from(systemTitle),
      keyRole,
      key,
      counter:
        key === undefined || this.#restarts
          ? this.#passing(`${keyRole} ${toHex(systemTitle)}`)
          : this.#store.of(key, systemTitle),
      own: -1,
    };
    return this.#recent;
  }

  #passing(name: string): ReceivedCounter {
    const marks = this.#last;
    return {
      get last() {
        return marks.get(name);
      },
      accept: (counter) => {
        const last = marks.get(name);
        // moved to the end, so that the first entry is the least recently used
        if (last !== undefined && marks.size > 1) marks.delete(name);
        marks.set(name, last === undefined ? counter : Math.max(last, counter));
        if (marks.size <= maxMessageKeys) return;
        const oldest = marks.keys().next();
        if (oldest.done !== true) marks.delete(oldest.value);
      },
    };
  }

  /** Forget the counters of a replaced key (a new dedicated key), for every title. */
  forget(keyRole: string): void {
    for (const key of this.#last.keys()) if (key.startsWith(`${keyRole} `)) this.#last.delete(key);
  }
}

function replayed(stream: Stream, counter: number, last: number, remedy: string | undefined): DlmsSecurityError {
  const title = toHex(stream.systemTitle);
  return new DlmsSecurityError(
    "SEC_REPLAY",
    `system title ${title}, ${stream.keyRole} key: expected an invocation counter above ${last}, got ${counter}; ` +
      "the message was repeated or is out of order, and was refused" +
      (remedy === undefined
        ? ""
        : `. If this meter restarts its counter under the same key and title, exchange the key, or ${remedy}: ` +
          "after that, messages recorded earlier are accepted again"),
    { details: { systemTitle: title, keyRole: stream.keyRole, received: counter, last } },
  );
}
