import net from "node:net";
import { DlmsConfigError, DlmsConnectionError, type DlmsError } from "../errors";
import type { MemoryLine, MemoryPeer } from "./memory";
import { causeCode } from "./socket-errors";

export interface ListenOptions {
  /** interface to listen on; 127.0.0.1 keeps it on this machine */
  readonly host: string;
  /** 0 = any free port */
  readonly port: number;
}

export interface TcpListener {
  /** the port that was bound, also when 0 was asked for */
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
    serve(socket, connect);
  });
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
        // accept() errors (out of descriptors) end no listener; the connection that failed is not there to tell
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

/** Resolves when the port is free and every peer was told. */
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

function serve(socket: net.Socket, connect: (line: MemoryLine) => MemoryPeer): void {
  const peer = connect({
    send: (bytes) => {
      if (!socket.destroyed) socket.write(bytes);
    },
    drop: () => {
      socket.resetAndDestroy();
    },
  });
  socket.on("data", (bytes: Buffer) => {
    peer.receive(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  });
  // the reason of a broken connection does not matter to a server: "close" follows and tells the peer
  socket.on("error", () => undefined);
  socket.once("close", () => {
    peer.closed();
  });
}

function listenError(error: Error, options: ListenOptions): DlmsError {
  const where = `${options.host}:${options.port}`;
  const details = { host: options.host, port: options.port };
  switch (causeCode(error)) {
    case "EADDRINUSE":
      return new DlmsConnectionError(
        "CONN_PORT_BUSY",
        `listen on ${where}: the port is in use by another program; choose another port, or stop that program`,
        { cause: error, details },
      );
    case "EACCES":
    case "EPERM":
      return new DlmsConnectionError(
        "CONN_PORT_FORBIDDEN",
        `listen on ${where}: not permitted; ports below 1024 need privileges, choose a higher one`,
        { cause: error, details },
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new DlmsConfigError(
        "CONFIG_INVALID",
        `listen on ${where}: "${options.host}" is not an address of this machine; use 127.0.0.1 or 0.0.0.0`,
        { cause: error, details },
      );
    default:
      return new DlmsConfigError("CONFIG_INVALID", `listen on ${where}: ${error.message}`, { cause: error, details });
  }
}
