/** One meter that several users share: its client, its health, its probes and its release. */
import {
  type Account,
  type AccountGuard,
  type DlmsClient,
  type Lock,
  type StateEvent,
  type TraceEvent,
} from "../client";
import { afterRunning, type Clock, type RunningWait, settledWithin, type TimerHandle, untilAborted } from "../clock";
import { attribute } from "../cosem";
import { DlmsAccessError, type DlmsError, DlmsStateError } from "../errors";
import { callSafely, reportUnexpected } from "../errors/boundary";
import { withAdvice } from "../errors/retell";
import { EndpointAccess, type Holder, type ExclusiveAccess } from "./exclusive-access";

/** The state of a meter, as its users show it. */
export type MeterPhase = "idle" | "connecting" | "connected" | "waiting" | "error" | "refused" | "offline";

export interface MeterView {
  readonly phase: MeterPhase;
  /** the reason why it is not connected */
  readonly error?: DlmsError;
  /** wall-clock ms of the next attempt, in the phases "waiting" and "offline" */
  readonly nextTryAt?: number;
  /** wall-clock ms of the last answer of the meter */
  readonly lastExchangeAt?: number;
}

/** A node that uses a meter. */
export interface MeterUser {
  readonly id: string;
  /** `tick`: only the time until the next attempt has changed. */
  meterChanged(view: MeterView, tick: boolean): void;
  trace?(event: TraceEvent): void;
}

export interface SharedMeterOptions {
  /** Creates the client, which connects at its first request. */
  makeClient(): DlmsClient;
  readonly clock: Clock;
  readonly probeInterval: number;
  readonly offlineAfter: number;
  /** Access shared with the other users of this meter; default: no other users. */
  readonly access?: ExclusiveAccess;
  /** The guard that the client asks before it sends its secret; default: a guard of this client alone. */
  readonly secret?: { readonly guard: AccountGuard; readonly account: Account };
  /** Called once per change of phase, with the phase before. */
  changed(view: MeterView, previous: MeterPhase): void;
}

/** Requests of one session that may wait for their turn: as many as its client would queue. */
const maxWaiting = 1000;

/** Bound of a release: below the 3 s that a deploy may take. */
const maxCloseMs = 2500;

/**
 * One session with one meter, shared by the nodes that use it. It begins with the first request and ends after the last
 * user. It judges whether the meter answers, and probes the meter at intervals if `probeInterval` is set.
 */
export class SharedMeter {
  readonly #options: SharedMeterOptions;
  readonly #users = new Map<string, MeterUser>();
  readonly #access: ExclusiveAccess;
  readonly #self: Holder = { release: () => this.#releaseForOthers() };
  #client: DlmsClient | undefined;
  #unsubscribe: (() => void)[] = [];
  #tracing = false;
  #releasing: Promise<void> | undefined;
  /** requests that wait for the turn */
  #waiting = 0;
  /** requests that wait or are in progress */
  #requests = 0;
  #closed = false;
  #view: MeterView = { phase: "idle" };
  #lastGoodAt: number | undefined;
  /** the same on the monotonic clock, which cannot be set */
  #lastGood = -Infinity;
  #countdown: TimerHandle | undefined;
  #probe: TimerHandle | undefined;
  #offline: RunningWait | undefined;
  /** no answer for `offlineAfter`; reset by the next answer */
  #isOffline = false;
  /** An association is being established: its secret may be on the way, which the guard reports as a lock. */
  #connecting = false;
  /** an error of a user's function was reported */
  #reported = false;

  constructor(options: SharedMeterOptions) {
    this.#options = options;
    this.#access = options.access ?? new EndpointAccess();
  }

  get view(): MeterView {
    return this.#lastGoodAt === undefined ? this.#view : { ...this.#view, lastExchangeAt: this.#lastGoodAt };
  }

  get userCount(): number {
    return this.#users.size;
  }

  /** The client, if there is one; for tests and the monitor. */
  get client(): DlmsClient | undefined {
    return this.#client;
  }

