import type { Clock, TimerHandle } from "../clock";
import { DlmsStateError } from "../errors";

/** How long rows may wait to be taken before the meter is let go, in ms. */
export const stallLimit = 60_000;

/**
 * Values on their way from a producer, which is held up while the last batch has not been taken, to one consumer.
 * So what waits is bounded by one batch.
 */
export class RowStream<T> {
  readonly #clock: Clock;
  readonly #what: string;
  #batch: readonly T[] = [];
  #at = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #taker: { resolve(value: IteratorResult<T, undefined>): void; reject(error: unknown): void } | undefined;
  #drained: (() => void) | undefined;
  #stopped = false;

  constructor(clock: Clock, what: string) {
    this.#clock = clock;
    this.#what = what;
  }

  /** The consumer wants no more. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Resolves when the batch was taken. @throws DlmsStateError STATE_BUSY when nobody takes it for a minute */
  async push(batch: readonly T[]): Promise<void> {
    if (this.#stopped || batch.length === 0) return;
    this.#batch = batch;
    this.#at = 0;
    this.#serve();
    if (this.#at >= this.#batch.length) return;
    let timer: TimerHandle | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#drained = resolve;
      timer = this.#clock.setTimeout(() => {
        this.#stopped = true;
        const error = new DlmsStateError(
          "STATE_BUSY",
          `${this.#what}: the rows were not taken for ${stallLimit / 1000} s; other requests were waiting, so the reading ended`,
        );
        this.#failure = { error };
        reject(error);
      }, stallLimit);
    });
    this.#drained = undefined;
    this.#clock.clearTimeout(timer);
  }

  end(): void {
    this.#ended = true;
    this.#serve();
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#serve();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      this.#taker = { resolve, reject };
      this.#serve();
    });
  }

  /** The consumer leaves: the producer goes on at once, and sees `stopped`. */
  stop(): void {
    this.#stopped = true;
    this.#batch = [];
    this.#at = 0;
    this.#drained?.();
  }

  #serve(): void {
    const taker = this.#taker;
    if (taker === undefined) return;
    if (this.#at < this.#batch.length) {
      this.#taker = undefined;
      const value = this.#batch[this.#at++] as T;
      if (this.#at >= this.#batch.length) this.#drained?.();
      taker.resolve({ value, done: false });
    } else if (this.#failure !== undefined) {
      this.#taker = undefined;
      taker.reject(this.#failure.error);
    } else if (this.#ended || this.#stopped) {
      this.#taker = undefined;
      taker.resolve({ value: undefined, done: true });
    }
  }
}
