import { type Clock } from "./clock";

/** Rejects with the signal's reason if that is first; the work must not reject. */
export function untilAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", leave, { once: true });
    void work.then(() => {
      signal.removeEventListener("abort", leave);
      resolve();
    });
  });
}

/** Resolves with the work or after `ms`, whichever is first; never rejects. */
export function within(work: Promise<unknown>, ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(resolve, ms);
    work
      .catch(() => undefined)
      .finally(() => {
        clock.clearTimeout(timer);
        resolve();
      });
  });
}
