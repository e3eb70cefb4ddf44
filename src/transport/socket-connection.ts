/** A connection over a stream socket, for TCP and TLS. */
import type net from "node:net";
import { afterRunning, type Clock } from "../clock";
import { type DlmsConnectionError, DlmsTimeoutError, type TransportKind } from "../errors";
import { type ConnectionFacts, lostError, socketError } from "./socket-errors";
import type { Connection, ConnectionEvents } from "./transport";

/** Time for flushing written bytes before a socket is destroyed, in ms. */
const maxHalfClosedMs = 500;

export interface OpenSocketOptions {
  readonly transport: TransportKind;
  readonly endpoint: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** the event after which the connection is usable */
  readonly ready: "connect" | "secureConnect";
  /** replaces the error of some failures, in the handshake or after it */
  readonly mapError?: (error: Error, facts: ConnectionFacts) => DlmsConnectionError | undefined;
}

/** Waits until a stream socket is usable and wraps it in a Connection. */
export function openSocket(
  start: () => net.Socket,
  events: ConnectionEvents,
  options: OpenSocketOptions,
): Promise<Connection> {
  const { transport, endpoint, clock, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const socket = start();
    socket.setNoDelay(true);
    let connected = false;
    socket.once("connect", () => {
      connected = true;
    });
    const facts = (): ConnectionFacts => ({
      transport,
      endpoint,
      phase: connected && options.ready === "secureConnect" ? "tls-handshake" : "connect",
      bytesIn: socket.bytesRead,
      bytesOut: socket.bytesWritten,
    });
    const settle = (): void => {
      wait.cancel();
      signal?.removeEventListener("abort", aborted);
      socket.off(options.ready, opened).off("error", failed).off("close", closed);
    };
    const fail = (reason: Error): void => {
      settle();
      // an error after this point has no receiver
      socket.on("error", () => undefined);
      socket.destroy();
      reject(reason);
    };
    const failed = (error: Error): void => {
      fail(options.mapError?.(error, facts()) ?? socketError(error, facts()));
    };
    const closed = (): void => {
      const error = new Error("closed by the other side");
      fail(options.mapError?.(error, facts()) ?? socketError(error, facts()));
    };
    const aborted = (): void => {
      fail(signal?.reason as Error);
    };
    const opened = (): void => {
      settle();
      resolve(connectionOf(socket, events, options));
    };
    const late = (): void => {
      fail(connectTimeout(facts(), options.timeoutMs));
    };
    const wait = afterRunning(clock, late, options.timeoutMs);
    signal?.addEventListener("abort", aborted, { once: true });
    socket.once(options.ready, opened).once("error", failed).once("close", closed);
  });
}

function connectTimeout(facts: ConnectionFacts, timeoutMs: number): DlmsTimeoutError {
  const [failure, advice] =
    facts.phase === "connect"
      ? ["no answer to the connection request", "check host and port, whether the device is on, and the firewall"]
      : ["the TLS handshake did not finish", "the port may not use TLS: check host and port, or try transport TCP"];
  return new DlmsTimeoutError("TIMEOUT_CONNECT", `${facts.endpoint}: ${failure} within ${timeoutMs} ms; ${advice}`, {
    details: { ...facts, timeoutMs },
  });
}

function connectionOf(
  socket: net.Socket,
  events: ConnectionEvents,
  { transport, endpoint, clock, mapError }: OpenSocketOptions,
): Connection {
  socket.setKeepAlive(true, 30_000);
  let ours = false;
  let failure: Error | undefined;
  const gone = new Promise<void>((resolve) => {
    socket.once("close", () => {
      resolve();
      if (ours) return;
      ours = true;
      const facts = {
        transport,
        endpoint,
        phase: "open",
        bytesIn: socket.bytesRead,
        bytesOut: socket.bytesWritten,
      } as const;
      if (failure === undefined) events.lost(lostError(facts, "closed by the other side"));
      else events.lost(mapError?.(failure, facts) ?? socketError(failure, facts));
    });
  });
  // stays attached: "close" follows every "error" and reports it
  socket.on("error", (error) => {
    failure ??= error;
  });
  socket.on("data", (bytes: Buffer) => {
    if (!ours) events.data(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  });
  return {
    write: (bytes) => {
      if (!ours && socket.writable) socket.write(bytes);
    },
    drain: () => Promise.resolve(),
    setLine: () => Promise.resolve(),
    close: async () => {
      if (!ours) {
        ours = true;
        socket.destroySoon();
      }
      const timer = clock.setTimeout(() => {
        socket.destroy();
      }, maxHalfClosedMs);
      await gone;
      clock.clearTimeout(timer);
    },
  };
}
