import { type Apdu, type ConformanceName, encodeApdu, hasConformance, parseApdu } from "../apdu";
import type { GeneralBlockTransfer, GeneralSigning } from "../apdu/model";
import {
  DlmsAssociationError,
  DlmsDecodeError,
  DlmsSecurityError,
  DlmsStateError,
  DlmsTimeoutError,
  isDlmsError,
} from "../errors";
import { requirePolicy } from "../security";
import { type Ciphering, isNotificationTag, isProtected, type Protected } from "./ciphering";
import {
  confirmedServiceError,
  exceptionError,
  inconsistentAnswer,
  isSilence,
  keysMissing,
  limitExceeded,
  naming,
} from "./errors";
import { ContentStream } from "./content-stream";
import { receiveByBlocks, sendByBlocks } from "./gbt";
import { firstMovingId, invocationCounterError, isLate, isOfBefore, mayBeAwaited } from "./late-answers";
import type { AnswerForm, Delivery, Operation, Sink } from "./operation";
import { type AssociationInfo, defaultMaxResultSize, type SessionOptions } from "./options";
import { exchangeStep, noteStep, notificationStep, type Phase, receiveStep } from "./steps";

/** Notifications that may come before the answer to one request. */
const maxNotifications = 1000;
const getResponseTag = 0xc4;
/**
 * Whether a request may be asked again where it, or its answer, was lost. "alike": its answer does not say which
 * request it belongs to (short names), so a late one has to be waited for before the next request.
 */
export type Repetition = "never" | "told-apart" | "alike";

/** How an answer is taken. */
export interface ExchangeForm extends AnswerForm {
  /** takes the data of a get-response that comes in plain general blocks, as they come */
  readonly sink?: Sink;
}

const exempt: readonly Apdu["apdu"][] = ["exception-response", "confirmed-service-error", "aare", "rlre"];

/** What all services share: one request out, one answer in, with ciphering, blocks, events and errors between. */
export class Channel {
  readonly options: SessionOptions;
  /** Set while a request may be sent. */
  association: AssociationInfo | undefined;
  ciphering: Ciphering | undefined;
  /** General block transfer with this meter did not come to an end, or to sense. */
  blocksFailed = false;
  #repeated = 0;
  #invokeId = 0;
  /** The meter was seen to answer with the invoke-id that it was asked with. */
  #echoesInvokeId = false;
  /** replays that were dropped while an answer was awaited */
  #replays: DlmsSecurityError[] = [];
  /** of the answer that is awaited */
  #form: AnswerForm = {};
  #stream: ContentStream | undefined;
  /** APDUs that came between the blocks of a report */
  #aside: Uint8Array[] = [];

  constructor(options: SessionOptions) {
    this.options = options;
  }

  get maxResultSize(): number {
    return this.options.maxResultSize ?? defaultMaxResultSize;
  }

  /** Largest APDU that the meter takes, envelope included; Infinity when it set no limit. */
  get meterLimit(): number {
    const size = this.association?.maxPduSize ?? 0;
    return size === 0 ? Number.POSITIVE_INFINITY : size;
  }

  /** How often what changes nothing is asked again: only datagrams get lost. */
  get resends(): number {
    return this.options.datagrams === true ? (this.options.resends ?? 0) : 0;
  }

