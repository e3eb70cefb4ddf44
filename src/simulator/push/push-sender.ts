/** Sends the pushes of one setup: at its interval, on demand, and again after a failure. */
import { type Clock, sleep, type TimerHandle } from "../../clock";
import { DlmsStateError, isDlmsError } from "../../errors";

/** The parts of a push setup that a sender uses. */
export interface PushTiming {
  /** ms of random delay before it */
  readonly delayMs: number;
  readonly retries: number;
  readonly retryDelayMs: number;
}

export interface PushSenderHost {
  readonly clock: Clock;
  /** ms between pushes; 0: on demand only */
  readonly every: number;
  /** ms before the first of these */
  readonly firstAfter: number;
  timing(): PushTiming;
  /** Builds the next push; the returned function sends it, and may be called again after a failure. */
  prepare(): (signal: AbortSignal) => Promise<void>;
  /** Releases the connection if it is not needed until the next push. */
  release(): Promise<void>;
  failed(error: unknown): void;
}

export class PushSender {
  readonly #host: PushSenderHost;
  #abort = new AbortController();
  #closed = false;
  #timer: TimerHandle | undefined;
  #running: Promise<void> | undefined;

  constructor(host: PushSenderHost) {
    this.#host = host;
  }

  get isStarted(): boolean {
    return this.#timer !== undefined;
  }

  /** Starts the interval; the first push is sent at once unless the setup defines a time. */
  start(): void {
    const { clock, every, firstAfter } = this.#host;
    if (every === 0 || this.#timer !== undefined || this.#closed) return;
    const due = (): void => {
      this.#timer = clock.setTimeout(due, every);
      // a push that is still being sent or retried replaces this one
      if (this.#running === undefined) this.pushUnasked();
    };
    if (firstAfter === 0) due();
    else this.#timer = clock.setTimeout(due, firstAfter);
  }

  /** Sends a push now. A call during another push waits for that one. */
  push(): Promise<void> {
    return (this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    }));
  }

  /** Sends a push without a caller that waits for the outcome: failures are reported. */
  pushUnasked(): void {
    this.push().catch((error: unknown) => {
      if (!isDlmsError(error) || !error.is("STATE_CLOSED") || !this.#closed) this.#host.failed(error);
    });
  }

  /** Ends timers, waits and the connection. Idempotent, never rejects; pushes on demand are still sent. */
  async stop(): Promise<void> {
    this.#host.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#abort.abort(new DlmsStateError("STATE_CLOSED", "push: the meter has stopped pushing"));
    this.#abort = new AbortController();
    await this.#host.release();
    await this.#running?.catch(() => undefined);
  }

  /** The same for good. */
  close(): Promise<void> {
    this.#closed = true;
    return this.stop();
  }

  async #run(): Promise<void> {
    const { clock } = this.#host;
    const { signal } = this.#abort;
    if (this.#closed) throw new DlmsStateError("STATE_CLOSED", "push: the meter has stopped pushing");
    const { delayMs, retries, retryDelayMs } = this.#host.timing();
    // not within the call, because the answer to the method must be sent first
    await Promise.resolve();
    await sleep(clock, delayMs, signal);
    const send = this.#host.prepare();
    for (let left = retries; ; left--) {
      try {
        await send(signal);
        break;
      } catch (error) {
        if (left === 0 || signal.aborted) throw error;
        await this.#host.release();
        await sleep(clock, retryDelayMs, signal);
      }
    }
    if (!this.isStarted) await this.#host.release();
  }
}
