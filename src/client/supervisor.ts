import type { Clock, TimerHandle } from "../clock";
import { type DlmsError, DlmsStateError } from "../errors";
import { longestWait } from "../errors/arguments";
import { asDlmsError } from "../errors/boundary";
import type { ActiveSession } from "./active-session";
import { Backoff } from "./backoff";
import type { ClientState, StateEvent } from "./events";
import { type AccountRisk, notAsked } from "./failure";
import type { Timeouts } from "./options";

/** How long a refused secret is not sent again, even when somebody asks (ms). */
export const lockoutPause = 5 * 60_000;

/** How often a secret that got no answer is sent at the usual pace, before `lockoutPause` lies between two tries. */
const doubtfulTries = 2;

/** Makes a channel and an association; tears down what it had made when it fails or is aborted. */
export type Establish = (signal: AbortSignal) => Promise<ActiveSession>;

export interface SupervisorOptions {
  readonly clock: Clock;
  readonly timeouts: Pick<Timeouts, "reconnectMin" | "reconnectMax" | "close">;
  readonly random: () => number;
  readonly establish: Establish;
  /** what repeating a failed association could do to the account */
  readonly accountRisk: (error: DlmsError) => AccountRisk;
  readonly onState: (event: StateEvent) => void;
  readonly note: (text: string) => void;
}

interface Failure {
  readonly error: DlmsError;
  /** clock time before which no try is made */
  readonly until: number;
  readonly automatic: boolean;
}

