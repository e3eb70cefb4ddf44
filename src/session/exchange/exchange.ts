/** The interface through which block transfer and the checks for stale answers use their channel. */

import type { Apdu } from "../../apdu/model";
import type { Ciphering } from "../protection/ciphering";
import type { DeliveryPolicy } from "../steps/delivery";
import type { Operation } from "../steps/operation";
import type { AssociationInfo, SessionOptions } from "../steps/options";
import type { Correlation } from "../steps/correlation";

/**
 * Whether a request may be sent again after it, or its answer, was lost. "uncorrelated": its answer does not identify
 * the request (short names), so the client waits for a late answer before the next request.
 */
export type Repetition = "never" | "correlated" | "uncorrelated";

export interface Exchange {
  readonly options: SessionOptions;
  readonly association: AssociationInfo | undefined;
  readonly ciphering: Ciphering | undefined;
  readonly correlation: Correlation;
  readonly delivery: DeliveryPolicy;
  /** The request whose answer is awaited, before any ciphering. */
  readonly asked: Uint8Array;
  /** The current request was sent more than once: it may have several answers. */
  readonly isRepeated: boolean;
  /** Maximum APDU size that the meter accepts; Infinity without a limit. */
  readonly meterLimit: number;
  /** The answer that was parsed last, as received or deciphered. */
  readonly answerBytes: Uint8Array;
  /** Whether a copy of an earlier answer is recognized as such. */
  readonly tellsAnswersApart: boolean;
  /** @throws DlmsDecodeError */
  parse(bytes: Uint8Array): Operation<Apdu>;
  /**
   * Whether an APDU between the blocks of an answer does not belong to it, because it answers an earlier request, or is
   * a push, which is delivered.
   */
  isBeside(bytes: Uint8Array, apdu: Apdu): Operation<boolean>;
  /** Stores an APDU received between the blocks of a report; false if one is stored already. */
  setAside(bytes: Uint8Array): boolean;
}
