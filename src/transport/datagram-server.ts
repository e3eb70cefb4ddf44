/** A UDP socket that receives datagrams from any peer. */
import dgram from "node:dgram";
import net from "node:net";
import { contained, reportUnexpected } from "../errors/boundary";
import { listenError } from "./listen-error";
import { plainAddress } from "./stream-server";

export interface DatagramServerOptions {
  /** interface to listen on; 127.0.0.1 keeps it on this machine */
  readonly host: string;
  /** 0 = any free port */
  readonly port: number;
}

export interface DatagramPeer {
  readonly address: string;
  readonly port: number;
}

export interface DatagramServer {
  readonly host: string;
  readonly port: number;
  send(bytes: Uint8Array, peer: DatagramPeer): void;
  /** Frees the port. Idempotent, never rejects. */
  close(): Promise<void>;
}

/** Bytes of datagrams that the system may hold: a fleet pushes at the full minute. */
const receiveBuffer = 1 << 20;

/** @throws DlmsConnectionError CONN_PORT_BUSY, CONN_PORT_FORBIDDEN; DlmsConfigError CONFIG_INVALID */
export function listenDatagrams(
  options: DatagramServerOptions,
  received: (bytes: Uint8Array, peer: DatagramPeer) => void,
): Promise<DatagramServer> {
  const { host, port } = options;
  const socket = dgram.createSocket({ type: net.isIPv6(host) ? "udp6" : "udp4" });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= new Promise((resolve) => {
      socket.close(() => {
        resolve();
      });
    }));
  socket.on("message", (bytes: Buffer, from) => {
    if (closing !== undefined) return;
    contained(
      "datagram of a meter",
      () => {
        received(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
          address: plainAddress(from.address),
          port: from.port,
        });
      },
      (error) => {
        reportUnexpected("datagram of a meter", error);
      },
    );
  });
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void => {
      void close();
      reject(listenError(error, options));
    };
    socket.once("error", failed);
    try {
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.off("error", failed);
        // an ICMP error of a lost peer does not end the listener
        socket.on("error", () => undefined);
        growBuffer(socket);
        resolve({
          host,
          port: socket.address().port,
          close,
          send: (bytes, peer) => {
            if (closing === undefined) socket.send(bytes, peer.port, peer.address, () => undefined);
          },
        });
      });
    } catch (error) {
      failed(error);
    }
  });
}

function growBuffer(socket: dgram.Socket): void {
  try {
    socket.setRecvBufferSize(receiveBuffer);
  } catch {
    // the system keeps its own size
  }
}
