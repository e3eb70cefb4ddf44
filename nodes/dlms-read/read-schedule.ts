import { type Clock, type TimerHandle } from "../../src/index";

export interface OwnIntervalOptions {
  readonly clock: Clock;
  /** ms from one read to the next */
  readonly interval: number;
  /** ms: each read comes up to so much later, by chance, so that many nodes do not ask at one moment; 0 = none */
  readonly spread: number;
  /** 0 up to 1, as Math.random */
  readonly random: () => number;
  /** Starts a read; true as long as the one before is under way: then this one is left out. */
  readonly busy: () => boolean;
  readonly read: () => void;
}

/** A deploy is not over when nodes are made: what a first value goes to may not be there yet. */
const settleMs = 100;

/** Reads on its own, at a fixed rhythm that neither drifts with the time that reads take nor makes them overlap. */
export class OwnInterval {
  readonly #options: OwnIntervalOptions;
  #timer: TimerHandle | undefined;
  #next: number;
  #wait = 0;
  #skipped = 0;

  constructor(options: OwnIntervalOptions) {
    this.#options = options;
    this.#next = options.clock.now() + settleMs;
    this.#arm();
  }

  /** how many reads were left out because one was under way */
  get skipped(): number {
    return this.#skipped;
  }

  /** ms that the next read was to be waited for when the one before was due, or at the start */
  get wait(): number {
    return this.#wait;
  }

  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    const { clock, spread, random } = this.#options;
    this.#wait = Math.max(0, this.#next - clock.now()) + random() * spread;
    this.#timer = clock.setTimeout(() => {
      this.#due();
    }, this.#wait);
  }

  #due(): void {
    const { clock, interval, busy, read } = this.#options;
    // after a sleep of the machine, what was missed is not made up for
    const missed = Math.max(0, Math.floor((clock.now() - this.#next) / interval));
    this.#next += interval * (1 + missed);
    this.#arm();
    if (busy()) this.#skipped++;
    else read();
  }
}
