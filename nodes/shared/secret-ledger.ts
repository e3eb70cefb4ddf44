import { type Clock, type DlmsError, keyFingerprint, systemClock, systemRandom } from "../../src/index";
import type { MeterSettings } from "./meter-config";
import { accountOf } from "./meter-place";

/** After a refused secret the next try is not before this, unless the settings are deployed again. */
export const lockOutMs = 300_000;

/** So many tries in which a secret got no answer count as a refusal, whoever makes them. */
export const doubtfulTries = 2;

/** Of more accounts in danger than this, those that rested longest are forgotten; and so of secrets for one account. */
const mostAccounts = 10_000;
const mostSecrets = 16;

/** Why a secret is not sent now. */
export interface SecretLock {
  readonly error: DlmsError;
  /** ms */
  readonly left: number;
}

/** One secret for one account of one meter, as those who send it see it. */
export interface SecretAccount {
  /** Round trips of an association before the one that carries the secret; Infinity: there is none. */
  readonly tripsBefore: number;
  /** Undefined: it may be sent. */
  lock(): SecretLock | undefined;
  refused(error: DlmsError): void;
  /** It was sent and got no answer, which is how some meters refuse. */
  unanswered(error: DlmsError): void;
  accepted(): void;
  /** One more try is an explicit wish: another that fails locks again at once. */
  pardon(): void;
}

interface Entry {
  readonly fingerprint: string;
  /** the node whose session sent it last */
  readonly owner: string;
  readonly error: DlmsError;
  /** since it was accepted last; a refusal counts as `doubtfulTries` */
  readonly failures: number;
  /** on the monotonic clock: a wall clock that is set must neither end a lock nor make it last */
  until: number;
}

/** Anew with each process, so that nothing that was written down by accident could be tried elsewhere. */
const salt = systemRandom(32);

/** Everything that a meter judges of who asks; where its counters come from and how they run on is not part of it. */
function fingerprintOf({ connect: { client, server, auth, security } }: MeterSettings): string {
  const {
    invocationCounter: _store,
    receivedCounters: _received,
    counterSource: _source,
    maxCounterJump: _jump,
    ...keys
  } = security ?? {};
  const secret = JSON.stringify([client, server.systemTitle, auth, keys]);
  return keyFingerprint(salt, new TextEncoder().encode(secret));
}

/** A password and what is ciphered go with the association request, the proof of HLS after it. */
function tripsBefore({ connect: { auth, security } }: MeterSettings): number {
  const ciphered = security !== undefined && security.policy !== "none";
  const none = auth === undefined || auth.mechanism === "none";
  if (none && !ciphered) return Infinity;
  // the public client associates and reads the counter; whether it releases as well depends
  const counter = security?.counterSource === undefined ? 0 : 2;
  return counter + (ciphered || auth?.mechanism === "lls" ? 0 : 1);
}

/**
 * Secrets that meters refused or did not answer, by account. It outlives the sessions that sent them: those come and
 * go with messages, dialogs and deploys, and each would begin with a try of its own.
 */
export class SecretLedger {
  readonly #clock: Clock;
  /** in the order of their last failure */
  readonly #accounts = new Map<string, Entry[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param owner the node that sends the secret; see `pardon` */
  account(settings: MeterSettings, owner: string): SecretAccount {
    return this.of(accountOf(settings), () => fingerprintOf(settings), owner, tripsBefore(settings));
  }

  /** @param fingerprint costs some time, so it is asked for only where an account is in danger */
  of(account: string, fingerprint: () => string, owner = "", trips = Infinity): SecretAccount {
    let known: string | undefined;
    const find = (): Entry | undefined => {
      const entries = this.#accounts.get(account);
      if (entries === undefined) return undefined;
      known ??= fingerprint();
      return entries.find((entry) => entry.fingerprint === known);
    };
    const failed = (error: DlmsError, failures: number): void => {
      const until = failures >= doubtfulTries ? this.#clock.now() + lockOutMs : -Infinity;
      known ??= fingerprint();
      this.#keep(account, { fingerprint: known, owner, error, failures, until });
    };
    const lockOf = (entry: Entry | undefined): SecretLock | undefined => {
      const left = entry === undefined ? 0 : entry.until - this.#clock.now();
      return entry === undefined || left <= 0 ? undefined : { error: entry.error, left };
    };
    return {
      tripsBefore: trips,
      lock: () => lockOf(find()),
      refused: (error) => {
        failed(error, doubtfulTries);
      },
      unanswered: (error) => {
        failed(error, (find()?.failures ?? 0) + 1);
      },
      accepted: () => {
        const entry = find();
        if (entry !== undefined) this.#forget(account, entry.fingerprint);
      },
      pardon: () => {
        const entry = find();
        if (entry !== undefined) entry.until = -Infinity;
      },
    };
  }

  /** All that a node's sessions sent, its messages' too: it was deployed. */
  pardon(owner: string): void {
    for (const entry of [...this.#accounts.values()].flat()) if (entry.owner === owner) entry.until = -Infinity;
  }

  #keep(account: string, entry: Entry): void {
    this.#forget(account, entry.fingerprint);
    const others = this.#accounts.get(account) ?? [];
    this.#accounts.delete(account);
    const [oldest] = this.#accounts.keys();
    if (this.#accounts.size >= mostAccounts && oldest !== undefined) this.#accounts.delete(oldest);
    this.#accounts.set(account, [...others, entry].slice(-mostSecrets));
  }

  #forget(account: string, fingerprint: string): void {
    const left = this.#accounts.get(account)?.filter((entry) => entry.fingerprint !== fingerprint) ?? [];
    if (left.length === 0) this.#accounts.delete(account);
    else this.#accounts.set(account, left);
  }
}

/** Of this process: a meter counts failures whichever node, message or dialog they come from. */
export const processLedger = new SecretLedger(systemClock);
