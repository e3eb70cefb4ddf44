/** The channel of all services: one request, one answer. */
import { type Apdu, type ConformanceName, encodeApdu, hasConformance, parseApdu, type ParseOptions } from "../../apdu";
import type { GeneralBlockTransfer } from "../../apdu/model";
import { DlmsDecodeError, DlmsSecurityError, DlmsStateError, DlmsTimeoutError, isDlmsError } from "../../errors";
import { type Ciphering, isNotificationTag, isProtected, type Protected } from "../protection/ciphering";
import {
  confirmedServiceError,
  exceptionError,
  isNoAnswer,
  keysMissing,
  limitExceeded,
  notNegotiated,
} from "../steps/errors";
import { ContentStream } from "./content-stream";
import { receiveByBlocks, sendByBlocks } from "./general-block-transfer";
import { CopiedAnswers } from "./copied-answers";
import { isNotification, openNotification, requireProtection, requireSignature, signedContent } from "./envelopes";
import { noteTrailing, notificationsIn } from "./trailing-bytes";
import { Correlation, maxStaleAnswers } from "../steps/correlation";
import type { Exchange, Repetition } from "./exchange";
import { answersEarlierAssociation, invocationCounterError, isLate, isOfFinishedTransfer } from "./late-answers";
import { type Delivery, type DeliveryPolicy, streamDelivery } from "../steps/delivery";
import type { AnswerForm, Operation, Sink } from "../steps/operation";
import { type AssociationInfo, defaultMaxResultSize, type SessionOptions } from "../steps/options";
import { exchangeStep, noteStep, notificationStep, type Phase, receiveStep } from "../steps/steps";

/** Maximum notifications before the answer to one request. */
const maxNotifications = 1000;
const getResponseTag = 0xc4;
/** How an answer is received. */
export interface ExchangeForm extends AnswerForm {
  /** receives the data of a get-response in plain general blocks while they arrive */
  readonly sink?: Sink;
}

/** The common part of all services: one request, one answer, including ciphering, blocks, events and errors. */
export class ServiceChannel implements Exchange {
  readonly options: SessionOptions;
  readonly delivery: DeliveryPolicy;
  asked: Uint8Array = new Uint8Array(0);
  /** Set while a request may be sent. */
  association: AssociationInfo | undefined;
  ciphering: Ciphering | undefined;
  /** General block transfer with this meter did not complete, or gave no valid answer. */
  blocksFailed = false;
  /** General block transfer with this meter has led to an answer. */
  blocksCame = false;
  readonly correlation: Correlation;
  readonly #copies = new CopiedAnswers(this);
  answerBytes: Uint8Array = new Uint8Array(0);
  #repeated = 0;
  /** replays that were dropped while an answer was awaited */
  #replays: DlmsSecurityError[] = [];
  readonly #usualForm: ParseOptions = { allowTrailing: true, onTrailing: (rest) => (this.#trailing = rest) };
  readonly #dataToEnd: ParseOptions = { ...this.#usualForm, dataToEnd: true };
  /** form of the awaited answer */
  #form = this.#usualForm;
  /** bytes after the APDU that was parsed last, not yet reported */
  #trailing: Uint8Array | undefined;
  #stream: ContentStream | undefined;
  /** an APDU was received that needs keys, and this client has none */
  #ciphered = false;
  /** APDUs received between the blocks of a report */
  #aside: Uint8Array[] = [];

  constructor(options: SessionOptions) {
    this.options = options;
    this.delivery = options.delivery ?? streamDelivery();
    this.correlation = options.correlation ?? new Correlation();
  }

  get isRepeated(): boolean {
    return this.#repeated > 0;
  }

  get maxResultSize(): number {
    return this.options.maxResultSize ?? defaultMaxResultSize;
  }

  /** Maximum APDU size that the meter accepts, envelope included; Infinity without a limit. */
  get meterLimit(): number {
    const size = this.association?.maxPduSize ?? 0;
    return size === 0 ? Number.POSITIVE_INFINITY : size;
  }

  /** Whether a plain APDU of this length fits one APDU to the meter, and `most` bytes with its envelope. */
  fits(plainLength: number, most = Number.POSITIVE_INFINITY): boolean {
    const overhead = this.ciphering?.overhead(plainLength) ?? 0;
    return plainLength + overhead <= Math.min(this.meterLimit, most);
  }

  /** Largest raw piece that a block with `header` bytes in front (its length included) may carry; at least 1. */
  roomFor(header: number): number {
    if (this.meterLimit === Number.POSITIVE_INFINITY) return 0xffff - header;
    const overhead = this.ciphering?.overhead(this.meterLimit) ?? 0;
    return Math.max(1, this.meterLimit - overhead - header);
  }

  supports(name: ConformanceName): boolean {
    return hasConformance(this.association?.conformance ?? 0, name);
  }

