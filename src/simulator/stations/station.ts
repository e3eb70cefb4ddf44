/** A link frame that came in for this meter. */
export interface IncomingFrame {
  /** "WPDU", or the HDLC frame type: "SNRM", "I", "RR", ... */
  readonly frame: string;
  readonly bytes: Uint8Array;
  readonly client: number;
}

/** What to do with a frame that came in: take it, ignore it, or answer "receive not ready" (HDLC). */
export type FrameVerdict = "take" | "drop" | "busy";

/** What a station needs of the connection that it serves. */
export interface StationHost {
  frameCame(frame: IncomingFrame): FrameVerdict;
  /** An APDU for the association of this client; the APDUs that answer it. */
  handle(apdu: Uint8Array, client: number): readonly Uint8Array[];
  /** The link to this client went down or was set up anew: its association is gone. */
  linkReset(client: number): void;
  /** Bytes that are no frame, and cannot be passed over. */
  broken(problem: string): void;
}

/** The meter's side of the link on one connection; sans-io. Each answer is one whole frame. */
export interface Station {
  receive(bytes: Uint8Array): readonly Uint8Array[];
  /** Frames that carry an APDU which nobody asked for. */
  notify(apdu: Uint8Array, client: number): readonly Uint8Array[];
  /** Forget all links, as after a restart. */
  reset(): void;
}
