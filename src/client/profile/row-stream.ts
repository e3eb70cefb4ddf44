/** Transfers rows from a reading to the program that iterates over them. */
import { afterRunning, type Clock, type RunningWait } from "../../clock";
import { DlmsStateError } from "../../errors";

/** How long rows may wait for the consumer before the meter is released, in ms. */
export const maxStallMs = 60_000;

interface Taker<T> {
  resolve(value: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/**
 * Values on their way from a producer to one consumer. The producer waits until the last batch has been consumed, so at
 * most one batch is held.
 */
export class RowStream<T> {
  readonly #clock: Clock;
  readonly #name: string;
  #batch: readonly T[] = [];
  #at = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  /** calls of `next` that wait, in their order */
  readonly #takers: Taker<T>[] = [];
  #drained: (() => void) | undefined;
  /** the consumer left, or the producer failed: no more values are accepted */
  #stopped = false;

  constructor(clock: Clock, name: string) {
    this.#clock = clock;
    this.#name = name;
  }

  /** No more rows are needed. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /**
   * Resolves when the consumer has taken the batch. @throws DlmsStateError STATE_BUSY if it does not within a minute
   */
  async push(batch: readonly T[]): Promise<void> {
    if (this.#stopped || batch.length === 0) return;
    this.#batch = batch;
    this.#at = 0;
    this.#serve();
    if (this.#at >= this.#batch.length) return;
    let wait: RunningWait | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#drained = resolve;
      const late = (): void => {
        const error = new DlmsStateError(
          "STATE_BUSY",
          `the rows were not taken for ${maxStallMs / 1000} s, so the reading ended (${this.#name}); during a reading the client sends no other request: take rows faster, or all at once with toTable()`,
          { request: this.#name },
        );
        this.fail(error);
        reject(error);
      };
      wait = afterRunning(this.#clock, late, maxStallMs);
    });
    this.#drained = undefined;
    wait?.cancel();
  }

  end(): void {
    this.#ended = true;
    this.#serve();
  }

  /** The producer stops waiting. Earlier rows can still be read. */
  fail(error: unknown): void {
    // a consumer that has left gets no error
    if (!this.#stopped) this.#failure ??= { error };
    this.#stopped = true;
    this.#drained?.();
    this.#serve();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      this.#takers.push({ resolve, reject });
      this.#serve();
    });
  }

  /** The consumer leaves: the producer continues at once, and sees `stopped`. */
  stop(): void {
    this.#stopped = true;
    this.#batch = [];
    this.#at = 0;
    this.#drained?.();
    this.#serve();
  }

  #serve(): void {
    for (let taker = this.#takers[0]; taker !== undefined; taker = this.#takers[0]) {
      if (!this.#settle(taker)) return;
      this.#takers.shift();
    }
  }

  /** Returns whether a waiting call could be settled. */
  #settle(taker: Taker<T>): boolean {
    if (this.#at < this.#batch.length) {
      const value = this.#batch[this.#at++] as T;
      if (this.#at >= this.#batch.length) this.#drained?.();
      taker.resolve({ value, done: false });
    } else if (this.#failure !== undefined) taker.reject(this.#failure.error);
    else if (this.#ended || this.#stopped) taker.resolve({ value: undefined, done: true });
    else return false;
    return true;
  }
}