  /** Whether a plain APDU of this length fits one APDU to the meter. */
  fits(plainLength: number): boolean {
    const overhead = this.ciphering?.overhead(plainLength) ?? 0;
    return plainLength + overhead <= this.meterLimit;
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
  require(name: ConformanceName, what: string): void {
    if (this.association === undefined) {
      throw new DlmsStateError("STATE_CLOSED", `${what}: there is no association with the meter`, {
        retry: "reconnect",
      });
    }
    if (this.supports(name)) return;
    const agreed = this.association.conformanceNames.join(", ");
    throw new DlmsAssociationError(
      "ASSOC_SERVICE_NOT_NEGOTIATED",
      `${what}: the meter does not offer "${name}" to this client (agreed: ${agreed === "" ? "nothing" : agreed}); ` +
        "try another client address or authentication",
      { details: { service: name, conformance: this.association.conformanceNames } },
    );
  }

  /** Invoke-id-and-priority of the next request: confirmed, high priority. The id moves only where it is checked. */
  nextInvokeId(): number {
    const owed = this.options.owedAnswers;
    if (this.options.datagrams === true || owed !== undefined) {
      const last = owed?.lastInvokeId ?? this.#invokeId;
      this.#invokeId = last >= firstMovingId && last < 15 ? last + 1 : firstMovingId;
      if (owed !== undefined) owed.lastInvokeId = this.#invokeId;
      return 0xc0 | this.#invokeId;
    }
    if (this.options.quirks?.strictInvokeId !== true) return 0xc1;
    this.#invokeId = (this.#invokeId % 15) + 1;
    return 0xc0 | this.#invokeId;
  }

  /** @throws DlmsDecodeError DECODE_VALUE for another invoke-id, when it is taken strictly */
  *checkInvokeId(sent: number, received: number, what: string): Operation<void> {
    if ((sent & 0x0f) === (received & 0x0f)) return;
    const problem = `the answer has invoke-id ${received & 0x0f}, the request had ${sent & 0x0f}`;
    if (this.options.quirks?.strictInvokeId === true) throw inconsistentAnswer(what, problem, { sent, received });
    yield* noteStep(`${what}: ${problem}`);
  }

  /**
   * Send a request and take its answer. An exception-response or a confirmedServiceError is thrown; the first
   * invocation-counter-error of an association moves the counter and repeats the request.
   */
  *exchange(request: Apdu, what: string, repetition: Repetition = "never", form: ExchangeForm = {}): Operation<Apdu> {
    const { sink } = form;
    this.#form = form.dataToEnd === true ? { dataToEnd: true } : {};
    this.#stream = sink && new ContentStream(sink, (invokeId) => this.#mayHandOn(invokeId));
    const plain = encodeApdu(request);
    const ciphering = this.ciphering?.active === true ? this.ciphering : undefined;
    // a further block has the id of the request that it belongs to, whose first answer was taken
    if ("invokeId" in request) this.options.owedAnswers?.invokeIds.add(request.invokeId & 0x0f);
    for (;;) {
      const answer = yield* this.#ask(plain, what, repetition);
      if (answer.apdu === "confirmed-service-error") throw confirmedServiceError(what, answer);
      if (answer.apdu !== "exception-response") return answer;
      if (answer.serviceError !== invocationCounterError || ciphering === undefined) throw exceptionError(what, answer);
      yield* ciphering.resynchronise(answer.invocationCounter, what);
    }
  }

  /**
   * One request and its answer. Over datagrams a repeatable request that is met with silence is asked again, each time
   * under an invocation counter of its own, since a meter that has taken the first one refuses it a second time.
   */
  *#ask(plain: Uint8Array, what: string, repetition: Repetition): Operation<Apdu> {
    const limit = repetition === "never" ? 0 : this.resends;
    this.#replays = [];
    for (this.#repeated = 0; ;) {
      const delivery = limit === 0 ? undefined : this.#deliveryOf(repetition);
      const bytes = this.ciphering === undefined ? plain : yield* this.ciphering.seal(plain);
      try {
        const first = yield* this.#transfer(bytes, what, delivery, limit > 0 && repetition === "told-apart");
        const answer = this.#plainGet(first, what) ?? (yield* this.#answer(first, what, delivery));
        if ("invokeId" in answer) this.#echoesInvokeId = (answer.invokeId & 0x0f) === this.#invokeId;
        return answer;
      } catch (error) {
        if (!isSilence(error) || this.handedOn) throw error;
        // a meter whose counter went back answers each time, and is never to be believed
        if (this.#repeated >= limit) throw this.#replays[this.#repeated] ?? error;
      }
      this.#repeated += 1;
      yield* noteStep(`${what}: no answer, asked again (${this.#repeated} of ${limit})`);
    }
  }

  /** What a meter answers that gives all answers one id, as some do, is told from a late one by waiting for that. */
  #deliveryOf(repetition: Repetition): Delivery {
    const anonymous = repetition === "alike" || !this.#echoesInvokeId;
    return { silence: "tell", anonymous, repetition: this.#repeated > 0 };
  }

  /** Send bytes as they are and take the bytes that answer them, notifications and block transfer left out. */
  *exchangeBytes(bytes: Uint8Array, what: string, phase: Phase, delivery?: Delivery): Operation<Apdu> {
    return yield* this.#answer(yield* exchangeStep(bytes, what, phase, delivery), what, delivery);
  }

  /** One more answer to what was asked already; throws the time-out when none comes. */
  *further(what: string): Operation<Apdu> {
    const delivery = { silence: "tell" } as const;
    return yield* this.#answer(yield* receiveStep(what, delivery), what, delivery);
  }

  *#transfer(
    bytes: Uint8Array,
    what: string,
    delivery: Delivery | undefined,
    repeatable: boolean,
  ): Operation<Uint8Array> {
    if (bytes.length <= this.meterLimit) return yield* exchangeStep(bytes, what, "request", delivery);
    if (this.#blocksAllowed()) return yield* sendByBlocks(this, bytes, what, repeatable);
    yield* noteStep(
      `${what}: the request has ${bytes.length} bytes, the meter accepts ${this.meterLimit}; it may not answer`,
    );
    return yield* exchangeStep(bytes, what, "request", delivery);
  }

  #blocksAllowed(): boolean {
    return this.options.quirks?.noGeneralBlockTransfer !== true && this.supports("general-block-transfer");
  }

