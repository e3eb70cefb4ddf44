/** Time limits of requests that set none: how long one may run, and how long an abandoned one may still be answered. */
import { type Clock, maxLateMs, type TimerHandle } from "../../clock";
import { DlmsTimeoutError } from "../../errors";
import { maxTimerMs } from "../../errors/arguments";
import { graceTimeouts } from "../../link/pace";
import type { Timeouts } from "../options/options";

/** How long a request without `timeoutMs` may run, and a connection may take, in ms. */
const minRequestMs = 600_000;
/** The same limit in response time-outs with their retries, for settings with long ones. */
const minRequestTimeouts = 40;
/** How long a profile without `timeoutMs` may take, in ms. */
const maxProfileMs = 86_400_000;

/** The size of a request, as far as its duration depends on it. */
export type RequestSize = { readonly attributes: number } | "profile";

/** How long a request of this size may run if its caller sets no limit, in ms. */
export function maxRequestMs(
  { response, retries }: Pick<Timeouts, "response" | "retries">,
  size?: RequestSize,
): number {
  const each = response * (retries + 1);
  const usual = Math.max(minRequestMs, minRequestTimeouts * each);
  const more = size === undefined || size === "profile" ? 0 : Math.max(0, size.attributes - 1) * each;
  return Math.min(maxTimerMs, size === "profile" ? Math.max(usual, maxProfileMs) : usual + more);
}

/** A request that the client has begun, as the watch sees it. */
export interface WatchedRequest {
  readonly name: string;
  /** Whether all callers have stopped waiting for its answer. */
  readonly abandoned: boolean;
  /** Rejects the callers that have set no time limit. */
  refuseUnbounded(error: Error): void;
}

/**
 * Watches the current request of a client. One timer serves all consecutive requests, because a timer for each one
 * would be a considerable part of the cost of a short answer.
 */
export class RequestWatch {
  readonly #clock: Clock;
  readonly #timeouts: Pick<Timeouts, "response" | "retries">;
  readonly #giveUp: (error: DlmsTimeoutError) => void;
  #timer: TimerHandle | undefined;
  #due = 0;
  #request: WatchedRequest | undefined;
  #longest = 0;
  /** start of its run, without the time in which this process was suspended */
  #since = 0;
  #abandonedSince: number | undefined;

  /** @param giveUp ends the exchange of a request that no caller waits for */
  constructor(
    clock: Clock,
    timeouts: Pick<Timeouts, "response" | "retries">,
    giveUp: (error: DlmsTimeoutError) => void,
  ) {
    this.#clock = clock;
    this.#timeouts = timeouts;
    this.#giveUp = giveUp;
  }

  begin(request: WatchedRequest, size: RequestSize | undefined): void {
    this.#request = request;
    this.#longest = maxRequestMs(this.#timeouts, size);
    this.#since = this.#clock.now();
    this.#abandonedSince = undefined;
    if (this.#timer === undefined) this.#arm();
  }

  /** No request is running. The timer remains for the next one, because a new timer costs more. */
  rest(): void {
    this.#request = undefined;
  }

  /** Stops the watch permanently. */
  stop(): void {
    this.#request = undefined;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** ms that an exchange may continue after its callers have left. */
  get #drain(): number {
    return graceTimeouts * this.#timeouts.response;
  }

  #arm(): void {
    const ms = Math.min(maxTimerMs, Math.ceil(this.#drain / 4));
    this.#due = this.#clock.now() + ms;
    this.#timer = this.#clock.setTimeout(this.#look, ms);
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const request = this.#request;
    if (request === undefined) return;
    const late = this.#clock.now() - this.#due;
    if (late > maxLateMs) {
      this.#since += late;
      if (this.#abandonedSince !== undefined) this.#abandonedSince += late;
    }
    this.#judge(request, this.#clock.now());
    this.#arm();
  };

  #judge(request: WatchedRequest, now: number): void {
    if (now - this.#since >= this.#longest) request.refuseUnbounded(tooLong(request.name, this.#longest));
    if (!request.abandoned) return;
    this.#abandonedSince ??= now;
    if (now - this.#abandonedSince < this.#drain) return;
    this.#abandonedSince = now;
    this.#giveUp(stillAnswering(request.name, this.#drain));
  }
}

function tooLong(name: string, ms: number): DlmsTimeoutError {
  return new DlmsTimeoutError(
    "TIMEOUT_RESPONSE",
    `not finished within ${ms / 1000} s, the bound of a request without timeoutMs (${name}); set timeoutMs, or ask for less at once`,
    { retry: "same-session", details: { request: name, timeoutMs: ms } },
  );
}

function stillAnswering(name: string, ms: number): DlmsTimeoutError {
  return new DlmsTimeoutError(
    "TIMEOUT_RESPONSE",
    `the meter was still answering ${ms / 1000} s after the request was given up; the connection is closed`,
    { retry: "reconnect", request: name },
  );
}
