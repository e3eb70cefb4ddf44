/** Turns settings, secrets and stored state into the options of the library. */
import {
  type AuthenticationOptions,
  type ConnectOptions,
  DlmsConfigError,
  type LinkOptions,
  parseKey,
  parseSecret,
  parseSystemTitle,
  type Quirks,
  type SecurityOptions,
  type SecuritySuite,
  type TransportOptions,
} from "../index";
import type { Arguments } from "./arguments";
import { fileText, pemOf, type Secrets } from "./secrets";
import {
  type ChoiceSetting,
  dashed,
  type SecretName,
  type SettingName,
  settingNames,
  settingOf,
  settings,
  variableOf,
} from "./settings";
import type { StateFolder } from "./state-folder";
import { parseTarget, type RawSettings } from "./target";
import { usage } from "./usage";

/** The settings of a command: its target, overridden by its options. @throws DlmsConfigError */
export function rawSettingsOf(target: string | undefined, { options }: Arguments): RawSettings {
  const raw: RawSettings = target === undefined ? {} : parseTarget(target);
  for (const name of settingNames) {
    const value = options[dashed(name)];
    if (value !== undefined) raw[name] = value;
  }
  return raw;
}

type NamesOf<Kind> = {
  [Name in SettingName]: (typeof settings)[Name]["kind"] extends Kind ? Name : never;
}[SettingName];

class Values {
  readonly #raw: RawSettings;

  constructor(raw: RawSettings) {
    this.#raw = raw;
  }

  text(name: NamesOf<"text">): string {
    const value = this.#raw[name];
    return typeof value === "string" ? value : settings[name].default;
  }

  flag(name: NamesOf<"flag">): boolean {
    const value = this.#raw[name];
    if (value === undefined || value === true) return value === true;
    if (/^(true|1|yes)$/i.test(value)) return true;
    if (/^(false|0|no)$/i.test(value)) return false;
    throw usage(`--${dashed(name)}: expected true or false, got "${value}"`);
  }

  integer(name: Exclude<NamesOf<"integer">, "physicalAddress" | "gatewayNetwork">): number {
    return this.optional(name) ?? settings[name].default;
  }

  optional(name: NamesOf<"integer">): number | undefined {
    const value = this.#raw[name];
    if (value === undefined) return undefined;
    if (typeof value === "string" && /^\d{1,10}$/.test(value)) return Number(value);
    throw usage(`--${dashed(name)}: expected a whole number, got "${String(value)}"`);
  }

  /** The word as the table writes it. */
  choice<Name extends NamesOf<"choice">>(name: Name): keyof (typeof settings)[Name]["choices"] & string {
    const row: ChoiceSetting = settings[name];
    const value = this.#raw[name] ?? row.default;
    const words = Object.keys(row.choices);
    const found = words.find((word) => word.toLowerCase() === String(value).toLowerCase());
    if (found !== undefined) return found as keyof (typeof settings)[Name]["choices"] & string;
    const shown = words.filter((word) => word !== "").join(", ");
    throw usage(`--${dashed(name)}: expected ${shown}, got "${String(value)}"`);
  }
}

function secretOf(secrets: Secrets, name: SecretName, why: string): string {
  const value = secrets[name];
  if (value !== undefined) return value;
  throw new DlmsConfigError(
    "CONFIG_MISSING",
    `${variableOf(name)} is not set, but ${why} needs it; set it in the environment, or put ${name} into a file for --secrets`,
  );
}

