import {
  type AddressSize,
  type AuthenticationOptions,
  type ConnectOptions,
  DlmsConfigError,
  type LinkOptions,
  type TransportOptions,
  parseSecret,
} from "../../src/index";
import { type RawSettings, choiceOf, integerOf, isAbsent, neededTextOf, textOf } from "./settings";
import { known, supported } from "./supported";

/** Secrets of a meter, as Node-RED keeps them apart from the flow. */
export interface MeterCredentials {
  password?: string;
}

/** What a `dlms-meter` node is set to. */
export interface MeterSettings {
  readonly connect: ConnectOptions;
  /** for logs: "tcp meter.example:4059" */
  readonly place: string;
  /** ms, 0 = none */
  readonly probeInterval: number;
  /** ms without an answer after which a probed meter counts as offline */
  readonly offlineAfter: number;
}

type SupportedName = keyof typeof known & keyof typeof supported;
type Known<N extends SupportedName> = (typeof known)[N][number];

function supportedChoice<N extends SupportedName>(raw: RawSettings, name: N, fallback: Known<N>): Known<N> {
  const choices: readonly string[] = known[name];
  const value = choiceOf(raw, name, choices, fallback);
  const offered: readonly string[] = supported[name];
  if (offered.includes(value)) return value as Known<N>;
  throw new DlmsConfigError(
    "CONFIG_UNSUPPORTED",
    `${name}: ${value} is not supported by this version of node-red-contrib-dlms; it knows ${offered.filter((one) => one !== "").join(", ")}`,
    { details: { property: name, value } },
  );
}

function transportOf(raw: RawSettings): TransportOptions {
  const kind = supportedChoice(raw, "transportType", "TCP");
  if (kind === "SERIAL") {
    return {
      kind: "serial",
      path: neededTextOf(raw, "serialPort", "/dev/ttyUSB0", "the path of the serial port"),
      baudRate: integerOf(raw, "baudRate", { fallback: 9600, min: 300, max: 921600 }),
    };
  }
  const host = neededTextOf(raw, "host", "localhost", "the meter's host name or address");
  const port = integerOf(raw, "port", { fallback: 4059, min: 1, max: 65535 });
  if (kind === "TLS") {
    const ca = textOf(raw, "tlsCa", "");
    const serverName = textOf(raw, "tlsServerName", "");
    return { kind: "tls", host, port, ...(ca === "" ? {} : { ca }), ...(serverName === "" ? {} : { serverName }) };
  }
  return { kind: kind === "UDP" ? "udp" : "tcp", host, port };
}

function addressSizeOf(raw: RawSettings): AddressSize {
  const choice = choiceOf(raw, "addressSize", ["AUTO", "1", "2", "4"], "AUTO");
  return choice === "AUTO" ? "auto" : (Number(choice) as 1 | 2 | 4);
}

function linkOf(raw: RawSettings, transport: TransportOptions): LinkOptions {
  const chosen = supportedChoice(raw, "framing", "");
  const framing = chosen !== "" ? chosen : transport.kind === "serial" ? "HDLC" : "WRAPPER";
  if (framing === "WRAPPER") return { kind: "wrapper" };
  const hdlc = {
    addressSize: addressSizeOf(raw),
    maxInfo: integerOf(raw, "hdlcMaxInfo", { fallback: 2030, min: 32, max: 2030 }),
    window: integerOf(raw, "hdlcWindow", { fallback: 7, min: 1, max: 7 }),
  };
  if (framing === "HDLC") return { kind: "hdlc", ...hdlc };
  return {
    kind: "hdlc-mode-e",
    ...hdlc,
    deviceAddress: textOf(raw, "modeEAddress", ""),
    startBaud: integerOf(raw, "modeEStartBaud", { fallback: 300, min: 300, max: 19200 }),
  };
}

