/**
 * The interface between the listener and a port, line or connection that receives pushes. `Listener.open` chooses one.
 */
import type { SerialLine } from "./events";

export interface Source {
  /** for messages: "tcp 127.0.0.1:4059" */
  readonly endpoint: string;
  /** address to which meters send; null for a line and for a connection to a gateway */
  readonly address: { readonly host: string; readonly port: number } | null;
  readonly connections: number;
  readonly line: SerialLine | null;
  /** Called once a second: drops expired items. */
  sweep(): void;
  /** Frees the port. Decodes the bytes already received. Never rejects. */
  close(): Promise<void>;
}
