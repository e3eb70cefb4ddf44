/** Recognizes copies of earlier answers. */
import { type Apdu, encodeApdu, hasConformance } from "../../apdu";
import type { ReadRequest, ReadResponse } from "../../apdu/model";
import { bytesEqual } from "../../bytes";
import { DlmsLinkError, isDlmsError } from "../../errors";
import type { Exchange, Repetition } from "./exchange";
import { isNoAnswer } from "../steps/errors";
import type { Operation } from "../steps/operation";
import { digest, placeOfId, textWithoutId, withoutId } from "../steps/correlation";
import { noteStep, receiveStep } from "../steps/steps";

/** Variables that a proof asks for in addition: 1 to this many. */
const maxAdditionalVariables = 8;

/**
 * Detects copies of earlier answers where an answer does not identify its request: plain answers of a meter with its
 * own invoke-ids, or to short names, over a link that does not number its messages. If such a copy is accepted as the
 * answer to the next request, all following answers are shifted; the answer to a copy of a request has the same effect.
 * An answer that equals an earlier one to another request therefore needs a proof, and so does an error of the whole
 * message or of a block transfer. All other answers pass at no cost.
 *
 * - With short names, and a meter that supports lists, the client requests the same variables and some more, in a
 *   number that no recent request had. The number of results then identifies the request of the answer.
 * - Otherwise the client repeats the request: after a shift, the second answer is the one that was outstanding first,
 *   and differs. Two copies in transit at the same time pass this check. If the answer is a block, if the proof by a
 *   list failed, or if a copy was detected before, the client also waits for one response time-out, in which
 *   outstanding answers would arrive.
 */
export class CopiedAnswers {
  readonly #channel: Exchange;
  /** the request that started the current block transfer */
  #begun = "";
  /** when each number of variables was last requested, counted in requests */
  readonly #counts = new Map<number, number>();
  #requests = 0;

  constructor(channel: Exchange) {
    this.#channel = channel;
  }

  /**
   * Returns the answer once it is certain, as far as possible, that it is not a copy.
   * @param plain the request, encoded
   * @param answer whose bytes are the channel's `answerBytes`
   * @param ask sends a request: a repetition, or a proof
   * @throws DlmsLinkError LINK_SEQUENCE for an answer to another request
   */
  *checked(
    request: Apdu,
    plain: Uint8Array,
    answer: Apdu,
    repetition: Repetition,
    ask: (request: Apdu) => Operation<Apdu>,
  ): Operation<Apdu> {
    const { correlation } = this.#channel;
    const goesOn = continues(request);
    const asked = textWithoutId(plain);
    if (!goesOn) this.#begun = asked;
    const key = goesOn ? `${this.#begun} ${asked}` : asked;
    const bytes = this.#channel.answerBytes;
    const earlier = correlation.remember(key, digest(bytes, placeOfId(bytes)));
    this.#count(request);
    if (this.#channel.tellsAnswersApart || (repetition === "never" && !goesOn)) return answer;
    // within a transfer the block number distinguishes a block from the previous one
    const isKnown = earlier !== undefined && earlier !== key && !(goesOn && earlier.startsWith(this.#begun));
    if (!isKnown && (goesOn || !isOutOfPlace(answer))) return answer;
    if (goesOn) throw this.#shifted();
    const proved = yield* this.#proved(request, answer, ask);
    if (typeof proved === "object") return proved;
    const isBadList = proved === "bad-list";
    const confirmed = yield* this.#confirmed(request, answer, bytes, isBadList, ask);
    if (isBadList) correlation.lists = "fail";
    return confirmed;
  }

  #count(request: Apdu): void {
    if (request.apdu === "read-request") this.#counts.set(request.variables.length, ++this.#requests);
  }

  /**
   * The answer, if its number of results proves that it belongs to this request; undefined if no proof is possible.
   * "bad-list": the answer is a copy, or this meter answers lists differently.
   */
  *#proved(
    request: Apdu,
    answer: Apdu,
    ask: (request: Apdu) => Operation<Apdu>,
  ): Operation<Apdu | "bad-list" | undefined> {
    const proof = this.#proofOf(request, answer);
    if (proof === undefined || request.apdu !== "read-request") return undefined;
    yield* noteStep("the answer equals one to another request, so the client requests it again, in a longer list");
    const { correlation } = this.#channel;
    this.#count(proof);
    let again: Apdu;
    try {
      again = yield* ask(proof);
    } catch (error) {
      if (isDlmsError(error) && error.layer === "codec") return "bad-list";
      if (isNoAnswer(error) && correlation.lists === "unknown") correlation.lists = "fail";
      throw error;
    }
    const results = again.apdu === "read-response" ? again.results : [];
    if (results.length === proof.variables.length) {
      // a meter that does not support lists may answer with an error for each variable
      if (answersWithErrors(results, answer)) return "bad-list";
      const { answerBytes } = this.#channel;
      correlation.lists = "answered";
      correlation.remember(textWithoutId(encodeApdu(proof)), digest(answerBytes, placeOfId(answerBytes)));
      return { apdu: "read-response", results: results.slice(0, request.variables.length) };
    }
    // some meters offer lists, but refuse them, answer nothing or the first variable alone, or send a list in blocks
    if (results.length > 1) throw this.#shifted();
    return "bad-list";
  }

  /**
   * The variables of a request, and its first one repeated several times; undefined if the meter could not answer such
   * a list.
   */
  #proofOf(request: Apdu, answer: Apdu): ReadRequest | undefined {
    const { association, correlation, meterLimit, options } = this.#channel;
    if (request.apdu !== "read-request" || answer.apdu !== "read-response") return undefined;
    if (isOutOfPlace(answer)) return undefined;
    if (correlation.lists === "fail" || options.quirks?.noGetWithList === true) return undefined;
    if (!hasConformance(association?.conformance ?? 0, "multiple-references")) return undefined;
    if (!answer.results.every(({ kind }) => kind === "data" || kind === "error")) return undefined;
    const [variable] = request.variables;
    const [result] = answer.results;
    if (variable === undefined || result === undefined) return undefined;
    const length = encodeApdu(answer).length;
    const more = encodeApdu({ apdu: "read-response", results: [result] }).length;
    const room = Math.min(options.maxPduSize, meterLimit) - length;
    let best: ReadRequest | undefined;
    let leastRecent = Infinity;
    for (let n = 1; n <= maxAdditionalVariables && n * more <= room; n++) {
      const variables = [...request.variables, ...Array.from({ length: n }, () => variable)];
      const at = this.#counts.get(variables.length) ?? 0;
      const proof: ReadRequest = { apdu: "read-request", variables };
      if (at >= leastRecent || encodeApdu(proof).length > meterLimit) continue;
      best = proof;
      leastRecent = at;
    }
    return best;
  }

