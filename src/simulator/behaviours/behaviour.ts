import type { Apdu } from "../../apdu";
import type { FrameVerdict, IncomingFrame } from "../stations/station";

/** What happens on the line, in order. */
export type LineAction =
  | { readonly kind: "send"; readonly bytes: Uint8Array; /** wait before it */ readonly delayMs?: number }
  /** Break the connection. */
  | { readonly kind: "close"; readonly reason?: string; readonly delayMs?: number };

/** The connection that a behaviour acts on. */
export interface BehaviourLine {
  /** the client whose frame came last; 0 before the first */
  readonly client: number;
  /** bytes so far, counted before the ones at hand */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Put bytes on the line, behind what is already on its way. */
  send(bytes: Uint8Array, delayMs?: number): void;
  /** Frame an APDU that nobody asked for (a WPDU, or a UI frame) and send it. */
  notify(apdu: Uint8Array): void;
  /** Forget associations and links, as a meter does that lost its power. */
  restart(): void;
}

/**
 * A way in which a simulated meter differs from a good one: one small object, added with `use`. Each hook sees what
 * passes by and may change it; hooks of the newest behaviour come first, and each gets what the one before it left.
 */
export interface Behaviour {
  readonly name: string;
  /** Bytes from the client, before they are framed: what is returned is taken instead. */
  bytesIn?(bytes: Uint8Array, line: BehaviourLine): Uint8Array;
  /** A frame that came in for this meter; undefined = no opinion. */
  frameIn?(frame: IncomingFrame, line: BehaviourLine): FrameVerdict | undefined;
  /** A decoded request: the plain APDUs to answer instead, an empty list for none; undefined = no opinion. */
  request?(request: Apdu, bytes: Uint8Array, line: BehaviourLine): readonly Uint8Array[] | undefined;
  /** A plain answer, before it is protected: the APDUs that take its place; undefined = unchanged. */
  answer?(answer: Uint8Array, request: Apdu | undefined, line: BehaviourLine): readonly Uint8Array[] | undefined;
  /** An answer as it goes to the link, protected if the association is. */
  sealed?(answer: Uint8Array, line: BehaviourLine): readonly Uint8Array[] | undefined;
  /** A frame on its way out; undefined = unchanged. */
  frameOut?(frame: Uint8Array, line: BehaviourLine): readonly LineAction[] | undefined;
}
