/** Options of a push listener, and their checks. */
import { type Clock, systemClock } from "../clock";
import { integer, invalid, knownKeys, milliseconds, missing, object, oneOf } from "../errors/arguments";
import { checkPushOptions, type PushDecoderOptions } from "../push";
import type { ServerTlsOptions, Transport } from "../transport";

/** Data bits, parity and stop bits of a serial line. */
export type PushSerialMode = "8N1" | "8E1" | "7E1";

/** Source of pushes. */
export type ListenTransport =
  /** meters connect to this port; 127.0.0.1 (default) accepts only connections from this machine */
  | {
      readonly kind: "tcp-server";
      readonly host?: string;
      /** 0 = any free port */
      readonly port: number;
      readonly tls?: ServerTlsOptions;
    }
  /** a gateway that sends all bytes of its line to its clients */
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  /** the same over TLS */
  | {
      readonly kind: "tls";
      readonly host: string;
      readonly port: number;
      /** trusted certificates, PEM; default: those of Node.js */
      readonly ca?: string;
      /** expected name in the gateway's certificate; default: the host */
      readonly serverName?: string;
      /** false: the certificate is not checked (true) */
      readonly verify?: boolean;
      /** client certificate and key, PEM */
      readonly certificate?: string;
      readonly key?: string;
    }
  | { readonly kind: "udp"; readonly host?: string; readonly port: number }
  /** baudRate "auto" tries the usual settings in order until a push is decoded */
  | {
      readonly kind: "serial";
      readonly path: string;
      readonly baudRate: number | "auto";
      readonly mode?: PushSerialMode;
    }
  | Transport;

export interface ListenLimits {
  /** connections, or peers of a UDP port, at a time (1000) */
  readonly connections: number;
  /** bytes of unfinished pushes of all connections together (2,000,000) */
  readonly unfinishedBytes: number;
  /** average limit of pushes per second and peer: a TCP peer is slowed down, further datagrams are dropped (20) */
  readonly messagesPerSecond: number;
  /** pushes that an iterator holds; the oldest is dropped (1000) */
  readonly queue: number;
}

/** Messages of a listener for the log. */
export interface ListenLogger {
  debug(text: string | (() => string)): void;
  info(text: string | (() => string)): void;
  warn(text: string | (() => string)): void;
  error(text: string | (() => string)): void;
}

export interface ListenPushOptions extends Omit<PushDecoderOptions, "peer" | "onProblem"> {
  readonly transport: ListenTransport;
  readonly limits?: Partial<ListenLimits>;
  /**
   * confirms pushes that request it, over TCP and UDP; the confirmation is plain (false). Some senders request it for
   * each push but do not accept it: they drop the connection, and their last push is lost.
   */
  readonly confirm?: boolean;
  /** ms without a byte after which a TCP connection, or the state of a UDP peer, is dropped (600,000) */
  readonly idleTimeoutMs?: number;
  /** ms without a push after which a meter that has pushed, or the whole line, is reported as PUSH_SILENT, once (0 = never) */
  readonly silenceAfterMs?: number;
  /** ms between two pushes of the meter, for the search of serial settings (10,000) */
  readonly expectedIntervalMs?: number;
  readonly logger?: ListenLogger;
  /** for tests */
  readonly clock?: Clock;
  /** for tests: 0 to 1, spreads further attempts */
  readonly random?: () => number;
}

