// Meters that messages describe: an object in msg.meter overrides settings of a config node.
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
import { type PersistentState, type MeterCredentials, parseMeterSettings } from "./parse-settings";
import { flag, integer, optionalInteger } from "./setting-values";
import { messageSettings, rangeOf, secretNames } from "./settings-rules";
import { type RawSettings, isAbsent, quote } from "../node-red/raw-settings";
import type { WriteRight } from "./write-rights";

const allowedSettings: ReadonlySet<string> = new Set(messageSettings);
const secrets: ReadonlySet<string> = new Set(secretNames);

/** Properties that name a config node; they are not settings. */
const references = new Set(["meter", "credentials"]);

/** The config node whose settings a message overrides. */
export interface DescribedBase {
  readonly label: string;
  /** migrated to the current version */
  readonly raw: RawSettings;
  readonly credentials: MeterCredentials;
  readonly persistentState: PersistentState;
  readonly clock: Clock;
  readonly access: AccessRegistry;
  /** What may be written to the config node's own meter. */
  readonly writing: WriteRight;
  /** What may be written to another meter that a message describes. */
  writingTo(settings: MeterSettings): WriteRight;
  /**
   * @param access exclusive access, shared with all clients of this meter
   * @param own true for the config node itself, false for a message
   */
  makeSession(settings: MeterSettings, access: ExclusiveAccess, own: boolean): SharedMeter;
}

export interface DescribedMeter extends Lease {
  /** for `msg.dlms.meter` */
  readonly label: string;
  readonly writing: WriteRight;
  /** ms that the request waited for a place in the pool */
  readonly waitedMs?: number;
}

function invalid(property: string, text: string): DlmsConfigError {
  return new DlmsConfigError("CONFIG_INVALID", `${property}: ${text}`, { details: { property } });
}

/** Settings with equal keys make the same association. Stores are left out: they depend on system title and key alone. */
export function settingsKey(settings: MeterSettings): string {
  const stores = ["invocationCounter", "receivedCounters"];
  return JSON.stringify(settings, (name, value: unknown) => (stores.includes(name) ? undefined : value));
}

/** The smallest queue limit where the setting is empty. */
const minQueue = 1000;
/** The default limit of a read of `dlms-read`; the queue is sized by the reads that can be served in this time. */
const defaultReadMs = 600_000;

/**
 * Requests that may wait for a place in the pool: `queueLimit`, or as many as the pool can serve within the default
 * limit of a read, if each takes one response time-out.
 */
export function queueLimitOf(raw: RawSettings): number {
  const served = Math.ceil((integer(raw, "poolSize") * defaultReadMs) / integer(raw, "timeout"));
  const [, most] = rangeOf("queueLimit", {});
  return optionalInteger(raw, "queueLimit") ?? Math.min(most, Math.max(minQueue, served));
}

/** Many meters with the settings of one config node, except for what each message overrides. */
export class DescribedMeters {
  readonly #base: DescribedBase;
  #own: { readonly session: SharedMeter; readonly key: string; readonly meter: EndpointScope } | undefined;
  #pool: MeterPool | undefined;

  constructor(base: DescribedBase) {
    this.#base = base;
  }

  /** The config node's own session; a message with equal settings uses it too. */
  own(settings: MeterSettings): SharedMeter {
    const session = this.#base.makeSession(settings, this.#accessTo(settings), true);
    this.#own = { session, key: settingsKey(settings), meter: scopeOfMeter(settings) };
    return session;
  }

  /** Whether settings are the config node's own. */
  compare(settings: MeterSettings): "same" | "other" {
    return this.#own?.key === settingsKey(settings) ? "same" : "other";
  }

  /** Scope for exclusive use of the config node's own meter. */
  get meter(): EndpointScope | undefined {
    return this.#own?.meter;
  }

  #accessTo(settings: MeterSettings): ExclusiveAccess {
    return this.#base.access.to([scopeOfSession(settings, this)]);
  }

  /** Number of pooled sessions, open or kept for reuse; for tests. */
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
   * @throws DlmsConfigError; DlmsStateError when too many messages wait; the signal's reason
   */
  async open(
    overrides: RawSettings,
    credentials: MeterCredentials | undefined,
    signal: AbortSignal,
  ): Promise<DescribedMeter> {
    const { raw, label } = this.#base;
    const [fields, given] = this.#separateSecrets(overrides);
    const effective = { ...raw, ...fields };
    const secret = { ...(credentials ?? this.#base.credentials), ...given };
    const settings = this.#parse(effective, secret);
    const named = { label: typeof fields.name === "string" ? fields.name : label };
    const key = settingsKey(settings);
    if (this.#own?.key === key) {
      return { ...named, writing: this.#base.writing, session: this.#own.session, release: () => undefined };
    }
    // otherwise the config node's probes would go to every meter that messages name
    const probeInterval = isAbsent(fields.probeInterval) ? 0 : settings.probeInterval;
    const access = this.#accessTo(settings);
    const make = (): SharedMeter => this.#base.makeSession({ ...settings, probeInterval }, access, false);
    const writing = this.#base.writingTo(settings);
    const since = this.#base.clock.now();
    const lease = await this.#pooled().acquire(key, make, signal);
    return { ...named, writing, ...lease, waitedMs: Math.round(this.#base.clock.now() - since) };
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

  /** Separates the settings of a message from its secrets. Empty ones count as absent. */
  #separateSecrets(overrides: RawSettings): [fields: Record<string, unknown>, secrets: MeterCredentials] {
    const fields: Record<string, unknown> = {};
    const given: Record<string, string> = {};
    for (const [name, value] of Object.entries(overrides)) {
      if (isAbsent(value) || references.has(name)) continue;
      if (secrets.has(name)) given[name] = this.#secret(name, value);
      else if (!allowedSettings.has(name)) {
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
      return parseMeterSettings(effective, credentials, this.#base.persistentState);
    } catch (error) {
      if (!isDlmsError(error) || error.layer !== "config") throw error;
      const name = error.is("CONFIG_MISSING") ? "CONFIG_MISSING" : "CONFIG_INVALID";
      throw new DlmsConfigError(name, `msg.meter.${error.message}`, { details: error.details, cause: error });
    }
  }
}