function transportOf(values: Values, secrets: Secrets): TransportOptions {
  const kind = settings.transportType.choices[values.choice("transportType")];
  if (kind === "serial") {
    const mode = values.choice("framing") === "HDLC_MODE_E" ? "8N1" : values.choice("serialMode");
    const dtr = settings.dtr.choices[values.choice("dtr")];
    const rts = settings.rts.choices[values.choice("rts")];
    const outputs = { ...(dtr === undefined ? {} : { dtr }), ...(rts === undefined ? {} : { rts }) };
    return { kind, path: values.text("serialPort"), baudRate: values.integer("baudRate"), mode, ...outputs };
  }
  const place = { host: values.text("host"), port: values.integer("port") };
  if (kind !== "tls") return { kind, ...place };
  const [ca, serverName] = [values.text("tlsCa"), values.text("tlsServerName")];
  const { tlsCertificate, tlsKey } = secrets;
  return {
    kind,
    ...place,
    ...(ca === "" ? {} : { ca: ca.includes("-----BEGIN") ? ca : fileText(ca, "--tls-ca", "public") }),
    ...(serverName === "" ? {} : { serverName }),
    ...(values.flag("tlsUnverified") ? { verify: false } : {}),
    ...(tlsCertificate === undefined ? {} : { certificate: pemOf(tlsCertificate, "tlsCertificate") }),
    ...(tlsKey === undefined ? {} : { key: pemOf(tlsKey, "tlsKey") }),
  };
}

function linkOf(values: Values, transport: TransportOptions): LinkOptions {
  const chosen = settings.framing.choices[values.choice("framing")];
  const kind = chosen ?? (transport.kind === "serial" ? "hdlc" : "wrapper");
  if (kind === "wrapper") return { kind };
  const hdlc = {
    addressSize: settings.addressSize.choices[values.choice("addressSize")],
    maxInfo: values.integer("hdlcMaxInfo"),
    window: values.integer("hdlcWindow"),
    skipSetUp: values.flag("skipLink"),
  };
  if (kind === "hdlc") return { kind, ...hdlc };
  return {
    kind,
    ...hdlc,
    deviceAddress: values.text("modeEAddress"),
    startBaud: values.integer("modeEStartBaud"),
    unannounced: values.flag("modeEUnannounced"),
  };
}

function gatewayOf(values: Values): Pick<ConnectOptions, "gateway"> {
  const device = values.text("gatewayDevice");
  const network = values.optional("gatewayNetwork");
  return device === "" ? {} : { gateway: { device, ...(network === undefined ? {} : { network }) } };
}

function authenticationOf(values: Values, secrets: Secrets): AuthenticationOptions {
  const word = values.choice("authentication");
  const mechanism = settings.authentication.choices[word];
  const why = `authentication ${word}`;
  switch (mechanism) {
    case "none":
    case "hls-gmac":
      return { mechanism };
    case "hls-ecdsa":
      return {
        mechanism,
        signingKey: pemOf(secretOf(secrets, "signingKey", why), "signingKey"),
        meterSigningCertificate: pemOf(secretOf(secrets, "meterSigningCertificate", why), "meterSigningCertificate"),
      };
    default: {
      if (mechanism === "lls" && values.flag("emptyPassword")) return { mechanism, secret: "", emptySecret: true };
      const format = settings.passwordFormat.choices[values.choice("passwordFormat")];
      return { mechanism, secret: parseSecret(secretOf(secrets, "password", why), format, variableOf("password")) };
    }
  }
}

function securityOf(
  values: Values,
  secrets: Secrets,
  title: () => Uint8Array,
  state: StateFolder,
): SecurityOptions | undefined {
  const word = values.choice("securityPolicy");
  const policy = settings.securityPolicy.choices[word];
  const gmac = values.choice("authentication") === "HIGH_GMAC";
  if (policy === "none" && !gmac) return undefined;
  const suite = values.integer("securitySuite") as SecuritySuite;
  if (suite > 2) throw usage(`--security-suite: expected 0, 1 or 2, got "${suite}"`);
  const format = settings.keyFormat.choices[values.choice("keyFormat")];
  const why = policy === "none" ? "authentication HIGH_GMAC" : `security policy ${word}`;
  const keyOf = (name: "encryptionKey" | "authenticationKey"): Uint8Array =>
    parseKey(secretOf(secrets, name, why), format, suite, variableOf(name));
  const encryptionKey = keyOf("encryptionKey");
  const shortNames = values.choice("referencing") === "SN";
  const when = settings.invocationCounterSource.choices[values.choice("invocationCounterSource")];
  if (shortNames && when === "always") {
    throw usage("--invocation-counter-source: a meter with short names does not show its counter; choose STORED");
  }
  return {
    suite,
    policy,
    encryptionKey,
    authenticationKey: keyOf("authenticationKey"),
    ...(secrets.broadcastKey === undefined
      ? {}
      : { broadcastKey: parseKey(secrets.broadcastKey, format, suite, variableOf("broadcastKey")) }),
    dedicatedKey: values.flag("useDedicatedKey"),
    general: settings.ciphering.choices[values.choice("ciphering")],
    invocationCounter: state.counter(title(), encryptionKey),
    receivedCounters: state.received(),
    ...(shortNames
      ? {}
      : {
          counterSource: {
            when,
            client: values.integer("invocationCounterClient"),
            logicalName: values.text("invocationCounterObis"),
          },
        }),
  };
}

