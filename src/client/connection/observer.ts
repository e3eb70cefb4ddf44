/** Collects the traffic and events of a client's line: statistics, notes, trace and events. */
import type { Apdu } from "../../apdu";
import { type DlmsError, isDlmsError } from "../../errors";
import { reportUnexpected } from "../../errors/boundary";
import { type ShownBytes, type TracedBytes, TraceInspector } from "../../inspect";
import type { Association } from "../association/association";
import type { Traffic } from "../../driver/driver-parts";
import { EventHub, type StateEvent, type TraceEvent } from "./events";
import type { Settings } from "../options/resolve-options";
import { WholePushes } from "./whole-pushes";

/** Statistics of the line, over all connections of a client. */
export interface ClientFacts {
  /** requests sent for an answer, association and release included */
  readonly roundTrips: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** pushes of meters without a client here; they were dropped (absent: none) */
  readonly strayPushes?: number;
  /** number of established associations */
  readonly associations: number;
  /** wall-clock ms of the last APDU from the meter; null before the first */
  readonly lastExchangeAt: number | null;
  readonly lastError: DlmsError | null;
}

/** Reports events to the listeners of a client, and keeps statistics. */
export class Observer {
  readonly hub: EventHub;
  readonly traffic: Traffic = { bytesIn: 0, bytesOut: 0, roundTrips: 0 };
  readonly #settings: Settings;
  readonly #inspector: TraceInspector;
  readonly #pushes = new WholePushes();
  /** a listener threw without a logger to report it to: one warning of the process was issued */
  #warned = false;
  #associations = 0;
  #lastExchangeAt: number | null = null;
  #lastError: DlmsError | null = null;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#inspector = new TraceInspector({ secrets: secretsOf(settings) });
    this.hub = new EventHub((event, error) => {
      const where = `${settings.transport.endpoint}: a listener of "${event}" threw`;
      const text = error instanceof Error ? error.message : String(error);
      if (settings.logger !== undefined) settings.logger.error(`${where}: ${text}`);
      else if (!this.#warned) reportUnexpected(where, error);
      this.#warned = true;
    });
  }

  get facts(): ClientFacts {
    return {
      ...this.traffic,
      associations: this.#associations,
      lastExchangeAt: this.#lastExchangeAt,
      lastError: this.#lastError,
    };
  }

  state(event: StateEvent): void {
    if (event.error !== undefined) this.#lastError = event.error;
    if (event.state !== event.previous) {
      const why = event.error === undefined ? "" : `: ${event.error.message}`;
      this.#settings.logger?.debug(() => `${this.#settings.transport.endpoint}: ${event.state}${why}`);
    }
    this.hub.emit("state", event);
  }

  associated(): void {
    this.#associations++;
  }

  failed(error: DlmsError): void {
    this.#lastError = error;
  }

  /** The only place that converts traffic into a trace. */
  trace(direction: "out" | "in", layer: "link" | "apdu", bytes: Uint8Array): void {
    if (direction === "in" && layer === "apdu") this.#lastExchangeAt = this.#settings.clock.wallTime();
    if (!this.hub.has("trace")) return;
    const link = this.#settings.link.kind;
    const shown = this.#shown({ direction, layer, link, bytes });
    const event = {
      kind: "bytes",
      time: this.#time(),
      direction,
      layer,
      link,
      length: bytes.length,
      ...shown,
    } as const;
    this.#emit(Object.defineProperty({ ...event, bytes: bytes.slice() }, "bytes", { enumerable: false }));
  }

  note(text: string): void {
    this.#settings.logger?.debug(() => `${this.#settings.transport.endpoint}: ${text}`);
    if (this.hub.has("trace")) this.#emit({ kind: "note", time: this.#time(), text });
  }

  /** Reports an unsolicited APDU, deciphered if there is an association. */
  notified(active: Association | undefined, raw: Uint8Array): void {
    if (active === undefined)
      this.note("a notification arrived before the association was established; it was dropped");
    if (active === undefined || !this.hub.has("notification")) return;
    const { apdus, notes } = this.#pushes.add(raw, this.#settings.clock.now());
    for (const note of notes) this.note(note);
    for (const apdu of apdus) this.#incoming(active, apdu);
  }

  #incoming(active: Association, raw: Uint8Array): void {
    try {
      const apdu = active.session.incoming(raw);
      if (isAnswer(apdu)) this.note(`${apdu.apdu} arrived unsolicited or twice; it was dropped`);
      else this.hub.emit("notification", { apdu, raw });
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      this.note(`a notification could not be read: ${error.message}`);
    }
  }

  /** An undecodable frame must not end the session; it is not shown either, because its secrets are not masked. */
  #shown(traced: TracedBytes): ShownBytes {
    try {
      return this.#inspector.inspect(traced);
    } catch (error) {
      return { hex: "", decoded: `not shown: ${error instanceof Error ? error.message : String(error)}` };
    }
  }

  #emit(event: TraceEvent): void {
    this.hub.emit("trace", event);
  }

  #time(): string {
    return new Date(this.#settings.clock.wallTime()).toISOString();
  }
}

/** Whether a meter sends this only in response to a request: a late response is not a report. */
function isAnswer({ apdu }: Apdu): boolean {
  return apdu.includes("-response") || apdu === "aare" || apdu === "rlre";
}

/** Secrets that must not be visible anywhere in a trace. */
function secretsOf({ auth, security }: Settings): Uint8Array[] {
  const secrets = "secret" in auth ? [auth.secret] : [];
  if (security === undefined) return secrets;
  const { encryptionKey, authenticationKey, broadcastKey } = security.keys;
  return [...secrets, encryptionKey, authenticationKey, ...(broadcastKey === undefined ? [] : [broadcastKey])];
}
