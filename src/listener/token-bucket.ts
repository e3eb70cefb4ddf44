/** How many pushes a peer may send: so many a second on average, and as many again at once. */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#tokens = 2 * perSecond;
    this.#at = now;
  }

  /** Takes tokens, also those that are not there yet; false where the peer owes some. */
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
