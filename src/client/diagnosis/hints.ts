// Advice after a failed step of a connection test: the available sentences, and the selection of those that fit the
// error.
import { userDiagnostic } from "../../apdu";
import { type DlmsError, DlmsTimeoutError } from "../../errors";
import type { Settings } from "../options/resolve-options";

/** The steps in their order; `counter` only where the client reads the invocation counter from the meter. */
export type ConnectionStepName = "line" | "counter" | "link" | "association" | "authentication" | "read";

/** Advice after a failed step. Programs translate it by its key. */
export const connectionHints = {
  readList: "Read the meter's object list: it shows what this client may read.",
  otherClient: "Try another client address with more rights.",
  adapterAndPath:
    "Check that the adapter is plugged in and the path is correct; a path under /dev/serial/by-id does not change.",
  portUsers:
    "Check that no other program has the port open and that this user has permission to use it (group dialout on Linux).",
  tls: "Check the certificates, the server name and the TLS port.",
  hostName: "Check the host name; try the IP address instead.",
  port: "Check the port: 4059 is usual; gateways use others.",
  oneConnection: "Many meters accept only one connection: close the others.",
  reachHost: "Check the host and that this machine can reach it: ping, VPN, firewall, SIM card.",
  mobile: "Meters on mobile networks may be asleep, or may answer only one address.",
  wrapperOverTcp:
    "Choose the other framing: most meters on a network use the wrapper; HDLC is for gateways to a serial line.",
  gatewayLine: "On a gateway, check the speed of its serial line (usually 9600, 8N1) and that A and B are not swapped.",
  otherFraming: "Choose the other framing: HDLC instead of the wrapper, or the wrapper instead of HDLC.",
  otherService: "Check host and port: another service may answer there, for example a web server.",
  hdlcOverTcp: "Check whether the meter uses HDLC over TCP instead of the wrapper.",
  opticalHead: "Realign the optical probe; check the sign-on speed (300 baud), or try plain HDLC at 9600.",
  opticalRate:
    "Check the sign-on speed (300 baud is usual) and the optical probe: bytes arrive, but they are not readable.",
  opticalEcho: "Turn and realign the optical probe, and check the device address: only its own echo was received.",
  modeCOnly: "Read this meter with an IEC 62056-21 reader, or use another interface of it: it offers mode C only here.",
  modeEUnannounced: "If this meter is known to accept HDLC, switch on the start of mode E without announcement.",
  lineTo8N1: "Set the line to 8N1 at the meter, the adapter or the gateway: it is at 7E1, which HDLC cannot use.",
  portTo8N1: "Set the serial port to 8N1: it is at 7E1, which HDLC cannot use.",
  framesOfOthers:
    "Check client, logical and physical address: frames of the line arrive, but for others. Speed and framing are right.",
  anotherSession:
    "Check the address, or wait until the meter has ended another session: it answered, so speed and framing are right.",
  smallerFrames: "Set a smaller HDLC info field (128) and window 1.",
  damagedFrames: "Check baud rate, wiring, termination and signal ground of the line: frames arrive damaged.",
  onlyEcho: "Check wiring and address: only the adapter's own echo was received.",
  speedAndFraming: "Check baud rate, parity and framing: bytes arrive, but no frame.",
  wires: "Check the baud rate and that the lines A and B are not swapped.",
  setPhysical: "Set a physical address: often 16 or 17, or the last four digits of the serial number plus 1000.",
  checkPhysical: "Check the physical address, or try without one.",
  addressSize: "Try an address length of 4, or another logical device (1 is usual).",
  counterObis:
    "Check the OBIS code of the counter: 0.0.43.1.0.255 is usual; for other clients the third or fifth number differs.",
  publicClient: "Check that the meter accepts client __client__ without authentication.",
  storedCounter: "If the meter does not expose its counter, use the stored counter instead.",
  bothAddresses:
    "Check client and server address: meters do not answer unknown addresses. Check whether the meter expects HDLC.",
  clientAddress: "Check the client address: meters do not answer unknown clients.",
  otherHolder: "Another client may be connected to the meter: disconnect it, or wait a few minutes.",
  silentToKeys: "Some meters do not answer a wrong key, system title or invocation counter.",
  counterFromMeter: "Read the invocation counter from the meter.",
  sameTitle: "Check that no other client uses the same system title and keys.",
  ownersSettings:
    "Check the owner's settings for client __client__: authentication, security policy, logical or short names.",
  policyAndSuite: "Check policy and suite; try the public client 16 without security to verify the connection.",
  tryPublic: "Try the public client 16 without authentication to verify the connection.",
  signingKeys: "Check the client's signing key and the meter's certificate, and the suite.",
  bothTitles: "Check both system titles.",
  bothKeys: "Check the encryption key (GUEK) and the authentication key (GAK): they are often swapped.",
  ownTitle: "Check the client's system title: some meters accept only known ones.",
  otherMechanism:
    "Choose another authentication mechanism: the meter does not support this one for client __client__. The password does not matter yet.",
  needsMechanism:
    "Choose the authentication that the meter's owner has set for client __client__: the meter requires one.",
  password: "Check the password, its format (text or hexadecimal), and upper and lower case.",
  clientPassword: "Check the client address: each client has its own password.",
  lockOut: "Meters lock the account after a few failures: check the settings before testing again.",
} as const satisfies Record<string, string>;

