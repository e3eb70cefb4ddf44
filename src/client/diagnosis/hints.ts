import { userDiagnostic } from "../../apdu";
import type { DlmsError } from "../../errors";
import type { Settings } from "../options/resolve-options";

/** In the order in which they are gone through; `counter` only where the meter is asked for it. */
export type ConnectionStepName = "line" | "counter" | "link" | "association" | "authentication" | "read";

/** What can be tried after a failed step. A key is for programs, so that other languages have their sentence too. */
export const connectionHints = {
  readList: "Read the meter's object list: it shows what this client may read.",
  otherClient: "Try another client address, one with more rights.",
  adapterAndPath:
    "Check that the adapter is plugged in and that the path is the right one; a path under /dev/serial/by-id stays the same.",
  portUsers: "Check that no other program has the port open, and that this user may use it (group dialout on Linux).",
  tls: "Check the certificates, the server name, and that the port is the one for TLS.",
  hostName: "Check the host name; try the IP address instead.",
  port: "Check the port: 4059 is usual, gateways have others.",
  oneConnection: "Many meters accept one connection only: end the others.",
  reachHost: "Check the host and that this machine can reach it: ping, VPN, firewall, SIM card.",
  mobile: "Meters on mobile networks may be asleep, or answer to one address only.",
  wrapperOverTcp:
    "Take the other framing: most meters in a network speak the wrapper; HDLC is for gateways that lead to a serial line.",
  gatewayLine:
    "On a gateway, check the speed of its serial line (9600, 8N1 is usual), and that A and B are not swapped.",
  otherFraming: "Take the other framing: HDLC instead of the wrapper, or the wrapper instead of HDLC.",
  otherService: "Check host and port: something other than a meter may answer there, a web page for example.",
  hdlcOverTcp: "Check whether the meter speaks HDLC over TCP instead of the wrapper.",
  opticalHead: "Put the optical head straight; check the baud rate of the sign-on (300), or try plain HDLC at 9600.",
  wires: "Check the baud rate, and that the lines A and B are not swapped.",
  setPhysical: "Set a physical address: often 16 or 17, or the last four digits of the serial number plus 1000.",
  checkPhysical: "Check the physical address, or try without one.",
  addressSize: "Try an address size of 4, and another logical device (1 is usual).",
  counterObis:
    "Check the OBIS code of the counter: 0.0.43.1.0.255 is usual, other clients of the meter have another third or fifth number.",
  publicClient: "Check that the meter lets client __client__ in without authentication.",
  storedCounter: "If the meter does not show its counter, take the stored counter instead.",
  bothAddresses:
    "Check client and server address: a meter is silent to addresses that it does not know. Check whether it wants HDLC.",
  clientAddress: "Check the client address: a meter is silent to clients that it does not know.",
  otherHolder: "Another client may hold the meter: end it, or wait some minutes.",
  silentToKeys: "Some meters are silent to a wrong key, system title or invocation counter.",
  counterFromMeter: "Let the invocation counter be read from the meter.",
  sameTitle: "Check that no other client uses the same system title and keys.",
  ownersSettings:
    "Check what the meter's owner has set for client __client__: authentication, security policy, logical or short names.",
  policyAndSuite:
    "Check policy and suite; try the public client 16 without security, to see that the way to the meter works.",
  tryPublic: "Try the public client 16 without authentication, to see that the way to the meter works.",
  signingKeys: "Check the client's signing key and the meter's certificate, and the suite.",
  bothTitles: "Check both system titles.",
  bothKeys: "Check the encryption key (GUEK) and the authentication key (GAK): they are often swapped.",
  ownTitle: "Check the client's system title: some meters accept the ones that they know only.",
  otherMechanism:
    "Take another kind of authentication: the meter does not know this one for client __client__. A password does not matter yet.",
  needsMechanism: "Choose the authentication that the meter's owner has set for client __client__: it needs one.",
  password: "Check the password, and whether it is text or hexadecimal; capitals count.",
  clientPassword: "Check the client address: each has a password of its own.",
  lockOut: "Meters lock the account after a few failures: be sure before you test again.",
} as const satisfies Record<string, string>;

export type ConnectionHintKey = keyof typeof connectionHints;

/** Something to try, as a key of `connectionHints`. */
export interface ConnectionHint {
  readonly key: ConnectionHintKey;
  /** the client address that the sentence speaks of */
  readonly client?: number;
}

export function describeHint({ key, client }: ConnectionHint): string {
  return connectionHints[key].replace("__client__", String(client));
}

const hints = (...keys: readonly ConnectionHintKey[]): readonly ConnectionHint[] => keys.map((key) => ({ key }));

/** What to try after a failed step, the likeliest first. */
export function hintsFor(step: ConnectionStepName, error: DlmsError, settings: Settings): readonly ConnectionHint[] {
  // the address is taken by a session of this process: nothing was sent
  if (error.code === "DLMS_STATE_BUSY") return hints("otherHolder");
  switch (step) {
    case "line":
      return lineHints(error, settings);
    case "link":
      return linkHints(settings);
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

function lineHints({ code }: DlmsError, { transport }: Settings): readonly ConnectionHint[] {
  if (transport.kind === "serial") return hints("adapterAndPath", "portUsers");
  if (code === "DLMS_CONN_TLS") return hints("tls");
  if (code === "DLMS_CONN_DNS") return hints("hostName");
  if (code === "DLMS_CONN_REFUSED") return hints("port", "oneConnection");
  return hints("reachHost", "mobile");
}

function linkHints({ link, server, transport }: Settings): readonly ConnectionHint[] {
  if (link.kind === "wrapper") return hints("hdlcOverTcp");
  const physical = server.physical === undefined ? "setPhysical" : "checkPhysical";
  if (link.kind === "hdlc-mode-e") return hints("opticalHead", physical, "addressSize");
  if (transport.kind === "serial") return hints("wires", physical, "addressSize");
  return hints("wrapperOverTcp", "gatewayLine", physical, "addressSize");
}

function counterHints({ counterSource }: Settings, error: DlmsError): readonly ConnectionHint[] {
  const first: ConnectionHint =
    error.layer === "access" ? { key: "counterObis" } : { key: "publicClient", client: counterSource?.client ?? 16 };
  return [first, { key: "storedCounter" }];
}

const otherProtocol: readonly string[] = ["DLMS_LINK_WRAPPER_HEADER", "DLMS_LINK_FRAME_INVALID"];

/** What the meter says of the kind of authentication, before it looks at any secret (diagnostics of the AARE). */
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
  if (otherProtocol.includes(error.code)) {
    return transport.kind === "serial" ? hints("otherFraming") : hints("otherFraming", "otherService");
  }
  if (error.code.startsWith("DLMS_TIMEOUT") || error.layer === "transport") {
    const address = link.kind === "wrapper" ? "bothAddresses" : "clientAddress";
    return ciphered ? hints(address, "otherHolder", "silentToKeys") : hints(address, "otherHolder");
  }
  if (error.code === "DLMS_SEC_COUNTER_REJECTED") return hints("counterFromMeter", "sameTitle");
  const isPublic = client.sap === 16 && auth.mechanism === "none" && !ciphered;
  return [
    mechanismHint(error, settings) ?? { key: "ownersSettings", client: client.sap },
    // what was tried just now is no advice
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
