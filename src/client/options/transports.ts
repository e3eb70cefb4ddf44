/** Creates the transport that the options describe, and the key of its line. */
import type { Clock } from "../../clock";
import { DlmsConfigError } from "../../errors";
import { callback, integer, invalid, oneOf } from "../../errors/arguments";
import {
  boundedTransport,
  deviceOf,
  hostKey,
  serialTransport,
  tcpTransport,
  tlsTransport,
  type Transport,
  udpTransport,
} from "../../transport";
import type { SerialMode, TransportOptions } from "./options";

/**
 * The transport that the options describe, or the given one.
 * @throws DlmsConfigError CONFIG_INVALID, CONFIG_MISSING
 */
export function transportOf(options: TransportOptions | Transport, clock: Clock): Transport {
  if (typeof options !== "object" || options === null) {
    throw new DlmsConfigError("CONFIG_MISSING", 'transport: missing; expected { kind: "tcp", host, port } or another');
  }
  if ("open" in options) {
    callback("transport.open", (options as { readonly open: unknown }).open);
    return boundedTransport(options, clock);
  }
  switch (options.kind) {
    case "tcp":
      return tcpTransport(address(options), clock);
    case "udp":
      return udpTransport(address(options), clock);
    case "tls":
      if (![undefined, true, false].includes(options.verify)) {
        throw invalid("transport.verify", "true or false", options.verify);
      }
      return tlsTransport({ ...options, ...address(options) }, clock);
    case "serial":
      return serialTransport(
        {
          path: serialPath(options.path),
          baudRate: rate(options.baudRate),
          mode: serialMode(options.mode),
          ...outputLine("dtr", options.dtr),
          ...outputLine("rts", options.rts),
        },
        clock,
      );
    default:
      throw invalid("transport.kind", "one of tcp, tls, udp, serial", (options as { kind?: unknown }).kind);
  }
}

function address(options: { readonly host: string; readonly port: number }): { host: string; port: number } {
  const { host, port } = options;
  if (typeof host !== "string" || host.trim() === "") {
    throw new DlmsConfigError("CONFIG_MISSING", "transport.host: missing; expected a host name or IP address");
  }
  if (/[\s/]/.test(host.trim())) {
    throw invalid("transport.host", "a host name or IP address without scheme, port or path", host);
  }
  // an IPv6 address as a URL writes it
  const name = host.trim().replace(/^\[(.*:.*)\]$/, "$1");
  return { host: name, port: integer("transport.port", port, 1, 65535) };
}

function serialPath(path: string): string {
  if (typeof path === "string" && path.trim() !== "") return path.trim();
  throw new DlmsConfigError("CONFIG_MISSING", "transport.path: missing; expected a serial port such as /dev/ttyUSB0");
}

function serialMode(mode: SerialMode = "8N1"): SerialMode {
  oneOf("transport.mode", mode, ["8N1", "8E1", "7E1"]);
  return mode;
}

function outputLine(name: "dtr" | "rts", state: unknown): { dtr?: boolean; rts?: boolean } {
  if (state === undefined) return {};
  if (typeof state === "boolean") return { [name]: state };
  throw invalid(`transport.${name}`, "true or false", state);
}

function rate(baudRate: number): number {
  if (Number.isInteger(baudRate) && baudRate >= 50 && baudRate <= 4_000_000) return baudRate;
  throw invalid("transport.baudRate", "bit/s such as 9600", baudRate);
}

/**
 * The line to which a transport leads: equal for all spellings of the same host and port, or of the same serial port.
 */
export function endpointKey(options: TransportOptions): string {
  return options.kind === "serial" ? deviceOf(options.path) : `${hostKey(options.host)}:${options.port}`;
}