  addUser(user: MeterUser): void {
    this.#users.set(user.id, user);
    if (this.#client !== undefined) this.#watchTrace(this.#client);
    this.#call(() => user.meterChanged(this.view, false));
    this.#beginProbing();
  }

  /** Resolves when the session is released, if this was its last user. Never rejects; bounded. */
  async removeUser(id: string): Promise<void> {
    if (!this.#users.delete(id) || this.#users.size > 0) return;
    await this.#release();
  }

  /** Nothing is accepted afterwards. Never rejects; bounded. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#release();
  }

  /**
   * Sends a request. Rejects with the client's error; rejects without a request while a refused secret locks the meter,
   * or too many requests wait.
   * @param signal ends the wait for the meter; a request to the client needs the signal too
   */
  async run<T>(work: (client: DlmsClient) => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#refuseWhenLocked();
    this.#requests++;
    try {
      return await this.#inTurn(work, signal);
    } finally {
      this.#requests--;
    }
  }

  /**
   * Ends the association, so that another process can use the meter; the next request connects again. Without effect
   * while requests wait or are in progress. Never rejects; bounded.
   */
  async disconnect(): Promise<void> {
    if (this.#requests === 0) await this.#releaseForOthers();
  }

  async #inTurn<T>(work: (client: DlmsClient) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    await this.#enter(signal);
    try {
      // a client that was released in the meantime returns on a closed line
      while (this.#releasing !== undefined) await untilAborted(this.#releasing, signal);
      this.#refuseWhenLocked();
      return await this.#ask(work);
    } finally {
      this.#access.exit(this.#self);
      if (this.#client === undefined && this.#releasing === undefined) this.#access.released(this.#self);
    }
  }

  async #enter(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting >= maxWaiting) {
      const text = `${maxWaiting} requests wait for this meter already; read less often, or in one list`;
      throw new DlmsStateError("STATE_QUEUE_FULL", text);
    }
    this.#waiting++;
    try {
      await this.#access.enter(this.#self, signal);
    } finally {
      this.#waiting--;
    }
  }

  async #ask<T>(work: (client: DlmsClient) => Promise<T>): Promise<T> {
    try {
      const result = await work(this.#open());
      this.#answered();
      return result;
    } catch (error) {
      if (error instanceof DlmsAccessError) this.#answered();
      throw error;
    }
  }

  /** The reason why the secret may not be sent; also undefined if a check without the secret may reveal more. */
  #lock(): Lock | undefined {
    const { secret } = this.#options;
    const lock = secret?.guard.lockOf(secret.account);
    return lock?.lookFirst === true ? undefined : lock;
  }

  #refuseWhenLocked(): void {
    if (this.#closed) throw closedError();
    // a lock concerns neither an existing association nor a request that waits for the current attempt
    const lock = this.#connecting || this.#client?.state === "open" ? undefined : this.#lock();
    if (lock === undefined) return;
    throw withAdvice(
      lock.error,
      "not retried: meters lock an account after a few failures. Deploy the right credentials, or try again in " +
        `${Math.ceil(lock.remainingMs / 1000)} s`,
      { retryInMs: lock.remainingMs, retryAfter: Math.ceil(lock.remainingMs / 1000) },
    );
  }

  #open(): DlmsClient {
    if (this.#client !== undefined) return this.#client;
    const client = this.#options.makeClient();
    this.#client = client;
    this.#unsubscribe.push(
      client.on("state", (event) => {
        if (this.#client === client) this.#stateChanged(event);
      }),
    );
    this.#watchTrace(client);
    return client;
  }

  /** The trace is costly, so it runs only while a user listens. */
  #watchTrace(client: DlmsClient): void {
    if (this.#tracing || ![...this.#users.values()].some((user) => user.trace !== undefined)) return;
    this.#tracing = true;
    this.#unsubscribe.push(
      client.on("trace", (event) => {
        for (const user of this.#users.values()) this.#call(() => user.trace?.(event));
      }),
    );
  }

  #stateChanged(event: StateEvent): void {
    this.#connecting =
      event.state === "connecting" || (event.state === "reconnecting" && event.nextTryInMs === undefined);
    if (event.refused === true && event.error !== undefined) {
      this.#show({ phase: "refused", error: event.error });
      return;
    }
    switch (event.state) {
      case "connecting":
        this.#show({ phase: "connecting" });
        break;
      case "open":
        this.#answered();
        this.#show({ phase: "connected" });
        break;
      case "reconnecting": {
        const error = event.error ?? this.#view.error;
        const why = error === undefined ? {} : { error };
        if (event.nextTryInMs === undefined) this.#show({ phase: "connecting", ...why });
        else {
          this.#show({ phase: "waiting", nextTryAt: this.#options.clock.wallTime() + event.nextTryInMs, ...why });
        }
        break;
      }
      case "idle":
        this.#show(event.error === undefined ? { phase: "idle" } : { phase: "error", error: event.error });
        break;
      case "closing":
      case "closed":
        break;
    }
  }

