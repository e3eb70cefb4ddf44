// Checks the settings of a `dlms-meter` node and turns them into the options of the library.
import {
  type AuthenticationOptions,
  type ConnectOptions,
  type CounterSourceOptions,
  DlmsConfigError,
  type InvocationCounterStore,
  isDlmsError,
  isTimeZone,
  type LinkOptions,
  type MeterSettings,
  parseKey,
  parseObis,
  parseSecret,
  parseSystemTitle,
  type ReceivedCounterStore,
  type SecurityOptions,
  type SecuritySuite,
  type Transport,
  type TransportOptions,
} from "../../src/index";
import { type RawSettings, isAbsent } from "../node-red/raw-settings";
import { choice, flag, integer, names, neededText, optionalInteger, text } from "./setting-values";
import {
  framingOf,
  hasPhysicalPart,
  isCiphered,
  isUsed,
  type MeterChoices,
  needOf,
  rowOf,
  type SecretName,
} from "./settings-rules";
import { meterSettings } from "./settings-table";
import { gatewayOf, outputsOf, type TlsConfigs, tlsOf } from "./line-options";

/** Secrets of a meter, as Node-RED stores them apart from the flow. */
export type MeterCredentials = { [Name in SecretName]?: string };

/** The surroundings of a meter: state in Node-RED's user directory that outlives a restart, and lines of other nodes. */
export interface PersistentState {
  /** the line of a meter that dials in to a `dlms-push-source` */
  readonly incoming?: ((source: string, meterId: string) => Transport) | undefined;
  /** the core TLS configurations of this Node-RED */
  readonly tls?: TlsConfigs | undefined;
  /** this installation's system title, generated at the first call */
  systemTitle(): Uint8Array;
  /** the invocation counter of one key under one system title */
  counter(systemTitle: Uint8Array, key: Uint8Array): InvocationCounterStore;
  /** the counters received from meters, for all keys; if absent, they last as long as the process */
  received?(): ReceivedCounterStore;
}

/** A secret as it was typed in. Its value never appears in a message. */
function secretOf(credentials: MeterCredentials, name: SecretName, choices: MeterChoices): string {
  const value = credentials[name];
  if (isAbsent(value)) {
    const row = rowOf(name);
    const label = row.kind === "secret" ? row.label : name;
    throw new DlmsConfigError("CONFIG_MISSING", `${name}: ${label} is needed ${needOf(name, choices) ?? "here"}`, {
      details: { property: name },
    });
  }
  const unset = /^\$\{([^}]+)\}$/.exec(value);
  if (unset === null) return value;
  throw new DlmsConfigError("CONFIG_MISSING", `${name}: the environment variable ${unset[1] ?? ""} is not set`, {
    details: { property: name, variable: unset[1] ?? "" },
  });
}

/** @throws DlmsConfigError */
function incomingOf(raw: RawSettings): { readonly source: string; readonly meterId: string } {
  return {
    source: neededText(raw, "pushSource", "the push source at which the meter dials in"),
    meterId: neededText(raw, "meterId", "the name, system title or heartbeat of the meter"),
  };
}

function lineOfMeter(
  raw: RawSettings,
  credentials: MeterCredentials,
  { incoming, tls }: PersistentState,
): TransportOptions | Transport {
  if (choice(raw, "transportType") !== "INCOMING") return transportOf(raw, credentials, tls);
  const { source, meterId } = incomingOf(raw);
  if (incoming !== undefined) return incoming(source, meterId);
  throw new DlmsConfigError("CONFIG_UNSUPPORTED", "transportType: INCOMING needs a push source of this Node-RED", {
    details: { property: "transportType" },
  });
}

function transportOf(raw: RawSettings, credentials: MeterCredentials, tls: TlsConfigs | undefined): TransportOptions {
  const kind = meterSettings.transportType.choices[choice(raw, "transportType")];
  if (kind === "incoming") throw new DlmsConfigError("CONFIG_UNSUPPORTED", "transportType: INCOMING has no address");
  if (kind === "serial") {
    return {
      kind,
      path: neededText(raw, "serialPort", "the path of the serial port"),
      baudRate: integer(raw, "baudRate"),
      // a mode E start switches between 7E1 and 8N1
      mode: framingOf(lineOf(raw)) === "HDLC_MODE_E" ? "8N1" : choice(raw, "serialMode"),
      ...outputsOf(raw),
    };
  }
  const host = neededText(raw, "host", "the meter's host name or address");
  const port = integer(raw, "port");
  if (kind !== "tls") return { kind, host, port };
  return { kind, host, port, ...tlsOf(raw, credentials, tls) };
}