function quirksOf(values: Values): Partial<Quirks> {
  const named = values
    .text("quirks")
    .split(/[\s,]+/)
    .filter((name) => name !== "");
  const reversed = settings.deviationSign.choices[values.choice("deviationSign")];
  return { ...Object.fromEntries(named.map((name) => [name, true])), ...(reversed ? { reversedDeviation: true } : {}) };
}

function valuesOf(values: Values): NonNullable<ConnectOptions["values"]> {
  const timeZone = values.text("timeZone");
  const companion = settings.companion.choices[values.choice("companion")];
  return {
    octetStrings: settings.octetStrings.choices[values.choice("octetStrings")],
    ...(companion === undefined ? {} : { companion }),
    ...(timeZone === "" ? {} : { timeZone }),
  };
}

/** @throws DlmsConfigError */
export function transportAndLink(raw: RawSettings, secrets: Secrets): Pick<ConnectOptions, "transport" | "link"> {
  const values = new Values(raw);
  const transport = transportOf(values, secrets);
  return { transport, link: linkOf(values, transport) };
}

/** @throws DlmsConfigError */
export function connectOptionsOf(raw: RawSettings, secrets: Secrets, state: StateFolder): ConnectOptions {
  const values = new Values(raw);
  const transport = transportOf(values, secrets);
  const auth = authenticationOf(values, secrets);
  const own = values.text("systemTitle");
  const title = (): Uint8Array => (own === "" ? state.systemTitle() : parseSystemTitle(own, "--system-title"));
  const security = securityOf(values, secrets, title, state);
  const needsTitle = security !== undefined || auth.mechanism === "hls-sha256" || auth.mechanism === "hls-ecdsa";
  const meterTitle = values.text("meterSystemTitle");
  const physical = values.optional("physicalAddress");
  return {
    transport,
    link: linkOf(values, transport),
    client: {
      sap: values.integer("clientAddress"),
      ...(needsTitle || own !== "" ? { systemTitle: title() } : {}),
    },
    server: {
      logical: values.integer("serverAddress"),
      ...(physical === undefined ? {} : { physical }),
      ...(meterTitle === "" ? {} : { systemTitle: parseSystemTitle(meterTitle, "--meter-system-title") }),
    },
    ...gatewayOf(values),
    auth,
    ...(security === undefined ? {} : { security }),
    association: {
      referencing: settings.referencing.choices[values.choice("referencing")],
      maxPduSize: values.integer("maxPduSize"),
      preEstablished: values.flag("preEstablished"),
    },
    timeouts: { response: values.integer("timeout"), retries: values.integer("retries") },
    quirks: quirksOf(values),
    values: valuesOf(values),
  };
}

/** The error with the option's name on the command line in place of its path in the library. */
export function namedAsOption(message: string): string {
  const name = settingNames.find((one) => {
    const { option } = settingOf(one);
    return option !== undefined && message.startsWith(`${option}:`);
  });
  const path = name === undefined ? undefined : settingOf(name).option;
  return name === undefined || path === undefined ? message : `--${dashed(name)}${message.slice(path.length)}`;
}
