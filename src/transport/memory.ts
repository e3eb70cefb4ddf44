/** An in-memory transport, for simulated meters in the same process. */
import type { Connection, ConnectionEvents, Transport } from "./transport";
import { DlmsConnectionError } from "../errors";
import { contained } from "../errors/boundary";

/** The far side of an in-memory line; a simulated meter implements it. */
export interface MemoryPeer {
  /** Bytes from the client. */
  receive(bytes: Uint8Array): void;
  /** The client closed. */
  closed(): void;
}

/** The line as the far side sees it. */
export interface MemoryLine {
  send(bytes: Uint8Array): void;
  /** Break the connection, as a pulled cable or a reset does. */
  drop(reason?: string): void;
}

/**
 * A transport without sockets, for tests and for simulated meters in one process. Bytes are delivered in a microtask,
 * so that neither side runs inside a call of the other.
 */
export function memoryTransport(connect: (line: MemoryLine) => MemoryPeer, endpoint = "memory"): Transport {
  return {
    kind: "memory",
    endpoint,
    open(events: ConnectionEvents, { signal }: { readonly signal?: AbortSignal }): Promise<Connection> {
      if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
      let open = true;
      const later = (run: () => void): void => {
        queueMicrotask(() => {
          if (open) run();
        });
      };
      const peer = connect({
        send: (bytes) => {
          const copy = bytes.slice();
          later(() => {
            events.data(copy);
          });
        },
        drop: (reason = "connection lost") => {
          later(() => {
            open = false;
            events.lost(new DlmsConnectionError("CONN_LOST", `${endpoint}: ${reason}`));
          });
        },
      });
      return Promise.resolve({
        write: (bytes) => {
          const copy = bytes.slice();
          later(() => {
            contained(
              endpoint,
              () => {
                peer.receive(copy);
              },
              ({ message, cause }) => {
                open = false;
                events.lost(new DlmsConnectionError("CONN_LOST", message, { fault: "internal", cause }));
              },
            );
          });
        },
        drain: () => Promise.resolve(),
        setLine: () => Promise.resolve(),
        close: () => {
          if (open) {
            open = false;
            queueMicrotask(() => {
              peer.closed();
            });
          }
          return Promise.resolve();
        },
      });
    },
  };
}
