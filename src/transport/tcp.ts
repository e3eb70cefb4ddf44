/** The TCP transport, and the keys of hosts that meters share. */
import net from "node:net";
import { type Clock, systemClock } from "../clock";
import { openSocket } from "./socket-connection";
import type { Transport } from "./transport";

export interface TcpOptions {
  readonly host: string;
  /** 1..65535; 4059 is registered for DLMS */
  readonly port: number;
}

/** "meter.example:4059", an IPv6 address in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The same key for all spellings of a host that are equal without a name server. */
export function hostKey(host: string): string {
  const name = host.toLowerCase().replace(/\.$/, "");
  return name === "localhost" ? "127.0.0.1" : name;
}

/** A TCP connection. Meters behind one host and port share it. */
export function tcpTransport(options: TcpOptions, clock: Clock = systemClock): Transport {
  const { host, port } = options;
  const endpoint = `tcp ${hostAndPort(host, port)}`;
  return {
    kind: "tcp",
    endpoint,
    lineKey: `tcp:${hostKey(host)}:${port}`,
    open: (events, init) =>
      openSocket(() => net.connect({ host, port }), events, {
        ...init,
        transport: "tcp",
        endpoint,
        clock,
        ready: "connect",
      }),
  };
}
