/** Bounds the traffic of a peer while no request runs. */
import type { Clock } from "../clock";
import { DlmsConnectionError } from "../errors";

/** The time over which unsolicited traffic is counted, in ms. */
const floodSpanMs = 10_000;

/** Unsolicited traffic that a line may bring within `floodSpanMs`: far more than any meter reports, and easy to process. */
export const unaskedLimits = {
  /** bytes while no request is under way */
  bytes: 4 * 1024 * 1024,
  /** frames and notes of the link while no request is under way */
  frames: 20_000,
  /** notifications, while a request is under way too */
  notifications: 2000,
} as const;

type Unasked = keyof typeof unaskedLimits;

const words: Readonly<Record<Unasked, string>> = {
  bytes: "bytes that belong to no request",
  frames: "frames that belong to no request",
  notifications: "unsolicited messages",
};

/** Counts unsolicited traffic and reports a flood. */
export class FloodGuard {
  readonly #clock: Clock;
  #since = Number.NEGATIVE_INFINITY;
  readonly #counts = { bytes: 0, frames: 0, notifications: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The error that ends the connection when this is too much. */
  came(kind: Unasked, count: number, endpoint: string): DlmsConnectionError | undefined {
    const counts = this.#counts;
    counts[kind] += count;
    if (counts[kind] <= unaskedLimits[kind]) return undefined;
    const now = this.#clock.now();
    if (now - this.#since >= floodSpanMs) {
      this.#since = now;
      counts.bytes = counts.frames = counts.notifications = 0;
      counts[kind] = count;
      if (count <= unaskedLimits[kind]) return undefined;
    }
    return flood(endpoint, kind);
  }
}

function flood(endpoint: string, kind: Unasked): DlmsConnectionError {
  const limit = unaskedLimits[kind];
  return new DlmsConnectionError(
    "CONN_LOST",
    `${endpoint}: the connection was ended, because more than ${limit} ${words[kind]} arrived within ${floodSpanMs / 1000} s: ` +
      "a meter pushes without end to this client, or another device talks on the line; check the meter's push setup " +
      "(destination and repetition), and whether the port belongs to a meter or gateway",
    { fault: "meter", details: { endpoint, flood: kind, limit, spanMs: floodSpanMs } },
  );
}
