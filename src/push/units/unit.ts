/** Output of the readers of a stream: whole APDUs or texts, with the details of their link. */
import type { Apdu } from "../../apdu";
import type { DlmsError } from "../../errors";

/** How a stream is framed: HDLC, wrapper, wired M-Bus, APDUs without a frame, or text telegrams (P1). */
export type PushFraming = "hdlc" | "wrapper" | "mbus" | "apdu" | "p1";

export interface PushLink {
  readonly framing: PushFraming;
  /** as on the line: hex for HDLC and M-Bus, the port number for the wrapper; null if the framing has none */
  readonly source: string | null;
  readonly destination: string | null;
  /** frames, segments or blocks that carried the push */
  readonly frames: number;
  /** bytes of these on the line */
  readonly bytes: number;
}

export type Unit =
  | {
      readonly kind: "apdu";
      readonly apdu: Uint8Array;
      /** the parsed APDU, if the reader has parsed it */
      readonly parsed?: Apdu | undefined;
      readonly link: PushLink;
      readonly notes: readonly string[];
    }
  /** a text telegram from "/" to "!" with a valid CRC or without one */
  | { readonly kind: "text"; readonly text: Uint8Array; readonly link: PushLink; readonly notes: readonly string[] };

/** Receives the units that the readers find. */
export interface UnitSink {
  readonly units: Unit[];
  readonly problems: DlmsError[];
}

/** Cuts a stream into units. Time is in milliseconds of one clock, or undefined if the caller has none. */
export interface UnitReader {
  readonly framing: PushFraming;
  /** Whether a unit is incomplete whose beginning is unlikely to be noise. */
  readonly begun: boolean;
  /** number of bytes buffered for an incomplete unit */
  readonly unfinishedBytes: number;
  add(bytes: Uint8Array, now: number | undefined, sink: UnitSink): void;
  /** Drops unfinished units that have expired. */
  tick(now: number | undefined, sink: UnitSink): void;
  /** The stream has ended. */
  end(sink: UnitSink): void;
}

export const sinkOf = (): UnitSink => ({ units: [], problems: [] });

export const noNotes: readonly string[] = [];
