import {
  type AddressSize,
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
  type TransportOptions,
} from "../../src/index";
import {
  type RawSettings,
  choiceOf,
  flagOf,
  integerOf,
  isAbsent,
  neededTextOf,
  textOf,
} from "../node-red/raw-settings";

/** Secrets of a meter, as Node-RED keeps them apart from the flow. */
export interface MeterCredentials {
  password?: string;
  encryptionKey?: string;
  authenticationKey?: string;
  masterKey?: string;
  broadcastKey?: string;
  signingKey?: string;
  agreementKey?: string;
  meterSigningCertificate?: string;
  meterAgreementCertificate?: string;
  tlsCertificate?: string;
  tlsKey?: string;
}

/** What is kept between runs, under Node-RED's user directory. */
export interface Keepsakes {
  /** this installation's system title, made the first time it is asked for */
  systemTitle(): Uint8Array;
  /** the counter of one key under one system title */
  counter(systemTitle: Uint8Array, key: Uint8Array): InvocationCounterStore;
  /** the counters that came from meters, under whichever key; absent: of this process alone */
  received?(): ReceivedCounterStore;
}

/** A secret as it was typed in. Its value never appears in a message. */
function secretOf(credentials: MeterCredentials, name: keyof MeterCredentials, why: string): string {
  const value = credentials[name];
  const property = { details: { property: name } };
  if (isAbsent(value)) throw new DlmsConfigError("CONFIG_MISSING", `${name}: ${why}`, property);
  const unset = /^\$\{([^}]+)\}$/.exec(value);
  if (unset === null) return value;
  throw new DlmsConfigError("CONFIG_MISSING", `${name}: the environment variable ${unset[1] ?? ""} is not set`, {
    details: { property: name, variable: unset[1] ?? "" },
  });
}

function transportOf(raw: RawSettings, credentials: MeterCredentials): TransportOptions {
  const kind = choiceOf(raw, "transportType", ["TCP", "TLS", "UDP", "SERIAL"], "TCP");
  if (kind === "SERIAL") {
    return {
      kind: "serial",
      path: neededTextOf(raw, "serialPort", "/dev/ttyUSB0", "the path of the serial port"),
      baudRate: integerOf(raw, "baudRate", { fallback: 9600, min: 300, max: 921_600 }),
    };
  }
  const host = neededTextOf(raw, "host", "localhost", "the meter's host name or address");
  const port = integerOf(raw, "port", { fallback: 4059, min: 1, max: 65535 });
  if (kind !== "TLS") return { kind: kind === "UDP" ? "udp" : "tcp", host, port };
  const ca = textOf(raw, "tlsCa", "");
  const serverName = textOf(raw, "tlsServerName", "");
  return {
    kind: "tls",
    host,
    port,
    ...(ca === "" ? {} : { ca }),
    ...(serverName === "" ? {} : { serverName }),
    ...(flagOf(raw, "tlsUnverified", false) ? { verify: false } : {}),
    ...(isAbsent(credentials.tlsCertificate) ? {} : { certificate: credentials.tlsCertificate }),
    ...(isAbsent(credentials.tlsKey) ? {} : { key: credentials.tlsKey }),
  };
}

function addressSizeOf(raw: RawSettings): AddressSize {
  const choice = choiceOf(
    { addressSize: typeof raw.addressSize === "number" ? String(raw.addressSize) : raw.addressSize },
    "addressSize",
    ["AUTO", "1", "2", "4"],
    "AUTO",
  );
  return choice === "AUTO" ? "auto" : (Number(choice) as 1 | 2 | 4);
}

function linkOf(raw: RawSettings, transport: TransportOptions): LinkOptions {
  const chosen = choiceOf(raw, "framing", ["", "WRAPPER", "HDLC", "HDLC_MODE_E"], "");
  const framing = chosen !== "" ? chosen : transport.kind === "serial" ? "HDLC" : "WRAPPER";
  if (framing === "WRAPPER") return { kind: "wrapper" };
  const hdlc = {
    addressSize: addressSizeOf(raw),
    maxInfo: integerOf(raw, "hdlcMaxInfo", { fallback: 2030, min: 32, max: 2030 }),
    window: integerOf(raw, "hdlcWindow", { fallback: 7, min: 1, max: 7 }),
    keepAlive: integerOf(raw, "hdlcKeepAlive", { fallback: 0, min: 0, max: 3_600_000 }),
    discFirst: flagOf(raw, "hdlcDiscFirst", false),
  };
  if (framing === "HDLC") return { kind: "hdlc", ...hdlc };
  return {
    kind: "hdlc-mode-e",
    ...hdlc,
    deviceAddress: textOf(raw, "modeEAddress", ""),
    startBaud: integerOf(raw, "modeEStartBaud", { fallback: 300, min: 300, max: 19_200 }),
  };
}

