/** Meters as open dialogs describe them, before they are deployed. */
import {
  type AccessRegistry,
  type Clock,
  DlmsStateError,
  MeterPool,
  SharedMeter,
  type MeterSettings,
  type EndpointScope,
  type Runtime,
  type ExclusiveAccess,
  scopeOfMeter,
} from "../../src/index";
import { fingerprint } from "./described-meters";

export interface DraftOptions {
  readonly clock: Clock;
  readonly access: AccessRegistry;
  makeSession(settings: MeterSettings, access: ExclusiveAccess): SharedMeter;
}

/** How long a session stays after the last request of its dialog, in ms: a person clicks from value to value. */
export const draftIdleMs = 10_000;
/** Meters at one time, and requests that may be under way. */
const mostMeters = 4;
const mostRequests = 8;

/**
 * Meters as an open dialog describes them: not deployed, or with settings that were changed since. Their sessions end
 * some seconds after the last request, with every deploy, and when Node-RED stops.
 */
export class DraftMeters {
  readonly #options: DraftOptions;
  #pool: MeterPool | undefined;
  readonly #inUse = new Map<SharedMeter, number>();
  #running = 0;

  constructor(options: DraftOptions) {
    this.#options = options;
  }

  /** With the lines, the accounts and the exclusive access of a runtime. */
  static of(runtime: Runtime): DraftMeters {
    const { access, clock } = runtime;
    return new DraftMeters({
      clock,
      access,
      makeSession: (settings, granted) =>
        new SharedMeter({
          ...runtime.guardedClient(settings, "dialog"),
          clock,
          access: granted,
          // a probe would keep open what is to be released when it is idle
          probeInterval: 0,
          offlineAfter: settings.offlineAfter,
          // the dialog shows the outcome itself
          changed: () => undefined,
        }),
    });
  }

  /**
   * Asks a meter by these settings.
   * @param deployed the meter of the node whose dialog it is: it may be the same, reached in another way
   * @throws DlmsStateError STATE_BUSY; what the work rejects with; or the signal's reason
   */
  async run<T>(
    settings: MeterSettings,
    deployed: EndpointScope | undefined,
    signal: AbortSignal,
    work: (session: SharedMeter) => Promise<T>,
  ): Promise<T> {
    if (this.#running >= mostRequests) {
      throw new DlmsStateError(
        "STATE_BUSY",
        "open dialogs still wait for other values of meters; try again after them",
      );
    }
    this.#running++;
    try {
      const claims = [scopeOfMeter(settings), ...(deployed === undefined ? [] : [deployed])];
      const make = (): SharedMeter => this.#options.makeSession(settings, this.#options.access.to(claims));
      const lease = await this.#pooled().acquire(fingerprint(settings), make, signal);
      const { session } = lease;
      this.#inUse.set(session, (this.#inUse.get(session) ?? 0) + 1);
      try {
        return await work(session);
      } finally {
        const left = (this.#inUse.get(session) ?? 1) - 1;
        if (left === 0) this.#inUse.delete(session);
        else this.#inUse.set(session, left);
        lease.release();
      }
    } finally {
      this.#running--;
    }
  }

  /** Ends all sessions, those too that are asked just now. Never rejects; bounded as their releases are. */
  async vacate(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await Promise.all([...[...this.#inUse.keys()].map((session) => session.close()), pool?.close()]);
  }

  #pooled(): MeterPool {
    this.#pool ??= new MeterPool({ size: mostMeters, idleMs: draftIdleMs, queue: mostRequests }, this.#options.clock);
    return this.#pool;
  }
}
