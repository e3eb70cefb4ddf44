/** What the listener needs of a port, a line or a connection that brings pushes. */
import type { SerialLine } from "./events";

export interface Source {
  /** for messages: "tcp 127.0.0.1:4059" */
  readonly endpoint: string;
  /** where meters send to; null for a line and for a connection to a gateway */
  readonly address: { readonly host: string; readonly port: number } | null;
  readonly connections: number;
  readonly line: SerialLine | null;
  /** Once a second: what has become too old goes. */
  sweep(): void;
  /** Frees the port. Decodes what has come. Never rejects. */
  close(): Promise<void>;
}