const secretMechanisms = {
  LOW: "lls",
  HIGH: "hls-2",
  HIGH_MD5: "hls-md5",
  HIGH_SHA1: "hls-sha1",
  HIGH_SHA256: "hls-sha256",
} as const;

const authentications = [
  ...["NONE", "LOW", "HIGH", "HIGH_MD5", "HIGH_SHA1"],
  ...["HIGH_GMAC", "HIGH_SHA256", "HIGH_ECDSA"],
] as const;

function authenticationOf(raw: RawSettings, credentials: MeterCredentials): AuthenticationOptions {
  const choice = choiceOf(raw, "authentication", authentications, "NONE");
  switch (choice) {
    case "NONE":
      return { mechanism: "none" };
    case "HIGH_GMAC":
      return { mechanism: "hls-gmac" };
    case "HIGH_ECDSA":
      return {
        mechanism: "hls-ecdsa",
        signingKey: secretOf(credentials, "signingKey", "the client's private signing key is needed for HIGH_ECDSA"),
        meterSigningCertificate: secretOf(
          credentials,
          "meterSigningCertificate",
          "the meter's signing certificate, or public key, is needed for HIGH_ECDSA",
        ),
      };
    default: {
      const format = choiceOf(raw, "passwordFormat", ["TEXT", "HEX"], "TEXT") === "HEX" ? "hex" : "text";
      const secret = secretOf(credentials, "password", `a password is needed for ${choice}`);
      return {
        mechanism: secretMechanisms[choice],
        secret: parseSecret(secret, format, "password"),
      };
    }
  }
}

const policies = {
  NONE: "none",
  AUTHENTICATED: "authenticated",
  ENCRYPTED: "encrypted",
  AUTHENTICATED_ENCRYPTED: "authenticated-encrypted",
} as const;

/** The values of `ciphering`, and which key general-ciphering names in each message. */
const messageKeys = {
  SERVICE: undefined,
  GENERAL: undefined,
  IDENTIFIED_KEY: "identified-key",
  WRAPPED_KEY: "wrapped-key",
  ONE_PASS: "one-pass",
  STATIC_UNIFIED: "static-unified",
} as const;
const cipherings = ["SERVICE", "GENERAL", "IDENTIFIED_KEY", "WRAPPED_KEY", "ONE_PASS", "STATIC_UNIFIED"] as const;

/** Keys and certificates of general-ciphering and general-signing: those that the chosen form needs must be there. */
function messageProtectionOf(
  raw: RawSettings,
  credentials: MeterCredentials,
  parsed: (name: "masterKey" | "broadcastKey") => Uint8Array,
): Pick<SecurityOptions, "generalCiphering" | "generalSigning" | "broadcastKey"> {
  const choice = choiceOf(raw, "ciphering", cipherings, "SERVICE");
  const key = messageKeys[choice];
  const signed = flagOf(raw, "signMessages", false);
  const given = (name: "signingKey" | "agreementKey" | "meterSigningCertificate" | "meterAgreementCertificate") =>
    isAbsent(credentials[name]) ? {} : { [name]: secretOf(credentials, name, `needed for ${choice}`) };
  const needed = (name: keyof MeterCredentials, why: string): string => secretOf(credentials, name, why);
  if (key === "wrapped-key") needed("masterKey", "the master key (KEK) is needed for wrapped keys");
  if (key === "one-pass" || key === "static-unified") {
    const own = key === "one-pass" ? "signingKey" : "agreementKey";
    needed(own, `the client's private key is needed for ${choice}`);
    needed("meterAgreementCertificate", `the meter's certificate for key agreement is needed for ${choice}`);
  }
  return {
    ...(isAbsent(credentials.broadcastKey) ? {} : { broadcastKey: parsed("broadcastKey") }),
    ...(key === undefined
      ? {}
      : {
          generalCiphering: {
            key,
            ...(isAbsent(credentials.masterKey) ? {} : { masterKey: parsed("masterKey") }),
            ...given("signingKey"),
            ...given("agreementKey"),
            ...given("meterSigningCertificate"),
            ...given("meterAgreementCertificate"),
          },
        }),
    ...(signed
      ? {
          generalSigning: {
            signingKey: needed("signingKey", "the client's private signing key is needed to sign messages"),
            meterSigningCertificate: needed(
              "meterSigningCertificate",
              "the meter's signing certificate, or public key, is needed to check signed messages",
            ),
          },
        }
      : {}),
  };
}

