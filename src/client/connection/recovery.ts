/**
 * Recovers an HDLC link on which general blocks led nowhere: the meter may stay deaf until its inactivity time-out. For
 * the reconnection after a loss see `Supervisor`.
 */
import { sleep } from "../../clock";
import { isDlmsError } from "../../errors";
import { defaultInterFrameMs } from "../../link/timeouts";
import type { Settings } from "../options/resolve-options";

/**
 * How long the line stays quiet before the last try, in ms. The bound is our choice: no document says how long such a
 * meter is deaf. One with a Gurux stack ends its session after an inactivity time-out that each byte may begin again,
 * so only silence helps, and a read must not wait for minutes: users with such a meter raise the response time-out.
 */
export function quietMs({ timeouts }: Pick<Settings, "timeouts">): number {
  const { response, retries, interFrame = defaultInterFrameMs } = timeouts;
  return Math.max(interFrame, response * retries);
}

/**
 * Connects; if the link set-up is not answered, waits quietly and connects once more. The link itself begins with DISC,
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
