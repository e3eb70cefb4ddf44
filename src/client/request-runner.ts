/** Runs the requests of a client in turn, over the connection that the supervisor keeps. */
import { type DlmsError, DlmsStateError, isDlmsError } from "../errors";
import { asDlmsError } from "../errors/boundary";
import { nameRequest } from "../errors/retell";
import { type Association, OperationCancelled } from "./association/association";
import type { MeterHints } from "./association/meter-hints";
import type { ClientState } from "./connection/events";
import { breaksSession, worthRepeating } from "./connection/failure";
import type { Observer } from "./connection/observer";
import type { Supervisor } from "./connection/supervisor";
import { keepsBlocks, leavesBlocks } from "./connection/without-general-blocks";
import { checkOperation } from "./options/check-arguments";
import type { OperationOptions } from "./options/options";
import type { Settings } from "./options/resolve-options";
import { type ClientRequest, type QueuedRequest, RequestQueue } from "./services/request-queue";
import { RequestWatch } from "./services/request-watch";

type ActiveRequest<T> = QueuedRequest<Association, T>;

interface RunnerParts {
  readonly settings: Settings;
  readonly supervisor: Supervisor;
  readonly observer: Observer;
  readonly hints: MeterHints;
}

/** The requests of one client: their queue, their retries, and the idle time after the last one. */
export class RequestRunner {
  readonly #settings: Settings;
  readonly #supervisor: Supervisor;
  readonly #observer: Observer;
  readonly #hints: MeterHints;
  readonly #queue: RequestQueue<Association>;
  readonly #watch: RequestWatch;
  #working: Promise<void> | undefined;
  #running: ActiveRequest<unknown> | undefined;
  #isClosing = false;
  #idleTimer: ReturnType<Settings["clock"]["setTimeout"]> | undefined;

  constructor({ settings, supervisor, observer, hints }: RunnerParts) {
    this.#settings = settings;
    this.#supervisor = supervisor;
    this.#observer = observer;
    this.#hints = hints;
    const { clock, timeouts, queueLimit } = settings;
    this.#queue = new RequestQueue(clock, queueLimit);
    this.#watch = new RequestWatch(clock, timeouts, (error) => {
      void supervisor.active?.channel.destroy(error);
    });
  }

  /** Requests that wait. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Handles a new state of the connection. */
  connectionChanged(state: ClientState): void {
    if (this.#working !== undefined) return;
    // after an automatic reconnect there may be no waiting request, so the idle time starts here
    if (state === "open") this.#armIdle();
    else this.#watch.stop();
  }

  /** Puts a request into the queue; requests run in turn. */
  submit<T>(request: ClientRequest<Association, T>, options: OperationOptions): Promise<T> {
    try {
      checkOperation(options);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#isClosing) return Promise.reject(closedError(request.name));
    const result = this.#queue.submit(request, options);
    this.#clearIdle();
    this.#working ??= this.#work();
    return result;
  }

  /** Runs the requests in turn until none is left. */
  async #work(): Promise<void> {
    // lets equal requests of one turn merge
    await Promise.resolve();
    for (let queued = this.#queue.next(); queued !== undefined; queued = this.#queue.next()) {
      this.#running = queued;
      this.#watch.begin(queued, queued.request.size);
      await this.#run(queued);
      this.#running = undefined;
    }
    // in the same turn of the event loop as the check of the queue, so that no request is missed
    this.#working = undefined;
    if (this.#supervisor.state === "open") this.#watch.rest();
    else this.#watch.stop();
    this.#armIdle();
  }

  async #run(queued: ActiveRequest<unknown>): Promise<void> {
    let furthest = queued.request.progress?.() ?? 0;
    /** attempts since its last progress */
    let tries = 0;
    for (let attempt = 0; !queued.abandoned; attempt++) {
      const before = this.#supervisor.active;
      let active: Association;
      try {
        active = this.#supervisor.usable ?? (await this.#supervisor.ensure(queued.name));
      } catch (error) {
        queued.settle({ ok: false, error: asDlmsError(error, queued.name) });
        return;
      }
      const { answered } = active;
      try {
        const make = await queued.request.run(active, queued, attempt);
        if (active.answered > 0) this.#supervisor.noteSuccess();
        keepsBlocks(active, this.#hints);
        queued.settle({ ok: true, make });
        // the result was complete before the connection broke
        if (!active.channel.usable) await this.#supervisor.discard(active, undefined, false);
        return;
      } catch (error) {
        if (error instanceof OperationCancelled) {
          queued.settle({ ok: false, error });
          return;
        }
        const reached = queued.request.progress?.() ?? 0;
        if (reached > furthest) tries = 0;
        furthest = Math.max(furthest, reached);
        // the meter's inactivity time-out may have ended an idle association
        const fresh = active !== before && active.answered === answered && tries === attempt;
        const again = await this.#failed(active, queued, named(error, queued.name), fresh, tries === 0);
        if (!again) return;
        tries++;
      }
    }
  }

  /** Returns whether to try the request again. */
  async #failed(
    active: Association,
    queued: ActiveRequest<unknown>,
    error: DlmsError,
    fresh: boolean,
    first: boolean,
  ): Promise<boolean> {
    this.#observer.failed(error);
    const note = (text: string): void => this.#observer.note(text);
    const adapted = leavesBlocks(active, error, this.#hints, note);
    if (!breaksSession(error, fresh)) {
      queued.settle({ ok: false, error });
      return false;
    }
    const { repeatable } = queued.request;
    const may = typeof repeatable === "function" ? repeatable() : repeatable;
    const worth = adapted || (first && !fresh && worthRepeating(error));
    const again = worth && may && !queued.abandoned && !this.#isClosing;
    await this.#supervisor.discard(active, error, !again && fresh && !queued.abandoned);
    if (!again) {
      queued.settle({ ok: false, error });
      return false;
    }
    this.#observer.hub.emit("retry", { what: queued.name, error });
    return true;
  }

  /** Rejects all requests and closes the connection, within `timeoutMs`. */
  async close(timeoutMs: number | undefined): Promise<void> {
    this.#isClosing = true;
    this.#clearIdle();
    this.#queue.rejectAll(closedError);
    const running = this.#running;
    running?.settle({ ok: false, error: closedError(running.name) });
    this.#watch.stop();
    await this.#supervisor.close(async () => {
      await this.#working;
    }, timeoutMs);
  }

  #armIdle(): void {
    const { clock, timeouts } = this.#settings;
    if (timeouts.idle === 0 || this.#isClosing) return;
    this.#clearIdle();
    this.#idleTimer = clock.setTimeout(() => {
      this.#idleTimer = undefined;
      void this.#supervisor.release();
    }, timeouts.idle);
  }

  #clearIdle(): void {
    this.#settings.clock.clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined;
  }
}

/** Names the request in an error that has no name yet. */
function named(error: unknown, request: string): DlmsError {
  return isDlmsError(error) ? nameRequest(error, request) : asDlmsError(error, request);
}

export function closedError(request: string): DlmsStateError {
  return new DlmsStateError("STATE_CLOSED", `client is closed (${request})`, { request });
}
