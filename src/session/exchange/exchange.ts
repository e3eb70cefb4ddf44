/** What block transfer and the checks for stale answers need of the channel that they belong to. */

import type { Apdu } from "../../apdu/model";
import type { Ciphering } from "../protection/ciphering";
import type { DeliveryPolicy } from "../steps/delivery";
import type { Operation } from "../steps/operation";
import type { AssociationInfo, SessionOptions } from "../steps/options";
import type { Correlation } from "../steps/correlation";

/**
 * Whether a request may be asked again where it, or its answer, was lost. "uncorrelated": its answer does not say which
 * request it belongs to (short names), so a late one has to be waited for before the next request.
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
  /** The request under way was sent more than once: it may have several answers. */
  readonly isRepeated: boolean;
  /** Largest APDU that the meter takes; Infinity when it set no limit. */
  readonly meterLimit: number;
  /** The answer that was parsed last, as it came or was deciphered. */
  readonly answerBytes: Uint8Array;
  /** Whether a copy of an earlier answer is recognized as such. */
  readonly tellsAnswersApart: boolean;
  /** @throws DlmsDecodeError */
  parse(bytes: Uint8Array): Operation<Apdu>;
  /**
   * Whether an APDU between the blocks of an answer is no part of it: it answers an earlier request, or is a push,
   * which is delivered.
   */
  isBeside(bytes: Uint8Array, apdu: Apdu): Operation<boolean>;
  /** Keeps an APDU that came between the blocks of a report; false when one is kept already. */
  setAside(bytes: Uint8Array): boolean;
}
