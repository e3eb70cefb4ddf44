/** The contract of a transport: opening a connection, its calls and its events. */
import type { DlmsConnectionError, TransportKind } from "../errors";

/** Events of an open connection. */
export interface ConnectionEvents {
  data(bytes: Uint8Array): void;
  /** Called once, when the connection ends without `close` having been called. */
  lost(error: DlmsConnectionError): void;
}

export interface TransportLineSettings {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: "none" | "even";
}

/** An open socket or port. */
export interface Connection {
  /** Bytes are sent in order. Errors are reported through `lost`. */
  write(bytes: Uint8Array): void;
  /**
   * Resolves when all written bytes have left the machine. Only serial ports wait; other transports resolve at once.
   */
  drain(): Promise<void>;
  /** Serial ports only; other transports resolve without effect. */
  setLine(settings: TransportLineSettings): Promise<void>;
  /** Resolves when the descriptor is free. Never rejects, and takes bounded time. */
  close(): Promise<void>;
}

/** A way to reach a line. It keeps no state between connections. */
export interface Transport {
  readonly kind: TransportKind;
  /** For messages: "tcp meter.example:4059", "serial /dev/ttyUSB0" */
  readonly endpoint: string;
  /** Meters with the same key are on one line and share one connection (undefined: never shared). */
  readonly lineKey?: string;
  /** bit/s where the line is slow enough to matter (serial), else undefined */
  readonly baudRate?: number;
  /** A sentence for the log about unsafe settings. */
  readonly warning?: string;
  /**
   * Rejects with DlmsConnectionError (CONN_*), DlmsTimeoutError (TIMEOUT_CONNECT) or the signal's reason.
   */
  open(
    events: ConnectionEvents,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Connection>;
}