  #answered(): void {
    this.#lastGoodAt = this.#options.clock.wallTime();
    this.#lastGood = this.#options.clock.now();
    if (this.#isOffline) {
      this.#isOffline = false;
      this.#show({ phase: "connected" });
    }
    if (this.#options.probeInterval > 0) this.#armOffline();
  }

  #show(next: MeterView): void {
    const previous = this.#view;
    // while offline, each attempt still updates the reason and the time until the next one
    const view: MeterView = this.#isOffline && next.phase !== "refused" ? { ...next, phase: "offline" } : next;
    this.#view = view;
    this.#options.clock.clearTimeout(this.#countdown);
    this.#countdown = undefined;
    if (previous.phase !== view.phase) this.#call(() => this.#options.changed(this.view, previous.phase));
    this.#tell(false);
    if (view.nextTryAt !== undefined) this.#tick();
  }

  #tell(tick: boolean): void {
    for (const user of [...this.#users.values()]) this.#call(() => user.meterChanged(this.view, tick));
  }

  /** An error that a user's function throws affects neither the requests nor the other users. */
  #call(run: () => unknown): void {
    callSafely(run, (error) => {
      if (!this.#reported) reportUnexpected("node-red-contrib-dlms: a user of a meter threw", error);
      this.#reported = true;
    });
  }

  /** Counts down every second near the end, every 5 s before: a Status node hears each of them. */
  #tick(): void {
    const left = (this.#view.nextTryAt ?? 0) - this.#options.clock.wallTime();
    if (left <= 1000) return;
    const step = left <= 6000 ? 1000 : 5000;
    this.#countdown = this.#options.clock.setTimeout(() => {
      this.#tell(true);
      this.#tick();
    }, step);
  }

  #beginProbing(): void {
    const wanted = this.#options.probeInterval > 0 && this.#users.size > 0 && !this.#closed;
    if (wanted && this.#probe === undefined) this.#probeAfter(0);
  }

  #probeAfter(ms: number): void {
    this.#probe = this.#options.clock.setTimeout(() => {
      void this.#probeNow();
    }, ms);
  }

  async #probeNow(): Promise<void> {
    const { clock, probeInterval } = this.#options;
    const timer = this.#probe;
    let wait = this.#lastGood + probeInterval - clock.now();
    if (wait <= 0) {
      wait = probeInterval;
      // The client reports the failure in its state; an access error is an answer.
      await this.run((client) => {
        if (this.#offline === undefined && !this.#isOffline) this.#armOffline();
        return client.read(attribute("CLOCK", "0.0.1.0.0.255", "time"));
      }).catch(() => undefined);
    }
    // a session that was released and is used again has another client
    if (this.#users.size > 0 && !this.#closed && this.#probe === timer) this.#probeAfter(wait);
  }

  #armOffline(): void {
    const { clock, offlineAfter } = this.#options;
    this.#offline?.cancel();
    const silent = (): void => {
      this.#offline = undefined;
      if (this.#view.phase === "refused") return;
      this.#isOffline = true;
      this.#show(this.#view);
    };
    this.#offline = afterRunning(clock, silent, offlineAfter);
  }

  #release(): Promise<void> {
    const { clock } = this.#options;
    clock.clearTimeout(this.#probe);
    this.#offline?.cancel();
    clock.clearTimeout(this.#countdown);
    this.#probe = this.#offline = this.#countdown = undefined;
    this.#isOffline = false;
    return this.#endSession();
  }

  /** For another session with the same meter: the next request opens this one again. */
  #releaseForOthers(): Promise<void> {
    const { clock } = this.#options;
    this.#offline?.cancel();
    clock.clearTimeout(this.#countdown);
    this.#offline = this.#countdown = undefined;
    return this.#endSession();
  }

  #endSession(): Promise<void> {
    const used = this.#client !== undefined;
    this.#releasing ??= this.#closeClient().finally(() => {
      this.#releasing = undefined;
      this.#access.released(this.#self);
      const lock = used ? this.#lock() : undefined;
      if (lock !== undefined) this.#show({ phase: "refused", error: lock.error });
      else if (this.#view.phase !== "refused" || this.#lock() === undefined) this.#show({ phase: "idle" });
    });
    return this.#releasing;
  }

  async #closeClient(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#tracing = false;
    this.#connecting = false;
    for (const off of this.#unsubscribe.splice(0)) off();
    if (client !== undefined) await settledWithin(this.#options.clock, maxCloseMs, client.close());
  }
}

function closedError(): DlmsStateError {
  return new DlmsStateError("STATE_CLOSED", "the meter's node was closed by a deploy; send the message again", {
    retry: "same-session",
  });
}
