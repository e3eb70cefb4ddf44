/** The TLS transport. */
import net from "node:net";
import tls from "node:tls";
import { type Clock, systemClock } from "../clock";
import { DlmsConfigError, DlmsConnectionError } from "../errors";
import { openSocket } from "./socket-connection";
import { type ConnectionFacts, causeCode } from "./socket-errors";
import { hostAndPort } from "./tcp";
import type { Transport } from "./transport";

export interface TlsOptions {
  readonly host: string;
  readonly port: number;
  /** trusted certificates, PEM; default: those of Node.js */
  readonly ca?: string;
  /** expected name in the server's certificate; default: the host */
  readonly serverName?: string;
  /** false: the certificate is not checked, so an attacker in the path can read and change all data (true) */
  readonly verify?: boolean;
  /** client certificate and key, PEM */
  readonly certificate?: string;
  readonly key?: string;
}

/**
 * TLS over TCP, version 1.2 or later. The server's certificate is checked unless the options say otherwise; the
 * environment of the process (NODE_TLS_REJECT_UNAUTHORIZED, --tls-min-v1.0) changes neither. Such a line is never
 * shared: another client may trust other certificates.
 */
export function tlsTransport(options: TlsOptions, clock: Clock = systemClock): Transport {
  const { host, port } = options;
  const endpoint = `tls ${hostAndPort(host, port)}`;
  const serverName = options.serverName ?? (net.isIP(host) === 0 ? host : undefined);
  const verify = options.verify !== false;
  return {
    kind: "tls",
    endpoint,
    ...(verify ? {} : { warning: unverified }),
    open: async (events, init) => {
      const context = secureContext(options);
      const start = (): tls.TLSSocket =>
        tls.connect({
          host,
          port,
          secureContext: context,
          // explicit, because the defaults follow the environment of the process
          rejectUnauthorized: verify,
          checkServerIdentity: tls.checkServerIdentity,
          ...(serverName === undefined ? {} : { servername: serverName }),
        });
      return openSocket(start, events, {
        ...init,
        transport: "tls",
        endpoint,
        clock,
        ready: "secureConnect",
        mapError: tlsError,
      });
    },
  };
}

const unverified =
  "the server's certificate is not checked (transport.verify is false): anyone between here and the meter can read " +
  "and change everything, passwords included; give the certificate or its CA as transport.ca instead";

/** The command line of the process can forbid TLS 1.2; it cannot allow what is older. */
export const minVersion = (): tls.SecureVersion => (tls.DEFAULT_MIN_VERSION === "TLSv1.3" ? "TLSv1.3" : "TLSv1.2");

function secureContext(options: TlsOptions): tls.SecureContext {
  const pieces = [
    ["transport.ca", options.ca === undefined ? {} : { ca: options.ca }],
    [
      "transport.certificate and transport.key",
      {
        ...(options.certificate === undefined ? {} : { cert: options.certificate }),
        ...(options.key === undefined ? {} : { key: options.key }),
      },
    ],
  ] as const;
  if (options.ca !== undefined && !hasCertificate(options.ca)) {
    throw new DlmsConfigError("CONFIG_INVALID", "transport.ca: expected certificates in PEM form");
  }
  for (const [name, piece] of pieces) {
    try {
      tls.createSecureContext(piece);
    } catch (error) {
      // OpenSSL's reason names the ASN.1 or PEM routine, never the contents
      throw new DlmsConfigError(
        "CONFIG_INVALID",
        `${name}: expected PEM that belongs together (${opensslReason(error)})`,
      );
    }
  }
  return tls.createSecureContext({ minVersion: minVersion(), ...pieces[0][1], ...pieces[1][1] });
}

/** Whether the text has a certificate: OpenSSL accepts any text as an empty list of CAs. */
export function hasCertificate(pem: string): boolean {
  return /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/.test(pem);
}

export function opensslReason(error: unknown): string {
  const reason = (error as { reason?: unknown }).reason;
  return typeof reason === "string" ? reason : (causeCode(error) ?? "not readable");
}

const advice: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is self-signed: give it, or its CA, as transport.ca",
  SELF_SIGNED_CERT_IN_CHAIN: "the chain ends in a CA that is not trusted: give that CA as transport.ca",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the issuer is not trusted: give its certificate as transport.ca",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the issuer is not trusted: give its certificate as transport.ca",
  CERT_HAS_EXPIRED: "the certificate has expired; check the clock of this machine too",
  CERT_NOT_YET_VALID: "the certificate is not valid yet; check the clock of this machine",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is for another name: give that name as transport.serverName",
  ERR_SSL_WRONG_VERSION_NUMBER: "the other side does not use TLS; try plain TCP, or another port",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "the server wants a client certificate: give certificate and key",
};

function tlsError(error: Error, facts: ConnectionFacts): DlmsConnectionError | undefined {
  const code = causeCode(error);
  // with TLS 1.3 the server checks the client's certificate after the client has finished the handshake
  const alert = code?.includes("_ALERT_") === true;
  if (facts.phase !== "tls-handshake" && !alert) return undefined;
  const reason = alert ? opensslReason(error) : error.message.trim();
  const hint = (code === undefined ? undefined : advice[code]) ?? "check port, CA, server name and client certificate";
  return new DlmsConnectionError("CONN_TLS", `${facts.endpoint}: TLS handshake failed: ${reason}; ${hint}`, {
    cause: error,
    details: { ...facts, ...(code === undefined ? {} : { cause: code }) },
  });
}
