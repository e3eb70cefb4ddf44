/** Injected time: clock, waiting and time-outs. */

export { type Clock, systemClock, type TimerHandle } from "./clock";
export { afterInput, afterRunning, inputGraceMs, maxLateMs, type RunningWait } from "./running-time";
export {
  Mutex,
  onAbort,
  settledWithin,
  sleep,
  untilAborted,
  type Waiting,
  WaitList,
  type WaitOptions,
  type WaitTimeout,
  withTimeout,
} from "./waiting";
