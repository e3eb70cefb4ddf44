/** A TCP or TLS server for meters that connect on their own initiative: each connection has the address of its peer. */
import net from "node:net";
import tls from "node:tls";
import { DlmsConfigError, DlmsConnectionError } from "../errors";
import { contained, reportUnexpected } from "../errors/boundary";
import { listenError } from "./listen-error";
import { causeCode } from "./socket-errors";
import { hasCertificate, minVersion, opensslReason } from "./tls";

export interface ServerTlsOptions {
  /** the server's certificate and its chain, PEM */
  readonly cert: string;
  /** the private key of the certificate, PEM */
  readonly key: string;
  /** certificates that sign those of the meters, PEM */
  readonly ca?: string;
  /** a meter without a certificate of `ca` is refused (false) */
  readonly requireClientCertificate?: boolean;
}

export interface StreamServerOptions {
  /** interface to listen on; 127.0.0.1 keeps it on this machine */
  readonly host: string;
  /** 0 = any free port */
  readonly port: number;
  readonly tls?: ServerTlsOptions | undefined;
  /** hard bound on open sockets, including those in a TLS handshake */
  readonly maxSockets: number;
}

/** A connection that a peer has opened. */
export interface IncomingStream {
  /** IP address of the peer */
  readonly address: string;
  readonly port: number;
  /** Bytes that the peer has not read yet. */
  readonly unsent: number;
  write(bytes: Uint8Array): void;
  /** No byte is read until `resume`: the peer waits. */
  pause(): void;
  resume(): void;
  /** Closes the connection at once. `ended` follows. */
  destroy(): void;
  /** Sends the written bytes and closes the connection. */
  end(): void;
}

export interface StreamHandlers {
  data(bytes: Uint8Array): void;
  /** Called once, after the last byte. */
  ended(error: Error | undefined): void;
}

export interface StreamServerEvents {
  /** Whether connections of this address are refused now, before a byte is read. */
  refuses(address: string): boolean;
  connected(stream: IncomingStream): StreamHandlers;
  /** A connection did not become usable: the TLS handshake failed. */
  failed(address: string, error: DlmsConnectionError): void;
  /** The hard bound on sockets was reached; a connection was closed. */
  overflow(): void;
}

export interface StreamServer {
  readonly host: string;
  /** the bound port, also for port 0 */
  readonly port: number;
  /** Ends every connection and frees the port. Idempotent, never rejects. */
  close(): Promise<void>;
}

/** Time for a TLS handshake, in ms. */
const handshakeMs = 10_000;
/** Silence after which the system asks whether the peer is still there, in ms. */
const keepAliveInitialDelay = 60_000;
/** Connections that the system holds until they are accepted. */
const backlog = 1024;

/**
 * @throws DlmsConnectionError CONN_PORT_BUSY, CONN_PORT_FORBIDDEN; DlmsConfigError CONFIG_INVALID for an address that is
 *   not of this machine, or certificates that do not belong together
 */
