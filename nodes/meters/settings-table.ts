// The settings of a `dlms-meter`, each in one row. The parser, `msg.meter`, the credentials, the checks of the editor
// and docs/settings.md come from this table. It imports nothing, because the editor's scripts use it as well.

/** The smallest and the largest value. */
export type Range = readonly [min: number, max: number];

/** An HDLC address has fewer bits than a wrapper address. */
export interface RangeByLink {
  readonly hdlc: Range;
  readonly wrapper: Range;
}

/** Where a setting applies; elsewhere its value is kept, but neither used nor checked. */
export type Applicability = "network" | "serial" | "incoming" | "hdlc" | "modeE";

interface Row {
  /** `msg.meter` may override the setting. */
  readonly message?: true;
  /** The value stands in the flow: neither a message nor an environment variable may change it. */
  readonly literal?: true;
  /** The address search needs the setting. */
  readonly search?: true;
  /** Path of the library's option that the setting sets. */
  readonly option?: string;
  readonly appliesTo?: Applicability;
}

interface TextRow extends Row {
  readonly kind: "text";
  readonly default: string;
  readonly form?: "systemTitle" | "obis" | "timeZone";
}

interface IntegerRow extends Row {
  readonly kind: "integer";
  /** "": none */
  readonly default: number | "";
  readonly range: Range | RangeByLink;
  readonly unit?: "ms" | "bit/s" | "bytes";
}

/** Some of several names, separated by spaces or commas. */
interface NamesRow extends Row {
  readonly kind: "names";
  readonly default: "";
  readonly names: readonly string[];
}

interface FlagRow extends Row {
  readonly kind: "flag";
  readonly default: boolean;
}

interface ChoiceRow extends Row {
  readonly kind: "choice";
  readonly default: string;
  /** By the word in the flow: the library's word. */
  readonly choices: Readonly<Record<string, unknown>>;
}

/** Conditions that require a secret; one of them suffices. */
export interface Need {
  /** the security policy or HIGH_GMAC requires ciphered messages */
  readonly ciphered?: true;
  readonly authentication?: readonly string[];
  readonly ciphering?: readonly string[];
  readonly signed?: true;
}

interface SecretRow extends Row {
  readonly kind: "secret";
  /** Its name in a sentence. */
  readonly label: string;
  /** Its abbreviation in the trade. */
  readonly short?: string;
  readonly form: "password" | "key" | "pem";
  readonly needed?: Need;
}

export type SettingRow = TextRow | IntegerRow | FlagRow | ChoiceRow | NamesRow | SecretRow;

const port: Range = [1, 65_535];
const hour = 3_600_000;
const day = 24 * hour;
const message = true;
const search = true;