function linkOf(raw: RawSettings): LinkOptions {
  const kind = meterSettings.framing.choices[framingOf(lineOf(raw))];
  if (kind === "wrapper") return { kind };
  const hdlc = {
    addressSize: meterSettings.addressSize.choices[addressSizeOf(raw)],
    maxInfo: integer(raw, "hdlcMaxInfo"),
    window: integer(raw, "hdlcWindow"),
    keepAlive: integer(raw, "hdlcKeepAlive"),
    discFirst: flag(raw, "hdlcDiscFirst"),
    skipSetUp: flag(raw, "skipLink"),
  };
  if (kind === "hdlc") return { kind, ...hdlc };
  return {
    kind,
    ...hdlc,
    deviceAddress: text(raw, "modeEAddress"),
    startBaud: integer(raw, "modeEStartBaud"),
    unannounced: flag(raw, "modeEUnannounced"),
  };
}

function addressSizeOf(raw: RawSettings): keyof typeof meterSettings.addressSize.choices {
  const { addressSize } = raw;
  const size = typeof addressSize === "number" ? String(addressSize) : addressSize;
  return choice({ addressSize: size }, "addressSize");
}

/** The settings on which ranges depend. @throws DlmsConfigError */
function lineOf(raw: RawSettings): MeterChoices {
  const line = { transportType: choice(raw, "transportType"), framing: choice(raw, "framing") };
  return isUsed("addressSize", line) ? { ...line, addressSize: addressSizeOf(raw) } : line;
}

function authenticationOf(raw: RawSettings, credentials: MeterCredentials): AuthenticationOptions {
  const authentication = choice(raw, "authentication");
  const mechanism = meterSettings.authentication.choices[authentication];
  const needed = (name: SecretName): string => secretOf(credentials, name, { authentication });
  switch (mechanism) {
    case "none":
    case "hls-gmac":
      return { mechanism };
    case "hls-ecdsa":
      return {
        mechanism,
        signingKey: needed("signingKey"),
        meterSigningCertificate: needed("meterSigningCertificate"),
      };
    default: {
      const format = meterSettings.passwordFormat.choices[choice(raw, "passwordFormat")];
      if (mechanism === "lls" && flag(raw, "emptyPassword")) return { mechanism, secret: "", emptySecret: true };
      return { mechanism, secret: parseSecret(needed("password"), format, "password") };
    }
  }
}

type SymmetricKey = "encryptionKey" | "authenticationKey" | "masterKey" | "broadcastKey";

/** Keys and certificates of general-ciphering and general-signing. The chosen form decides which must be present. */
function messageProtectionOf(
  credentials: MeterCredentials,
  choices: MeterChoices & { readonly ciphering: keyof typeof meterSettings.ciphering.choices },
  keyOf: (name: SymmetricKey) => Uint8Array,
): Pick<SecurityOptions, "generalCiphering" | "generalSigning" | "broadcastKey"> {
  const key = meterSettings.ciphering.choices[choices.ciphering];
  const needed = (name: SecretName): string => secretOf(credentials, name, choices);
  const given = (name: SecretName) =>
    isAbsent(credentials[name]) && needOf(name, choices) === undefined ? {} : { [name]: needed(name) };
  return {
    ...(isAbsent(credentials.broadcastKey) ? {} : { broadcastKey: keyOf("broadcastKey") }),
    ...(key === undefined
      ? {}
      : {
          generalCiphering: {
            key,
            ...("masterKey" in given("masterKey") ? { masterKey: keyOf("masterKey") } : {}),
            ...given("signingKey"),
            ...given("agreementKey"),
            ...given("meterSigningCertificate"),
            ...given("meterAgreementCertificate"),
          },
        }),
    ...(choices.signMessages
      ? {
          generalSigning: {
            signingKey: needed("signingKey"),
            meterSigningCertificate: needed("meterSigningCertificate"),
          },
        }
      : {}),
  };
}