  /** @throws DlmsStateError STATE_CLOSED without association, ASSOC_SERVICE_NOT_NEGOTIATED without the bit */
  require(name: ConformanceName): void {
    if (this.association === undefined) {
      throw new DlmsStateError("STATE_CLOSED", "there is no association with the meter", {
        retry: "reconnect",
      });
    }
    if (this.supports(name)) return;
    throw notNegotiated(name, this.association.conformanceNames);
  }

  /** Invoke-id-and-priority of the next request: confirmed, high priority. Its further blocks keep it. */
  nextInvokeId(): number {
    return 0xc0 | this.correlation.next();
  }

  /**
   * Whether answers of this meter may be copies that cannot be detected; counters detect copies of ciphered answers.
   */
  get #mayBeCopies(): boolean {
    if (this.delivery.numbered || this.ciphering?.active === true) return false;
    return this.association?.referencing === "sn" || !this.correlation.echoes;
  }

  /** Whether a copy of an answer, or a late one, can be distinguished from the answer to another request. */
  get tellsAnswersApart(): boolean {
    if (this.delivery.numbered || this.ciphering?.active === true) return true;
    return this.association?.referencing !== "sn" && !this.correlation.hasOwnIds;
  }

  /**
   * Sends a request and returns its answer. An exception-response or a confirmedServiceError is thrown; the first
   * invocation-counter-error of an association moves the counter and repeats the request.
   */
  *exchange(request: Apdu, repetition: Repetition = "never", form: ExchangeForm = {}): Operation<Apdu> {
    this.#form = form.dataToEnd === true ? this.#dataToEnd : this.#usualForm;
    this.#stream = form.sink && new ContentStream(form.sink, (invokeId) => this.#mayHandOn(invokeId));
    const plain = encodeApdu(request);
    this.asked = plain;
    const ciphering = this.ciphering?.active === true ? this.ciphering : undefined;
    // a further block has the id of its request, whose first answer was accepted
    if ("invokeId" in request || request.apdu === "access-request") this.correlation.sending();
    for (;;) {
      let answer = yield* this.#ask(plain, repetition);
      if (this.#mayBeCopies) {
        answer = yield* this.#copies.checked(request, plain, answer, repetition, (again) =>
          this.#ask(encodeApdu(again), repetition),
        );
      }
      if (answer.apdu === "confirmed-service-error") throw confirmedServiceError(answer);
      if (answer.apdu !== "exception-response") return answer;
      if (answer.serviceError !== invocationCounterError || ciphering === undefined) throw exceptionError(answer);
      yield* ciphering.resynchronise(answer.invocationCounter);
    }
  }

  /**
   * One request and its answer. A repeatable request without an answer is retried if the link may lose messages, each
   * time under a new invocation counter, because a meter that received the first one refuses the same counter.
   */
  *#ask(plain: Uint8Array, repetition: Repetition): Operation<Apdu> {
    const limit = repetition === "never" ? 0 : this.delivery.retries;
    this.#replays = [];
    for (this.#repeated = 0; ;) {
      const delivery = limit === 0 ? undefined : this.#deliveryOf(repetition);
      const bytes = this.ciphering === undefined ? plain : yield* this.ciphering.seal(plain);
      try {
        const first =
          bytes.length <= this.meterLimit
            ? yield* exchangeStep(bytes, "request", delivery)
            : yield* this.#transferLong(bytes, delivery, limit > 0 && repetition === "correlated");
        return this.#plainGet(first) ?? (yield* this.#answer(first, delivery));
      } catch (error) {
        if (isNoAnswer(error)) this.correlation.silent();
        if (!isNoAnswer(error) || this.handedOn) throw error;
        // a meter whose counter went back answers each time, and must never be trusted
        if (this.#repeated >= limit) throw this.#replays[this.#repeated] ?? error;
      }
      this.#repeated += 1;
      yield* noteStep(`no answer, retry (${this.#repeated} of ${limit})`);
    }
  }

  /**
   * Some meters use the same id in all answers: their answer is distinguished from a late one by waiting for the late
   * one.
   */
  #deliveryOf(repetition: Repetition): Delivery {
    const uncorrelated = repetition === "uncorrelated" || !this.correlation.agrees;
    return { reportSilence: true, uncorrelated, isRetry: this.#repeated > 0 };
  }

  /** Sends bytes unchanged and returns the bytes of their answer, without notifications and block transfer. */
  *exchangeBytes(bytes: Uint8Array, phase: Phase, delivery?: Delivery): Operation<Apdu> {
    return yield* this.#answer(yield* exchangeStep(bytes, phase, delivery), delivery);
  }

  /** Receives a further answer to the last request; throws the time-out if there is none. */
  *further(wait: "same" | "new"): Operation<Apdu> {
    const delivery: Delivery = { reportSilence: true, sameWait: wait === "same" };
    return yield* this.#answer(yield* receiveStep(delivery, "any"), delivery);
  }

  /** Sends a request that is longer than the meter accepts. */
  *#transferLong(bytes: Uint8Array, delivery: Delivery | undefined, repeatable: boolean): Operation<Uint8Array> {
    if (this.#blocksAllowed()) return yield* sendByBlocks(this, bytes, repeatable);
    yield* noteStep(`the request has ${bytes.length} bytes, the meter accepts ${this.meterLimit} and may not answer`);
    return yield* exchangeStep(bytes, "request", delivery);
  }

  #blocksAllowed(): boolean {
    return this.options.quirks?.noGeneralBlockTransfer !== true && this.supports("general-block-transfer");
  }

  /** Fast path for the most frequent answer; undefined for an answer that needs more than parsing. */
  #plainGet(bytes: Uint8Array): Apdu | undefined {
    const { ciphering, correlation, options } = this;
    const [tag, , invokeId = 0] = bytes;
    if (tag !== getResponseTag || ciphering?.active === true || ciphering?.signatureRequired === true) return undefined;
    const expected =
      options.quirks?.strictInvokeId === true ? correlation.isOurs(invokeId) : correlation.isUsual(invokeId);
    if (!this.delivery.keepsOrder || !expected) return undefined;
    this.#trailing = undefined;
    const apdu = parseApdu(bytes, this.#form);
    if (this.#trailing !== undefined) return undefined;
    correlation.judge(invokeId);
    correlation.answered();
    this.answerBytes = bytes;
    return apdu;
  }

  /** From bytes to the answer itself: blocks put together, notifications set aside, envelopes opened. */
  *#answer(first: Uint8Array, delivery: Delivery | undefined): Operation<Apdu> {
    let bytes = first;
    let stale = 0;
    this.#aside = [];
    this.#ciphered = false;
    let again = delivery;
    for (let others = 0; others < maxNotifications; others++) {
      if (others > 0) bytes = this.#aside.shift() ?? (yield* this.#next(again));
      const answer = yield* this.#unlessNotification(bytes);
      if (answer === "stale") {
        yield* staleStep();
        stale += 1;
        again = { ...delivery, sameWait: true };
        if (stale > maxStaleAnswers) throw limitExceeded(`${stale} answers to other requests`, maxStaleAnswers);
      } else if (answer !== undefined) {
        this.correlation.answered();
        return answer;
      }
    }
    throw limitExceeded(`${maxNotifications} notifications were received, but no answer`, maxNotifications);
  }

  /**
   * @throws DlmsSecurityError SEC_KEY_MISSING if the only APDUs received were ones for which this client has no keys
   */
  *#next(delivery: Delivery | undefined): Operation<Uint8Array> {
    try {
      return yield* receiveStep(delivery, "any");
    } catch (error) {
      throw this.#ciphered && isNoAnswer(error) ? keysMissing() : error;
    }
  }

  /** The answer; "stale" for an answer to another request, undefined for a notification. */
  *#unlessNotification(bytes: Uint8Array): Operation<Apdu | "stale" | undefined> {
    if (isNotificationTag(bytes[0])) {
      yield* this.#plainNotification(bytes);
      return undefined;
    }
    let apdu = this.#parsed(bytes);
    if (this.#trailing !== undefined) yield* this.#reportTrailing();
    if (answersEarlierAssociation(this, apdu)) return "stale";
    if (apdu.apdu === "general-block-transfer") {
      if (isOfFinishedTransfer(this, apdu)) return "stale";
      const whole = yield* this.#assembled(apdu);
      if (whole === undefined) return undefined;
      apdu = whole;
    }
    return yield* this.#opened(bytes, apdu);
  }

  /** Opens the envelopes of an APDU; the outcome is that of `#unlessNotification`. */
  *#opened(bytes: Uint8Array, envelope: Apdu): Operation<Apdu | "stale" | undefined> {
    let apdu = envelope;
    if (apdu.apdu === "general-signing") apdu = yield* this.parse(signedContent(this, apdu));
    else requireSignature(this, apdu);
    if (isProtected(apdu)) {
      if (this.ciphering === undefined && apdu.apdu !== "service-ciphered") {
        // a plain request has a plain answer, so this is a push
        yield* noteStep(`${apdu.apdu} was received before the answer and was dropped: ${keysMissing().message}`);
        this.#ciphered = true;
        return undefined;
      }
      const opened = this.#openUnlessLate(apdu);
      if (opened instanceof DlmsSecurityError) {
        yield* noteStep(`dropped: ${opened.message}`);
        return "stale";
      }
      apdu = opened;
      if (this.#trailing !== undefined) yield* this.#reportTrailing();
    } else requireProtection(this, apdu);
    if (!isNotification(apdu)) {
      const late = isLate(this, apdu);
      if (typeof late === "string") yield* noteStep(late);
      return late === true ? "stale" : apdu;
    }
    yield* notificationStep(`the meter sent ${apdu.apdu} before its answer`, apdu, bytes);
    return undefined;
  }

  *isBeside(bytes: Uint8Array, apdu: Apdu): Operation<boolean> {
    const opened = yield* this.#opened(bytes, apdu);
    if (opened === "stale") yield* staleStep();
    return opened === undefined || opened === "stale";
  }

  /**
   * The APDU from blocks; undefined for a report, and for a transfer that failed after an answer was received between
   * its blocks.
   */
  *#assembled(first: GeneralBlockTransfer): Operation<Apdu | undefined> {
    try {
      const stream = this.#stream;
      stream?.begin();
      const whole = yield* receiveByBlocks(this, first, stream);
      if (!isNotificationTag(whole[0])) {
        const streamed = stream?.streaming === true ? stream.head : undefined;
        const apdu = streamed === undefined ? yield* this.parse(whole) : parseApdu(streamed, { dataToEnd: true });
        if (streamed !== undefined) this.answerBytes = streamed;
        this.blocksCame = true;
        return apdu;
      }
      yield* this.#plainNotification(whole);
      return undefined;
    } catch (error) {
      // a meter that rejected a block may end its link before the client gives up
      const ended = isDlmsError(error) && error.is("LINK_DISCONNECTED");
      const unusable = error instanceof DlmsDecodeError || error instanceof DlmsTimeoutError || ended;
      if (unusable && !ended && (isNotificationTag(first.data[0]) || this.#aside.length > 0)) {
        yield* noteStep(`a notification in blocks was dropped: ${error.message}`);
        return undefined;
      }
      this.blocksFailed ||= unusable;
      throw error;
    }
  }

  /** The data of the answer were delivered as they arrived, so the answer itself contains none. */
  get handedOn(): boolean {
    return this.#stream?.streaming === true;
  }

  /** Whether data of an answer with this invoke-id may be delivered before the answer is complete. */
  #mayHandOn(invokeId: number): boolean {
    if (this.ciphering?.active === true || this.ciphering?.signatureRequired === true) return false;
    if (this.correlation.isOurs(invokeId)) return true;
    return this.tellsAnswersApart && this.correlation.hasOwnIds && !this.correlation.isStale(invokeId);
  }

  /**
   * Stores an APDU received between the blocks of a possible report: the answer may arrive before the report is
   * complete.
   */
  setAside(bytes: Uint8Array): boolean {
    if (this.#aside.length > 0) return false;
    this.#aside.push(bytes);
    return true;
  }

  /** A notification never fails the present request. */
  *#plainNotification(bytes: Uint8Array): Operation<void> {
    let apdu: Apdu;
    try {
      apdu = openNotification(this, bytes);
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      yield* noteStep(`a notification was dropped: ${error.message}`);
      return;
    }
    yield* notificationStep(`the meter sent ${apdu.apdu} before its answer`, apdu, bytes);
  }

  /** An APDU with an old counter may be a copy, or arrive out of order; a push does not end the wait for the answer. */
  #openUnlessLate(apdu: Protected): Apdu | DlmsSecurityError {
    if (this.ciphering === undefined) throw keysMissing();
    try {
      return this.#parsed(this.ciphering.open(apdu));
    } catch (error) {
      const replay = error instanceof DlmsSecurityError && error.is("SEC_REPLAY");
      if (!replay || !(this.delivery.dropsReplays || this.ciphering.isReplayedPush(apdu))) throw error;
      this.#replays.push(error);
      return error;
    }
  }

  /** Decodes an APDU; bytes after it are ignored with a note. */
  *parse(bytes: Uint8Array): Operation<Apdu> {
    const apdu = this.#parsed(bytes);
    yield* this.#reportTrailing();
    return apdu;
  }

  /** Decodes an APDU. The bytes after it are kept for `#reportTrailing`. No generator, because every answer runs it. */
  #parsed(bytes: Uint8Array): Apdu {
    this.#trailing = undefined;
    const apdu = parseApdu(bytes, this.#form);
    this.answerBytes = bytes;
    return apdu;
  }

  *#reportTrailing(): Operation<void> {
    const trailing = this.#trailing;
    if (trailing === undefined) return;
    this.#trailing = undefined;
    const notifications = notificationsIn(trailing);
    if (notifications.length === 0) yield* noteTrailing(trailing.length);
    for (const one of notifications) yield* this.#plainNotification(one);
  }
}

const staleStep = (): Operation<void> => noteStep("a late or duplicate answer to an earlier request was dropped");
