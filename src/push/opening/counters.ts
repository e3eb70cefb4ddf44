/** Received invocation counters of pushes: checked after the tag, so that a forged push changes nothing. */
import { bytesEqual, toHex } from "../../bytes";
import { DlmsPushError, DlmsSecurityError, isDlmsError } from "../../errors";
import { memoryReceivedCounters, type ReceivedCounter, type ReceivedCounterStore } from "../../security";

export type CounterPolicy = "strict" | "warn" | "off";

/** An identical push received within this time is a repetition, in ms. */
const repetitionMs = 30_000;
/** Messages with one-time keys (wrapped, agreed) that are kept in memory. */
const maxOneTime = 4096;
const lastCounter = 0xffff_ffff;
/** Bytes at the end of a content by which a repetition is recognized: its tag. */
const markBytes = 12;

interface Stream {
  readonly counter: ReceivedCounter;
  readonly key: Uint8Array;
  /** the end of the last content, which distinguishes it from others with the same counter */
  readonly mark: Uint8Array;
  at: number | undefined;
}

export interface CheckedCounter {
  /** counters that were skipped since the last push */
  readonly gap: number;
  /** the same push was received before */
  readonly repeated: boolean;
  readonly notes: readonly string[];
}

const fresh: CheckedCounter = { gap: 0, repeated: false, notes: [] };

export interface VerifiedContent {
  readonly systemTitle: Uint8Array;
  /** the system title in lower-case hex */
  readonly titleKey: string;
  /** "global unicast", "global broadcast", "dedicated" */
  readonly keySet: string;
  readonly key: Uint8Array;
  readonly counter: number;
  readonly content: Uint8Array;
  /** the key was generated for this message only */
  readonly isOneTime: boolean;
}

export class PushCounters {
  readonly #store: ReceivedCounterStore;
  /** by key set, then by system title */
  readonly #streams = new Map<string, Map<string, Stream>>();
  readonly #oneTime = new Set<string>();

  constructor(store: ReceivedCounterStore = memoryReceivedCounters()) {
    this.#store = store;
  }

  /**
   * Checks the counter of a push whose tag was verified.
   * @throws DlmsSecurityError SEC_REPLAY under the strict policy, or SEC_COUNTER_EXHAUSTED after the last counter;
   * DlmsPushError PUSH_LIMIT if the store is full, because it never forgets a pair
   */
  check(push: VerifiedContent, policy: CounterPolicy, now: number | undefined): CheckedCounter {
    if (policy === "off") return fresh;
    if (push.isOneTime) return this.#checkOneTime(push);
    const stream = this.#stream(push);
    const { counter, content } = push;
    const { last } = stream.counter;
    if (last !== undefined && counter <= last) return this.#notFresh(push, policy, stream, last, now);
    stream.counter.accept(counter);
    putMark(stream.mark, content);
    stream.at = now;
    const gap = last === undefined ? 0 : counter - last - 1;
    if (gap === 0 && counter !== lastCounter) return fresh;
    const notes: string[] = gap === 0 ? [] : [`${gap} invocation counters were skipped since the last push`];
    if (counter === lastCounter) notes.push("the invocation counter is used up: the meter needs new keys");
    return { gap, repeated: false, notes };
  }

