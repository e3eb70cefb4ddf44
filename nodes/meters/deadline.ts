// The limit for a whole request of a node (giveUpAfter).
import { afterRunning, type Clock, DlmsTimeoutError } from "../../src/index";

/** A limit longer than a day is a mistake. */
export const maxReadS = 86_400;

/** The default limit of a read that is not a profile; a profile may take the maximum. */
export const defaultReadS = 600;

/** The longest wait of a timer: the client's own request time-out must not apply besides the node's limit. */
export const noBoundMs = 2_147_483_647;

export interface DeadlineOptions {
  readonly clock: Clock;
  /** what ends, for the error; default: the read */
  readonly what?: string;
  /** ms; 0 = no limit */
  readonly after: number;
  /** Aborts the work with its own reason. */
  readonly ending: AbortSignal;
}

/** Runs the work; when the time is over, its signal aborts with a time-out error. */
export async function withDeadline<T>(
  { clock, after, ending, what = "the read" }: DeadlineOptions,
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
        `${what} was given up after ${after / 1000} s (giveUpAfter); ask for less at once, or give it more time`,
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
