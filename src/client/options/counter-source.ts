/** Options for the source of the invocation counter. */
import { parseObis, wellKnownObjects } from "../../cosem";
import { DlmsConfigError } from "../../errors";
import { integer, object, oneOf } from "../../errors/arguments";
import type { SessionAuthentication } from "../../session/steps/options";
import type { ConnectOptions } from "./options";

/** CounterSourceOptions, checked and with their defaults. */
export interface CounterSource {
  readonly when: "always" | "lost";
  readonly client: number;
  /** dotted */
  readonly logicalName: string;
  readonly pauseMs: number;
  readonly reconnect: boolean;
}

/** The counter that most meters use for the first of their ciphered clients. */
const defaultCounter = wellKnownObjects.invocationCounter(0);
const maxPauseMs = 600_000;

/**
 * The counter source; undefined if the counter is not read from the meter: by choice, because this association uses
 * none, or because a lost counter cannot be requested from this meter.
 * @throws DlmsConfigError CONFIG_INVALID, CONFIG_UNSUPPORTED
 */
export function resolveCounterSource(
  options: ConnectOptions,
  auth: SessionAuthentication,
  hdlc: boolean,
): CounterSource | undefined {
  const source = options.security?.counterSource;
  if (source === undefined) return undefined;
  object("security.counterSource", source, "{ client, logicalName }");
  const when = source.when ?? "always";
  oneOf("security.counterSource.when", when, ["always", "lost"]);
  const client = integer("security.counterSource.client", source.client ?? 16, 0, hdlc ? 127 : 0xffff);
  const pauseMs = integer("security.counterSource.pauseMs", source.pauseMs ?? 0, 0, maxPauseMs);
  const logicalName = parseObis(source.logicalName ?? defaultCounter).join(".");
  const hasShortNames = options.association?.referencing === "sn";
  if (when === "lost" && (hasShortNames || client === options.client.sap)) return undefined;
  if (hasShortNames) {
    throw new DlmsConfigError(
      "CONFIG_UNSUPPORTED",
      "security.counterSource: the counter is read by its logical name, but association.referencing is sn; " +
        "leave counterSource out, so that the store alone decides",
    );
  }
  if (options.security?.policy === "none" && auth.mechanism !== "hls-gmac") return undefined;
  if (client === options.client.sap) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `security.counterSource.client: expected a client that associates without ciphering, got ${client}, which is client.sap`,
      { details: { setting: "security.counterSource.client" } },
    );
  }
  return { when, client, logicalName, pauseMs, reconnect: source.reconnect === true };
}