function cipheringOf(
  raw: RawSettings,
  credentials: MeterCredentials,
  title: () => Uint8Array,
  persistentState: PersistentState,
): Omit<SecurityOptions, "counterSource"> | undefined {
  const choices = {
    securityPolicy: choice(raw, "securityPolicy"),
    authentication: choice(raw, "authentication"),
  };
  if (!isCiphered(choices)) return undefined;
  const suite = integer(raw, "securitySuite") as SecuritySuite;
  const format = meterSettings.keyFormat.choices[choice(raw, "keyFormat")];
  const ciphering = choice(raw, "ciphering");
  const all = { ...choices, ciphering, signMessages: flag(raw, "signMessages") };
  const keyOf = (name: SymmetricKey): Uint8Array => parseKey(secretOf(credentials, name, all), format, suite, name);
  const encryptionKey = keyOf("encryptionKey");
  const received = persistentState.received?.();
  return {
    suite,
    policy: meterSettings.securityPolicy.choices[choices.securityPolicy],
    encryptionKey,
    authenticationKey: keyOf("authenticationKey"),
    dedicatedKey: flag(raw, "useDedicatedKey"),
    general: ciphering === "GENERAL",
    ...messageProtectionOf(credentials, all, keyOf),
    invocationCounter: persistentState.counter(title(), encryptionKey),
    ...(received === undefined ? {} : { receivedCounters: received }),
    maxCounterJump: integer(raw, "invocationCounterMaxJump"),
  };
}

function obisOf(raw: RawSettings, name: "invocationCounterObis"): string {
  const obis = text(raw, name);
  try {
    parseObis(obis);
    return obis;
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    throw new DlmsConfigError("CONFIG_INVALID", `${name}: ${error.message}`, {
      details: { property: name },
      cause: error,
    });
  }
}

/**
 * Where Node-RED stores the counter, the meter is asked only when the counter file was lost. A meter with short names
 * does not show its counter by a logical name.
 * @param used whether there is a counter at all
 */
function counterSourceOf(raw: RawSettings, used: boolean): CounterSourceOptions | undefined {
  const client = integer(raw, "invocationCounterClient", lineOf(raw));
  const logicalName = obisOf(raw, "invocationCounterObis");
  const pauseMs = integer(raw, "invocationCounterPause");
  const reconnect = flag(raw, "invocationCounterReconnect");
  if (!used) return undefined;
  const hasShortNames = choice(raw, "referencing") === "SN";
  const source = { client, logicalName, pauseMs, reconnect };
  if (choice(raw, "invocationCounterSource") === "STORED") {
    return hasShortNames ? undefined : { when: "lost", ...source };
  }
  if (hasShortNames) {
    throw new DlmsConfigError(
      "CONFIG_UNSUPPORTED",
      "invocationCounterSource: METER reads the counter by its logical name, which a meter with short names (SN) does " +
        "not know; choose STORED",
      { details: { property: "invocationCounterSource" } },
    );
  }
  return source;
}

function timeoutsOf(raw: RawSettings): NonNullable<ConnectOptions["timeouts"]> {
  const reconnectMin = integer(raw, "reconnectMin");
  const reconnectMax = integer(raw, "reconnectMax");
  if (reconnectMax < reconnectMin) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `reconnectMax: expected at least reconnectMin (${reconnectMin}), got ${reconnectMax}`,
      { details: { property: "reconnectMax" } },
    );
  }
  return {
    response: integer(raw, "timeout"),
    retries: integer(raw, "retries"),
    idle: integer(raw, "idleTimeout"),
    reconnectMin,
    reconnectMax,
  };
}

function timeZoneOf(raw: RawSettings): string {
  const zone = text(raw, "timeZone");
  if (zone === "" || isTimeZone(zone)) return zone;
  throw new DlmsConfigError("CONFIG_INVALID", `timeZone: expected a name like Europe/Vienna, got "${zone}"`, {
    details: { property: "timeZone" },
  });
}

function serverOf(raw: RawSettings, line: MeterChoices): ConnectOptions["server"] {
  const title = text(raw, "meterSystemTitle");
  const physical = isUsed("physicalAddress", line) ? optionalInteger(raw, "physicalAddress", line) : undefined;
  if (physical !== undefined && !hasPhysicalPart(line)) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `physicalAddress: a 1-byte server address has no room for physical address ${physical}; choose addressSize AUTO, 2 or 4, or leave it empty`,
      { details: { property: "physicalAddress" } },
    );
  }
  return {
    logical: integer(raw, "serverAddress", line),
    ...(physical === undefined ? {} : { physical }),
    ...(title === "" ? {} : { systemTitle: parseSystemTitle(title, "meterSystemTitle") }),
  };
}

