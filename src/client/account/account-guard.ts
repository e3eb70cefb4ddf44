/**
 * The rule that prevents account lock-out: when a secret may be sent to a meter.
 *
 * Most meters lock an account after a few wrong secrets. Some meters report that a secret is wrong. Others fall silent
 * or disconnect, as does a meter that loses its power. Hence:
 *
 * 1. A refused secret is locked for `lockOutMs`.
 * 2. A secret without an answer may be sent a second time at once. After `maxUnanswered` attempts, and after each
 *    further one, it is locked as if it was refused. The proof of HLS is sent after the meter has answered, so without
 *    an answer it is locked at once.
 * 3. A secret that this meter accepted before, and then did not answer, is most likely still right. So it is sent a
 *    second time only after the meter has answered a message without a secret: an outage then uses up no attempts.
 * 4. If such a secret is locked, and the meter was silent to requests without a secret and now answers them again, the
 *    meter has restarted. This allows one more attempt, once until the secret is accepted again. If that attempt fails,
 *    the lock lasts twice as long.
 *
 * A message without a secret does not count. The rule applies per meter, client and secret: see `Account`.
 */

import type { Clock } from "../../clock";
import { type DlmsError, DlmsTimeoutError } from "../../errors";

/** How long a refused secret is locked, in ms, unless the user allows an attempt. */
export const lockOutMs = 5 * 60_000;
/** Number of attempts without an answer that count as a refusal. */
export const maxUnanswered = 2;
/**
 * How long the second attempt of rule 3 waits for an answer without a secret, in ms: on a meter that has given such an
 * answer before, and on others.
 */
const maxDownMs = 60 * 60_000;
const maxUncertainMs = 30_000;
/** Limit of accounts in memory; beyond it, the least recently used ones are forgotten. */
const maxAccounts = 10_000;

/** The unit in which a meter counts failures. */
export interface Account {
  /** the endpoint, the meter reached through it, and the client address */
  readonly meter: string;
  /** fingerprint of the password or the keys */
  readonly secret: string;
}

/** Why a secret is not sent now. */
export interface Lock {
  /** outcome of the last attempt */
  readonly error: DlmsError;
  readonly remainingMs: number;
  /** A connection without the secret may be tried, because the meter's answer may end the lock earlier. */
  readonly lookFirst: boolean;
}

/** Which message carried the secret: a request (password, ciphering), or the proof of an HLS mechanism. */
export type SecretMessage = "request" | "proof";

/** A secret that is being sent. It counts as unanswered until one of these is called. */
export interface Attempt {
  accepted(): void;
  refused(error: DlmsError): void;
  unanswered(error: DlmsError): void;
  /** The meter answered, and the answer does not judge the secret. */
  notJudged(): void;
}

/** Decides whether a secret may be sent to a meter. */
export interface AccountGuard {
  /** Undefined: the secret may be sent now. */
  lockOf(account: Account): Lock | undefined;
  /** The secret is being sent. */
  sent(account: Account, message: SecretMessage): Attempt;
  /** How the meter reacted to a message without a secret, for example to the link set-up. */
  seen(account: Account, how: "answering" | "silent"): void;
  /** On the user's request: allows one attempt; if it fails, the lock applies again. */
  allowOneMoreTry(account: Account): void;
}

interface Failures {
  readonly error: DlmsError;
  /** a refusal counts as `maxUnanswered` */
  readonly count: number;
  /** the owner that sent the secret last */
  readonly owner: string;
  /** on the monotonic clock: a change of the wall clock must neither end nor extend a lock */
  readonly until: number;
  /** rules 3 and 4 apply */
  readonly lookFirst: boolean;
  /** no answer to a request without a secret since the last attempt */
  readonly silent: boolean;
  /** rule 4 was used */
  readonly restarted: boolean;
}

const notToldYet = (): DlmsError =>
  new DlmsTimeoutError("TIMEOUT_ASSOCIATE", "the session was ended before the meter answered its association request");

