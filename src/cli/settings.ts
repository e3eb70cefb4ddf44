/** The meter's settings as options of the command line. The names and defaults are those of a `dlms-meter` node. */

interface Row {
  /** one line for the help */
  readonly help: string;
  /** path of the library's option, as its errors name it */
  readonly option?: string;
  readonly group: "line" | "address" | "access" | "other";
}

export interface TextSetting extends Row {
  readonly kind: "text";
  readonly default: string;
}

export interface IntegerSetting extends Row {
  readonly kind: "integer";
  /** undefined: none */
  readonly default: number | undefined;
}

export interface FlagSetting extends Row {
  readonly kind: "flag";
}

export interface ChoiceSetting extends Row {
  readonly kind: "choice";
  readonly default: string;
  /** By the word of the option: the library's word. */
  readonly choices: Readonly<Record<string, unknown>>;
}

export type Setting = TextSetting | IntegerSetting | FlagSetting | ChoiceSetting;

const line = "line";
const address = "address";
const access = "access";
const other = "other";

export const settings = {
  transportType: {
    ...{ kind: "choice", default: "TCP", group: line, help: "how the meter is connected" },
    choices: { TCP: "tcp", TLS: "tls", UDP: "udp", SERIAL: "serial" },
  },
  host: { kind: "text", default: "localhost", group: line, option: "transport.host", help: "host name or address" },
  port: { kind: "integer", default: 4059, group: line, option: "transport.port", help: "port of the meter" },
  serialPort: {
    ...{ kind: "text", default: "/dev/ttyUSB0", group: line, option: "transport.path" },
    help: "path of the serial port",
  },
  baudRate: { kind: "integer", default: 9600, group: line, option: "transport.baudRate", help: "bit/s; serial only" },
  serialMode: {
    ...{ kind: "choice", default: "8N1", group: line, option: "transport.mode" },
    help: "data bits, parity and stop bits; serial only",
    choices: { "8N1": "8N1", "8E1": "8E1", "7E1": "7E1" },
  },
  dtr: {
    ...{ kind: "choice", default: "", group: line, option: "transport.dtr" },
    help: "state of DTR; default: as the driver sets it; serial only",
    choices: { "": undefined, ON: true, OFF: false },
  },
  rts: {
    ...{ kind: "choice", default: "", group: line, option: "transport.rts" },
    help: "state of RTS; default: as the driver sets it; serial only",
    choices: { "": undefined, ON: true, OFF: false },
  },
  tlsCa: { kind: "text", default: "", group: line, option: "transport.ca", help: "PEM file of the CA; TLS only" },
  tlsServerName: {
    ...{ kind: "text", default: "", group: line, option: "transport.serverName" },
    help: "name in the server's certificate; TLS only",
  },
  tlsUnverified: {
    kind: "flag",
    group: line,
    option: "transport.verify",
    help: "do not check the server's certificate",
  },
  framing: {
    ...{ kind: "choice", default: "", group: line, option: "link.kind" },
    help: "default: WRAPPER on a network, HDLC on a serial port",
    choices: { "": undefined, WRAPPER: "wrapper", HDLC: "hdlc", HDLC_MODE_E: "hdlc-mode-e" },
  },
  modeEAddress: {
    ...{ kind: "text", default: "", group: line, option: "link.deviceAddress" },
    help: "device address of the sign-on; HDLC_MODE_E only",
  },
  modeEStartBaud: {
    ...{ kind: "integer", default: 300, group: line, option: "link.startBaud" },
    help: "bit/s of the sign-on; HDLC_MODE_E only",
  },
  modeEUnannounced: {
    ...{ kind: "flag", group: line, option: "link.unannounced" },
    help: "go on in HDLC although the meter does not announce mode E",
  },

  clientAddress: { kind: "integer", default: 16, group: address, option: "client.sap", help: "client SAP" },
  serverAddress: { kind: "integer", default: 1, group: address, option: "server.logical", help: "logical device" },
  physicalAddress: {
    ...{ kind: "integer", default: undefined, group: address, option: "server.physical" },
    help: "physical address; HDLC only",
  },
  gatewayDevice: {
    ...{ kind: "text", default: "", group: address, option: "gateway.device" },
    help: "physical address of a device behind a gateway: characters, or 0x and hex digits",
  },
  gatewayNetwork: {
    ...{ kind: "integer", default: undefined, group: address, option: "gateway.network" },
    help: "network of the gateway (0)",
  },
  addressSize: {
    ...{ kind: "choice", default: "AUTO", group: address, option: "link.addressSize" },
    help: "bytes of the server address; HDLC only",
    choices: { AUTO: "auto", "1": 1, "2": 2, "4": 4 },
  },
  hdlcMaxInfo: {
    ...{ kind: "integer", default: 2030, group: address, option: "link.maxInfo" },
    help: "largest information field to propose; HDLC only",
  },
  hdlcWindow: {
    ...{ kind: "integer", default: 7, group: address, option: "link.window" },
    help: "window to propose; HDLC only",
  },
  referencing: {
    ...{ kind: "choice", default: "LN", group: address, option: "association.referencing" },
    help: "logical names or short names",
    choices: { LN: "ln", SN: "sn" },
  },
  maxPduSize: {
    ...{ kind: "integer", default: 65_535, group: address, option: "association.maxPduSize" },
    help: "largest APDU to propose",
  },

  authentication: {
    ...{ kind: "choice", default: "NONE", group: access, option: "auth.mechanism", help: "mechanism" },
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
    ...{ kind: "choice", default: "NONE", group: access, option: "security.policy" },
    help: "protection of messages",
    choices: {
      NONE: "none",
      AUTHENTICATED: "authenticated",
      ENCRYPTED: "encrypted",
      AUTHENTICATED_ENCRYPTED: "authenticated-encrypted",
    },
  },
  securitySuite: { kind: "integer", default: 0, group: access, option: "security.suite", help: "0, 1 or 2" },
  ciphering: {
    ...{ kind: "choice", default: "SERVICE", group: access, help: "glo- and ded-ciphering by service, or general" },
    choices: { SERVICE: false, GENERAL: true },
  },
  useDedicatedKey: {
    ...{ kind: "flag", group: access, option: "security.dedicatedKey" },
    help: "a random key for each association",
  },
  systemTitle: {
    ...{ kind: "text", default: "", group: access, option: "client.systemTitle" },
    help: "16 hex digits; default: made once and kept",
  },
  meterSystemTitle: {
    ...{ kind: "text", default: "", group: access, option: "server.systemTitle" },
    help: "16 hex digits, for a meter that does not send it",
  },
  invocationCounterSource: {
    ...{ kind: "choice", default: "METER", group: access, option: "security.counterSource" },
    help: "read the counter from the meter, or continue the stored one",
    choices: { METER: "always", STORED: "lost" },
  },
  invocationCounterObis: {
    ...{ kind: "text", default: "0.0.43.1.0.255", group: access, option: "security.counterSource.logicalName" },
    help: "object of the counter",
  },
  invocationCounterClient: {
    ...{ kind: "integer", default: 16, group: access, option: "security.counterSource.client" },
    help: "client that may read the counter",
  },
  emptyPassword: { kind: "flag", group: access, option: "auth.emptySecret", help: "LOW with an empty password" },
  passwordFormat: {
    ...{ kind: "choice", default: "TEXT", group: access, help: "how the password is written" },
    choices: { TEXT: "text", HEX: "hex" },
  },
  keyFormat: {
    ...{ kind: "choice", default: "HEX", group: access, help: "how keys are written" },
    choices: { TEXT: "text", HEX: "hex" },
  },
  preEstablished: {
    ...{ kind: "flag", group: access, option: "association.preEstablished" },
    help: "send requests without an association request",
  },
  skipLink: {
    ...{ kind: "flag", group: access, option: "link.skipSetUp" },
    help: "with --pre-established: no SNRM either; HDLC only",
  },

  timeout: { kind: "integer", default: 5000, group: other, option: "timeouts.response", help: "ms for each response" },
  retries: { kind: "integer", default: 2, group: other, option: "timeouts.retries", help: "retries on the link" },
  deviationSign: {
    ...{ kind: "choice", default: "STANDARD", group: other, option: "quirks.reversedDeviation" },
    help: "sign of the deviation in date-times",
    choices: { STANDARD: false, REVERSED: true },
  },
  timeZone: {
    ...{ kind: "text", default: "", group: other, option: "values.timeZone" },
    help: "IANA zone of a meter that gives none",
  },
  octetStrings: {
    ...{ kind: "choice", default: "AUTO", group: other, option: "values.octetStrings" },
    help: "how octet-strings are shown",
    choices: { AUTO: "auto", HEX: "hex", TEXT: "text" },
  },
  companion: {
    ...{ kind: "choice", default: "NONE", group: other, option: "values.companion" },
    help: "companion specification that names event codes",
    choices: { NONE: undefined, IDIS: "idis", DSMR: "dsmr", SMR5: "smr5", IS15959: "is15959", SPODES: "spodes" },
  },
  quirks: {
    ...{ kind: "text", default: "", group: other, option: "quirks" },
    help: "deviations of the meter by name, separated by commas",
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof settings;

export const settingNames = Object.keys(settings) as SettingName[];

export function settingOf(name: SettingName): Setting {
  return settings[name];
}

/** The secrets by their names in a `dlms-meter`. Their environment variables are derived from the names. */
export const secretNames = [
  "password",
  "encryptionKey",
  "authenticationKey",
  "broadcastKey",
  "signingKey",
  "meterSigningCertificate",
  "tlsCertificate",
  "tlsKey",
] as const;

export type SecretName = (typeof secretNames)[number];

/** Other spellings under which a user may try to pass a secret. */
const secretWords = ["key", "secret", "pin", "passphrase", "guek", "gak", "ek", "ak", "kek", "master-key"];

/** `clientAddress` -> `client-address` */
export const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** `encryptionKey` -> `DLMS_ENCRYPTION_KEY` */
export const variableOf = (name: string): string => `DLMS_${dashed(name).replaceAll("-", "_").toUpperCase()}`;

const refused = new Set([...secretNames.map(dashed), ...secretWords, "agreement-key", "dedicated-key", "pwd", "pw"]);

/** Whether an option's or query parameter's name asks for a secret. */
export const namesSecret = (name: string): boolean => refused.has(dashed(name).toLowerCase());
