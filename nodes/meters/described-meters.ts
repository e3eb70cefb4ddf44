/** Meters that messages describe by settings that override a config node. */
import {
  type AccessRegistry,
  type Clock,
  DlmsConfigError,
  isDlmsError,
  type Lease,
  scopeOfSession,
  MeterPool,
  type SharedMeter,
  type MeterSettings,
  type EndpointScope,
  type ExclusiveAccess,
  scopeOfMeter,
} from "../../src/index";
import { type Keepsakes, type MeterCredentials, parseMeterSettings } from "./parse-settings";
import { flag, integer, optionalInteger } from "./setting-values";
import { messageSettings, rangeOf, secretNames } from "./settings-rules";
import { type RawSettings, isAbsent, quote } from "../node-red/raw-settings";

const settable: ReadonlySet<string> = new Set(messageSettings);
const secrets: ReadonlySet<string> = new Set(secretNames);

/** Say which config node, not what to connect to. */
const references = new Set(["meter", "credentials"]);

/** The config node whose settings a message overrides. */
export interface DynamicBase {
  readonly label: string;
  /** of today's version */
  readonly raw: RawSettings;
  readonly credentials: MeterCredentials;
  readonly keepsakes: Keepsakes;
  readonly clock: Clock;
  readonly access: AccessRegistry;
  /**
   * @param access with all others that ask this meter
   * @param own of the config node itself, not of a message
   */
  makeSession(settings: MeterSettings, access: ExclusiveAccess, own: boolean): SharedMeter;
}

export interface DynamicMeter extends Lease {
  /** for `msg.dlms.meter` */
  readonly label: string;
}

function invalid(property: string, text: string): DlmsConfigError {
  return new DlmsConfigError("CONFIG_INVALID", `${property}: ${text}`, { details: { property } });
}

/** Two settings with the same text make the same association. What is kept between runs belongs to title and key. */
export function fingerprint(settings: MeterSettings): string {
  const stores = ["invocationCounter", "receivedCounters"];
  return JSON.stringify(settings, (name, value: unknown) => (stores.includes(name) ? undefined : value));
}

/** Requests that may wait where the setting is empty: at least this many. */
const leastQueue = 1000;
/** Time that `dlms-read` gives a read by default; in it each session may come to this many response time-outs. */
const usualReadMs = 600_000;

/**
 * Requests that may wait for a place in the pool: `queueLimit`, or as many as the pool can serve within the usual bound
 * of a read, if each takes one response time-out.
 */
export function queueLimitOf(raw: RawSettings): number {
  const served = Math.ceil((integer(raw, "poolSize") * usualReadMs) / integer(raw, "timeout"));
  const [, most] = rangeOf("queueLimit", {});
  return optionalInteger(raw, "queueLimit") ?? Math.min(most, Math.max(leastQueue, served));
}

/** Many meters with the settings of one config node but for what each message says. */
export class DynamicMeters {
  readonly #base: DynamicBase;
  #own: { readonly session: SharedMeter; readonly fingerprint: string; readonly meter: EndpointScope } | undefined;
  #pool: MeterPool | undefined;

  constructor(base: DynamicBase) {
    this.#base = base;
  }

  /** The config node's own session; a message that describes the same meter with the same settings gets this one. */
  own(settings: MeterSettings): SharedMeter {
    const session = this.#base.makeSession(settings, this.#accessTo(settings), true);
    this.#own = { session, fingerprint: fingerprint(settings), meter: scopeOfMeter(settings) };
    return session;
  }

  /** Whether settings are the config node's own. */
  compare(settings: MeterSettings): "same" | "other" {
    return this.#own?.fingerprint === fingerprint(settings) ? "same" : "other";
  }

  /** Scope for exclusive use of the config node's own meter. */
  get meter(): EndpointScope | undefined {
    return this.#own?.meter;
  }

  #accessTo(settings: MeterSettings): ExclusiveAccess {
    return this.#base.access.to([scopeOfSession(settings, this)]);
  }

  /** Sessions that are open, or that were and may be used again; for tests. */
  get size(): number {
    return this.#pool?.size ?? 0;
  }

  /** This config node's secrets, for a message that refers to it. */
  get credentials(): MeterCredentials {
    return this.#base.credentials;
  }

  /**
   * The meter that an object like `{ host, serverAddress }` describes.
   * @param credentials of another config node that the message refers to
   * @throws DlmsConfigError; DlmsStateError when too many wait; or the signal's reason
   */
  async open(
    overrides: RawSettings,
    credentials: MeterCredentials | undefined,
    signal: AbortSignal,
  ): Promise<DynamicMeter> {
    const { raw, label } = this.#base;
    const [fields, given] = this.#sort(overrides);
    const effective = { ...raw, ...fields };
    const secret = { ...(credentials ?? this.#base.credentials), ...given };
    const settings = this.#parse(effective, secret);
    const named = { label: typeof fields.name === "string" ? fields.name : label };
    const key = fingerprint(settings);
    if (this.#own?.fingerprint === key) return { ...named, session: this.#own.session, release: () => undefined };
    // the config node's probes would go to every meter that its messages name
    const probeInterval = isAbsent(fields.probeInterval) ? 0 : settings.probeInterval;
    const access = this.#accessTo(settings);
    const make = (): SharedMeter => this.#base.makeSession({ ...settings, probeInterval }, access, false);
    return { ...named, ...(await this.#pooled().acquire(key, make, signal)) };
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }

  #pooled(): MeterPool {
    this.#pool ??= new MeterPool(
      {
        size: integer(this.#base.raw, "poolSize"),
        idleMs: integer(this.#base.raw, "poolIdle"),
        queue: queueLimitOf(this.#base.raw),
      },
      this.#base.clock,
    );
    return this.#pool;
  }

  /** Settings and secrets of a message, apart. An empty one counts as absent. */
  #sort(overrides: RawSettings): [fields: Record<string, unknown>, secrets: MeterCredentials] {
    const fields: Record<string, unknown> = {};
    const given: Record<string, string> = {};
    for (const [name, value] of Object.entries(overrides)) {
      if (isAbsent(value) || references.has(name)) continue;
      if (secrets.has(name)) given[name] = this.#secret(name, value);
      else if (!settable.has(name)) {
        throw invalid(
          `msg.meter.${name}`,
          `a message cannot set this of a meter; it can set ${messageSettings.join(", ")}`,
        );
      } else if (typeof value === "object") {
        throw invalid(`msg.meter.${name}`, `expected a text, a number or a truth value, got ${quote(value)}`);
      } else fields[name] = value;
    }
    return [fields, given];
  }

  #secret(name: string, value: unknown): string {
    if (!flag(this.#base.raw, "secretsInMessages")) {
      throw invalid(
        `msg.meter.${name}`,
        `secrets do not belong in messages: name the config node that has it in msg.meter.credentials, or allow it in the settings of ${this.#base.label}`,
      );
    }
    if (typeof value === "string") return value;
    throw invalid(`msg.meter.${name}`, `expected a text, got a value of type ${typeof value}`);
  }

  #parse(effective: RawSettings, credentials: MeterCredentials): MeterSettings {
    try {
      return parseMeterSettings(effective, credentials, this.#base.keepsakes);
    } catch (error) {
      if (!isDlmsError(error) || error.layer !== "config") throw error;
      const name = error.is("CONFIG_MISSING") ? "CONFIG_MISSING" : "CONFIG_INVALID";
      throw new DlmsConfigError(name, `msg.meter.${error.message}`, { details: error.details, cause: error });
    }
  }
}
