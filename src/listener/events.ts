/** The events of a listener. */
import type { DlmsError } from "../errors";
import type { Push } from "../push";
import type { PushSerialMode } from "./options";

/**
 * `opening`: the port or the connection is being opened. `listening`: ready to receive. `waiting`: the line was lost or
 * could not be opened, and the next attempt follows in `nextTryInMs`. `closed`: final.
 */
export type ListenState = "opening" | "listening" | "waiting" | "closed";

/** Settings of a serial line. */
export interface SerialLine {
  readonly baudRate: number;
  readonly mode: PushSerialMode;
}

export interface ListenStateEvent {
  readonly state: ListenState;
  /** why the listener waits */
  readonly error?: DlmsError;
  readonly nextTryInMs?: number;
  /** settings of the serial line that are being tried or in use */
  readonly line?: SerialLine;
  /** the search for serial settings has ended with these, because a push was read */
  readonly found?: true;
}

/** An item that was refused, dropped or missed. At most one event per minute for each peer or meter and code. */
export interface ListenProblem {
  readonly error: DlmsError;
  /** number of occurrences since the last event of its kind */
  readonly count: number;
  /** address and port of the peer, or the line; null if no single peer is concerned */
  readonly peer: string | null;
}

/** Raw bytes as received, before any decoding. */
export interface ListenBytes {
  readonly peer: string;
  /** a view that is valid during the call */
  readonly bytes: Uint8Array;
}

export interface ListenConnection {
  readonly peer: string;
  readonly open: boolean;
}

export interface PushListenerEvents {
  readonly push: Push;
  readonly problem: ListenProblem;
  readonly state: ListenStateEvent;
  readonly connection: ListenConnection;
  readonly bytes: ListenBytes;
}
