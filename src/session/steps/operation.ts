/** The steps of a session's operations: what the session asks of its driver, and what the driver resumes it with. */
import type { Apdu } from "../../apdu/model";
import type { Delivery } from "./delivery";

/** Takes the pieces of an answer in order. */
export type Sink = (piece: Uint8Array, blockNumber: number, last: boolean) => Operation<void>;

/** Special properties of the answer to a request. */
export interface AnswerForm {
  /** its data are whatever follows, also where their own counts are wrong; see `ParseOptions` */
  readonly dataToEnd?: boolean;
}

/** APDUs that may have come before the step. */
export type Early = "any" | "block";

/**
 * A session runs its operations as generators: each step says what the driver should do, and the driver resumes
 * with the answer, or throws the link's error in. So the association machine owns no socket, timer, clock or
 * promise, and a test can drive it by hand.
 */
export type SessionStep =
  /** Send an APDU and resume with the APDU that answers it. */
  | (Delivery & {
      readonly kind: "exchange";
      readonly apdu: Uint8Array;
      readonly phase: "associate" | "request" | "release";
    })
  /**
   * Resume with one more APDU without sending anything. `early`: one that came in this operation when none was awaited
   * will do, or only if it is a general block.
   */
  | (Delivery & { readonly kind: "receive"; readonly early?: Early })
  /** Send an APDU that has no answer. */
  | { readonly kind: "transmit"; readonly apdu: Uint8Array }
  /** Resume with the first of `count` reserved invocation counter values. */
  | { readonly kind: "reserve-counter"; readonly count: number }
  | { readonly kind: "raise-counter"; readonly atLeast: number }
  /** A piece of a long result, in order; resume when more may be asked for. */
  | { readonly kind: "chunk"; readonly bytes: Uint8Array; readonly blockNumber: number; readonly last: boolean }
  /** So much of an answer in blocks has come; the driver throws in an error where that is too little for its time. */
  | { readonly kind: "progress"; readonly bytes: number }
  /**
   * Something for the trace. `notification` is what the meter reported unasked while an answer was awaited, `raw`
   * its bytes as they came, envelope included.
   */
  | { readonly kind: "note"; readonly text: string; readonly notification?: Apdu; readonly raw?: Uint8Array };

/** The value that the driver resumes a step with: bytes for exchange and receive, a number for reserve-counter. */
export type StepAnswer = Uint8Array | number | undefined;

/** A running operation of the session. */
export type Operation<T> = Generator<SessionStep, T, StepAnswer>;
