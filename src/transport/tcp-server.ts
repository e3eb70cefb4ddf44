/** A TCP server for simulated meters, with bounds on connections and unread answers. */
import net from "node:net";
import { contained, reportUnexpected } from "../errors/boundary";
import { listenError } from "./listen-error";
import type { MemoryLine, MemoryPeer } from "./memory";

export interface ListenOptions {
  /** interface to listen on; 127.0.0.1 keeps it on this machine */
  readonly host: string;
  /** 0 = any free port */
  readonly port: number;
  /** maximum number of connections; further ones are closed at once (256) */
  readonly maxConnections?: number;
  /** ms after which a connection without a byte in either direction is closed (1 hour) */
  readonly idleMs?: number;
  /** ms after which a client that reads none of its answers is disconnected (30,000) */
  readonly stalledMs?: number;
}

/** Maximum size of unread answers for a client, in bytes. Above it, no request of the client is read. */
const maxUntakenBytes = 0x10000;
/**
 * Size of the pieces in which requests are delivered, in bytes. The answers to a whole piece may be queued before any
 * is sent.
 */
const maxPieceBytes = 256;

export interface TcpListener {
  /** the bound port, also for port 0 */
  readonly port: number;
  readonly host: string;
  /** Ends every connection and frees the port. Idempotent, never rejects. */
  close(): Promise<void>;
}

/**
 * Serve a peer, such as a simulated meter, on a TCP port: one peer per connection.
 * @throws DlmsConnectionError CONN_PORT_BUSY, CONN_PORT_FORBIDDEN; DlmsConfigError CONFIG_INVALID
 */
export function listenTcp(options: ListenOptions, connect: (line: MemoryLine) => MemoryPeer): Promise<TcpListener> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serve(socket, connect, { idleMs: options.idleMs ?? 3_600_000, stalledMs: options.stalledMs ?? 30_000 });
  });
  server.maxConnections = options.maxConnections ?? 256;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= closeAll(server, sockets));
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      reject(listenError(error, options));
    };
    server.once("error", failed);
    try {
      server.listen({ host: options.host, port: options.port, exclusive: true }, () => {
        server.off("error", failed);
        // accept() errors (out of descriptors) do not end the listener, and no connection can report them
        server.on("error", () => undefined);
        const address = server.address();
        const port = typeof address === "object" && address !== null ? address.port : options.port;
        resolve({ port, host: options.host, close });
      });
    } catch (error) {
      failed(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

/** Resolves when the port is free and every peer has been notified. */
async function closeAll(server: net.Server, sockets: ReadonlySet<net.Socket>): Promise<void> {
  const gone = [...sockets].map(
    (socket) =>
      new Promise<void>((resolve) =>
        socket.once("close", () => {
          resolve();
        }),
      ),
  );
  const freed = new Promise<void>((resolve) =>
    server.close(() => {
      resolve();
    }),
  );
  for (const socket of sockets) socket.destroy();
  await Promise.all([freed, ...gone]);
}

interface IdleLimits {
  readonly idleMs: number;
  readonly stalledMs: number;
}

function serve(socket: net.Socket, connect: (line: MemoryLine) => MemoryPeer, limits: IdleLimits): void {
  const peer = connect({
    send: (bytes) => {
      if (!socket.destroyed) socket.write(bytes);
    },
    drop: () => {
      socket.resetAndDestroy();
    },
  });
  const requests = new PacedRequests(socket, peer, limits);
  const safely = (run: () => void): void => {
    contained("connection of a client", run, (error) => {
      socket.destroy();
      reportUnexpected("connection of a client", error);
    });
  };
  socket.on("data", (bytes: Buffer) => {
    safely(() => {
      requests.add(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    });
  });
  socket.on("drain", () => {
    safely(() => {
      requests.resume();
    });
  });
  socket.on("timeout", () => {
    socket.destroy();
  });
  // a server ignores the reason of a broken connection: "close" follows and notifies the peer
  socket.on("error", () => undefined);
  socket.once("close", () => {
    peer.closed();
  });
}

/**
 * Delivers requests to the peer as fast as the client reads the answers. The requests of a client that reads no answers
 * are not read.
 */
class PacedRequests {
  readonly #socket: net.Socket;
  readonly #peer: MemoryPeer;
  readonly #limits: IdleLimits;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(socket: net.Socket, peer: MemoryPeer, limits: IdleLimits) {
    this.#socket = socket;
    this.#peer = peer;
    this.#limits = limits;
    socket.setTimeout(limits.idleMs);
  }

  add(bytes: Uint8Array): void {
    this.#rest = this.#rest.length === 0 ? bytes.slice() : new Uint8Array(Buffer.concat([this.#rest, bytes]));
    this.resume();
  }

  resume(): void {
    const socket = this.#socket;
    while (!socket.destroyed && this.#rest.length > 0 && socket.writableLength <= maxUntakenBytes) {
      const piece = this.#rest.subarray(0, maxPieceBytes);
      this.#rest = this.#rest.subarray(maxPieceBytes);
      this.#peer.receive(piece);
    }
    const stalled = socket.writableLength > maxUntakenBytes;
    if (socket.destroyed || stalled === socket.isPaused()) return;
    socket.setTimeout(stalled ? this.#limits.stalledMs : this.#limits.idleMs);
    if (stalled) socket.pause();
    else socket.resume();
  }
}
