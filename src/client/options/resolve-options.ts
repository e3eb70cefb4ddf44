/** Checks the options of a client and fills in the defaults. */
import { type Clock, systemClock } from "../../clock";
import { isTimeZone, type PresentOptions } from "../../cosem";
import { companions, describeObis, eventOf } from "../../names";
import { DlmsConfigError } from "../../errors";
import type { ReceivedCounters } from "../../security";
import { type InvocationCounterStore, type RandomSource, systemRandom } from "../../security";
import { Correlation } from "../../session/steps/correlation";
import { defaultBlockWindow, type SessionAuthentication, type SessionSecurity } from "../../session/steps/options";
import { type GatewayAddress, serverAddress } from "../../link";
import type { Transport } from "../../transport";
import { guardedLogger } from "./guarded-logger";
import { type Account, type AccountGuard, MemoryAccountGuard } from "../account/account-guard";
import { type CounterSource, resolveCounterSource } from "./counter-source";
import type { ConnectOptions, LinkOptions, Logger, Quirks, Timeouts } from "./options";
import { callback, integer, invalid, knownKeys, milliseconds, missing, object, oneOf } from "../../errors/arguments";
import { accountOf } from "./account-of";
import { gatewayOf } from "./gateway";
import { receivedCountersOf, requireKeys, resolveAuth, resolveSecurity } from "./resolve-security";
import { transportOf } from "./transports";

export { integer, invalid, missing };

/** ConnectOptions, checked and with their defaults. */
export interface Settings {
  readonly transport: Transport;
  readonly link: LinkOptions;
  readonly client: { readonly sap: number; readonly systemTitle: Uint8Array | undefined };
  readonly server: {
    readonly logical: number;
    readonly physical: number | undefined;
    readonly systemTitle: Uint8Array | undefined;
  };
  readonly gateway: GatewayAddress | undefined;
  readonly auth: SessionAuthentication;
  readonly security: SessionSecurity | undefined;
  readonly counters: InvocationCounterStore | undefined;
  readonly counterSource: CounterSource | undefined;
  readonly accountGuard: AccountGuard;
  readonly account: Account;
  /** a counter that was accepted once is refused afterwards, for every client of the key */
  readonly receivedCounters: ReceivedCounters;
  /** Matches answers to requests, in all associations of a client. */
  readonly correlation: Correlation;
  readonly referencing: "ln" | "sn";
  readonly preEstablished: boolean;
  readonly maxPduSize: number;
  readonly blockWindow: number;
  readonly conformance: readonly string[] | undefined;
  readonly timeouts: Omit<Timeouts, "interFrame"> & { readonly interFrame: number | undefined };
  readonly quirks: Quirks;
  readonly present: PresentOptions;
  readonly queueLimit: number;
  readonly logger: Logger | undefined;
  readonly clock: Clock;
  readonly random: RandomSource;
}

const defaultTimeouts = {
  connect: 10_000,
  response: 5000,
  close: 2000,
  retries: 2,
  reconnectMin: 1000,
  reconnectMax: 60_000,
  idle: 0,
} as const;

export const noQuirks: Quirks = {
  wrapperSwappedBytes: false,
  reversedDeviation: false,
  strictInvokeId: false,
  noGeneralBlockTransfer: false,
  noGetWithList: false,
  noRelease: false,
  alwaysSendMechanism: false,
  landisGyrHls2: false,
  dedicatedKeyInHls: false,
  meterCounterRestarts: false,
  timeMarks: false,
};

/**
 * Checks all options that can be checked without the meter.
 * @throws DlmsConfigError CONFIG_INVALID, CONFIG_MISSING: the path of the option, the expected and the given value
 */
