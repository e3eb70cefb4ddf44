/** Wait lists, time limits and aborts, for every queue and every bounded wait. */
import type { Clock } from "./clock";
import { afterRunning, type RunningWait } from "./running-time";

/** An entry of a wait list. The first call of either function takes it out of the list. */
export interface Waiting<T, R> {
  readonly item: T;
  grant(value: R): void;
  refuse(reason: unknown): void;
}

export interface WaitOptions {
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the wait after a time in which the process was able to run. */
  readonly timeout?: WaitTimeout | undefined;
  /** Called after an abort or a time-out has taken the entry out of the list. */
  readonly left?: () => void;
}

export interface WaitTimeout {
  readonly clock: Clock;
  readonly ms: number;
  readonly error: () => Error;
}

/**
 * A wait list in the order of arrival. The owner decides which entry proceeds and when: it goes through the entries and
 * grants or refuses them. An abort or a time-out refuses an entry and leaves no listener or timer.
 */
export class WaitList<T, R = void> implements Iterable<Waiting<T, R>> {
  readonly #waiting = new Set<Waiting<T, R>>();

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves with the value that the owner grants. Rejects with the reason of its refusal, the signal's reason or the
   * time-out.
   */
  wait(item: T, options: WaitOptions = {}): Promise<R> {
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason as Error);
    return new Promise((resolve, reject) => {
      this.#add(item, resolve, reject, options);
    });
  }

  #add(
    item: T,
    resolve: (value: R) => void,
    reject: (reason: unknown) => void,
    { signal, timeout, left }: WaitOptions,
  ): void {
    let timer: RunningWait | undefined;
    const leave = (reason: unknown): void => {
      waiting.refuse(reason);
      left?.();
    };
    const aborted = (): void => {
      leave(signal?.reason);
    };
    const remove = (): boolean => {
      timer?.cancel();
      signal?.removeEventListener("abort", aborted);
      return this.#waiting.delete(waiting);
    };
    const waiting: Waiting<T, R> = {
      item,
      grant: (value) => {
        if (remove()) resolve(value);
      },
      refuse: (reason) => {
        if (remove()) reject(reason);
      },
    };
    this.#waiting.add(waiting);
    signal?.addEventListener("abort", aborted, { once: true });
    if (timeout !== undefined) {
      const { clock, ms, error } = timeout;
      timer = afterRunning(
        clock,
        () => {
          leave(error());
        },
        ms,
      );
    }
  }

  /** The longest-waiting entry that meets the condition. */
  first(condition: (item: T) => boolean = () => true): Waiting<T, R> | undefined {
    for (const waiting of this.#waiting) if (condition(waiting.item)) return waiting;
    return undefined;
  }

  /** Refuses all entries that meet the condition. */
  refuseAll(reason: unknown, condition: (item: T) => boolean = () => true): void {
    for (const waiting of this) if (condition(waiting.item)) waiting.refuse(reason);
  }

  /** A snapshot of the entries in order, so that grants and refusals do not disturb the loop. */
  [Symbol.iterator](): IterableIterator<Waiting<T, R>> {
    return [...this.#waiting].values();
  }
}

/** Runs tasks one at a time, in the order of arrival. A task that fails does not stop the next. */
export class Mutex {
  readonly #waiting = new WaitList<undefined>();
  #held = false;

  /** Resolves or rejects as the task does. Rejects with the signal's reason while the task has not begun. */
  async run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#held) await this.#waiting.wait(undefined, { signal });
    else signal?.throwIfAborted();
    this.#held = true;
    try {
      return await task();
    } finally {
      const next = this.#waiting.first();
      // the mutex stays held, because a newcomer must not overtake the granted entry
      if (next === undefined) this.#held = false;
      else next.grant();
    }
  }
}

/**
 * Settles as the work does, or rejects with the error after `ms` in which this process was able to run. The work
 * continues unless the caller aborts it.
 */
export function withTimeout<T>(clock: Clock, ms: number, work: Promise<T>, error: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const wait = afterRunning(
      clock,
      () => {
        reject(error());
      },
      ms,
    );
    work.then(
      (value) => {
        wait.cancel();
        resolve(value);
      },
      (reason: unknown) => {
        wait.cancel();
        reject(reason);
      },
    );
  });
}

/**
 * Waits until the work settles, at most `ms`. Returns whether it has settled. Never rejects: for closing and
 * disconnecting.
 */
export function settledWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(() => {
      resolve(false);
    }, ms);
    const settled = (): void => {
      clock.clearTimeout(timer);
      resolve(true);
    };
    work.then(settled, settled);
  });
}

/** Settles as the work does, or rejects with the signal's reason if the abort is first. The work continues. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = onAbort(signal, () => {
      reject(signal.reason as Error);
    });
    work.then(resolve, reject).finally(stop);
  });
}

/** Waits `ms`. Rejects with the signal's reason if it is aborted before. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
  if (ms === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => {
      stop();
      resolve();
    }, ms);
    const stop = onAbort(signal, () => {
      clock.clearTimeout(timer);
      reject(signal?.reason as Error);
    });
  });
}

/** Calls back once when the signal is aborted, or at once if it is. Returns a function that takes the listener away. */
export function onAbort(signal: AbortSignal | undefined, aborted: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    aborted();
    return () => undefined;
  }
  signal.addEventListener("abort", aborted, { once: true });
  return () => {
    signal.removeEventListener("abort", aborted);
  };
}
