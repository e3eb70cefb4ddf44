/** Own invocation counters: bounds, blocks of claimed values, and a store in memory. */
import { DlmsConfigError, DlmsSecurityError } from "../errors";
import type { InvocationCounterStore } from "./model";

/** Values from here on are never used: 65536 short of the end, so that keys can still be changed in time. */
export const maxCounter = 2 ** 32 - 2 ** 16;

/** Refuse a number that is no counter value. */
function checkValue(value: number, name: string): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `invocation counter: expected ${name} to be a whole number from 0, got ${value}`,
  );
}

/** @throws DlmsSecurityError SEC_COUNTER_EXHAUSTED when `count` values from `next` on reach the limit */
export function checkExhaustion(next: number, count: number): void {
  if (next + count <= maxCounter) return;
  throw new DlmsSecurityError(
    "SEC_COUNTER_EXHAUSTED",
    `invocation counter: ${next} plus ${count} values would pass the limit ${maxCounter}; ` +
      "exchange the keys in the meter and the configuration, which restarts the counter",
    { details: { next, count, limit: maxCounter } },
  );
}

/**
 * The arithmetic of a counter whose high-water mark is stored elsewhere: values below `mark` are claimed there and may
 * be used here. Beyond it, the store has to write a new mark first.
 */
export class CounterBlock {
  #next: number;
  #mark: number;

  /** @param next first value that may be claimed; nothing is claimed yet */
  constructor(next: number) {
    checkValue(next, "the start");
    this.#next = next;
    this.#mark = next;
  }

  /** The first unclaimed value. */
  get mark(): number {
    return this.#mark;
  }

  /** The first of `count` successive values, or undefined when the store has to claim them first. */
  take(count: number): number | undefined {
    checkValue(count, "the number of values");
    if (this.#next + count > this.#mark) return undefined;
    const first = this.#next;
    this.#next += count;
    return first;
  }

  /** The values from `first` up to, not including, `mark` were claimed. Unused values before a gap are dropped. */
  claim(first: number, mark: number): void {
    if (first < this.#mark || mark < first) {
      throw new DlmsConfigError(
        "CONFIG_INVALID",
        `invocation counter: claim ${first}..${mark} lies below ${this.#mark}`,
        {
          layer: "security",
          fault: "internal",
        },
      );
    }
    if (first > this.#mark) this.#next = first;
    this.#mark = mark;
  }

  /** Skip ahead, never back. */
  raiseTo(atLeast: number): void {
    checkValue(atLeast, "the value to raise to");
    this.#next = Math.max(this.#next, atLeast);
    this.#mark = Math.max(this.#mark, this.#next);
  }
}

/**
 * A counter that lives as long as the process: for tests, simulators, and where the start is known to be safe.
 * @param start first value (1)
 */
export function memoryCounterStore(start = 1): InvocationCounterStore {
  checkValue(start, "the start");
  let next = start;
  let used = false;
  return {
    mark: () => Promise.resolve(used ? next : undefined),
    reserve: async (count) => {
      await Promise.resolve();
      checkValue(count, "the number of values");
      checkExhaustion(next, count);
      const first = next;
      next += count;
      used = true;
      return first;
    },
    raiseTo: async (atLeast) => {
      await Promise.resolve();
      checkValue(atLeast, "the value to raise to");
      checkExhaustion(atLeast, 0);
      used = true;
      next = Math.max(next, atLeast);
    },
  };
}
