import type { DlmsConnectionError, TransportKind } from "../errors";

/** What an open connection tells its owner. */
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
  /** Bytes go out in order. Errors come through `lost`. */
  write(bytes: Uint8Array): void;
  /** Resolves when all that was written has left the machine. Serial only; elsewhere at once. */
  drain(): Promise<void>;
  /** Serial only; elsewhere it resolves without effect. */
  setLine(settings: TransportLineSettings): Promise<void>;
  /** Resolves when the descriptor is really free; never rejects; bounded. */
  close(): Promise<void>;
}

/** A way to reach a line. It owns no state between connections. */
export interface Transport {
  readonly kind: TransportKind;
  /** For messages: "tcp meter.example:4059", "serial /dev/ttyUSB0" */
  readonly endpoint: string;
  /** Meters with the same key hang on one line and share one connection (undefined: never shared). */
  readonly lineKey?: string;
  /** bit/s where the line is slow enough to matter (serial), else undefined */
  readonly baudRate?: number;
  /** What is unsafe about its settings, a sentence for the log. */
  readonly warning?: string;
  /**
   * Rejects with DlmsConnectionError (CONN_*), DlmsTimeoutError (TIMEOUT_CONNECT) or the signal's reason.
   */
  open(
    events: ConnectionEvents,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Connection>;
}
