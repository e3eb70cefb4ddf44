/** Keeps a client's association: establishes it, re-establishes it after a loss, and closes it. */
import { afterRunning, type Clock, settledWithin, type TimerHandle } from "../../clock";
import { type DlmsError, DlmsStateError, DlmsTimeoutError } from "../../errors";
import { maxTimerMs } from "../../errors/arguments";
import { asDlmsError } from "../../errors/boundary";
import type { Lock } from "../account/account-guard";
import type { Association } from "../association/association";
import { Backoff } from "./backoff";
import type { ClientState, StateEvent } from "./events";
import { neverSent } from "../../errors/retell";
import { duration } from "./failure";
import type { Timeouts } from "../options/options";
import type { AccountRisk } from "./secret-attempt";

/** Creates a channel and an association. On failure or abort, it undoes its work. */
export type Establish = (signal: AbortSignal) => Promise<Association>;

export interface SupervisorOptions {
  readonly clock: Clock;
  /** `establish`: maximum time to connect and establish an association, in ms */
  readonly timeouts: Pick<Timeouts, "reconnectMin" | "reconnectMax" | "close"> & { readonly establish: number };
  readonly random: () => number;
  readonly establish: Establish;
  /** possible effect of the last failed association on the account */
  readonly accountRisk: () => AccountRisk;
  /** why the secret may not be sent now */
  readonly lock: () => Lock | undefined;
  readonly onState: (event: StateEvent) => void;
  readonly note: (text: string) => void;
}

interface Failure {
  readonly error: DlmsError;
  /** clock time before which no attempt is made */
  readonly until: number;
  readonly automatic: boolean;
  /** only attempts without the secret may follow automatically */
  readonly refused?: boolean;
}

