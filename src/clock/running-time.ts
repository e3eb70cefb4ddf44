/** Time-outs that count only the time in which this process was able to run. */
import type { Clock, TimerHandle } from "./clock";

/** A timer that fires later than this means that the event loop was blocked or the process stopped (ms). */
export const maxLateMs = 50;

/** Time for late input after such a block, because ports and handshakes need several turns of the event loop (ms). */
export const inputGraceMs = 100;

/** Number of parts of a wait: a part in which this process did not run is not counted. */
const parts = 8;

/** Calls back after delivery of the input that has already arrived. */
export function afterInput(clock: Clock, callback: () => void): void {
  if (clock.afterInput === undefined) clock.setTimeout(callback, 1);
  else clock.afterInput(callback);
}

/** A running wait. */
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
    const late = clock.now() - due > maxLateMs;
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
