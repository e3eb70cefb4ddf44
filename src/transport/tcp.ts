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
  const name = host
    .trim()
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
  if (name === "localhost") return "127.0.0.1";
  return net.isIPv6(name) ? ipv6Key(name) : name;
}

/** The canonical spelling of RFC 5952. An IPv4-mapped address is the IPv4 address, and ::1 is this machine as well. */
function ipv6Key(address: string): string {
  const [digits = "", zone] = address.split("%");
  // the URL parser writes an address in its canonical form
  const canonical = new URL(`http://[${digits}]`).hostname.slice(1, -1);
  if (canonical === "::1") return "127.0.0.1";
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped !== null) {
    const [high, low] = [mapped[1], mapped[2]].map((group) => parseInt(group ?? "", 16)) as [number, number];
    return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
  }
  return zone === undefined ? canonical : `${canonical}%${zone}`;
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
