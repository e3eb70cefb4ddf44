/** The growing pauses between connection attempts. */
export interface BackoffOptions {
  /** first pause in ms */
  readonly min: number;
  readonly max: number;
  /** 0..1 */
  readonly random: () => number;
}

/** Capped exponential pauses; the jitter keeps many meters from coming back in step after a power cut. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Half to the whole of min, 2 min, 4 min, ..., max; at least min for the first. */
  next(): number {
    const { min, max, random } = this.#options;
    const ceiling = Math.min(max, min * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
    const jittered = ceiling / 2 + (ceiling / 2) * random();
    return Math.round(Math.min(max, Math.max(min, jittered)));
  }

  reset(): void {
    this.#failures = 0;
  }
}
