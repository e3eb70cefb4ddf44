/** Errors of sockets as connection errors, with advice. */
import { DlmsConnectionError, type TransportKind } from "../errors";

/** State of a failed connection, for the message and the details. */
export interface ConnectionFacts {
  readonly transport?: TransportKind;
  /** "tcp meter.example:4059" */
  readonly endpoint: string;
  readonly phase: "connect" | "tls-handshake" | "open";
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** The system's code of an error ("ECONNREFUSED"), if it has one. */
export function causeCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const code = (error as { code?: unknown }).code;
  if (typeof code === "string") return code;
  // happy eyeballs: one error for each address
  const errors = (error as { errors?: unknown }).errors;
  return Array.isArray(errors) && errors.length > 0 ? causeCode(errors[0]) : undefined;
}

const dnsCodes = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_NODATA",
  "EAI_NONAME",
  "EAI_FAIL",
  "ENODATA",
  "EAI_ADDRFAMILY",
]);
const unreachableCodes = new Set([
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENETDOWN",
  "ETIMEDOUT",
  "EADDRNOTAVAIL",
]);

const exhaustedCodes = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);

/** Advice for exhausted resources of this machine; undefined for other errors. */
export function exhaustedAdvice(code: string | undefined): string | undefined {
  if (code === undefined || !exhaustedCodes.has(code)) return undefined;
  return code === "EMFILE" || code === "ENFILE"
    ? `this machine has no free file descriptor (${code}): raise the limit of Node-RED's process (ulimit -n, or LimitNOFILE in ` +
        "the systemd unit), read fewer meters at the same time, and look for other nodes that keep connections open"
    : `this machine has no memory left for a connection (${code}): read fewer meters at the same time, or give it more memory`;
}

/** A DlmsConnectionError for an error of a socket. */
export function socketError(error: unknown, facts: ConnectionFacts): DlmsConnectionError {
  const { endpoint } = facts;
  const code = causeCode(error);
  const details = { ...facts, ...(code === undefined ? {} : { cause: code }) };
  const options = { details, cause: error };
  const advice = exhaustedAdvice(code);
  if (advice !== undefined) {
    return new DlmsConnectionError("CONN_LOST", `${endpoint}: ${advice}`, { ...options, fault: "user" });
  }
  if (code !== undefined && dnsCodes.has(code)) {
    return new DlmsConnectionError(
      "CONN_DNS",
      `${endpoint}: the host name cannot be resolved (${code}); check its spelling and the name server, or use the IP address`,
      options,
    );
  }
  if (facts.phase === "open") return lostError(facts, reasonOf(error), error);
  if (code === "ECONNREFUSED") {
    return new DlmsConnectionError(
      "CONN_REFUSED",
      `${endpoint}: the host refused the connection (ECONNREFUSED); nothing listens on that port: check the port, ` +
        "and whether the meter or gateway allows only one connection, which is in use",
      options,
    );
  }
  if (code !== undefined && unreachableCodes.has(code)) {
    return new DlmsConnectionError(
      "CONN_UNREACHABLE",
      `${endpoint}: the host cannot be reached (${code}); check the address, the network and the firewall`,
      options,
    );
  }
  return new DlmsConnectionError(
    "CONN_LOST",
    `${endpoint}: connecting failed: ${reasonOf(error)}; check host and port`,
    options,
  );
}

/** The error for a connection that ended while it was in use. */
export function lostError(facts: ConnectionFacts, reason: string, cause?: unknown): DlmsConnectionError {
  const advice =
    facts.bytesIn === 0 && facts.bytesOut > 0
      ? "nothing was received on it: check port and framing, and whether the meter allows only one connection"
      : "the meter or gateway closed it, or the network broke";
  const code = causeCode(cause);
  return new DlmsConnectionError(
    "CONN_LOST",
    `${facts.endpoint}: connection lost (${reason}) after ${facts.bytesOut} bytes out and ${facts.bytesIn} bytes in; ${advice}`,
    {
      details: { ...facts, ...(code === undefined ? {} : { cause: code }) },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error && error.message !== "" ? error.message : (causeCode(error) ?? "no reason given");
}
