/** The clock that is injected into the stack, and the clock of the machine. */
import { reportUnexpected } from "../errors/boundary";

/** A running timer, as `clearTimeout` takes it. */
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
   * Calls back after delivery of the input that has already arrived. A late timer waits for that before it judges a
   * meter. Default: a short timer.
   */
  afterInput?(callback: () => void): void;
}

/** The clock of the machine. An error thrown by a timer's function is reported and does not end the process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(rung, ms, callback),
  clearTimeout: (handle) => {
    clearTimeout(handle as NodeJS.Timeout | undefined);
  },
  // the poll phase of the event loop runs between the timers and this callback
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
