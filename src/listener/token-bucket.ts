/** Limits the pushes of a peer: an average number per second, and a burst of the same size. */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#tokens = 2 * perSecond;
    this.#at = now;
  }

  /** Takes tokens even if the balance becomes negative; false while the balance is negative. */
  take(count: number, now: number): boolean {
    this.#fill(now);
    this.#tokens -= count;
    return this.#tokens >= 0;
  }

  isPaid(now: number): boolean {
    this.#fill(now);
    return this.#tokens >= 0;
  }

  #fill(now: number): void {
    this.#tokens = Math.min(2 * this.#perSecond, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
  }
}
