/** Time-outs that do not count the time in which this process could not run. */
import type { Clock, TimerHandle } from "./clock";

/** A timer that fires later than this says that the event loop was blocked, or that the process was stopped (ms). */
export const lateFiring = 50;

/** How long input may still come after such a time, for ports and handshakes that need several turns (ms). */
export const inputGrace = 100;

/** The parts of a wait: how exactly the time is left out in which this process did not run. */
const parts = 8;

/** Calls back after the input that has already arrived was handed out. */
export function afterInput(clock: Clock, callback: () => void): void {
  if (clock.afterInput === undefined) clock.setTimeout(callback, 1);
  else clock.afterInput(callback);
}

/** A wait that is under way. */
export interface RunningWait {
  cancel(): void;
}

/**
 * Calls back after `ms` in which this process could hear an answer: a time-out that judges the other side. The wait
 * runs in parts, and a part that ends late is not counted; after twice the time it ends in any case.
 */
export function afterRunning(clock: Clock, callback: () => void, ms: number): RunningWait {
  const part = Math.ceil(ms / parts);
  let left = ms;
  let excused = 0;
  let due = 0;
  let timer: TimerHandle | undefined;
  let over = false;
  const begin = (): void => {
    if (over) return;
    const length = Math.max(0, Math.min(part, left));
    due = clock.now() + length;
    timer = clock.setTimeout(ended, length);
  };
  const ended = (): void => {
    const late = clock.now() - due > lateFiring;
    if (late && excused < parts) {
      excused++;
      afterInput(clock, begin);
      return;
    }
    left -= part;
    if (left > 0) begin();
    else {
      over = true;
      callback();
    }
  };
  begin();
  return {
    cancel: () => {
      over = true;
      clock.clearTimeout(timer);
    },
  };
}
