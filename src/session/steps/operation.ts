/** The steps of a session's operations: what the session requests of its driver, and how the driver resumes it. */
import type { Apdu } from "../../apdu/model";
import type { Delivery } from "./delivery";

/** Receives the pieces of an answer in order. */
export type Sink = (piece: Uint8Array, blockNumber: number, last: boolean) => Operation<void>;

/** Special properties of the answer to a request. */
export interface AnswerForm {
  /** its data extend to the end, even if their own counts are wrong; see `ParseOptions` */
  readonly dataToEnd?: boolean;
}

/** APDUs that may have been received before the step. */
export type Early = "any" | "block";

/**
 * A session runs its operations as generators: each step tells the driver what to do, and the driver resumes with the
 * answer, or throws the link's error in. So the association machine owns no socket, timer, clock or promise, and a test
 * can drive it by hand.
 */
export type SessionStep =
  /** Send an APDU and resume with the APDU that answers it. */
  | (Delivery & {
      readonly kind: "exchange";
      readonly apdu: Uint8Array;
      readonly phase: "associate" | "request" | "release";
    })
  /**
   * Resume with one more APDU without sending anything. `early`: accept an APDU that was received earlier in this
   * operation while none was awaited; any one, or only a general block.
   */
  | (Delivery & { readonly kind: "receive"; readonly early?: Early })
  /** Send an APDU that has no answer. */
  | { readonly kind: "transmit"; readonly apdu: Uint8Array }
  /** Resume with the first of `count` reserved invocation counter values. */
  | { readonly kind: "reserve-counter"; readonly count: number }
  | { readonly kind: "raise-counter"; readonly atLeast: number }
  /** A piece of a long result, in order; resume when the next one may be requested. */
  | { readonly kind: "chunk"; readonly bytes: Uint8Array; readonly blockNumber: number; readonly last: boolean }
  /** Progress of an answer in blocks; the driver throws in an error if it is too slow. */
  | { readonly kind: "progress"; readonly bytes: number }
  /**
   * An item for the trace. `notification` is an unsolicited APDU received while an answer was awaited, `raw` its bytes
   * as received, envelope included.
   */
  | { readonly kind: "note"; readonly text: string; readonly notification?: Apdu; readonly raw?: Uint8Array };

/** The value that the driver resumes a step with: bytes for exchange and receive, a number for reserve-counter. */
export type StepAnswer = Uint8Array | number | undefined;

/** A running operation of the session. */
export type Operation<T> = Generator<SessionStep, T, StepAnswer>;
