import type { Apdu } from "../../apdu";
import { bytesEqual } from "../../bytes";
import { DlmsLinkError } from "../../errors";
import type { Exchange, Repetition } from "./exchange";
import type { Operation } from "../steps/operation";
import { digest, placeOfId, textWithoutId, withoutId } from "../steps/correlation";
import { noteStep } from "../steps/steps";

/**
 * Copies of answers that carry nothing to be told by: plain answers of a meter with invoke-ids of its own, or to short
 * names, over a link that does not number its messages. Such a copy, taken for the answer to the next request, shifts
 * all answers that follow. An answer that equals an earlier one to another request is therefore asked for once more:
 * after a shift, the second answer is the one that was due first, and differs.
 */
export class CopiedAnswers {
  readonly #channel: Exchange;
  /** the request that began the block transfer under way */
  #begun = "";

  constructor(channel: Exchange) {
    this.#channel = channel;
  }

  /**
   * @param plain the request, encoded
   * @param answer whose bytes are the channel's `answerBytes`
   * @param ask sends the request again
   * @throws DlmsLinkError LINK_SEQUENCE for an answer to another request
   */
  *checked(
    request: Apdu,
    plain: Uint8Array,
    answer: Apdu,
    repetition: Repetition,
    ask: () => Operation<Apdu>,
  ): Operation<Apdu> {
    const { correlation } = this.#channel;
    const goesOn = continues(request);
    if (repetition === "never" && !goesOn) return answer;
    const asked = textWithoutId(plain);
    if (!goesOn) this.#begun = asked;
    const key = goesOn ? `${this.#begun} ${asked}` : asked;
    const bytes = this.#channel.answerBytes;
    const earlier = correlation.remember(key, digest(bytes, placeOfId(bytes)));
    if (this.#channel.tellsAnswersApart) return answer;
    // within a transfer the number tells a block from the one before
    if (earlier === undefined || earlier === key || (goesOn && earlier.startsWith(this.#begun))) return answer;
    if (goesOn) throw shifted();
    yield* noteStep("the answer equals one to another request, so it is asked for once more");
    const again = yield* ask();
    if (!bytesEqual(withoutId(this.#channel.answerBytes), withoutId(bytes))) throw shifted();
    return again;
  }
}

function shifted(): DlmsLinkError {
  return new DlmsLinkError(
    "LINK_SEQUENCE",
    "the answer seems to be a copy of an earlier one, and the meter's answers do not say which request they belong to; the session ends, so that no value is taken for another; try again, and look for what doubles messages on the way",
    { fault: "network" },
  );
}

/** Whether a request asks for the next block of an answer. */
function continues(request: Apdu): boolean {
  if (request.apdu === "read-request") return request.variables[0]?.kind === "block-number-access";
  return request.apdu === "get-request-next" || request.apdu === "action-request-next-pblock";
}