export function resolveSettings(options: ConnectOptions): Settings {
  object("options", options);
  for (const name of ["link", "auth", "security", "association", "timeouts", "quirks", "values"] as const) {
    if (options[name] !== undefined) object(name, options[name]);
  }
  checkLogger(options.logger);
  if (options.random !== undefined) callback("random", options.random);
  const clock = options.clock ?? systemClock;
  hasMethods("clock", clock, ["now", "wallTime", "setTimeout", "clearTimeout"]);
  const transport = transportOf(options.transport, clock);
  const link = resolveLink(options, transport);
  const hdlc = link.kind !== "wrapper";
  const { client, server } = sections(options);
  checkAddresses(client, server, link);
  title("client.systemTitle", client.systemTitle);
  title("server.systemTitle", server.systemTitle);
  const auth = resolveAuth(options.auth);
  const security = resolveSecurity(options.security);
  requireKeys(options, auth, security);
  const association = options.association ?? {};
  const referencing = association.referencing ?? "ln";
  oneOf("association.referencing", referencing, ["ln", "sn"]);
  const preEstablished = resolvePreEstablished(options, link, auth);
  return {
    transport,
    link,
    accountGuard: resolveGuard(options, clock),
    account: accountOf(options),
    client: { sap: client.sap, systemTitle: client.systemTitle },
    server: { logical: server.logical, physical: server.physical, systemTitle: server.systemTitle },
    gateway: gatewayOf(options.gateway),
    auth,
    security,
    counters: options.security?.invocationCounter,
    counterSource: resolveCounterSource(options, auth, hdlc),
    receivedCounters: receivedCountersOf(options, clock),
    correlation: new Correlation(),
    referencing,
    preEstablished,
    maxPduSize: integer("association.maxPduSize", association.maxPduSize ?? 0xffff, 64, 0xffff),
    blockWindow: integer("association.blockWindow", association.blockWindow ?? defaultBlockWindow, 1, 63),
    conformance: resolveConformance(association.conformance),
    timeouts: resolveTimeouts(options.timeouts),
    quirks: resolveQuirks(options.quirks),
    present: resolvePresent(options),
    queueLimit: integer("queueLimit", options.queueLimit ?? 1000, 1, 1_000_000),
    logger: options.logger === undefined ? undefined : guardedLogger(options.logger),
    clock,
    random: options.random ?? systemRandom,
  };
}

function resolveGuard({ accountGuard }: ConnectOptions, clock: Clock): AccountGuard {
  if (accountGuard === undefined) return new MemoryAccountGuard(clock);
  hasMethods("accountGuard", accountGuard, ["lockOf", "sent", "seen", "allowOneMoreTry"]);
  return accountGuard;
}

function sections(options: ConnectOptions): Pick<ConnectOptions, "client" | "server"> {
  const { client, server } = options;
  if (typeof client !== "object" || client === null) throw missing("client", "{ sap }");
  if (typeof server !== "object" || server === null) throw missing("server", "{ logical }");
  return { client, server };
}

/** An HDLC address of fixed length has a smaller range. */
function checkAddresses(
  client: ConnectOptions["client"],
  { logical, physical }: ConnectOptions["server"],
  link: LinkOptions,
): void {
  const hdlc = link.kind !== "wrapper";
  integer("client.sap", client.sap, 0, hdlc ? 127 : 0xffff);
  integer("server.logical", logical, 0, hdlc ? 0x3fff : 0xffff);
  if (physical !== undefined) integer("server.physical", physical, 0, 0x3fff);
  if (hdlc) serverAddress(logical, physical, link.addressSize);
}

/** Whether the association is pre-established: then no message carries a secret, so mechanisms and keys are limited. */
function resolvePreEstablished(options: ConnectOptions, link: LinkOptions, auth: SessionAuthentication): boolean {
  const preEstablished = options.association?.preEstablished === true;
  if (link.kind !== "wrapper" && link.skipSetUp === true && !preEstablished) {
    throw invalid("link.skipSetUp", "association.preEstablished as well", "skipSetUp alone");
  }
  if (!preEstablished) return false;
  if (auth.mechanism !== "none") {
    throw invalid(
      "auth.mechanism",
      "none, because a pre-established association has no association request that could carry a secret",
      auth.mechanism,
    );
  }
  const { security } = options;
  if (security !== undefined && security.policy !== "none" && options.server.systemTitle === undefined) {
    throw missing("server.systemTitle", "8 bytes, because a pre-established association does not bring the meter's");
  }
  if (security?.dedicatedKey === true) {
    throw invalid("security.dedicatedKey", "false, because no association request brings the key to the meter", true);
  }
  return true;
}