  /**
   * Whether the tag of an earlier push of this meter was verified: under this key, or under a key used for one message
   * only.
   */
  isKnown(systemTitle: Uint8Array, key: Uint8Array, isOneTime: boolean): boolean {
    const title = toHex(systemTitle);
    if (isOneTime && [...this.#oneTime].some((mark) => mark.startsWith(title))) return true;
    try {
      return this.#store.of(key, systemTitle).last !== undefined;
    } catch (error) {
      // a full store contains all its meters, and this meter is not among them
      if (isDlmsError(error) && error.is("STATE_QUEUE_FULL")) return false;
      throw error;
    }
  }

  #notFresh(
    push: VerifiedContent,
    policy: CounterPolicy,
    stream: Stream,
    last: number,
    now: number | undefined,
  ): CheckedCounter {
    const recent = now === undefined || stream.at === undefined || Math.abs(now - stream.at) <= repetitionMs;
    const repeated = push.counter === last && hasMark(stream.mark, push.content) && recent;
    if (policy === "strict" && !repeated) {
      throw last === lastCounter ? exhausted(push) : replayed(push, last, this.#store.remedy);
    }
    const note = repeated
      ? "the same push was received twice"
      : `invocation counter ${push.counter} is not above ${last}: an old push, or the meter has restarted its counter`;
    return { gap: 0, repeated, notes: [note] };
  }

  #checkOneTime(push: VerifiedContent): CheckedCounter {
    const mark = push.titleKey + toHex(push.content.subarray(0, 5)) + toHex(push.content.subarray(-markBytes));
    if (this.#oneTime.has(mark)) return { gap: 0, repeated: true, notes: ["the same push was received twice"] };
    this.#oneTime.add(mark);
    const [oldest] = this.#oneTime;
    if (this.#oneTime.size <= maxOneTime || oldest === undefined) return fresh;
    this.#oneTime.delete(oldest);
    const note = `only the last ${maxOneTime} pushes with one-time keys are remembered: the repetition of an older one would not be noticed`;
    return { gap: 0, repeated: false, notes: [note] };
  }

  /** A look-up in the store costs more than the cipher, so the streams are cached; the store bounds their number. */
  #stream({ systemTitle, titleKey, keySet, key }: VerifiedContent): Stream {
    const ofKeySet = this.#streams.get(keySet) ?? new Map<string, Stream>();
    const kept = ofKeySet.get(titleKey);
    if (kept !== undefined && (kept.key === key || bytesEqual(kept.key, key))) return kept;
    const counter = this.#counterOf(key, systemTitle);
    const stream: Stream = { counter, key, mark: new Uint8Array(markBytes), at: undefined };
    this.#streams.set(keySet, ofKeySet.set(titleKey, stream));
    return stream;
  }

  #counterOf(key: Uint8Array, systemTitle: Uint8Array): ReceivedCounter {
    try {
      return this.#store.of(key, systemTitle);
    } catch (error) {
      if (!isDlmsError(error) || !error.is("STATE_QUEUE_FULL")) throw error;
      const title = toHex(systemTitle);
      throw new DlmsPushError(
        "PUSH_LIMIT",
        `the push of system title ${title} was refused: the counters of as many meters as fit are remembered, and none is ` +
          "forgotten, because its pushes could be replayed. Receive further meters with another listener",
        { details: { systemTitle: title }, cause: error },
      );
    }
  }
}

/** Writes the end of a content into `mark`, in place: a slice for each push costs more than its comparison. */
function putMark(mark: Uint8Array, content: Uint8Array): void {
  const start = content.length - mark.length;
  for (let i = 0; i < mark.length; i++) mark[i] = content[start + i] ?? 0;
}

function hasMark(mark: Uint8Array, content: Uint8Array): boolean {
  const start = content.length - mark.length;
  for (let i = 0; i < mark.length; i++) if (mark[i] !== (content[start + i] ?? 0)) return false;
  return true;
}

function exhausted(push: VerifiedContent): DlmsSecurityError {
  const title = toHex(push.systemTitle);
  return new DlmsSecurityError(
    "SEC_COUNTER_EXHAUSTED",
    `the invocation counter of system title ${title} is used up (${lastCounter} was received), and a push with counter ` +
      `${push.counter} was refused: it is an old push, or the meter has restarted its counter. Exchange the meter's keys`,
    { details: { systemTitle: title, keyRole: push.keySet, invocationCounter: push.counter } },
  );
}

function replayed(push: VerifiedContent, last: number, remedy: string | undefined): DlmsSecurityError {
  const title = toHex(push.systemTitle);
  const how = remedy === undefined ? "" : `, or ${remedy}`;
  return new DlmsSecurityError(
    "SEC_REPLAY",
    `old push: system title ${title}, ${push.keySet} key: expected an invocation counter above ${last}, got ${push.counter}; ` +
      `it was refused. If the meter has restarted its counter, exchange its keys${how}`,
    { details: { systemTitle: title, keyRole: push.keySet, received: push.counter, last } },
  );
}