export type ConnectionHintKey = keyof typeof connectionHints;

/** A piece of advice, as a key of `connectionHints`. */
export interface ConnectionHint {
  readonly key: ConnectionHintKey;
  /** the client address that the sentence names */
  readonly client?: number;
}

export function describeHint({ key, client }: ConnectionHint): string {
  return connectionHints[key].replace("__client__", String(client));
}

const hints = (...keys: readonly ConnectionHintKey[]): readonly ConnectionHint[] => keys.map((key) => ({ key }));

/** Advice after a failed step, the most likely cause first. */
export function hintsFor(step: ConnectionStepName, error: DlmsError, settings: Settings): readonly ConnectionHint[] {
  // nothing was sent: a session of this process uses the address
  if (error.is("STATE_BUSY")) return hints("otherHolder");
  switch (step) {
    case "line":
      return lineHints(error, settings);
    case "link":
      return linkHints(error, settings);
    case "counter":
      return counterHints(settings, error);
    case "association":
      return associationHints(error, settings);
    case "authentication":
      return authenticationHints(error, settings);
    case "read":
      return hints("readList", "otherClient");
  }
}

function lineHints(error: DlmsError, { transport }: Settings): readonly ConnectionHint[] {
  if (transport.kind === "serial") return hints("adapterAndPath", "portUsers");
  if (error.is("CONN_TLS")) return hints("tls");
  if (error.is("CONN_DNS")) return hints("hostName");
  if (error.is("CONN_REFUSED")) return hints("port", "oneConnection");
  return hints("reachHost", "mobile");
}

/** The evidence on the line selects the advice. The general advice is for a silent line. */
function linkHints(error: DlmsError, settings: Settings): readonly ConnectionHint[] {
  if (error.layer === "transport") return lineHints(error, settings);
  return seenHints(error, settings) ?? silentHints(settings);
}

function seenHints(error: DlmsError, { server }: Settings): readonly ConnectionHint[] | undefined {
  const { modeE, sevenBits, others, bytes = 0, bytesBefore = 0, echoes = 0, echoing } = error.details;
  const physical = server.physical === undefined ? "setPhysical" : "checkPhysical";
  if (modeE !== undefined || Number(bytesBefore) > 0) {
    return modeE === "not-offered" ? hints("modeCOnly", "modeEUnannounced") : hints("modeCOnly");
  }
  if (sevenBits !== undefined) return hints(sevenBits === "line" ? "lineTo8N1" : "portTo8N1");
  if (error.is("LINK_REFUSED")) return hints("anotherSession", physical, "addressSize");
  if (error.is("LINK_ADDRESS") || (Array.isArray(others) && others.length > 0)) {
    return hints("framesOfOthers", physical, "addressSize");
  }
  if (error.is("LINK_FRAME_REJECTED")) return hints("smallerFrames");
  if (error.is("LINK_DISCONNECTED")) return hints("anotherSession");
  if (error.is("LINK_FCS", "TIMEOUT_INTERFRAME")) return hints("damagedFrames", "smallerFrames");
  if (echoing === true) return hints("opticalEcho");
  if (Number(echoes) > 0) return hints("onlyEcho", physical, "addressSize");
  if (Number(bytes) === 0) return undefined;
  return echoing === false ? hints("opticalRate") : hints("speedAndFraming", "otherFraming");
}