export const meterSettings = {
  name: { kind: "text", default: "", message },

  transportType: {
    ...{ kind: "choice", default: "TCP", message, search, option: "transport.kind" },
    choices: { TCP: "tcp", TLS: "tls", UDP: "udp", SERIAL: "serial", INCOMING: "incoming" },
  },
  host: { kind: "text", default: "localhost", appliesTo: "network", message, search, option: "transport.host" },
  port: {
    ...{ kind: "integer", default: 4059, range: port, appliesTo: "network" },
    ...{ message, search, option: "transport.port" },
  },
  pushSource: { kind: "text", default: "", appliesTo: "incoming", search },
  meterId: { kind: "text", default: "", appliesTo: "incoming", message, search },
  serialPort: { kind: "text", default: "/dev/ttyUSB0", appliesTo: "serial", message, search, option: "transport.path" },
  baudRate: {
    ...{ kind: "integer", default: 9600, range: [300, 921_600], unit: "bit/s", appliesTo: "serial" },
    ...{ message, search, option: "transport.baudRate" },
  },
  serialMode: {
    ...{ kind: "choice", default: "8N1", appliesTo: "serial", message, search, option: "transport.mode" },
    choices: { "8N1": "8N1", "8E1": "8E1", "7E1": "7E1" },
  },
  dtr: {
    ...{ kind: "choice", default: "", appliesTo: "serial", message, search, option: "transport.dtr" },
    // "": as the driver leaves it
    choices: { "": undefined, ON: true, OFF: false },
  },
  rts: {
    ...{ kind: "choice", default: "", appliesTo: "serial", message, search, option: "transport.rts" },
    choices: { "": undefined, ON: true, OFF: false },
  },
  // id of a core tls-config node; not in messages, for the reason of tlsUnverified
  tls: { kind: "text", default: "", search },
  tlsCa: { kind: "text", default: "", message, search, option: "transport.ca" },
  tlsServerName: { kind: "text", default: "", message, search, option: "transport.serverName" },
  // not in messages: the sender of a message could have the secrets sent to any server
  tlsUnverified: { kind: "flag", default: false, search, option: "transport.verify" },

  framing: {
    ...{ kind: "choice", default: "", message, search, option: "link.kind" },
    // "": as usual for the transport
    choices: { "": undefined, WRAPPER: "wrapper", HDLC: "hdlc", HDLC_MODE_E: "hdlc-mode-e" },
  },
  modeEAddress: { kind: "text", default: "", appliesTo: "modeE", message, search, option: "link.deviceAddress" },
  modeEStartBaud: {
    ...{ kind: "integer", default: 300, range: [300, 19_200], unit: "bit/s", appliesTo: "modeE" },
    ...{ message, search, option: "link.startBaud" },
  },
  modeEUnannounced: { kind: "flag", default: false, appliesTo: "modeE", message, search, option: "link.unannounced" },
  addressSize: {
    ...{ kind: "choice", default: "AUTO", appliesTo: "hdlc", message, option: "link.addressSize" },
    choices: { AUTO: "auto", "1": 1, "2": 2, "4": 4 },
  },
  hdlcMaxInfo: {
    ...{ kind: "integer", default: 2030, range: [32, 2030], unit: "bytes", appliesTo: "hdlc" },
    ...{ message, search, option: "link.maxInfo" },
  },
  hdlcWindow: {
    ...{ kind: "integer", default: 7, range: [1, 7], appliesTo: "hdlc" },
    ...{ message, search, option: "link.window" },
  },
  hdlcKeepAlive: {
    ...{ kind: "integer", default: 0, range: [0, hour], unit: "ms", appliesTo: "hdlc" },
    ...{ message, option: "link.keepAlive" },
  },
  hdlcDiscFirst: { kind: "flag", default: false, appliesTo: "hdlc", message, option: "link.discFirst" },
  wrapperSwappedBytes: { kind: "flag", default: false, message, search, option: "quirks.wrapperSwappedBytes" },

  clientAddress: {
    ...{ kind: "integer", default: 16, range: { hdlc: [0, 127], wrapper: [0, 65_535] } },
    ...{ message, option: "client.sap" },
  },
  serverAddress: {
    ...{ kind: "integer", default: 1, range: { hdlc: [0, 16_383], wrapper: [0, 65_535] } },
    ...{ message, option: "server.logical" },
  },
  physicalAddress: {
    ...{ kind: "integer", default: "", range: [0, 16_383], appliesTo: "hdlc" },
    ...{ message, option: "server.physical" },
  },
  // "" for both: no gateway
  gatewayNetwork: { kind: "integer", default: "", range: [0, 255], message, option: "gateway.network" },
  gatewayDevice: { kind: "text", default: "", message, option: "gateway.device" },
  maxPduSize: {
    ...{ kind: "integer", default: 65_535, range: [64, 65_535], unit: "bytes" },
    ...{ message, option: "association.maxPduSize" },
  },
  referencing: {
    ...{ kind: "choice", default: "LN", message, option: "association.referencing" },
    choices: { LN: "ln", SN: "sn" },
  },

  preEstablished: { kind: "flag", default: false, message, option: "association.preEstablished" },
  skipLink: { kind: "flag", default: false, appliesTo: "hdlc", message, option: "link.skipSetUp" },

  authentication: {
    ...{ kind: "choice", default: "NONE", message, option: "auth.mechanism" },
    choices: {
      NONE: "none",
      LOW: "lls",
      HIGH: "hls-2",
      HIGH_MD5: "hls-md5",
      HIGH_SHA1: "hls-sha1",
      HIGH_GMAC: "hls-gmac",
      HIGH_SHA256: "hls-sha256",
      HIGH_ECDSA: "hls-ecdsa",
    },
  },
  securityPolicy: {
    ...{ kind: "choice", default: "NONE", message, option: "security.policy" },
    choices: {
      NONE: "none",
      AUTHENTICATED: "authenticated",
      ENCRYPTED: "encrypted",
      AUTHENTICATED_ENCRYPTED: "authenticated-encrypted",
    },
  },
  securitySuite: { kind: "integer", default: 0, range: [0, 2], message, option: "security.suite" },
  ciphering: {
    ...{ kind: "choice", default: "SERVICE", message, option: "security.generalCiphering.key" },
    // which key general-ciphering names in each message; undefined: the association's keys
    choices: {
      SERVICE: undefined,
      GENERAL: undefined,
      IDENTIFIED_KEY: "identified-key",
      WRAPPED_KEY: "wrapped-key",
      ONE_PASS: "one-pass",
      STATIC_UNIFIED: "static-unified",
    },
  },
  signMessages: { kind: "flag", default: false, message, option: "security.generalSigning" },
  useDedicatedKey: { kind: "flag", default: false, message, option: "security.dedicatedKey" },
  systemTitle: { kind: "text", default: "", form: "systemTitle", message, option: "client.systemTitle" },
  meterSystemTitle: { kind: "text", default: "", form: "systemTitle", message, option: "server.systemTitle" },
  invocationCounterSource: {
    ...{ kind: "choice", default: "METER", message, option: "security.counterSource" },
    choices: { METER: "meter", STORED: "stored" },
  },
  invocationCounterObis: {
    ...{ kind: "text", default: "0.0.43.1.0.255", form: "obis" },
    ...{ message, option: "security.counterSource.logicalName" },
  },
  invocationCounterClient: {
    ...{ kind: "integer", default: 16, range: { hdlc: [0, 127], wrapper: [0, 65_535] } },
    ...{ message, option: "security.counterSource.client" },
  },
  invocationCounterPause: {
    ...{ kind: "integer", default: 0, range: [0, 600_000], unit: "ms" },
    ...{ message, option: "security.counterSource.pauseMs" },
  },
  invocationCounterReconnect: { kind: "flag", default: false, message, option: "security.counterSource.reconnect" },
  invocationCounterMaxJump: {
    ...{ kind: "integer", default: 1_000_000, range: [0, 0xffff_ffff] },
    ...{ message, option: "security.maxCounterJump" },
  },
  emptyPassword: { kind: "flag", default: false, message, option: "auth.emptySecret" },
  passwordFormat: { kind: "choice", default: "TEXT", choices: { TEXT: "text", HEX: "hex" }, message },
  keyFormat: { kind: "choice", default: "HEX", choices: { TEXT: "text", HEX: "hex" }, message },

  timeout: { kind: "integer", default: 5000, range: [100, 600_000], unit: "ms", message, option: "timeouts.response" },
  retries: { kind: "integer", default: 2, range: [0, 20], message, option: "timeouts.retries" },
  idleTimeout: { kind: "integer", default: 0, range: [0, day], unit: "ms", message, option: "timeouts.idle" },
  reconnectMin: {
    kind: "integer",
    default: 1000,
    range: [100, hour],
    unit: "ms",
    message,
    option: "timeouts.reconnectMin",
  },
  reconnectMax: {
    kind: "integer",
    default: 60_000,
    range: [100, day],
    unit: "ms",
    message,
    option: "timeouts.reconnectMax",
  },
  probeInterval: { kind: "integer", default: 0, range: [0, day], unit: "ms", message },
  offlineAfter: { kind: "integer", default: 45_000, range: [1000, day], unit: "ms", message },

  deviationSign: {
    ...{ kind: "choice", default: "STANDARD", message, option: "quirks.reversedDeviation" },
    choices: { STANDARD: false, REVERSED: true },
  },
  timeZone: { kind: "text", default: "", form: "timeZone", message, option: "values.timeZone" },
  octetStrings: {
    ...{ kind: "choice", default: "AUTO", message, option: "values.octetStrings" },
    choices: { AUTO: "auto", HEX: "hex", TEXT: "text" },
  },
  companion: {
    ...{ kind: "choice", default: "NONE", message, option: "values.companion" },
    choices: { NONE: undefined, IDIS: "idis", DSMR: "dsmr", SMR5: "smr5", IS15959: "is15959", SPODES: "spodes" },
  },

  quirks: {
    ...{ kind: "names", default: "", message, option: "quirks" },
    names: [
      ...["wrapperSwappedBytes", "reversedDeviation", "strictInvokeId", "noGeneralBlockTransfer", "noGetWithList"],
      ...[
        "noRelease",
        "alwaysSendMechanism",
        "landisGyrHls2",
        "dedicatedKeyInHls",
        "meterCounterRestarts",
        "timeMarks",
      ],
    ],
  },

  poolSize: { kind: "integer", default: 10, range: [1, 1000] },
  // "": by the rule of queueLimitOf
  queueLimit: { kind: "integer", default: "", range: [1, 100_000] },
  poolIdle: { kind: "integer", default: 30_000, range: [0, day], unit: "ms" },
  secretsInMessages: { kind: "flag", default: false },
  credentialsOnly: { kind: "flag", default: false },

  allowWriting: { kind: "choice", default: "NO", literal: true, choices: { NO: "NO", CLOCK: "CLOCK", ALL: "ALL" } },

  password: {
    ...{ kind: "secret", form: "password", label: "a password", message, option: "auth.secret" },
    needed: { authentication: ["LOW", "HIGH", "HIGH_MD5", "HIGH_SHA1", "HIGH_SHA256"] },
  },
  encryptionKey: {
    ...{ kind: "secret", form: "key", label: "the key (GUEK)", short: "GUEK" },
    ...{ needed: { ciphered: true }, message, option: "security.encryptionKey" },
  },
  authenticationKey: {
    ...{ kind: "secret", form: "key", label: "the key (GAK)", short: "GAK" },
    ...{ needed: { ciphered: true }, message, option: "security.authenticationKey" },
  },
  masterKey: {
    ...{ kind: "secret", form: "key", label: "the master key (KEK)", short: "KEK" },
    ...{ needed: { ciphering: ["WRAPPED_KEY"] }, message, option: "security.generalCiphering.masterKey" },
  },
  broadcastKey: {
    ...{ kind: "secret", form: "key", label: "the broadcast key (GBEK)", short: "GBEK" },
    ...{ message, option: "security.broadcastKey" },
  },
  signingKey: {
    ...{ kind: "secret", form: "pem", label: "the client's private signing key", message, option: "auth.signingKey" },
    needed: { authentication: ["HIGH_ECDSA"], ciphering: ["ONE_PASS"], signed: true },
  },
  agreementKey: {
    ...{ kind: "secret", form: "pem", label: "the client's private key for key agreement" },
    ...{ needed: { ciphering: ["STATIC_UNIFIED"] }, message, option: "security.generalCiphering.agreementKey" },
  },
  meterSigningCertificate: {
    ...{ kind: "secret", form: "pem", label: "the meter's signing certificate, or public key," },
    ...{ needed: { authentication: ["HIGH_ECDSA"], signed: true }, message, option: "auth.meterSigningCertificate" },
  },
  meterAgreementCertificate: {
    ...{ kind: "secret", form: "pem", label: "the meter's certificate for key agreement" },
    ...{ needed: { ciphering: ["ONE_PASS", "STATIC_UNIFIED"] } },
    ...{ message, option: "security.generalCiphering.meterAgreementCertificate" },
  },
  tlsCertificate: {
    ...{ kind: "secret", form: "pem", label: "the client's TLS certificate" },
    ...{ message, search, option: "transport.certificate" },
  },
  tlsKey: {
    ...{ kind: "secret", form: "pem", label: "the client's TLS key" },
    ...{ message, search, option: "transport.key" },
  },
} as const satisfies Readonly<Record<string, SettingRow>>;
