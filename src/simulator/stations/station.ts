/** A link frame addressed to this meter. */
export interface IncomingFrame {
  /** "WPDU", or the HDLC frame type: "SNRM", "I", "RR", ... */
  readonly frame: string;
  readonly bytes: Uint8Array;
  readonly client: number;
}

/** Action for a received frame: process it, ignore it, or answer "receive not ready" (HDLC). */
export type FrameVerdict = "take" | "drop" | "busy";

/** The connection as a station needs it. */
export interface StationHost {
  frameCame(frame: IncomingFrame): FrameVerdict;
  /** Passes an APDU to the association of this client and returns the answers. */
  handle(apdu: Uint8Array, client: number): readonly Uint8Array[];
  /** The link to this client was disconnected or set up again: its association ends. */
  linkReset(client: number): void;
  /** The byte stream can no longer be framed. */
  broken(problem: string): void;
}

/** The meter's side of the link on one connection; sans-io. Each answer is one frame. */
export interface Station {
  receive(bytes: Uint8Array): readonly Uint8Array[];
  /** Frames that carry an unsolicited APDU. */
  notify(apdu: Uint8Array, client: number): readonly Uint8Array[];
  /** Discards all links, as after a restart. */
  reset(): void;
}