export interface ListenSettings {
  readonly decoder: PushDecoderOptions;
  readonly transport: ListenTransport;
  readonly limits: ListenLimits;
  readonly confirm: boolean;
  readonly idleTimeoutMs: number;
  readonly silenceAfterMs: number;
  readonly expectedIntervalMs: number;
  readonly logger: ListenLogger | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

export const defaultLimits: ListenLimits = {
  connections: 1000,
  unfinishedBytes: 2_000_000,
  messagesPerSecond: 20,
  queue: 1000,
};
export const defaultIdleTimeoutMs = 600_000;
const defaultIntervalMs = 10_000;

/** @throws DlmsConfigError CONFIG_INVALID, CONFIG_MISSING */
export function resolveListenOptions(options: ListenPushOptions): ListenSettings {
  object("options", options);
  const {
    transport,
    limits,
    confirm = false,
    idleTimeoutMs,
    silenceAfterMs,
    expectedIntervalMs,
    logger,
    clock,
    random,
    ...decoder
  } = options;
  checkPushOptions(decoder);
  checkTransport(transport);
  if (typeof (confirm as unknown) !== "boolean") throw invalid("confirm", "true or false", confirm);
  return {
    decoder,
    transport,
    limits: resolveLimits(limits),
    confirm,
    idleTimeoutMs: milliseconds("idleTimeoutMs", idleTimeoutMs ?? defaultIdleTimeoutMs, 1000),
    silenceAfterMs: milliseconds("silenceAfterMs", silenceAfterMs ?? 0, 0),
    expectedIntervalMs: milliseconds("expectedIntervalMs", expectedIntervalMs ?? defaultIntervalMs, 500),
    logger,
    clock: clock ?? systemClock,
    random: random ?? Math.random,
  };
}

function resolveLimits(given: Partial<ListenLimits> = {}): ListenLimits {
  object("limits", given);
  knownKeys("limits", given, Object.keys(defaultLimits));
  const limits = { ...defaultLimits, ...given };
  integer("limits.connections", limits.connections, 1, 1_000_000);
  integer("limits.unfinishedBytes", limits.unfinishedBytes, 1000, 1_000_000_000);
  integer("limits.messagesPerSecond", limits.messagesPerSecond, 1, 1_000_000);
  integer("limits.queue", limits.queue, 1, 1_000_000);
  return limits;
}

function checkTransport(transport: ListenTransport): void {
  if ((transport as unknown) === undefined) {
    throw missing("transport", '{ kind: "tcp-server", port }, "udp", "serial", "tcp" or "tls"');
  }
  object("transport", transport, '{ kind: "tcp-server", port }, "udp", "serial", "tcp" or "tls"');
  if ("open" in transport) return;
  switch (transport.kind) {
    case "tcp-server":
      knownKeys("transport", transport, ["kind", "host", "port", "tls"]);
      checkPort(transport.host ?? "127.0.0.1", transport.port, 0);
      if (transport.tls !== undefined) checkTls(transport.tls);
      return;
    case "udp":
      knownKeys("transport", transport, ["kind", "host", "port"]);
      checkPort(transport.host ?? "127.0.0.1", transport.port, 0);
      return;
    case "tcp":
      knownKeys("transport", transport, ["kind", "host", "port"]);
      checkPort(transport.host, transport.port, 1);
      return;
    case "tls": {
      const { verify } = transport;
      knownKeys("transport", transport, [
        ...["kind", "host", "port", "ca", "serverName", "verify", "certificate", "key"],
      ]);
      checkPort(transport.host, transport.port, 1);
      if (![undefined, true, false].includes(verify)) throw invalid("transport.verify", "true or false", verify);
      return;
    }
    case "serial":
      checkSerial(transport);
      return;
    default:
      throw invalid(
        "transport.kind",
        "one of tcp-server, udp, tcp, tls, serial",
        (transport as { kind?: unknown }).kind,
      );
  }
}

function checkPort(host: unknown, port: unknown, lowest: number): void {
  if (typeof host !== "string" || host === "") throw invalid("transport.host", "a host name or an IP address", host);
  integer("transport.port", port, lowest, 65_535);
}

function checkTls(tls: ServerTlsOptions): void {
  object("transport.tls", tls, "{ cert, key }");
  knownKeys("transport.tls", tls, ["cert", "key", "ca", "requireClientCertificate"]);
  // the texts may be keys, so no message shows them
  if (typeof tls.cert !== "string" || tls.cert === "") throw missing("transport.tls.cert", "a certificate in PEM form");
  if (typeof tls.key !== "string" || tls.key === "") throw missing("transport.tls.key", "a private key in PEM form");
}

function checkSerial(transport: Extract<ListenTransport, { kind: "serial"; path: string }>): void {
  knownKeys("transport", transport, ["kind", "path", "baudRate", "mode"]);
  const { path, baudRate, mode } = transport;
  if (typeof path !== "string" || path === "") throw invalid("transport.path", "a serial port", path);
  if (mode !== undefined) oneOf("transport.mode", mode, ["8N1", "8E1", "7E1"]);
  if (baudRate !== "auto") integer("transport.baudRate", baudRate, 1, 4_000_000);
  else if (mode !== undefined) throw invalid("transport.mode", 'no mode with baudRate "auto"', mode);
}