function cipheringOf(
  raw: RawSettings,
  credentials: MeterCredentials,
  title: () => Uint8Array,
  keepsakes: Keepsakes,
): Omit<SecurityOptions, "counterSource"> | undefined {
  const names = ["NONE", "AUTHENTICATED", "ENCRYPTED", "AUTHENTICATED_ENCRYPTED"] as const;
  const policy = choiceOf(raw, "securityPolicy", names, "NONE");
  const authentication = choiceOf(raw, "authentication", authentications, "NONE");
  if (policy === "NONE" && authentication !== "HIGH_GMAC") return undefined;
  const why = policy === "NONE" ? "HIGH_GMAC" : `security policy ${policy}`;
  const suite = integerOf(raw, "securitySuite", { fallback: 0, min: 0, max: 2 }) as SecuritySuite;
  const format = choiceOf(raw, "keyFormat", ["TEXT", "HEX"], "HEX") === "TEXT" ? "text" : "hex";
  const keyOf = (
    name: "encryptionKey" | "authenticationKey" | "masterKey" | "broadcastKey",
    short: string,
  ): Uint8Array =>
    parseKey(secretOf(credentials, name, `the key (${short}) is needed for ${why}`), format, suite, name);
  const encryptionKey = keyOf("encryptionKey", "GUEK");
  const received = keepsakes.received?.();
  return {
    suite,
    policy: policies[policy],
    encryptionKey,
    authenticationKey: keyOf("authenticationKey", "GAK"),
    dedicatedKey: flagOf(raw, "useDedicatedKey", false),
    general: choiceOf(raw, "ciphering", cipherings, "SERVICE") === "GENERAL",
    ...messageProtectionOf(raw, credentials, (name) => keyOf(name, name === "masterKey" ? "KEK" : "GBEK")),
    invocationCounter: keepsakes.counter(title(), encryptionKey),
    ...(received === undefined ? {} : { receivedCounters: received }),
    maxCounterJump: integerOf(raw, "invocationCounterMaxJump", { fallback: 1_000_000, min: 0, max: 0xffff_ffff }),
  };
}

function obisOf(raw: RawSettings, name: string, fallback: string): string {
  const text = textOf(raw, name, fallback);
  try {
    parseObis(text);
    return text;
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    throw new DlmsConfigError("CONFIG_INVALID", `${name}: ${error.message}`, {
      details: { property: name },
      cause: error,
    });
  }
}

/**
 * Undefined: the stored counter alone. A meter with short names does not show its counter by a logical name.
 * @param used whether there is a counter at all
 */
function counterSourceOf(raw: RawSettings, sapLimit: number, used: boolean): CounterSourceOptions | undefined {
  const client = integerOf(raw, "invocationCounterClient", { fallback: 16, min: 1, max: sapLimit });
  const logicalName = obisOf(raw, "invocationCounterObis", "0.0.43.1.0.255");
  const pauseMs = integerOf(raw, "invocationCounterPause", { fallback: 0, min: 0, max: 600_000 });
  const reconnect = flagOf(raw, "invocationCounterReconnect", false);
  const stored = choiceOf(raw, "invocationCounterSource", ["METER", "STORED"], "METER") === "STORED";
  if (stored || !used) return undefined;
  if (choiceOf(raw, "referencing", ["LN", "SN"], "LN") === "SN") {
    throw new DlmsConfigError(
      "CONFIG_UNSUPPORTED",
      "invocationCounterSource: METER reads the counter by its logical name, which a meter with short names (SN) does " +
        "not know; choose STORED",
      { details: { property: "invocationCounterSource" } },
    );
  }
  return { client, logicalName, pauseMs, reconnect };
}

function timeoutsOf(raw: RawSettings): NonNullable<ConnectOptions["timeouts"]> {
  const reconnectMin = integerOf(raw, "reconnectMin", { fallback: 1000, min: 100, max: 3_600_000 });
  const reconnectMax = integerOf(raw, "reconnectMax", { fallback: 60_000, min: 100, max: 86_400_000 });
  if (reconnectMax < reconnectMin) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `reconnectMax: expected at least reconnectMin (${reconnectMin}), got ${reconnectMax}`,
      { details: { property: "reconnectMax" } },
    );
  }
  return {
    response: integerOf(raw, "timeout", { fallback: 5000, min: 100, max: 600_000 }),
    retries: integerOf(raw, "retries", { fallback: 2, min: 0, max: 20 }),
    idle: integerOf(raw, "idleTimeout", { fallback: 0, min: 0, max: 86_400_000 }),
    reconnectMin,
    reconnectMax,
  };
}

