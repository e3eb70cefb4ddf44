/** The timer of a link: calls its machine when the deadline of the link has passed. */
import { afterInput, type Clock, inputGraceMs, maxLateMs, type TimerHandle } from "../clock";

/** Wakes a link at its deadlines. Time in which this process did not run does not count. */
export class LinkTimer {
  readonly #clock: Clock;
  readonly #link: { readonly deadline: number | undefined };
  /** the deadline has passed */
  readonly #due: () => void;
  #timer: TimerHandle | undefined;
  /** when the timer fires, in the time of the link */
  #fires = 0;
  /** ms in which this process did not run: the link does not count them */
  #lost = 0;
  /** the latest time that was passed to the link */
  #told = 0;
  /** the deadline that was already postponed once */
  #excused: number | undefined;
  #stopped = false;

  constructor(clock: Clock, link: { readonly deadline: number | undefined }, due: () => void) {
    this.#clock = clock;
    this.#link = link;
    this.#due = due;
  }

  /** Monotonic ms without those in which this process did not run. */
  get now(): number {
    this.#told = this.#clock.now() - this.#lost;
    return this.#told;
  }

  /**
   * A timer that fires too early checks the deadline again, so that one timer serves many exchanges: most deadlines are
   * never reached, and setting and clearing a timer costs more than everything else here for an answer.
   */
  arm(): void {
    const deadline = this.#stopped ? undefined : this.#link.deadline;
    if (deadline === undefined) return;
    if (this.#timer !== undefined) {
      if (deadline >= this.#fires) return;
      this.#clock.clearTimeout(this.#timer);
    }
    this.#fires = deadline;
    this.#timer = this.#clock.setTimeout(this.#fire, Math.max(0, Math.ceil(deadline - this.#clock.now() + this.#lost)));
  }

  /** Stops the timer permanently. */
  stop(): void {
    this.#stopped = true;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #fire = (): void => {
    this.#timer = undefined;
    const { deadline } = this.#link;
    if (this.#wasHeldUp(deadline)) {
      afterInput(this.#clock, this.#lookAgain);
      return;
    }
    if (deadline === undefined || this.now < deadline) this.arm();
    else this.#due();
  };

  readonly #lookAgain = (): void => {
    this.arm();
  };

  /**
   * A late timer means that the event loop was blocked or the process stopped. An answer may have arrived in that time,
   * so each deadline is postponed once.
   */
  #wasHeldUp(deadline: number | undefined): boolean {
    const late = this.#clock.now() - this.#lost - Math.max(this.#fires, this.#told);
    if (deadline === undefined || late <= maxLateMs || deadline === this.#excused) return false;
    this.#lost += late;
    if (Math.max(this.#fires, this.#told) >= deadline) {
      this.#lost += inputGraceMs;
      this.#excused = deadline;
    }
    return true;
  }
}
