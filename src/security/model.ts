/** Security suite: AES-GCM-128 without asymmetric keys (0), AES-GCM-128 with P-256 (1), AES-GCM-256 with P-384 (2). */
export type SecuritySuite = 0 | 1 | 2;
/** Minimum protection of every APDU of an association. */
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
 * Source of invocation counters, one store per key: every protected APDU and every GMAC takes its value from the store.
 * The store never returns a value twice, even across restarts and crashes.
 */
export interface InvocationCounterStore {
  /** Reserve `count` successive values and return the first. Rejects with SEC_COUNTER_EXHAUSTED near 2^32. */
  reserve(count: number): Promise<number>;
  /** Never return a value below this one again. */
  raiseTo(atLeast: number): Promise<void>;
  /**
   * The first unclaimed value, or undefined for a counter that was never used. A store with this method bounds how far
   * a meter's plain answer may move the counter.
   */
  mark?(): Promise<number | undefined>;
  /**
   * Time of the last change of the mark, in ms since 1970, or undefined if unknown. A store with this method bounds the
   * jump by time, so that forged answers cannot exhaust the key.
   */
  markedAt?(): Promise<number | undefined>;
  /**
   * Values for one association, from a counter that was received in plain text and may be forged: no value is below
   * `atLeast`. A store without this method is raised at once.
   * @throws DlmsSecurityError SEC_COUNTER_EXHAUSTED near 2^32
   */
  tryFrom?(atLeast: number): UnprovenCounter;
  /** A sentence for the log if a stored counter was lost. `reserve` then rejects until the counter is raised. */
  lost?(): Promise<string | undefined>;
}

/**
 * Values above the mark of a store. The store returns each of them once, but moves its mark only when the meter has
 * proven them.
 */
export interface UnprovenCounter {
  reserve(count: number): Promise<number>;
  /** Call when the meter has proven its keys and so has accepted the counter: the store moves its mark above it. */
  prove(): Promise<void>;
}

/** The received counters of one sender under one key. */
export interface ReceivedCounter {
  /** the highest accepted value */
  readonly last: number | undefined;
  /**
   * Remember the counter of an authentic message. `last` never decreases. Called for every answer, so it must be cheap.
   */
  accept(counter: number): void;
  /**
   * Whether a counter below the last was never accepted, and was skipped after `since` in the order of this process.
   * Without this method every counter below the last is refused, even if a message of another line has overtaken its
   * message.
   */
  missing?(counter: number, since: number): boolean;
}

/**
 * Store of received invocation counters. Counters belong to the key: all clients that use the key share a store, so
 * that none of them accepts a message that another one has accepted.
 */
export interface ReceivedCounterStore {
  /**
   * Counters of a key and its sender's system title. The store keeps no key. It throws at its limit, because it must
   * not forget counters.
   */
  of(key: Uint8Array, systemTitle: Uint8Array): ReceivedCounter;
  /**
   * Awaited before each association, with the keys that it uses, so that `of` has no costly work to do. Rejects if the
   * counters of earlier runs cannot be read.
   */
  ready?(keys?: readonly Uint8Array[]): Promise<void>;
  /** Write pending changes. Awaited when a client closes. */
  flush?(): Promise<void>;
  /** For messages: how a user resets the store after a meter has restarted its counter. */
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

/** Injected randomness, so that a test can replay a session. */
export type RandomSource = (count: number) => Uint8Array;
