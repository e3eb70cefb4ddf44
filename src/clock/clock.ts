/** The one source of time that is injected into the stack, and the machine's own clock. */
import { reportUnexpected } from "../errors/boundary";

/** A running timer, to be handed back to `clearTimeout`. */
export type TimerHandle = object | number;

/** Time as the stack sees it: one injected source, so that tests can run on a virtual clock. */
export interface Clock {
  /** Monotonic milliseconds, for durations and deadlines. */
  now(): number;
  /** Wall-clock milliseconds since 1970-01-01T00:00:00Z, for time stamps. */
  wallTime(): number;
  setTimeout(callback: () => void, ms: number): TimerHandle;
  clearTimeout(handle: TimerHandle | undefined): void;
  /**
   * Calls back after the input that has already arrived was handed out. A timer that fires late waits for that before
   * it judges a meter. Absent: a short timer takes its place.
   */
  afterInput?(callback: () => void): void;
}

/** The machine's own clock. What a timer's function throws is reported, and does not end the process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(rung, ms, callback),
  clearTimeout: (handle) => {
    clearTimeout(handle as NodeJS.Timeout | undefined);
  },
  // the poll phase lies between the timers and this
  afterInput: (callback) => {
    setImmediate(rung, callback);
  },
};

function rung(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    reportUnexpected("node-red-contrib-dlms: a timer", error);
  }
}
