import dgram from "node:dgram";
import { isIPv6 } from "node:net";
import { type Clock, systemClock } from "../clock";
import { DlmsConnectionError, DlmsTimeoutError } from "../errors";
import { type ConnectionFacts, causeCode, lostError, socketError } from "./socket-errors";
import { hostAndPort } from "./tcp";
import type { Connection, ConnectionEvents, Transport } from "./transport";

export interface UdpOptions {
  readonly host: string;
  readonly port: number;
}

/** UDP to one host and port; what other hosts send is dropped by the system. */
export function udpTransport(options: UdpOptions, clock: Clock = systemClock): Transport {
  const { host, port } = options;
  const endpoint = `udp ${hostAndPort(host, port)}`;
  return {
    kind: "udp",
    endpoint,
    lineKey: `udp:${host.toLowerCase()}:${port}`,
    open: (events, init) => openUdp(options, endpoint, clock, events, init),
  };
}

function openUdp(
  options: UdpOptions,
  endpoint: string,
  clock: Clock,
  events: ConnectionEvents,
  init: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<Connection> {
  const { signal } = init;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const socket = dgram.createSocket(isIPv6(options.host) ? "udp6" : "udp4");
    const settle = (): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
      socket.off("error", failed).off("connect", connected);
    };
    const giveUp = (reason: Error): void => {
      settle();
      socket.on("error", () => undefined);
      socket.close();
      reject(reason);
    };
    const facts: ConnectionFacts = { endpoint, phase: "connect", bytesIn: 0, bytesOut: 0 };
    const failed = (error: Error): void => {
      giveUp(socketError(error, facts));
    };
    const aborted = (): void => {
      giveUp(signal?.reason as Error);
    };
    const connected = (): void => {
      settle();
      resolve(connectionOf(socket, endpoint, events));
    };
    const timer = clock.setTimeout(() => {
      const text = `${endpoint}: the name was not resolved within ${init.timeoutMs} ms; check the name server`;
      giveUp(new DlmsTimeoutError("TIMEOUT_CONNECT", text, { details: { ...facts, timeoutMs: init.timeoutMs } }));
    }, init.timeoutMs);
    signal?.addEventListener("abort", aborted, { once: true });
    socket.once("error", failed).once("connect", connected);
    socket.connect(options.port, options.host);
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
    const facts = { endpoint, phase: "open", bytesIn, bytesOut } as const;
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
