/** The clock of the tests: time passes only when a test moves it. */
import type { Clock, TimerHandle } from "../../src/clock";

interface Timer {
  readonly id: number;
  readonly at: number;
  readonly run: () => void;
}

/**
 * A clock that a test advances. `tick` runs due timers in order, synchronously; `tickAsync` also waits for promises to
 * settle before, between and after them.
 */
export class VirtualClock implements Clock {
  #now: number;
  #nextId = 1;
  readonly #epoch: number;
  readonly #timers = new Map<number, Timer>();

  constructor(options: { now?: number; epoch?: number } = {}) {
    this.#now = options.now ?? 0;
    this.#epoch = options.epoch ?? Date.UTC(2024, 0, 1);
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#epoch + this.#now;
  }

  setTimeout(callback: () => void, ms: number): TimerHandle {
    const id = this.#nextId++;
    this.#timers.set(id, { id, at: this.#now + Math.max(0, ms), run: callback });
    return id;
  }

  clearTimeout(handle: TimerHandle | undefined): void {
    if (typeof handle === "number") this.#timers.delete(handle);
  }

  afterInput(callback: () => void): void {
    setImmediate(callback);
  }

  /** Simulates a blocked process: due timers fire late, with the next tick. */
  block(ms: number): void {
    this.#now += ms;
  }

  /** The number of pending timers; 0 proves that none was leaked. */
  get pending(): number {
    return this.#timers.size;
  }

  /** When the next timer is due, relative to now. */
  get nextIn(): number | undefined {
    const next = this.#earliest(Number.POSITIVE_INFINITY);
    return next === undefined ? undefined : next.at - this.#now;
  }

  tick(ms: number): void {
    const target = this.#now + ms;
    for (let next = this.#earliest(target); next !== undefined; next = this.#earliest(target)) this.#run(next);
    this.#now = target;
  }

  async tickAsync(ms: number): Promise<void> {
    const target = this.#now + ms;
    await settle();
    for (let next = this.#earliest(target); next !== undefined; next = this.#earliest(target)) {
      this.#run(next);
      await settle();
    }
    this.#now = target;
    await settle();
  }

  /** Advances from timer to timer until the promise settles; fails when no timer is left. */
  async runUntil<T>(promise: Promise<T>, limitMs = 24 * 3600 * 1000): Promise<T> {
    let done = false;
    const watched = promise.finally(() => {
      done = true;
    });
    watched.catch(() => undefined);
    const limit = this.#now + limitMs;
    await settle();
    while (!done) {
      const next = this.#earliest(limit);
      if (next === undefined) throw new Error(`virtual clock: nothing left to run at ${this.#now} ms, promise pending`);
      this.#run(next);
      await settle();
    }
    return watched;
  }

  #earliest(until: number): Timer | undefined {
    let best: Timer | undefined;
    for (const timer of this.#timers.values()) {
      if (timer.at <= until && (best === undefined || timer.at < best.at)) best = timer;
    }
    return best;
  }

  #run(timer: Timer): void {
    this.#timers.delete(timer.id);
    this.#now = Math.max(this.#now, timer.at);
    timer.run();
  }
}

/** Lets pending promises settle: three turns of the event loop. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
