/** The one caller that waits for a link, and how long answers were awaited. */

export interface Waiter {
  /** `rest`: the link has delivered everything and expects no answer. */
  readonly kind: "opened" | "apdu" | "closed" | "rest";
  resolve(apdu: Uint8Array): void;
  reject(error: unknown): void;
}

/** Holds at most one waiter, and adds up the waiting time of all. */
export class WaiterSlot {
  #waiter: Waiter | undefined;
  #since = 0;
  #waitedMs = 0;

  get waiter(): Waiter | undefined {
    return this.#waiter;
  }

  get waitedMs(): number {
    return this.#waitedMs;
  }

  put(waiter: Waiter, now: number): void {
    this.#waiter = waiter;
    this.#since = now;
  }

  /** The waiter, which is to be settled now. */
  take(now: number): Waiter | undefined {
    const waiter = this.#waiter;
    if (waiter === undefined) return undefined;
    this.#waiter = undefined;
    this.#waitedMs += now - this.#since;
    return waiter;
  }
}
