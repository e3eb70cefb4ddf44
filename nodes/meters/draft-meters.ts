// Sessions with meters as open dialogs describe them, before the deploy.
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
import { settingsKey } from "./described-meters";

export interface DraftOptions {
  readonly clock: Clock;
  readonly access: AccessRegistry;
  makeSession(settings: MeterSettings, access: ExclusiveAccess): SharedMeter;
}

/** How long a session stays open after the last request of its dialog (ms), because users click from value to value. */
export const maxDraftIdleMs = 10_000;
/** Meters with a session at a time, and requests in progress. */
const maxMeters = 4;
const maxRequests = 8;

/**
 * Meters as an open dialog describes them: not deployed, or changed since the deploy. Their sessions close some seconds
 * after the last request, on every deploy, and when Node-RED stops.
 */
export class DraftMeters {
  readonly #options: DraftOptions;
  #pool: MeterPool | undefined;
  readonly #inUse = new Map<SharedMeter, number>();
  #running = 0;

  constructor(options: DraftOptions) {
    this.#options = options;
  }

  /** Uses the lines, the account guard and the exclusive access of a runtime. */
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
          // a probe would keep an idle session open
          probeInterval: 0,
          offlineAfter: settings.offlineAfter,
          // the dialog shows the outcome itself
          changed: () => undefined,
        }),
    });
  }

  /**
   * Runs work on the meter that these settings describe.
   * @param deployed the meter of the dialog's own node: it may be the same one at another address
   * @throws DlmsStateError STATE_BUSY; the work's error; the signal's reason
   */
  async run<T>(
    settings: MeterSettings,
    deployed: EndpointScope | undefined,
    signal: AbortSignal,
    work: (session: SharedMeter) => Promise<T>,
  ): Promise<T> {
    if (this.#running >= maxRequests) {
      throw new DlmsStateError(
        "STATE_BUSY",
        "open dialogs are still waiting for values of meters; try again when they have finished",
      );
    }
    this.#running++;
    try {
      const claims = [scopeOfMeter(settings), ...(deployed === undefined ? [] : [deployed])];
      const make = (): SharedMeter => this.#options.makeSession(settings, this.#options.access.to(claims));
      const lease = await this.#pooled().acquire(settingsKey(settings), make, signal);
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

  /** Closes all sessions, including busy ones. Never rejects; bounded by the release timeout of each session. */
  async vacate(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await Promise.all([...[...this.#inUse.keys()].map((session) => session.close()), pool?.close()]);
  }

  #pooled(): MeterPool {
    this.#pool ??= new MeterPool({ size: maxMeters, idleMs: maxDraftIdleMs, queue: maxRequests }, this.#options.clock);
    return this.#pool;
  }
}