/**
 * Keeps at most one association: establishes it on demand, re-establishes it after a loss with exponential back-off,
 * never resends a refused secret automatically, and closes it properly.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #backoff: Backoff;
  #state: ClientState = "idle";
  #active: Association | undefined;
  #connecting: Promise<Association> | undefined;
  #abort: AbortController | undefined;
  #failure: Failure | undefined;
  #timer: TimerHandle | undefined;
  #ending: Promise<void> | undefined;
  #closed = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { reconnectMin, reconnectMax } = options.timeouts;
    this.#backoff = new Backoff({ min: reconnectMin, max: reconnectMax, random: options.random });
  }

  get state(): ClientState {
    return this.#state;
  }

  get active(): Association | undefined {
    return this.#active;
  }

  /** The current association, if there is a usable one. */
  get usable(): Association | undefined {
    return this.#closed ? undefined : this.#active;
  }

  get lastError(): DlmsError | undefined {
    return this.#failure?.error;
  }

  /**
   * Returns the association; establishes it if there is none. During the back-off it rejects at once with the last
   * failure and the time of the next attempt.
   * @param request name of the request that needs it, for messages
   */
  async ensure(request?: string): Promise<Association> {
    for (;;) {
      if (this.#closed) throw new DlmsStateError("STATE_CLOSED", "the client is closed");
      if (this.#active !== undefined) return this.#active;
      if (this.#connecting !== undefined) return this.#connecting;
      if (this.#ending === undefined) break;
      await this.#ending;
    }
    this.#checkPause(request);
    return this.#connect();
  }

  /** @throws DlmsError in the pause after a failure, and while the secret may not be sent */
  #checkPause(request: string | undefined): void {
    const lock = this.#lock();
    const failure =
      this.#failure ?? (lock === undefined ? undefined : { error: lock.error, until: 0, automatic: false });
    if (failure === undefined) return;
    const wait = Math.ceil(Math.max(failure.until - this.#options.clock.now(), lock?.remainingMs ?? 0));
    if (wait > 0) throw stillFailing(failure, wait, request);
  }

  /** The active lock; undefined also where an attempt without the secret may end it. */
  #lock(): Lock | undefined {
    const lock = this.#options.lock();
    return lock?.lookFirst === true ? undefined : lock;
  }

  /** A request was answered: the line is in order. */
  noteSuccess(): void {
    this.#backoff.reset();
    this.#failure = undefined;
  }

  /** The association is lost. The next `ensure` establishes a new one at once, unless `pause` is requested. */
  async discard(active: Association, error: DlmsError | undefined, pause: boolean): Promise<void> {
    if (this.#active === active) {
      this.#active = undefined;
      if (!pause) this.#setState("idle", error);
    }
    await active.channel.destroy(error ?? new DlmsStateError("STATE_CLOSED", "the connection was given up"));
    if (pause && error !== undefined && !this.#closed) this.#failed(error, false);
  }

  /** The link driver reported that the connection is lost. */
  lost(active: Association, error: DlmsError): void {
    if (this.#active === active) void this.discard(active, error, false);
  }

  /** Release and disconnect, bounded; then idle. */
  async release(): Promise<void> {
    const active = this.#active;
    if (active === undefined || this.#ending !== undefined) return;
    this.#active = undefined;
    this.#ending = this.#takeDown(active, () => Promise.resolve(), this.#options.timeouts.close);
    await this.#ending;
    this.#ending = undefined;
    if (!this.#closed) this.#setState("idle");
  }

  /** Closes permanently. `settled` resolves when the current exchange has ended. Never rejects; bounded. */
  async close(settled: () => Promise<void>, timeoutMs?: number): Promise<void> {
    if (this.#closed) return;
    // close never rejects, so an invalid time is replaced by that of the settings
    const given = typeof timeoutMs === "number" && timeoutMs >= 0 && timeoutMs <= maxTimerMs;
    const bound = given ? timeoutMs : this.#options.timeouts.close;
    this.#closed = true;
    this.#setState("closing");
    this.#options.clock.clearTimeout(this.#timer);
    this.#abort?.abort(new DlmsStateError("STATE_CLOSED", "the client was closed while it connected"));
    // a connection in progress closes itself after the abort; a transport that does not is abandoned
    if (this.#connecting !== undefined) await settledWithin(this.#options.clock, bound, this.#connecting);
    await this.#ending;
    const active = this.#active;
    this.#active = undefined;
    if (active !== undefined) await this.#takeDown(active, settled, bound);
    this.#setState("closed");
  }

  async #takeDown(active: Association, settled: () => Promise<void>, timeoutMs: number): Promise<void> {
    const { clock, note } = this.#options;
    const orderly = async (): Promise<void> => {
      await settled();
      if (active.channel.usable) await this.#releaseAssociation(active, timeoutMs * 0.75);
      await active.channel.close();
    };
    const closed = await settledWithin(clock, timeoutMs, this.#noting("close", orderly()));
    if (!closed) note(`close: the meter did not answer within ${timeoutMs} ms; the line is closed without it`);
    await active.channel.destroy(new DlmsStateError("STATE_CLOSED", "the client is closed"));
  }

  /** Some meters do not answer a release: the disconnect after it must still have its time. */
  async #releaseAssociation(active: Association, timeoutMs: number): Promise<void> {
    const { clock, note } = this.#options;
    const released = this.#noting("release", active.run(active.session.release()));
    if (await settledWithin(clock, timeoutMs, released)) return;
    note(`release: the meter did not answer within ${timeoutMs} ms`);
  }

  /** A failed release is only noted. */
  #noting(step: string, work: Promise<unknown>): Promise<unknown> {
    return work.catch((error: unknown) => {
      this.#options.note(`${step}: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  #connect(): Promise<Association> {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const abort = new AbortController();
    this.#abort = abort;
    this.#setState(this.#failure === undefined ? "connecting" : "reconnecting", this.#failure?.error);
    const { clock, timeouts } = this.#options;
    const bound = afterRunning(clock, () => abort.abort(connectsTooLong(timeouts.establish)), timeouts.establish);
    this.#connecting = this.#try(abort.signal).finally(() => {
      bound.cancel();
      this.#connecting = undefined;
      this.#abort = undefined;
    });
    return this.#connecting;
  }

  async #try(signal: AbortSignal): Promise<Association> {
    try {
      const active = await this.#options.establish(signal);
      if (this.#closed) {
        // `close` has already given up waiting, so no other code closes this connection
        if (this.#state === "closed") void active.channel.destroy(signal.reason as Error);
        else this.#active = active;
        throw signal.reason as Error;
      }
      this.#active = active;
      this.#setState("open");
      return active;
    } catch (error) {
      const known = asDlmsError(error, "connecting");
      if (!this.#closed) this.#failed(known, true);
      throw known;
    }
  }

  #failed(error: DlmsError, associating: boolean): void {
    const { clock } = this.#options;
    const risk = associating ? this.#options.accountRisk() : "none";
    const lock = this.#options.lock();
    const looks = lock?.lookFirst === true;
    if (risk === "refused" && !looks) {
      this.#failure = { error, until: 0, automatic: false };
      this.#setState("idle", error, undefined, "refused");
      return;
    }
    if (error.retry === "no") {
      this.#failure = { error, until: 0, automatic: false };
      this.#setState("idle", error);
      return;
    }
    const usual = this.#backoff.next();
    const pause = lock === undefined || looks ? usual : Math.max(usual, lock.remainingMs);
    if (risk !== "none" && lock !== undefined) {
      const next = looks
        ? "the next one first checks whether the meter answers"
        : `the next one is in ${duration(pause)}`;
      this.#options.note(`an attempt with a secret got no answer; because meters lock accounts, ${next}`);
    }
    const refused = looks && (risk === "refused" || this.#failure?.refused === true);
    this.#failure = { error, until: clock.now() + usual, automatic: true, refused };
    this.#setState("reconnecting", error, pause, risk === "none" ? undefined : "doubtful");
    this.#tryIn(pause);
  }

  #tryIn(pause: number): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      if (this.#closed || this.#active !== undefined || this.#connecting !== undefined) return;
      const lock = this.#lock();
      if (lock !== undefined) this.#tryIn(lock.remainingMs);
      else if (this.#failure?.refused === true && this.#options.lock() === undefined) {
        this.#failure = { error: this.#failure.error, until: 0, automatic: false };
        this.#setState("idle", this.#failure.error);
      } else {
        // its failure is a separate event, and schedules the next attempt
        this.#connect().catch(() => undefined);
      }
    }, pause);
  }

  #setState(state: ClientState, error?: DlmsError, nextTryInMs?: number, secret?: "refused" | "doubtful"): void {
    const previous = this.#state;
    if (state === previous && nextTryInMs === undefined && error === undefined) return;
    this.#state = state;
    this.#options.onState({
      state,
      previous,
      ...(error === undefined ? {} : { error }),
      ...(nextTryInMs === undefined ? {} : { nextTryInMs }),
      ...(secret === undefined ? {} : { [secret]: true }),
    });
  }
}

function connectsTooLong(ms: number): DlmsTimeoutError {
  return new DlmsTimeoutError(
    "TIMEOUT_ASSOCIATE",
    `the association was not made within ${ms / 1000} s, though the meter went on answering; check the line and the meter`,
    { details: { timeoutMs: ms } },
  );
}

function stillFailing(failure: Failure, wait: number, request: string | undefined): DlmsError {
  const when = duration(wait);
  const next = failure.automatic
    ? `the next try is in ${when}`
    : `not tried again automatically, because meters lock accounts; correct the setting, or try again in ${when}`;
  return neverSent(failure.error, request, next, { nextTryInMs: wait, retryAfter: Math.ceil(wait / 1000) });
}