/** The guard that the clients of a process share. */
export class MemoryAccountGuard implements AccountGuard {
  readonly #clock: Clock;
  /** in the order of their last failure */
  readonly #failures = new Map<string, Failures>();
  /** accounts whose last secret was accepted, in the order of use; value: whether the meter answers without a secret */
  readonly #accepted = new Map<string, boolean>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  lockOf(account: Account): Lock | undefined {
    const entry = this.#failures.get(keyOf(account));
    const remainingMs = entry === undefined ? 0 : entry.until - this.#clock.now();
    if (entry === undefined || remainingMs <= 0) return undefined;
    return { error: entry.error, remainingMs, lookFirst: entry.lookFirst };
  }

  sent(account: Account, message: SecretMessage): Attempt {
    return this.#send(account, message, "");
  }

  seen(account: Account, how: "answering" | "silent"): void {
    const key = keyOf(account);
    if (how === "answering" && this.#accepted.has(key)) this.#accepted.set(key, true);
    const entry = this.#failures.get(key);
    if (entry?.lookFirst !== true) return;
    if (how === "silent") this.#failures.set(key, { ...entry, silent: true });
    else if (entry.count < maxUnanswered) this.#failures.set(key, { ...entry, until: -Infinity });
    else if (entry.silent) {
      this.#accepted.delete(key);
      const one = { count: maxUnanswered - 1, until: -Infinity, lookFirst: false, restarted: true };
      this.#failures.set(key, { ...entry, ...one });
    }
  }

  allowOneMoreTry(account: Account): void {
    this.#allowNextTry(keyOf(account));
  }

  /** `allowOneMoreTry` for all secrets that an owner has sent. */
  allowOneMoreTryOf(owner: string): void {
    for (const [key, entry] of this.#failures) if (entry.owner === owner) this.#allowNextTry(key);
  }

  /** The same guard, for clients whose attempts are recorded under their owner. */
  ownedBy(owner: string): AccountGuard {
    return {
      lockOf: (account) => this.lockOf(account),
      sent: (account, message) => this.#send(account, message, owner),
      seen: (account, how) => {
        this.seen(account, how);
      },
      allowOneMoreTry: (account) => {
        this.allowOneMoreTry(account);
      },
    };
  }

  #allowNextTry(key: string): void {
    const entry = this.#failures.get(key);
    if (entry !== undefined) this.#failures.set(key, { ...entry, until: -Infinity, lookFirst: false });
  }

  #send(account: Account, message: SecretMessage, owner: string): Attempt {
    const key = keyOf(account);
    const before = this.#failures.get(key);
    const count = (before?.count ?? 0) + (message === "proof" ? maxUnanswered : 1);
    const fail = (error: DlmsError, refused: boolean): void => {
      this.#fail(key, { error, owner, count: refused ? maxUnanswered : count, refused, before });
    };
    fail(notToldYet(), false);
    return {
      accepted: () => {
        this.#failures.delete(key);
        keep(this.#accepted, key, this.#accepted.get(key) ?? false);
      },
      refused: (error) => {
        this.#accepted.delete(key);
        fail(error, true);
      },
      unanswered: (error) => {
        fail(error, false);
      },
      notJudged: () => {
        if (before === undefined) this.#failures.delete(key);
        else this.#failures.set(key, before);
      },
    };
  }

  #fail(
    key: string,
    {
      error,
      owner,
      count,
      refused,
      before,
    }: Pick<Failures, "error" | "owner" | "count"> & {
      readonly refused: boolean;
      readonly before: Failures | undefined;
    },
  ): void {
    const answersOthers = this.#accepted.get(key);
    const lookFirst = !refused && answersOthers !== undefined;
    const rest = before?.restarted === true ? 2 * lockOutMs : lockOutMs;
    const down = lookFirst ? (answersOthers ? maxDownMs : maxUncertainMs) : -Infinity;
    const until = this.#clock.now() + (count >= maxUnanswered ? rest : down);
    keep(this.#failures, key, { error, owner, count, until, lookFirst, silent: false, restarted: false });
  }
}

const keyOf = ({ meter, secret }: Account): string => `${meter} ${secret}`;

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  const [oldest] = map.keys();
  if (map.size >= maxAccounts && oldest !== undefined) map.delete(oldest);
  map.set(key, value);
}