function resolveLink({ link, transport: given }: ConnectOptions, transport: Transport): LinkOptions {
  if (link === undefined) return transport.kind === "serial" ? { kind: "hdlc" } : { kind: "wrapper" };
  oneOf("link.kind", link.kind, ["wrapper", "hdlc", "hdlc-mode-e"]);
  if (link.kind === "wrapper") return link;
  if (link.maxInfo !== undefined) integer("link.maxInfo", link.maxInfo, 32, 2030);
  if (link.window !== undefined) integer("link.window", link.window, 1, 7);
  if (link.addressSize !== undefined) oneOf("link.addressSize", link.addressSize, ["auto", 1, 2, 4]);
  if (link.keepAlive !== undefined) integer("link.keepAlive", link.keepAlive, 0, 86_400_000);
  if (link.kind === "hdlc-mode-e" && transport.kind === "udp") {
    throw new DlmsConfigError("CONFIG_INVALID", "link.kind: mode E needs a serial line or a TCP gateway, not UDP");
  }
  if (link.kind === "hdlc-mode-e" && "mode" in given && given.mode !== undefined && given.mode !== "8N1") {
    throw invalid("transport.mode", "8N1, because mode E switches between 7E1 and 8N1 itself", given.mode);
  }
  return link;
}

function resolveTimeouts(given: Partial<Timeouts> | undefined): Settings["timeouts"] {
  const defaults = { ...defaultTimeouts, interFrame: undefined };
  if (given !== undefined) knownKeys("timeouts", given, Object.keys(defaults));
  const timeouts = { ...defaults, ...defined(given) };
  for (const name of ["connect", "response", "close", "reconnectMin", "reconnectMax"] as const) {
    milliseconds(`timeouts.${name}`, timeouts[name], 1);
  }
  milliseconds("timeouts.idle", timeouts.idle, 0);
  integer("timeouts.retries", timeouts.retries, 0, 100);
  if (timeouts.interFrame !== undefined) milliseconds("timeouts.interFrame", timeouts.interFrame, 1);
  if (timeouts.reconnectMax < timeouts.reconnectMin) {
    throw invalid("timeouts.reconnectMax", `at least reconnectMin (${timeouts.reconnectMin})`, timeouts.reconnectMax);
  }
  return timeouts;
}

function resolvePresent(options: ConnectOptions): PresentOptions {
  const { octetStrings, timeZone, companion } = options.values ?? {};
  if (octetStrings !== undefined) oneOf("values.octetStrings", octetStrings, ["auto", "hex", "text"]);
  if (timeZone !== undefined && timeZone !== "" && !isTimeZone(timeZone)) {
    throw invalid("values.timeZone", 'an IANA zone such as "Europe/Berlin"', timeZone);
  }
  if (companion !== undefined) oneOf("values.companion", companion, companions);
  return {
    describeObis,
    ...(companion === undefined ? {} : { eventName: (logicalName, code) => eventOf(companion, logicalName, code)?.id }),
    ...(octetStrings === undefined ? {} : { octetStrings }),
    ...(timeZone === undefined || timeZone === "" ? {} : { timeZone }),
    ...(options.quirks?.reversedDeviation === true ? { reversedDeviation: true } : {}),
  };
}

function resolveQuirks(given: Partial<Quirks> | undefined): Quirks {
  if (given !== undefined) knownKeys("quirks", given, Object.keys(noQuirks));
  return { ...noQuirks, ...defined(given) };
}

/** Refuses a list without a service, because such an association could do nothing. */
function resolveConformance(names: readonly string[] | undefined): readonly string[] | undefined {
  if (names === undefined) return undefined;
  const isList: boolean = Array.isArray(names);
  if (isList && names.length > 0) return names;
  throw invalid("association.conformance", "names of services, at least one", isList ? "none" : names);
}

function checkLogger(logger: unknown): void {
  if (logger === undefined) return;
  hasMethods("logger", logger, ["debug", "info", "warn", "error"]);
}

function hasMethods(path: string, value: unknown, names: readonly string[]): void {
  object(path, value, `an object with the methods ${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`);
  for (const name of names) callback(`${path}.${name}`, (value as Readonly<Record<string, unknown>>)[name]);
}

function defined<T extends object>(values: T | undefined): Partial<T> {
  const entries = Object.entries(values ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}

function title(path: string, value: unknown): void {
  if (value === undefined || (value instanceof Uint8Array && value.length === 8)) return;
  throw invalid(path, "8 bytes", value instanceof Uint8Array ? `${value.length} bytes` : value);
}
