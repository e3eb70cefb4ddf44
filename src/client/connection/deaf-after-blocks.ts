/**
 * Recovers an HDLC link after general block transfer failed: the meter may not answer until its inactivity time-out.
 * For reconnection after a loss see `Supervisor`.
 */
import { sleep } from "../../clock";
import { isDlmsError } from "../../errors";
import { defaultInterFrameMs } from "../../link/timeouts";
import type { Settings } from "../options/resolve-options";

/**
 * How long the line stays quiet before the last attempt, in ms. The bound is our choice, because no document says how
 * long such a meter does not answer. A meter with a Gurux stack ends its session after an inactivity time-out that each
 * byte may restart, so only silence helps. A read must not wait for minutes, so users with such a meter raise the
 * response time-out.
 */
export function quietMs({ timeouts }: Pick<Settings, "timeouts">): number {
  const { response, retries, interFrame = defaultInterFrameMs } = timeouts;
  return Math.max(interFrame, response * retries);
}

/**
 * Connects; if the link set-up is not answered, waits quietly and connects again. The link itself begins with DISC,
 * because the previous session did not end properly.
 */
export async function connectAfterBlocks<T>(
  connect: () => Promise<T>,
  settings: Settings,
  signal: AbortSignal,
  note: (text: string) => void,
): Promise<T> {
  try {
    return await connect();
  } catch (error) {
    if (!isDlmsError(error) || !error.is("TIMEOUT_LINK")) throw error;
    const wait = quietMs(settings);
    note(
      `the meter does not answer the link set-up after general blocks; the line stays quiet for ${wait / 1000} s before the last try`,
    );
    await sleep(settings.clock, wait, signal);
    return connect();
  }
}