  /** The answer for a second time: both have to be equal. */
  *#confirmed(
    request: Apdu,
    answer: Apdu,
    bytes: Uint8Array,
    isBadList: boolean,
    ask: (request: Apdu) => Operation<Apdu>,
  ): Operation<Apdu> {
    yield* noteStep(
      isOutOfPlace(answer)
        ? "the answer does not belong to the beginning of a request, so the client requests it again"
        : "the answer equals one to another request, so the client requests it again",
    );
    const again = yield* ask(request);
    if (!bytesEqual(withoutId(this.#channel.answerBytes), withoutId(bytes))) throw this.#shifted();
    const isBlock = again.apdu === "read-response" && again.results[0]?.kind === "data-block";
    if (isBlock || isBadList || this.#channel.correlation.copiesCame) yield* this.#nothingElseComes();
    return again;
  }

  /** Waits for one response time-out. @throws DlmsLinkError LINK_SEQUENCE if a further message arrives in this time */
  *#nothingElseComes(): Operation<void> {
    try {
      yield* receiveStep({ reportSilence: true }, "any");
    } catch (error) {
      if (isNoAnswer(error)) return;
      throw error;
    }
    throw this.#shifted();
  }

  #shifted(): DlmsLinkError {
    this.#channel.correlation.copiesCame = true;
    return shifted();
  }
}

/** Whether a variable that had a value before has an error now. */
function answersWithErrors(results: ReadResponse["results"], before: Apdu): boolean {
  if (before.apdu !== "read-response") return false;
  return before.results.some(({ kind }, i) => kind === "data" && results[i]?.kind === "error");
}

/** long-get-aborted to data-block-number-invalid: errors of a transfer to which this request does not belong */
const transferErrors: ReadonlySet<number> = new Set([15, 16, 17, 18, 19]);

/** Whether the answer fits a later request of a transfer (of which a copy may exist), but not a first request. */
function isOutOfPlace(answer: Apdu): boolean {
  if (answer.apdu === "exception-response" || answer.apdu === "confirmed-service-error") return true;
  if (answer.apdu !== "read-response") return false;
  return answer.results.some((result) => {
    if (result.kind === "error") return transferErrors.has(result.result);
    return result.kind === "data-block" && result.block.blockNumber !== 1;
  });
}

function shifted(): DlmsLinkError {
  return new DlmsLinkError(
    "LINK_SEQUENCE",
    "the answer seems to be a copy of an earlier one, and the meter's answers do not identify their request; the session ends, so that no value is taken for another; try again, and look for a device on the path that duplicates messages",
    { fault: "network" },
  );
}

/** Whether a request asks for the next block of an answer. */
function continues(request: Apdu): boolean {
  if (request.apdu === "read-request") return request.variables[0]?.kind === "block-number-access";
  return request.apdu === "get-request-next" || request.apdu === "action-request-next-pblock";
}
