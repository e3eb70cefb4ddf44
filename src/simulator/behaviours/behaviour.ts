/** The hooks by which a test or a flow changes what a simulated meter receives and sends. */
import type { Apdu } from "../../apdu";
import type { PushMessage } from "../definition/push-message";
import type { FrameVerdict, IncomingFrame } from "../stations/station";

/** An action on the line. */
export type LineAction =
  | { readonly kind: "send"; readonly bytes: Uint8Array; /** wait before it */ readonly delayMs?: number }
  /** Closes the connection. */
  | { readonly kind: "close"; readonly reason?: string; readonly delayMs?: number };

/** The connection that a behaviour acts on. */
export interface BehaviourLine {
  /** the client that sent the last frame; 0 before the first */
  readonly client: number;
  /** bytes so far, without the current ones */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Sends bytes after those already queued. */
  send(bytes: Uint8Array, delayMs?: number): void;
  /** Sends an unsolicited APDU in a WPDU or a UI frame. */
  notify(apdu: Uint8Array): void;
  /** Discards associations and links, as after a power failure. */
  restart(): void;
}

/**
 * A deviation of a simulated meter from the standard: one small object, added with `use`. Each hook may change the data
 * that it receives. The newest behaviour runs first; each one gets the output of the previous one.
 */
export interface Behaviour {
  readonly name: string;
  /** Bytes from the client before framing; the result replaces them. */
  bytesIn?(bytes: Uint8Array, line: BehaviourLine): Uint8Array;
  /** A frame addressed to this meter; undefined = no decision. */
  frameIn?(frame: IncomingFrame, line: BehaviourLine): FrameVerdict | undefined;
  /** A decoded request: the plain APDUs to answer instead (an empty list: none); undefined = the usual answer. */
  request?(request: Apdu, bytes: Uint8Array, line: BehaviourLine): readonly Uint8Array[] | undefined;
  /** A plain answer before protection: the APDUs that replace it; undefined = unchanged. */
  answer?(answer: Uint8Array, request: Apdu | undefined, line: BehaviourLine): readonly Uint8Array[] | undefined;
  /** An answer after protection, as the link sends it; undefined = unchanged. */
  sealed?(answer: Uint8Array, line: BehaviourLine): readonly Uint8Array[] | undefined;
  /** An outgoing frame; undefined = unchanged. */
  frameOut?(frame: Uint8Array, line: BehaviourLine): readonly LineAction[] | undefined;
  /** A push before it becomes bytes: counter, keys, form of the date; undefined = unchanged. */
  push?(message: PushMessage): PushMessage | undefined;
  /** The frames of a push that the meter sends to a push target; undefined = unchanged. */
  pushFrames?(frames: readonly Uint8Array[], message: PushMessage): readonly Uint8Array[] | undefined;
}
