/** The UDP transport. */
import dgram from "node:dgram";
import { lookup } from "node:dns/promises";
import { afterRunning, type Clock, systemClock } from "../clock";
import { DlmsConnectionError, DlmsTimeoutError } from "../errors";
import { type ConnectionFacts, causeCode, lostError, socketError } from "./socket-errors";
import { hostAndPort, hostKey } from "./tcp";
import type { Connection, ConnectionEvents, Transport } from "./transport";

export interface UdpOptions {
  readonly host: string;
  readonly port: number;
}

export interface HostAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a host name, or the literal address. */
export type ResolveHost = (host: string) => Promise<readonly HostAddress[]>;

const resolveHost: ResolveHost = (host) => lookup(host, { all: true });

/**
 * UDP to one host and port; the system drops datagrams of other hosts. UDP does not report whether an address is
 * reachable, so the transport uses one address of the host: the first IPv4 address, or else the first.
 */
export function udpTransport(
  options: UdpOptions,
  clock: Clock = systemClock,
  resolve: ResolveHost = resolveHost,
): Transport {
  const { host, port } = options;
  const endpoint = `udp ${hostAndPort(host, port)}`;
  return {
    kind: "udp",
    endpoint,
    lineKey: `udp:${hostKey(host)}:${port}`,
    open: (events, init) => openUdp(options, endpoint, clock, resolve, events, init),
  };
}

function openUdp(
  options: UdpOptions,
  endpoint: string,
  clock: Clock,
  resolveName: ResolveHost,
  events: ConnectionEvents,
  init: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<Connection> {
  const { signal } = init;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    let socket: dgram.Socket | undefined;
    let settled = false;
    const settle = (): void => {
      settled = true;
      wait.cancel();
      signal?.removeEventListener("abort", aborted);
      socket?.off("error", failed).off("connect", connected);
    };
    const fail = (reason: Error): void => {
      if (settled) return;
      settle();
      socket?.on("error", () => undefined).close();
      reject(reason);
    };
    const facts: ConnectionFacts = { transport: "udp", endpoint, phase: "connect", bytesIn: 0, bytesOut: 0 };
    const failed = (error: unknown): void => {
      fail(socketError(error, facts));
    };
    const aborted = (): void => {
      fail(signal?.reason as Error);
    };
    const connected = (): void => {
      if (socket === undefined) return;
      settle();
      resolve(connectionOf(socket, endpoint, events));
    };
    const late = (): void => {
      const text = `${endpoint}: the name was not resolved within ${init.timeoutMs} ms; check the name server`;
      fail(new DlmsTimeoutError("TIMEOUT_CONNECT", text, { details: { ...facts, timeoutMs: init.timeoutMs } }));
    };
    const wait = afterRunning(clock, late, init.timeoutMs);
    signal?.addEventListener("abort", aborted, { once: true });
    const connect = (addresses: readonly HostAddress[]): void => {
      if (settled) return;
      const chosen = addresses.find(({ family }) => family === 4) ?? addresses[0];
      socket = dgram.createSocket(chosen?.family === 6 ? "udp6" : "udp4");
      socket.once("error", failed).once("connect", connected);
      socket.connect(options.port, chosen?.address ?? options.host);
    };
    resolveName(options.host).then(connect).catch(failed);
  });
}

function connectionOf(socket: dgram.Socket, endpoint: string, events: ConnectionEvents): Connection {
  let bytesIn = 0;
  let bytesOut = 0;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= new Promise((resolve) => {
      socket.close(resolve);
    }));
  const lost = (error: Error): void => {
    if (closing !== undefined) return;
    const facts = { transport: "udp", endpoint, phase: "open", bytesIn, bytesOut } as const;
    void close();
    events.lost(
      causeCode(error) === "ECONNREFUSED"
        ? new DlmsConnectionError(
            "CONN_REFUSED",
            `${endpoint}: nothing listens on that port (ECONNREFUSED); check it`,
            {
              cause: error,
              details: facts,
            },
          )
        : lostError(facts, error.message, error),
    );
  };
  socket.on("error", lost);
  socket.on("message", (bytes: Buffer) => {
    bytesIn += bytes.length;
    if (closing === undefined) events.data(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  });
  return {
    write: (bytes) => {
      if (closing !== undefined) return;
      bytesOut += bytes.length;
      socket.send(bytes, (error) => {
        if (error !== null) lost(error);
      });
    },
    drain: () => Promise.resolve(),
    setLine: () => Promise.resolve(),
    close,
  };
}
