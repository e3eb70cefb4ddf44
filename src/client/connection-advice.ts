import type { DlmsError } from "../errors";
import type { Settings } from "./settings";

/** In the order in which they are gone through; `counter` only where the meter is asked for it. */
export type ConnectionStepName = "line" | "counter" | "link" | "association" | "authentication" | "read";

/** What to try after a failed step, the likeliest first. */
export function adviceFor(step: ConnectionStepName, error: DlmsError, settings: Settings): readonly string[] {
  switch (step) {
    case "line":
      return lineAdvice(error, settings);
    case "link":
      return linkAdvice(settings);
    case "counter":
      return counterAdvice(settings, error);
    case "association":
      return associationAdvice(error, settings);
    case "authentication":
      return authenticationAdvice(settings);
    case "read":
      return [
        "Read the meter's object list: it shows what this client may read.",
        "Try another client address, one with more rights.",
      ];
  }
}

function lineAdvice({ code }: DlmsError, { transport }: Settings): readonly string[] {
  if (transport.kind === "serial") {
    return [
      "Check that the adapter is plugged in and that the path is the right one; a path under /dev/serial/by-id stays the same.",
      "Check that no other program has the port open, and that this user may use it (group dialout on Linux).",
    ];
  }
  if (code === "DLMS_CONN_TLS")
    return ["Check the certificates, the server name, and that the port is the one for TLS."];
  if (code === "DLMS_CONN_DNS") return ["Check the host name; try the IP address instead."];
  if (code === "DLMS_CONN_REFUSED") {
    return [
      "Check the port: 4059 is usual, gateways have others.",
      "Many meters accept one connection only: end the others.",
    ];
  }
  return [
    "Check the host and that this machine can reach it: ping, VPN, firewall, SIM card.",
    "Meters on mobile networks may be asleep, or answer to one address only.",
  ];
}

function linkAdvice({ link, server }: Settings): readonly string[] {
  if (link.kind === "wrapper") return ["Check whether the meter speaks HDLC over TCP instead of the wrapper."];
  const physical =
    server.physical === undefined
      ? "Set a physical address: often 16 or 17, or the last four digits of the serial number plus 1000."
      : "Check the physical address, or try without one.";
  const wires =
    link.kind === "hdlc-mode-e"
      ? "Put the optical head straight; check the baud rate of the sign-on (300), or try plain HDLC at 9600."
      : "Check the baud rate, and that the lines A and B are not swapped; over TCP, check whether the gateway wants the wrapper.";
  return [wires, physical, "Try an address size of 4, and another logical device (1 is usual)."];
}

function counterAdvice({ counterSource }: Settings, error: DlmsError): readonly string[] {
  const client = counterSource?.client ?? 16;
  const first =
    error.layer === "access"
      ? "Check the OBIS code of the counter: 0.0.43.1.0.255 is usual, other clients of the meter have another third or fifth number."
      : `Check that the meter lets client ${client} in without authentication.`;
  return [first, "If the meter does not show its counter, take the stored counter instead."];
}

function associationAdvice(error: DlmsError, { client, link, security }: Settings): readonly string[] {
  const ciphered = security !== undefined && security.policy !== "none";
  if (error.code.startsWith("DLMS_TIMEOUT") || error.layer === "transport") {
    return [
      link.kind === "wrapper"
        ? "Check client and server address: a meter is silent to addresses that it does not know. Check whether it wants HDLC."
        : "Check the client address: a meter is silent to clients that it does not know.",
      "Another client may hold the meter: end it, or wait some minutes.",
      ...(ciphered ? ["Some meters are silent to a wrong key, system title or invocation counter."] : []),
    ];
  }
  if (error.code === "DLMS_SEC_COUNTER_REJECTED") {
    return [
      "Let the invocation counter be read from the meter.",
      "Check that no other client uses the same system title and keys.",
    ];
  }
  return [
    `Check what the meter's owner has set for client ${client.sap}: authentication, security policy, logical or short names.`,
    ciphered
      ? "Check policy and suite; try the public client 16 without security, to see that the way to the meter works."
      : "Try the public client 16 without authentication, to see that the way to the meter works.",
  ];
}

function authenticationAdvice({ auth, security }: Settings): readonly string[] {
  const careful = "Meters lock the account after a few failures: be sure before you test again.";
  if (auth.mechanism === "hls-ecdsa") {
    return [
      "Check the client's signing key and the meter's certificate, and the suite.",
      "Check both system titles.",
      careful,
    ];
  }
  if (security !== undefined && (auth.mechanism === "hls-gmac" || auth.mechanism === "none")) {
    return [
      "Check the encryption key (GUEK) and the authentication key (GAK): they are often swapped.",
      "Check the client's system title: some meters accept the ones that they know only.",
      careful,
    ];
  }
  return [
    "Check the password, and whether it is text or hexadecimal; capitals count.",
    "Check the client address: each has a password of its own.",
    careful,
  ];
}