function timeZoneOf(raw: RawSettings): string {
  const zone = textOf(raw, "timeZone", "");
  if (zone === "" || isTimeZone(zone)) return zone;
  throw new DlmsConfigError("CONFIG_INVALID", `timeZone: expected a name like Europe/Vienna, got "${zone}"`, {
    details: { property: "timeZone" },
  });
}

function serverOf(raw: RawSettings, hdlc: boolean): ConnectOptions["server"] {
  const logical = integerOf(raw, "serverAddress", { fallback: 1, min: hdlc ? 0 : 1, max: hdlc ? 16_383 : 65_535 });
  const title = textOf(raw, "meterSystemTitle", "");
  return {
    logical,
    ...(hdlc && !isAbsent(raw.physicalAddress)
      ? { physical: integerOf(raw, "physicalAddress", { fallback: 0, min: 0, max: 16_383 }) }
      : {}),
    ...(title === "" ? {} : { systemTitle: parseSystemTitle(title, "meterSystemTitle") }),
  };
}

function placeOf(transport: TransportOptions): string {
  return transport.kind === "serial"
    ? `serial ${transport.path}`
    : `${transport.kind} ${transport.host}:${transport.port}`;
}

/**
 * The place that settings send secrets to: the line, what TLS trusts there, and the meter's address on it. Equal for all
 * ways to write the same.
 * @throws DlmsConfigError
 */
export function sendsTo(raw: RawSettings): string {
  const transport = transportOf(raw, {});
  const { logical, physical = 0 } = serverOf(raw, linkOf(raw, transport).kind !== "wrapper");
  return JSON.stringify([{ ...transport, baudRate: undefined }, logical, physical]);
}

function valuesOf(raw: RawSettings): NonNullable<ConnectOptions["values"]> {
  const octetStrings = choiceOf(raw, "octetStrings", ["AUTO", "HEX", "TEXT"], "AUTO");
  const timeZone = timeZoneOf(raw);
  return {
    octetStrings: octetStrings === "AUTO" ? "auto" : octetStrings === "HEX" ? "hex" : "text",
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
  keepsakes: Keepsakes,
): MeterSettings {
  const transport = transportOf(raw, credentials);
  const link = linkOf(raw, transport);
  const hdlc = link.kind !== "wrapper";
  const sapLimit = hdlc ? 127 : 65_535;
  const auth = authenticationOf(raw, credentials);
  const ownTitle = textOf(raw, "systemTitle", "");
  const title = (): Uint8Array =>
    ownTitle === "" ? keepsakes.systemTitle() : parseSystemTitle(ownTitle, "systemTitle");
  const ciphering = cipheringOf(raw, credentials, title, keepsakes);
  const counterSource = counterSourceOf(raw, sapLimit, ciphering !== undefined);
  const needsTitle = ciphering !== undefined || auth.mechanism === "hls-sha256" || auth.mechanism === "hls-ecdsa";
  const common = { transport, link, server: serverOf(raw, hdlc), timeouts: timeoutsOf(raw), values: valuesOf(raw) };
  const reversedDeviation = choiceOf(raw, "deviationSign", ["STANDARD", "REVERSED"], "STANDARD") === "REVERSED";
  const connect: ConnectOptions = {
    ...common,
    client: {
      sap: integerOf(raw, "clientAddress", { fallback: 16, min: 1, max: sapLimit }),
      ...(needsTitle || ownTitle !== "" ? { systemTitle: title() } : {}),
    },
    auth,
    ...(ciphering === undefined ? {} : { security: { ...ciphering, ...(counterSource && { counterSource }) } }),
    association: {
      referencing: choiceOf(raw, "referencing", ["LN", "SN"], "LN") === "SN" ? "sn" : "ln",
      maxPduSize: integerOf(raw, "maxPduSize", { fallback: 65_535, min: 64, max: 65_535 }),
    },
    quirks: { reversedDeviation, wrapperSwappedBytes: flagOf(raw, "wrapperSwappedBytes", false) },
  };
  return {
    connect,
    place: placeOf(transport),
    probeInterval: integerOf(raw, "probeInterval", { fallback: 0, min: 0, max: 86_400_000 }),
    offlineAfter: integerOf(raw, "offlineAfter", { fallback: 45_000, min: 1000, max: 86_400_000 }),
  };
}
