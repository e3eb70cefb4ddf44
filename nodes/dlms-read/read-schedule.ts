// Reads at a fixed interval, without an Inject node.
import { type Clock, type TimerHandle } from "../../src/index";

export interface ReadScheduleOptions {
  readonly clock: Clock;
  /** ms from one read to the next */
  readonly interval: number;
  /** ms: upper limit of a random delay that spreads the reads of many nodes; 0 = none */
  readonly spread: number;
  /** from 0 to below 1, as Math.random */
  readonly random: () => number;
  /** Whether the previous read is still running; then the schedule skips the next one. */
  readonly busy: () => boolean;
  readonly read: () => void;
}

/** Delay of the first read: nodes that receive its value may not exist yet while a deploy creates nodes. */
const settleMs = 100;

/** Starts reads at a fixed interval. It does not drift with the duration of reads, and reads never overlap. */
export class ReadSchedule {
  readonly #options: ReadScheduleOptions;
  #timer: TimerHandle | undefined;
  #next: number;
  #wait = 0;
  #skipped = 0;

  constructor(options: ReadScheduleOptions) {
    this.#options = options;
    this.#next = options.clock.now() + settleMs;
    this.#arm();
  }

  /** number of reads skipped because the previous one was still running */
  get skipped(): number {
    return this.#skipped;
  }

  /** ms from the time at which the timer was set to the next read */
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
    // reads missed while the machine slept are not made up for
    const missed = Math.max(0, Math.floor((clock.now() - this.#next) / interval));
    this.#next += interval * (1 + missed);
    this.#arm();
    if (busy()) this.#skipped++;
    else read();
  }
}
