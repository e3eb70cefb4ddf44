import { afterRunning, type Clock, DlmsTimeoutError } from "../../src/index";

/** Longer than a day, a read is a mistake. */
export const longestReadS = 86_400;

/** The bound of a read that is no profile, where none is set; a profile may take as long as a read may at all. */
export const usualReadS = 600;

/** For the client, whose own bound is not wanted beside the one of the node: the longest that a timer waits. */
export const noBoundMs = 2_147_483_647;

export interface GiveUpOptions {
  readonly clock: Clock;
  /** ms; 0 = no bound */
  readonly after: number;
  /** Ends the work too, with its own reason. */
  readonly ending: AbortSignal;
}

/** Does something that ends, whatever it waits for, when the time is over. */
export async function givingUp<T>(
  { clock, after, ending }: GiveUpOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (after === 0) return work(ending);
  const own = new AbortController();
  const end = (): void => {
    own.abort(ending.reason);
  };
  if (ending.aborted) end();
  ending.addEventListener("abort", end, { once: true });
  const late = (): void => {
    own.abort(
      new DlmsTimeoutError(
        "TIMEOUT_RESPONSE",
        `the read was given up after ${after / 1000} s (giveUpAfter); ask for less at once, or give it more time`,
        { retry: "same-session", details: { giveUpAfter: after / 1000 } },
      ),
    );
  };
  const wait = afterRunning(clock, late, after);
  try {
    return await work(own.signal);
  } finally {
    wait.cancel();
    ending.removeEventListener("abort", end);
  }
}
