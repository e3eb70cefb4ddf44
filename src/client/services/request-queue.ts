/** The requests of a client, in the order of the calls. Equal reads that still wait are merged. */
import { type Clock, WaitList } from "../../clock";
import { DlmsStateError, DlmsTimeoutError } from "../../errors";
import type { OperationOptions } from "../options/options";
import type { RequestSize } from "./request-watch";

export interface ClientRequest<C, T> {
  /** for messages: "read 1-0:1.8.0*255/2" */
  readonly name: string;
  /** Requests with an equal key ask for the same data and are merged; undefined: never merged (writes, actions). */
  readonly key?: string;
  /** Whether it may be sent again when the connection is lost before the answer. */
  readonly repeatable: boolean | (() => boolean);
  /** Progress so far; if it has grown, the request may be retried after another interruption. */
  readonly progress?: () => number;
  /** The error that its callers receive in place of the one that ended it. */
  readonly failure?: (error: unknown) => unknown;
  /** The basis of its time limit, if the caller sets none (one attribute). */
  readonly size?: RequestSize;
  /** The exchange with the meter. Its return value later produces the result, independent of the connection. */
  run(context: C, queued: QueuedRequest<C, T>, attempt: number): Promise<() => T>;
}

/** A request in the queue, and all callers that wait for its answer. */
export class QueuedRequest<C, T = unknown> {
  readonly request: ClientRequest<C, T>;
  /** true: the caller has set a time-out */
  readonly #callers = new WaitList<boolean, T>();
  readonly #left: () => void;

  constructor(request: ClientRequest<C, T>, onAbandoned: (queued: QueuedRequest<C, T>) => void) {
    this.request = request;
    this.#left = () => {
      if (this.abandoned) onAbandoned(this);
    };
  }

  get name(): string {
    return this.request.name;
  }

  /** No caller waits for the answer: the current exchange ends, and no further one begins. */
  get abandoned(): boolean {
    return this.#callers.size === 0;
  }

  join({ signal, timeoutMs: ms }: OperationOptions, clock: Clock): Promise<T> {
    const timeout = ms === undefined ? undefined : { clock, ms, error: () => this.#told(this.#late(ms)) as Error };
    return this.#callers.wait(ms !== undefined, { signal, timeout, left: this.#left });
  }

  /** Rejects the callers that have set no time limit. */
  refuseUnbounded(error: Error): void {
    this.#callers.refuseAll(this.#told(error), (bounded) => !bounded);
  }

  #told(error: unknown): unknown {
    return this.request.failure?.(error) ?? error;
  }

  #late(timeoutMs: number): DlmsTimeoutError {
    return new DlmsTimeoutError(
      "TIMEOUT_RESPONSE",
      `not finished within ${timeoutMs} ms, time in the queue included (${this.name}); allow more time, or ask for less at once`,
      { retry: "same-session", request: this.name, details: { timeoutMs } },
    );
  }

  settle(
    outcome: { readonly ok: true; readonly make: () => T } | { readonly ok: false; readonly error: unknown },
  ): void {
    for (const caller of this.#callers) {
      if (!outcome.ok) {
        caller.refuse(this.#told(outcome.error));
        continue;
      }
      try {
        caller.grant(outcome.make());
      } catch (error) {
        caller.refuse(error);
      }
    }
  }
}

/** Requests in the order of the calls, bounded; equal reads that still wait are merged. */
export class RequestQueue<C> {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #waiting: QueuedRequest<C, never>[] = [];

  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** @throws DlmsStateError STATE_QUEUE_FULL */
  submit<T>(request: ClientRequest<C, T>, options: OperationOptions): Promise<T> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason as Error);
    const known = this.#equal(request);
    if (known !== undefined) return known.join(options, this.#clock);
    if (this.#waiting.length >= this.#limit) {
      return Promise.reject(
        new DlmsStateError(
          "STATE_QUEUE_FULL",
          `the queue is full: ${this.#limit} requests are waiting (${request.name}); ask less often, or for more at once with a list`,
          { request: request.name, details: { limit: this.#limit } },
        ),
      );
    }
    const queued = new QueuedRequest<C, T>(request, this.#remove as unknown as (queued: QueuedRequest<C, T>) => void);
    this.#waiting.push(queued as unknown as QueuedRequest<C, never>);
    return queued.join(options, this.#clock);
  }

  readonly #remove = (queued: QueuedRequest<C, never>): void => {
    const at = this.#waiting.indexOf(queued);
    if (at >= 0) this.#waiting.splice(at, 1);
  };

  next(): QueuedRequest<C> | undefined {
    return this.#waiting.shift();
  }

  /** Rejects every waiting request with an error for each. */
  rejectAll(error: (name: string) => Error): void {
    for (const queued of this.#waiting.splice(0)) queued.settle({ ok: false, error: error(queued.name) });
  }

  /** An equal read that waits, unless a request between them may change its answer. */
  #equal<T>(request: ClientRequest<C, T>): QueuedRequest<C, T> | undefined {
    if (request.key === undefined) return undefined;
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      const queued = this.#waiting[i];
      if (queued === undefined || queued.request.key === undefined) return undefined;
      if (queued.request.key === request.key) return queued;
    }
    return undefined;
  }
}