function silentHints({ link, server, transport }: Settings): readonly ConnectionHint[] {
  if (link.kind === "wrapper") return hints("hdlcOverTcp");
  const physical = server.physical === undefined ? "setPhysical" : "checkPhysical";
  if (link.kind === "hdlc-mode-e") return hints("opticalHead", physical, "addressSize");
  if (transport.kind === "serial") return hints("wires", physical, "addressSize");
  return hints("wrapperOverTcp", "gatewayLine", physical, "addressSize");
}

function counterHints({ counterSource }: Settings, error: DlmsError): readonly ConnectionHint[] {
  const first: ConnectionHint =
    error.layer === "access" ? { key: "counterObis" } : { key: "publicClient", client: counterSource?.client ?? 16 };
  return counterSource?.when === "lost" ? [first] : [first, { key: "storedCounter" }];
}

/** The meter's objection to the authentication mechanism (diagnostic of the AARE); it has not checked a secret yet. */
function mechanismHint({ details }: DlmsError, { client, auth }: Settings): ConnectionHint | undefined {
  if (details.diagnosticSource !== "service-user") return undefined;
  if (details.diagnostic === userDiagnostic["authentication-mechanism-name-not-recognised"])
    return { key: "otherMechanism", client: client.sap };
  const needed =
    details.diagnostic === userDiagnostic["authentication-mechanism-name-required"] ||
    (details.diagnostic === userDiagnostic["authentication-required"] && auth.mechanism === "none");
  return needed ? { key: "needsMechanism", client: client.sap } : undefined;
}

function associationHints(error: DlmsError, settings: Settings): readonly ConnectionHint[] {
  const { auth, client, link, security, transport } = settings;
  const ciphered = security !== undefined && security.policy !== "none";
  if (error.is("LINK_WRAPPER_HEADER", "LINK_FRAME_INVALID")) {
    return transport.kind === "serial" ? hints("otherFraming") : hints("otherFraming", "otherService");
  }
  if (error instanceof DlmsTimeoutError || error.layer === "transport") {
    const address = link.kind === "wrapper" ? "bothAddresses" : "clientAddress";
    return ciphered ? hints(address, "otherHolder", "silentToKeys") : hints(address, "otherHolder");
  }
  if (error.is("SEC_COUNTER_REJECTED")) return hints("counterFromMeter", "sameTitle");
  const isPublic = client.sap === 16 && auth.mechanism === "none" && !ciphered;
  return [
    mechanismHint(error, settings) ?? { key: "ownersSettings", client: client.sap },
    // do not advise the action that has just failed
    { key: ciphered ? "policyAndSuite" : isPublic ? "otherClient" : "tryPublic" },
  ];
}

function authenticationHints(error: DlmsError, settings: Settings): readonly ConnectionHint[] {
  const { auth, security } = settings;
  const mechanism = mechanismHint(error, settings);
  if (mechanism !== undefined) return [mechanism, { key: "tryPublic" }];
  if (auth.mechanism === "hls-ecdsa") return hints("signingKeys", "bothTitles", "lockOut");
  const byKeys = security !== undefined && (auth.mechanism === "hls-gmac" || auth.mechanism === "none");
  return byKeys ? hints("bothKeys", "ownTitle", "lockOut") : hints("password", "clientPassword", "lockOut");
}