/** A secret as bytes or text. Its value never appears in a message. */
function secretOf(value: unknown, name: string, format: "TEXT" | "HEX"): Uint8Array | string {
  if (isAbsent(value) || typeof value !== "string") {
    throw new DlmsConfigError("CONFIG_MISSING", `${name}: the chosen authentication needs it`, {
      details: { property: name },
    });
  }
  const unset = /^\$\{([^}]+)\}$/.exec(value);
  if (unset) {
    throw new DlmsConfigError("CONFIG_MISSING", `${name}: the environment variable ${unset[1] ?? ""} is not set`, {
      details: { property: name },
    });
  }
  return format === "TEXT" ? value : parseSecret(value, "hex", name);
}

function authenticationOf(raw: RawSettings, credentials: MeterCredentials): AuthenticationOptions {
  const choice = supportedChoice(raw, "authentication", "NONE");
  switch (choice) {
    case "NONE":
      return { mechanism: "none" };
    case "LOW": {
      const format = choiceOf(raw, "passwordFormat", ["TEXT", "HEX"], "TEXT");
      return { mechanism: "lls", secret: secretOf(credentials.password, "password", format) };
    }
    default:
      throw new DlmsConfigError("CONFIG_UNSUPPORTED", `authentication: ${choice} is not supported`, {
        details: { property: "authentication" },
      });
  }
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
  if (zone === "") return zone;
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: zone });
    return zone;
  } catch {
    throw new DlmsConfigError("CONFIG_INVALID", `timeZone: expected a name like Europe/Vienna, got "${zone}"`, {
      details: { property: "timeZone" },
    });
  }
}

function addressesOf(raw: RawSettings, link: LinkOptions): Pick<ConnectOptions, "client" | "server"> {
  const hdlc = link.kind !== "wrapper";
  const sap = integerOf(raw, "clientAddress", { fallback: 16, min: 1, max: hdlc ? 127 : 65535 });
  const logical = integerOf(raw, "serverAddress", { fallback: 1, min: 0, max: hdlc ? 16383 : 65535 });
  if (!hdlc || isAbsent(raw.physicalAddress)) return { client: { sap }, server: { logical } };
  const physical = integerOf(raw, "physicalAddress", { fallback: 0, min: 0, max: 16383 });
  return { client: { sap }, server: { logical, physical } };
}

function placeOf(transport: TransportOptions): string {
  return transport.kind === "serial"
    ? `serial ${transport.path}`
    : `${transport.kind} ${transport.host}:${transport.port}`;
}

/**
 * Checks the settings of a `dlms-meter` node and turns them into the client's options.
 * @throws DlmsConfigError with the property's name in the text and in `details.property`
 */
export function parseMeterSettings(raw: RawSettings, credentials: MeterCredentials): MeterSettings {
  const transport = transportOf(raw);
  const link = linkOf(raw, transport);
  supportedChoice(raw, "referencing", "LN");
  supportedChoice(raw, "securityPolicy", "NONE");
  const octetStrings = choiceOf(raw, "octetStrings", ["AUTO", "HEX", "TEXT"], "AUTO");
  const timeZone = timeZoneOf(raw);
  const connect: ConnectOptions = {
    transport,
    link,
    ...addressesOf(raw, link),
    auth: authenticationOf(raw, credentials),
    association: {
      referencing: "ln",
      maxPduSize: integerOf(raw, "maxPduSize", { fallback: 65535, min: 64, max: 65535 }),
    },
    timeouts: timeoutsOf(raw),
    quirks: { reversedDeviation: choiceOf(raw, "deviationSign", ["STANDARD", "REVERSED"], "STANDARD") === "REVERSED" },
    values: {
      octetStrings: octetStrings === "AUTO" ? "auto" : octetStrings === "HEX" ? "hex" : "text",
      ...(timeZone === "" ? {} : { timeZone }),
    },
  };
  return {
    connect,
    place: placeOf(transport),
    probeInterval: integerOf(raw, "probeInterval", { fallback: 0, min: 0, max: 86_400_000 }),
    offlineAfter: integerOf(raw, "offlineAfter", { fallback: 45_000, min: 1000, max: 86_400_000 }),
  };
}
