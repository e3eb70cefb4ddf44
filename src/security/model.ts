/** AES-GCM-128 with no asymmetric part (0), P-256 (1), AES-GCM-256 with P-384 (2). */
export type SecuritySuite = 0 | 1 | 2;
/** What every APDU of an association has to carry. */
export type SecurityPolicy = "none" | "authenticated" | "encrypted" | "authenticated-encrypted";
/** Authentication mechanism 2.16.756.5.8.2.n, by name. */
export type Mechanism = "none" | "lls" | "hls-2" | "hls-md5" | "hls-sha1" | "hls-gmac" | "hls-sha256" | "hls-ecdsa";

/** Mechanism name -> n. */
export const mechanismIds = {
  none: 0,
  lls: 1,
  "hls-2": 2,
  "hls-md5": 3,
  "hls-sha1": 4,
  "hls-gmac": 5,
  "hls-sha256": 6,
  "hls-ecdsa": 7,
} as const satisfies Record<Mechanism, number>;

/**
 * Where invocation counters come from. One store per key: every protected APDU and every GMAC takes its value
 * from here. A value that was handed out is never handed out again, across restarts and crashes too.
 */
export interface InvocationCounterStore {
  /** Reserve `count` successive values and return the first. Rejects with SEC_COUNTER_EXHAUSTED near 2^32. */
  reserve(count: number): Promise<number>;
  /** Never hand out a value below this one again. */
  raiseTo(atLeast: number): Promise<void>;
  /**
   * The first value that is not claimed, or undefined for a counter that was never used. A store that tells it bounds
   * how far a meter's plain answer may move the counter.
   */
  mark?(): Promise<number | undefined>;
  /**
   * When the mark was moved last, in ms since 1970, or undefined when that is not known. A store that tells it bounds the
   * jump by time, so that forged answers cannot use the key up.
   */
  markedAt?(): Promise<number | undefined>;
  /**
   * Values for one association from a counter that came in plain and may be forged: no value below it. A store without it
   * is raised at once.
   * @throws DlmsSecurityError SEC_COUNTER_EXHAUSTED near 2^32
   */
  tryFrom?(atLeast: number): UnprovenCounter;
  /** For a log: a sentence when the counter was kept once and is gone; `reserve` rejects then, until it is raised. */
  lost?(): Promise<string | undefined>;
}

/** Values above the mark of a store. None of them is handed out again, but the mark moves only when they are proven. */
export interface UnprovenCounter {
  reserve(count: number): Promise<number>;
  /** The meter has proven the keys, so it has accepted the counter: the mark of the store moves above it. */
  prove(): Promise<void>;
}

/** The counters that came from one sender under one key. */
export interface ReceivedCounter {
  /** the highest that was accepted */
  readonly last: number | undefined;
  /** Remember a counter whose message was authentic. Never moves down; called for every answer, so it costs nothing. */
  accept(counter: number): void;
  /**
   * Whether a counter below the last was never accepted, and was passed over after `since` in the order of this process.
   * Without it every counter below the last is refused, also where a message of another line has overtaken its message.
   */
  missing?(counter: number, since: number): boolean;
}

/**
 * Where received invocation counters are remembered. They belong to the key: a store is shared by all clients that use
 * the key, so that none of them takes a message that another one has had.
 */
export interface ReceivedCounterStore {
  /** Counters of a key and its sender's system title. The store keeps no key. Throws at its limit: it never forgets. */
  of(key: Uint8Array, systemTitle: Uint8Array): ReceivedCounter;
  /**
   * Awaited before each association, with the keys that it uses, so that `of` need not do costly work for them; rejects
   * where the counters of earlier runs cannot be read.
   */
  ready?(keys?: readonly Uint8Array[]): Promise<void>;
  /** Write what is not written yet. Awaited when a client closes. */
  flush?(): Promise<void>;
  /** For messages: how a user makes the store forget, after a meter has started its counter again. */
  readonly remedy?: string;
}

/** Symmetric keys of an association: 16 bytes for suites 0 and 1, 32 for suite 2. */
export interface SymmetricKeys {
  /** global unicast encryption key (GUEK) */
  readonly encryptionKey: Uint8Array;
  /** global authentication key (GAK) */
  readonly authenticationKey: Uint8Array;
  /** global broadcast encryption key, for received messages */
  readonly broadcastKey?: Uint8Array | undefined;
}

/** Randomness, injected, so that a session can be replayed in a test. */
export type RandomSource = (count: number) => Uint8Array;