  /** The answer that comes most often; undefined for whatever needs more than to be parsed. */
  #plainGet(bytes: Uint8Array, what: string): Apdu | undefined {
    const { ciphering } = this;
    if (this.options.datagrams === true) return undefined;
    const { owedAnswers } = this.options;
    if (owedAnswers !== undefined && ((bytes[2] ?? 0) & 0x0f) !== this.#invokeId) return undefined;
    if (bytes[0] !== getResponseTag || ciphering?.active === true || ciphering?.signatureRequired === true) {
      return undefined;
    }
    let whole = true;
    const onTrailing = (): void => {
      whole = false;
    };
    const apdu = naming(what, () => parseApdu(bytes, { ...this.#form, allowTrailing: true, onTrailing }));
    if (whole) owedAnswers?.invokeIds.delete(this.#invokeId);
    return whole ? apdu : undefined;
  }

  /** From bytes to the answer itself: blocks put together, notifications set aside, envelopes opened. */
  *#answer(first: Uint8Array, what: string, delivery: Delivery | undefined): Operation<Apdu> {
    let bytes = first;
    this.#aside = [];
    for (let notifications = 0; notifications < maxNotifications; notifications++) {
      if (notifications > 0) bytes = this.#aside.shift() ?? (yield* receiveStep(what, delivery, "any"));
      const answer = yield* this.#unlessNotification(bytes, what);
      if (answer === undefined) continue;
      this.options.owedAnswers?.invokeIds.delete(this.#invokeId);
      return answer;
    }
    throw limitExceeded(what, `${maxNotifications} notifications came, but no answer`, maxNotifications);
  }

  *#unlessNotification(bytes: Uint8Array, what: string): Operation<Apdu | undefined> {
    if (isNotificationTag(bytes[0])) {
      yield* this.#plainNotification(bytes, what);
      return undefined;
    }
    let apdu = yield* this.parse(bytes, what);
    if (isOfBefore(this, apdu)) {
      yield* noteStep(`${what}: a late answer to an earlier request was dropped`);
      return undefined;
    }
    if (apdu.apdu === "general-block-transfer") {
      const whole = yield* this.#assembled(apdu, what);
      if (whole === undefined) return undefined;
      apdu = whole;
    }
    if (apdu.apdu === "general-signing") apdu = yield* this.parse(this.#signedContent(apdu, what), what);
    else this.#requireSignature(apdu, what);
    if (isProtected(apdu)) {
      const opened = yield* this.#openUnlessLate(apdu, what);
      if (opened === undefined) return undefined;
      apdu = opened;
    } else this.#requireProtection(apdu, what);
    if (isLate(this, apdu, this.#invokeId)) {
      yield* noteStep(`${what}: a late answer to an earlier request was dropped`);
      return undefined;
    }
    if (!isNotification(apdu)) return apdu;
    yield* notificationStep(`${what}: the meter sent ${apdu.apdu} before its answer`, apdu, bytes);
    return undefined;
  }

  /** What came in blocks; undefined where it was a report, or came to nothing once an answer was put between. */
  *#assembled(first: GeneralBlockTransfer, what: string): Operation<Apdu | undefined> {
    try {
      const stream = this.#stream;
      stream?.begin();
      const whole = yield* receiveByBlocks(this, first, what, stream);
      if (stream?.streaming === true) return naming(what, () => parseApdu(stream.head, { dataToEnd: true }));
      if (!isNotificationTag(whole[0])) return yield* this.parse(whole, what);
      yield* this.#plainNotification(whole, what);
      return undefined;
    } catch (error) {
      const unusable = error instanceof DlmsDecodeError || error instanceof DlmsTimeoutError;
      if (unusable && (isNotificationTag(first.data[0]) || this.#aside.length > 0)) {
        yield* noteStep(`${what}: a notification in blocks was dropped: ${error.message}`);
        return undefined;
      }
      this.blocksFailed ||= unusable;
      throw error;
    }
  }

  /** The data of the answer were handed on while they came; the answer itself has none. */
  get handedOn(): boolean {
    return this.#stream?.streaming === true;
  }

  /** Whether data may be handed on from an answer with this invoke-id before all of it has come. */
  #mayHandOn(invokeId: number): boolean {
    if (this.ciphering?.active === true || this.ciphering?.signatureRequired === true) return false;
    return mayBeAwaited(this, invokeId, this.#invokeId);
  }

  /** Keeps what came between the blocks of something that may be a report: the answer may come before it is whole. */
  setAside(bytes: Uint8Array): boolean {
    if (this.#aside.length > 0) return false;
    this.#aside.push(bytes);
    return true;
  }

  /** What a meter sends on its own account never fails the request that is under way. */
  *#plainNotification(bytes: Uint8Array, what: string): Operation<void> {
    let apdu: Apdu;
    try {
      apdu = this.incoming(bytes);
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      yield* noteStep(`${what}: a notification was dropped: ${error.message}`);
      return;
    }
    yield* notificationStep(`${what}: the meter sent ${apdu.apdu} before its answer`, apdu, bytes);
  }

  #signedContent(apdu: GeneralSigning, what: string): Uint8Array {
    if (this.ciphering === undefined) throw keysMissing(what);
    return this.ciphering.openSigned(apdu, what);
  }

  /** As with ciphering, errors and ACSE APDUs are taken as they are. */
  #requireSignature(apdu: Apdu, what: string): void {
    if (this.ciphering?.signatureRequired !== true || exempt.includes(apdu.apdu)) return;
    // the initiate and the proofs of ACSE are behind the association that is agreed upon first
    if (this.association === undefined) return;
    throw new DlmsSecurityError(
      "SEC_POLICY",
      `${what}: a signed answer is required, but the meter sent ${apdu.apdu} without a signature; it was refused`,
      { details: { required: "general-signing", received: apdu.apdu } },
    );
  }

  /** Datagrams may overtake each other: what has a counter that is past is dropped, and something newer awaited. */
  *#openUnlessLate(apdu: Protected, what: string): Operation<Apdu | undefined> {
    if (this.ciphering === undefined) throw keysMissing(what);
    try {
      return yield* this.parse(this.ciphering.open(apdu, what), what);
    } catch (error) {
      const replay = error instanceof DlmsSecurityError && error.code === "DLMS_SEC_REPLAY";
      const owed = (this.options.owedAnswers?.invokeIds.size ?? 0) > 1;
      if (!replay || (this.resends === 0 && !owed)) throw error;
      this.#replays.push(error);
      yield* noteStep(`${what}: dropped: ${error.message}`);
      return undefined;
    }
  }

  /** Plain errors and ACSE APDUs are taken, since a meter that can't decipher can't answer otherwise. */
  #requireProtection(apdu: Apdu, what: string): void {
    if (this.ciphering?.active !== true || exempt.includes(apdu.apdu)) return;
    requirePolicy(undefined, this.ciphering.security.policy, `${what}: ${apdu.apdu}`);
  }

  /** An APDU from bytes; bytes behind it are ignored with a note. */
  *parse(bytes: Uint8Array, what: string): Operation<Apdu> {
    let trailing = 0;
    const onTrailing = (rest: Uint8Array): void => {
      trailing = rest.length;
    };
    const apdu = naming(what, () => parseApdu(bytes, { ...this.#form, allowTrailing: true, onTrailing }));
    if (trailing > 0) yield* noteStep(`${what}: ${trailing} bytes behind the answer were ignored`);
    return apdu;
  }

  /** A notification that came unasked, deciphered. */
  incoming(bytes: Uint8Array): Apdu {
    const what = "notification";
    let apdu = naming(what, () => parseApdu(bytes, { allowTrailing: true }));
    if (apdu.apdu === "general-block-transfer" && apdu.last && apdu.blockNumber === 1) {
      const { data } = apdu;
      apdu = naming(what, () => parseApdu(data, { allowTrailing: true }));
    }
    if (apdu.apdu === "general-signing") {
      const content = this.#signedContent(apdu, what);
      apdu = naming(what, () => parseApdu(content, { allowTrailing: true }));
    } else this.#requireSignature(apdu, what);
    if (!isProtected(apdu)) {
      this.#requireProtection(apdu, what);
      return apdu;
    }
    const { ciphering } = this;
    if (ciphering === undefined) throw keysMissing(what);
    return naming(what, () => parseApdu(ciphering.open(apdu, what), { allowTrailing: true }));
  }
}

/** Whether a meter sends this on its own account, never as an answer. */
function isNotification(apdu: Apdu): boolean {
  return apdu.apdu === "data-notification" || apdu.apdu === "event-notification" || apdu.apdu === "information-report";
}