function endpointLabelOf(transport: TransportOptions | Transport): string {
  if ("open" in transport) return transport.endpoint;
  return transport.kind === "serial"
    ? `serial ${transport.path}`
    : `${transport.kind} ${transport.host}:${transport.port}`;
}

/**
 * Where settings send secrets: the line, what TLS trusts there, and the meter's address on the line. Equal for all
 * spellings of the same place.
 * @throws DlmsConfigError
 */
export function destinationOf(raw: RawSettings): string {
  // the id stands for the contents of a TLS configuration
  const transport =
    choice(raw, "transportType") === "INCOMING"
      ? incomingOf(raw)
      : { ...transportOf(raw, {}, () => ({})), config: text(raw, "tls") };
  const { logical, physical = 0 } = serverOf(raw, lineOf(raw));
  return JSON.stringify([{ ...transport, baudRate: undefined }, logical, physical, gatewayOf(raw).gateway]);
}

function associationOf(raw: RawSettings): NonNullable<ConnectOptions["association"]> {
  return {
    referencing: meterSettings.referencing.choices[choice(raw, "referencing")],
    maxPduSize: integer(raw, "maxPduSize"),
    preEstablished: flag(raw, "preEstablished"),
  };
}

/** Two quirks have their own settings, too. */
function quirksOf(raw: RawSettings): NonNullable<ConnectOptions["quirks"]> {
  const named = names(raw, "quirks");
  const { names: all } = meterSettings.quirks;
  const listed = Object.fromEntries(all.map((name) => [name, named.has(name)])) as Record<
    (typeof all)[number],
    boolean
  >;
  return {
    ...listed,
    reversedDeviation: listed.reversedDeviation || meterSettings.deviationSign.choices[choice(raw, "deviationSign")],
    wrapperSwappedBytes: listed.wrapperSwappedBytes || flag(raw, "wrapperSwappedBytes"),
  };
}

function valuesOf(raw: RawSettings): NonNullable<ConnectOptions["values"]> {
  const timeZone = timeZoneOf(raw);
  const companion = meterSettings.companion.choices[choice(raw, "companion")];
  return {
    octetStrings: meterSettings.octetStrings.choices[choice(raw, "octetStrings")],
    ...(companion === undefined ? {} : { companion }),
    ...(timeZone === "" ? {} : { timeZone }),
  };
}

/**
 * Checks the settings of a `dlms-meter` node and turns them into the client's options.
 * @throws DlmsConfigError with the property's name at the beginning of the text
 */
export function parseMeterSettings(
  raw: RawSettings,
  credentials: MeterCredentials,
  persistentState: PersistentState,
): MeterSettings {
  const transport = lineOfMeter(raw, credentials, persistentState);
  const line = lineOf(raw);
  const link = linkOf(raw);
  const auth = authenticationOf(raw, credentials);
  const ownTitle = text(raw, "systemTitle");
  const title = (): Uint8Array =>
    ownTitle === "" ? persistentState.systemTitle() : parseSystemTitle(ownTitle, "systemTitle");
  const ciphering = cipheringOf(raw, credentials, title, persistentState);
  const counterSource = counterSourceOf(raw, ciphering !== undefined);
  const needsTitle = ciphering !== undefined || auth.mechanism === "hls-sha256" || auth.mechanism === "hls-ecdsa";
  const common = {
    transport,
    link,
    server: serverOf(raw, line),
    ...gatewayOf(raw),
    timeouts: timeoutsOf(raw),
    values: valuesOf(raw),
  };
  const connect: ConnectOptions = {
    ...common,
    client: {
      sap: integer(raw, "clientAddress", line),
      ...(needsTitle || ownTitle !== "" ? { systemTitle: title() } : {}),
    },
    auth,
    ...(ciphering === undefined ? {} : { security: { ...ciphering, ...(counterSource && { counterSource }) } }),
    association: associationOf(raw),
    quirks: quirksOf(raw),
  };
  return {
    connect,
    endpointLabel: endpointLabelOf(transport),
    probeInterval: integer(raw, "probeInterval"),
    offlineAfter: integer(raw, "offlineAfter"),
  };
}
