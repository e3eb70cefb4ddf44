import type { EventEmitter } from "node:events";
import { type Clock, createClient, DlmsStateError, systemClock } from "../../src/index";
import { fingerprint } from "./dynamic-meters";
import type { MeterSettings } from "./meter-config";
import { meterOf } from "./meter-place";
import { MeterPool } from "./meter-pool";
import { MeterSession } from "./meter-session";
import { type MeterTurn, MeterTurns } from "./meter-turn";
import { processLedger } from "./secret-ledger";

export interface DraftOptions {
  readonly clock: Clock;
  makeSession(settings: MeterSettings, turn: MeterTurn): MeterSession;
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
  readonly #turns = new MeterTurns();
  #pool: MeterPool | undefined;
  readonly #inUse = new Map<MeterSession, number>();
  #running = 0;
  #closing: Promise<void> | undefined;

  constructor(options: DraftOptions) {
    this.#options = options;
  }

  /** While sessions are being released: until then, nobody else may open one with their meters. */
  get closing(): Promise<void> | undefined {
    return this.#closing;
  }

  /**
   * Asks a meter by these settings.
   * @param turn of the deployed node that has the same meter, if there is one
   * @throws DlmsStateError STATE_BUSY; what the work rejects with; or the signal's reason
   */
  async run<T>(
    settings: MeterSettings,
    turn: MeterTurn | undefined,
    signal: AbortSignal,
    work: (session: MeterSession) => Promise<T>,
  ): Promise<T> {
    if (this.#running >= mostRequests) {
      throw new DlmsStateError(
        "STATE_BUSY",
        "open dialogs still wait for other values of meters; try again after them",
      );
    }
    this.#running++;
    try {
      await this.#closing;
      const make = (): MeterSession => this.#options.makeSession(settings, turn ?? this.#turns.of(meterOf(settings)));
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
  vacate(): Promise<void> {
    const pool = this.#pool;
    if (pool === undefined) return this.#closing ?? Promise.resolve();
    this.#pool = undefined;
    const closing = Promise.all([
      this.#closing,
      ...[...this.#inUse.keys()].map((session) => session.close()),
      pool.close(),
    ])
      .then(() => undefined)
      .finally(() => {
        if (this.#closing === closing) this.#closing = undefined;
      });
    this.#closing = closing;
    return closing;
  }

  #pooled(): MeterPool {
    this.#pool ??= new MeterPool({ size: mostMeters, idleMs: draftIdleMs, queue: mostRequests }, this.#options.clock);
    return this.#pool;
  }
}

const byRuntime = new WeakMap<EventEmitter, DraftMeters>();

/** Those of one Node-RED; they end when its flows stop, that is before each deploy as well. */
export function draftMetersOf(events: EventEmitter): DraftMeters {
  const known = byRuntime.get(events);
  if (known !== undefined) return known;
  const drafts = new DraftMeters({
    clock: systemClock,
    makeSession: (settings, turn) =>
      new MeterSession({
        makeClient: () => createClient(settings.connect),
        clock: systemClock,
        turn,
        secrets: processLedger.account(settings, "dialog"),
        // a probe would keep open what is meant to be released when it rests
        probeInterval: 0,
        offlineAfter: settings.offlineAfter,
        // the dialog shows how it goes
        changed: () => undefined,
      }),
  });
  byRuntime.set(events, drafts);
  events.on("flows:stopping", () => void drafts.vacate());
  return drafts;
}