/**
 * Keeps at most one association: makes it when it is needed, makes it again after a loss with growing pauses, never
 * sends a refused secret again by itself, and takes it down in order.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #backoff: Backoff;
  #state: ClientState = "idle";
  #active: ActiveSession | undefined;
  #connecting: Promise<ActiveSession> | undefined;
  #abort: AbortController | undefined;
  #failure: Failure | undefined;
  /** tries in which a secret was sent and got no answer, since the last association */
  #doubts = 0;
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

  get active(): ActiveSession | undefined {
    return this.#active;
  }

  /** The association, if there is one to be used now. */
  get usable(): ActiveSession | undefined {
    return this.#closed ? undefined : this.#active;
  }

  get lastError(): DlmsError | undefined {
    return this.#failure?.error;
  }

  /**
   * The association, made now if there is none. In the pause after a failure it rejects at once with that failure
   * and says when the next try is.
   * @param what the request that it is for, for messages
   */
  async ensure(what?: string): Promise<ActiveSession> {
    for (;;) {
      if (this.#closed) throw new DlmsStateError("STATE_CLOSED", "the client is closed");
      if (this.#active !== undefined) return this.#active;
      if (this.#connecting !== undefined) return this.#connecting;
      if (this.#ending === undefined) break;
      await this.#ending;
    }
    const failure = this.#failure;
    const wait = failure === undefined ? 0 : Math.ceil(failure.until - this.#options.clock.now());
    if (failure !== undefined && wait > 0) throw stillFailing(failure, wait, what);
    return this.#connect();
  }

  /** A request was answered: the line is in order. */
  worked(): void {
    this.#backoff.reset();
    this.#failure = undefined;
  }

  /** The association is lost. The next `ensure` makes a new one at once, unless `pause` is asked for. */
  async drop(active: ActiveSession, error: DlmsError | undefined, pause: boolean): Promise<void> {
    if (this.#active === active) {
      this.#active = undefined;
      if (!pause) this.#setState("idle", error);
    }
    await active.channel.destroy(error ?? new DlmsStateError("STATE_CLOSED", "the connection was given up"));
    if (pause && error !== undefined && !this.#closed) this.#failed(error, false);
  }

  /** The channel reported by itself that it is gone. */
  lost(active: ActiveSession, error: DlmsError): void {
    if (this.#active === active) void this.drop(active, error, false);
  }

  /** Release and disconnect, bounded; then idle. */
  async rest(): Promise<void> {
    const active = this.#active;
    if (active === undefined || this.#ending !== undefined) return;
    this.#active = undefined;
    this.#ending = this.#takeDown(active, () => Promise.resolve(), this.#options.timeouts.close);
    await this.#ending;
    this.#ending = undefined;
    if (!this.#closed) this.#setState("idle");
  }

  /** End for good. `settled` resolves when the exchange that is under way has ended. Never rejects; bounded. */
  async close(settled: () => Promise<void>, timeoutMs?: number): Promise<void> {
    if (this.#closed) return;
    // close never rejects: a time that is none, whatever it is instead, is the one of the settings
    const given = typeof timeoutMs === "number" && timeoutMs >= 0 && timeoutMs <= longestWait;
    const bound = given ? timeoutMs : this.#options.timeouts.close;
    this.#closed = true;
    this.#setState("closing");
    this.#options.clock.clearTimeout(this.#timer);
    this.#abort?.abort(new DlmsStateError("STATE_CLOSED", "the client was closed while it connected"));
    await this.#within(this.#connecting, bound);
    await this.#ending;
    const active = this.#active;
    this.#active = undefined;
    if (active !== undefined) await this.#takeDown(active, settled, bound);
    this.#setState("closed");
  }

  /** What is being made takes itself down when it is aborted; a transport that does not must not hold the end up. */
  async #within(work: Promise<unknown> | undefined, timeoutMs: number): Promise<void> {
    if (work === undefined) return;
    const { clock } = this.#options;
    let timer: TimerHandle | undefined;
    const bound = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, timeoutMs);
    });
    await Promise.race([work.catch(() => undefined), bound]);
    clock.clearTimeout(timer);
  }

  async #takeDown(active: ActiveSession, settled: () => Promise<void>, timeoutMs: number): Promise<void> {
    const { clock, note } = this.#options;
    const orderly = async (): Promise<void> => {
      await settled();
      if (active.channel.usable) await this.#release(active, timeoutMs * 0.75);
      await active.channel.close();
    };
    let timer: TimerHandle | undefined;
    const bound = new Promise<void>((resolve) => {
      timer = clock.setTimeout(() => {
        note(`close: the meter did not answer within ${timeoutMs} ms; the line is closed without it`);
        resolve();
      }, timeoutMs);
    });
    const end = orderly().catch((error: unknown) => {
      note(`close: ${error instanceof Error ? error.message : String(error)}`);
    });
    await Promise.race([end, bound]);
    clock.clearTimeout(timer);
    await active.channel.destroy(new DlmsStateError("STATE_CLOSED", "the client is closed"));
  }

  /** Some meters do not answer a release: the disconnect behind it still has to have its time. */
  async #release(active: ActiveSession, timeoutMs: number): Promise<void> {
    const { clock, note } = this.#options;
    let timer: TimerHandle | undefined;
    const bound = new Promise<void>((resolve) => {
      timer = clock.setTimeout(() => {
        note(`release: the meter did not answer within ${timeoutMs} ms`);
        resolve();
      }, timeoutMs);
    });
    const released = active.run(active.session.release()).catch((error: unknown) => {
      note(`release: ${error instanceof Error ? error.message : String(error)}`);
    });
    await Promise.race([released, bound]);
    clock.clearTimeout(timer);
  }

  #connect(): Promise<ActiveSession> {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const abort = new AbortController();
    this.#abort = abort;
    this.#setState(this.#failure === undefined ? "connecting" : "reconnecting", this.#failure?.error);
    this.#connecting = this.#try(abort.signal).finally(() => {
      this.#connecting = undefined;
      this.#abort = undefined;
    });
    return this.#connecting;
  }

  async #try(signal: AbortSignal): Promise<ActiveSession> {
    try {
      const active = await this.#options.establish(signal);
      if (this.#closed) {
        // too late even for close: nobody else takes it down
        if (this.#state === "closed") void active.channel.destroy(signal.reason as Error);
        else this.#active = active;
        throw signal.reason as Error;
      }
      this.#active = active;
      this.#doubts = 0;
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
    const risk = associating ? this.#options.accountRisk(error) : "none";
    if (risk === "refused") {
      this.#failure = { error, until: clock.now() + lockoutPause, automatic: false };
      this.#setState("idle", error, undefined, "refused");
      return;
    }
    if (error.retry === "no") {
      this.#failure = { error, until: 0, automatic: false };
      this.#setState("idle", error);
      return;
    }
    const usual = this.#backoff.next();
    const careful = risk === "doubtful" && ++this.#doubts >= doubtfulTries;
    const pause = careful ? Math.max(usual, lockoutPause) : usual;
    if (careful) {
      this.#options.note(
        `a secret was sent ${this.#doubts} times without an answer; since meters lock accounts, the next try is in ${duration(pause)}`,
      );
    }
    this.#failure = { error, until: clock.now() + pause, automatic: true };
    this.#setState("reconnecting", error, pause, risk === "doubtful" ? "doubtful" : undefined);
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      // its failure is an event of its own, and plans the next try
      if (!this.#closed && this.#active === undefined && this.#connecting === undefined) {
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

function stillFailing(failure: Failure, wait: number, what: string | undefined): DlmsError {
  const when = duration(wait);
  const next = failure.automatic
    ? `the next try is in ${when}`
    : `not tried again by itself, since meters lock accounts; correct the setting, or ask again in ${when}`;
  return notAsked(failure.error, what, next, { nextTryInMs: wait });
}

/** "4 s", "4 min 30 s" */
function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const rest = seconds % 60;
  return rest === 0 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 60)} min ${rest} s`;
}
