/** What the readers of a stream hand on: whole APDUs or texts, with what their link says of them. */
import type { DlmsError } from "../../errors";

/** How a stream is framed: HDLC, wrapper, wired M-Bus, APDUs without a frame, or text telegrams (P1). */
export type PushFraming = "hdlc" | "wrapper" | "mbus" | "apdu" | "p1";

export interface PushLink {
  readonly framing: PushFraming;
  /** as on the line: hex for HDLC and M-Bus, the port number for the wrapper; null where the framing has none */
  readonly source: string | null;
  readonly destination: string | null;
  /** frames, segments or blocks that carried the push */
  readonly frames: number;
  /** bytes of these on the line */
  readonly bytes: number;
}

export type Unit =
  | { readonly kind: "apdu"; readonly apdu: Uint8Array; readonly link: PushLink; readonly notes: readonly string[] }
  /** a text telegram from "/" to "!" whose CRC is right, or that has none */
  | { readonly kind: "text"; readonly text: Uint8Array; readonly link: PushLink; readonly notes: readonly string[] };

/** Where readers put what they find. */
export interface UnitSink {
  readonly units: Unit[];
  readonly problems: DlmsError[];
}

/** Cuts a stream into units. Time is milliseconds of one clock, or undefined where the caller has none. */
export interface UnitReader {
  readonly framing: PushFraming;
  /** A unit has begun in a way that noise does not, and is not complete. */
  readonly begun: boolean;
  /** bytes that are held because their unit is not complete */
  readonly unfinishedBytes: number;
  add(bytes: Uint8Array, now: number | undefined, sink: UnitSink): void;
  /** Drops what is too old. */
  tick(now: number | undefined, sink: UnitSink): void;
  /** The stream has ended. */
  end(sink: UnitSink): void;
}

export const sinkOf = (): UnitSink => ({ units: [], problems: [] });

export const noNotes: readonly string[] = [];