export function listenStreams(options: StreamServerOptions, events: StreamServerEvents): Promise<StreamServer> {
  const { host } = options;
  const server = makeServer(options, events);
  server.maxConnections = options.maxSockets;
  const sockets = new Set<net.Socket>();
  server.prependListener("connection", (socket: net.Socket) => {
    const address = plainAddress(socket.remoteAddress);
    // after "close" and before a socket is known to be in use
    socket.on("error", () => undefined);
    if (address === "" || events.refuses(address)) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("drop", () => {
    events.overflow();
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= closeAll(server, sockets));
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void => {
      reject(listenError(error, options));
    };
    server.once("error", failed);
    try {
      server.listen({ host, port: options.port, exclusive: true, backlog }, () => {
        server.off("error", failed);
        // accept() errors (out of descriptors) do not end the listener, and no connection can report them
        server.on("error", () => undefined);
        const bound = server.address();
        resolve({ host, port: typeof bound === "object" && bound !== null ? bound.port : options.port, close });
      });
    } catch (error) {
      failed(error);
    }
  });
}

function makeServer(options: StreamServerOptions, events: StreamServerEvents): net.Server {
  const accept = (socket: net.Socket): void => {
    if (!socket.destroyed) serve(socket, events);
  };
  if (options.tls === undefined)
    return net.createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay }, accept);
  const server = tls.createServer(
    {
      ...serverContext(options.tls),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay,
      handshakeTimeout: handshakeMs,
    },
    accept,
  );
  server.on("tlsClientError", (error: Error, socket: tls.TLSSocket) => {
    const address = plainAddress(socket.remoteAddress);
    socket.destroy();
    if (address === "") return;
    const reason = causeCode(error)?.startsWith("ERR_SSL") === true ? opensslReason(error) : error.message;
    events.failed(
      address,
      new DlmsConnectionError(
        "CONN_TLS",
        `TLS handshake with ${address} failed: ${reason}; check that the meter is set to TLS, and its certificates`,
        { cause: error, details: { transport: "tls", endpoint: `tls ${address}`, phase: "tls-handshake" } },
      ),
    );
  });
  return server;
}

function serverContext({ cert, key, ca, requireClientCertificate = false }: ServerTlsOptions): tls.TlsOptions {
  if (ca !== undefined && !hasCertificate(ca)) {
    throw new DlmsConfigError("CONFIG_INVALID", "transport.tls.ca: expected certificates in PEM form");
  }
  if (requireClientCertificate && ca === undefined) {
    throw new DlmsConfigError(
      "CONFIG_MISSING",
      "transport.tls.ca: missing; requireClientCertificate needs the certificates that sign those of the meters",
    );
  }
  try {
    tls.createSecureContext({ cert, key });
  } catch (error) {
    // OpenSSL's reason names the ASN.1 or PEM routine, never the contents
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `transport.tls.cert and transport.tls.key: expected PEM that belongs together (${opensslReason(error)})`,
    );
  }
  return {
    cert,
    key,
    ...(ca === undefined ? {} : { ca }),
    requestCert: ca !== undefined,
    rejectUnauthorized: requireClientCertificate,
    minVersion: minVersion(),
  };
}

function serve(socket: net.Socket, events: StreamServerEvents): void {
  const address = plainAddress(socket.remoteAddress);
  const port = socket.remotePort ?? 0;
  let failure: Error | undefined;
  const safely = (run: () => void): void => {
    contained("connection of a meter", run, (error) => {
      socket.destroy();
      reportUnexpected("connection of a meter", error);
    });
  };
  const handlers = events.connected({
    address,
    port,
    get unsent() {
      return socket.writableLength;
    },
    write: (bytes) => {
      if (socket.writable) socket.write(bytes);
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    destroy: () => socket.destroy(),
    end: () => {
      socket.destroySoon();
    },
  });
  socket.on("data", (bytes: Buffer) => {
    safely(() => {
      handlers.data(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    });
  });
  // "close" follows every "error" and reports it
  socket.on("error", (error) => {
    failure ??= error;
  });
  socket.once("close", () => {
    safely(() => {
      handlers.ended(failure);
    });
  });
}

/** An IPv4 address mapped to IPv6 is returned as the IPv4 address. */
export function plainAddress(address: string | undefined): string {
  return address?.startsWith("::ffff:") === true && address.includes(".") ? address.slice(7) : (address ?? "");
}

/** Resolves when the port is free and every peer has been told. */
async function closeAll(server: net.Server, sockets: ReadonlySet<net.Socket>): Promise<void> {
  const gone = [...sockets].map(
    (socket) =>
      new Promise<void>((resolve) => {
        socket.once("close", () => {
          resolve();
        });
      }),
  );
  const freed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  for (const socket of sockets) socket.destroy();
  await Promise.all([freed, ...gone]);
}
