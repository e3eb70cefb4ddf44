/** One application association of a simulated meter: its set-up, protection, HLS passes and release. */
import { associationShortName } from "../../apdu/class-ids";
import {
  type Aare,
  type Aarq,
  conformanceMask,
  hasConformance,
  type Apdu,
  encodeApdu,
  type GeneralSigning,
  type InitiateRequest,
  parseApdu,
} from "../../apdu";
import { decodeValueBytes } from "../../codec/decode";
import { encodeValueBytes } from "../../codec/encode";
import { isDlmsError } from "../../errors";
import {
  constantTimeEqual,
  type HlsContext,
  hlsNeedsCounter,
  hlsReply,
  hlsVerify,
  mechanismIds,
  type RandomSource,
} from "../../security";
import {
  authenticationRequired,
  checkAarq,
  checkInitiate,
  isCiphered,
  needsTitles,
  refusal,
  type Refusal,
  refusingAare,
} from "./acse";
import { octets } from "../objects/build";
import { defaultConformance } from "../definition/conformance";
import type { SimulatedAssociation } from "../definition/definition";
import { usesKeys } from "../objects/generated";
import { GeneralBlocks } from "../services/general-blocks";
import { hlsContext, isHlsReply, readAnswer, secretBytes, shortNameOfReplyToHls } from "./hls-passes";
import type { MeterModel, ClientView } from "../objects/model";
import { type CounterKeeper, type Envelope, envelopeOverhead, isProtected, MeterProtection } from "./protection";
import { exception, Services } from "../services/services";

/** The parts of a meter that an association uses. */
export interface AssociationHost extends CounterKeeper {
  readonly model: MeterModel;
  readonly systemTitle: Uint8Array;
  readonly random: RandomSource;
  /** Whether the meter accepts another association. */
  admits(): boolean;
  opened(association: AssociationMachine): void;
  closed(association: AssociationMachine): void;
  /** Records a decoded, deciphered request. */
  recordRequest(apdu: Apdu, bytes: Uint8Array, client: number): void;
  /** Records bytes that do not decode as an APDU. */
  recordNonsense(bytes: Uint8Array, problem: string, client: number): void;
  /** The answers that replace the usual one (an empty list: no answer), or undefined for the usual one. */
  intercept(apdu: Apdu, bytes: Uint8Array, client: number): readonly Uint8Array[] | undefined;
  /** Calls the behaviours that change a plain answer before it is protected. */
  transformPlain(answer: Uint8Array, request: Apdu | undefined): readonly Uint8Array[];
  /** Calls the behaviours that change a protected answer before the link sends it. */
  transformSealed(answer: Uint8Array): readonly Uint8Array[];
}

interface OpenAssociation {
  readonly view: ClientView;
  readonly protection: MeterProtection | undefined;
  /** the HLS challenges while the meter waits for the proof of the client */
  pending: HlsContext | undefined;
}

const generalBlockTransferTag = 0xe0;
const exceptionResponseTag = 0xd8;
/** The longest answer that is sent in general blocks. */
const maxAnswerBytes = 1 << 24;

/** The longest APDU that the client accepts, in bytes; the client sends 0 for "no limit". */
function pduLimit(view: ClientView): number {
  return view.clientMaxPdu === 0 ? 0xffff : view.clientMaxPdu;
}

/** One application association: AARQ to RLRQ, between one client SAP and the meter; sans-io. */
export class AssociationMachine {
  readonly client: number;
  readonly #host: AssociationHost;
  readonly #services: Services;
  readonly #blocks: GeneralBlocks;
  #open: OpenAssociation | undefined;

  constructor(host: AssociationHost, client: number) {
    this.#host = host;
    this.client = client;
    this.#services = new Services(host.model);
    this.#blocks = new GeneralBlocks(host.model.definition.generalBlockTransferWindow ?? 1);
  }

  /** Whether the association is open and, with HLS, authenticated. */
  get isAssociated(): boolean {
    return this.#open !== undefined && this.#open.pending === undefined;
  }

  /** Discards the association, as after a disconnect or a restart. */
  reset(): void {
    if (this.#open === undefined) return;
    this.#open = undefined;
    this.#host.closed(this);
  }

  /** Takes an APDU from the link and returns the APDUs to send. */
  handle(bytes: Uint8Array): Uint8Array[] {
    return this.#inBlocks(bytes).flatMap((answer) => this.#host.transformSealed(answer));
  }

  /** General block transfer wraps everything else, protection included. */
  #inBlocks(bytes: Uint8Array): readonly Uint8Array[] {
    const view = this.#open?.view;
    if (view === undefined || !hasConformance(view.conformance, "general-block-transfer")) {
      return this.#answers(bytes);
    }
    const limit = pduLimit(view);
    if (bytes[0] === generalBlockTransferTag) {
      const block = this.#parse(bytes);
      if (block?.apdu !== "general-block-transfer") return [];
      this.#host.recordRequest(block, bytes, this.client);
      return this.#blocks.receive(block, limit, (whole) => this.#answers(whole));
    }
    this.#blocks.forget();
    return this.#answers(bytes).flatMap((answer) => {
      return answer.length > limit ? this.#blocks.start(answer, limit) : [answer];
    });
  }

  #answers(bytes: Uint8Array, signed = false): readonly Uint8Array[] {
    const outer = this.#parse(bytes);
    if (outer === undefined) return this.#seal(this.#undecodable(bytes), "plain", undefined);
    if (outer.apdu === "general-signing") return this.#signed(outer, bytes);
    if (this.#open?.view.account.signed === true && outer.apdu !== "aarq" && outer.apdu !== "rlrq" && !signed) {
      this.#host.recordRequest(outer, bytes, this.client);
      return this.#seal(exception("service-not-allowed", "operation-not-possible"), "plain", outer);
    }
    if (!isProtected(outer)) return this.#serve(outer, bytes, "plain");
    const protection = this.#open?.protection;
    if (protection === undefined) {
      this.#host.recordRequest(outer, bytes, this.client);
      return this.#seal(exception("service-not-allowed", "operation-not-possible"), "plain", outer);
    }
    const opened = protection.open(outer);
    if (!opened.ok) {
      this.#host.recordRequest(outer, bytes, this.client);
      const { invocationCounter } = opened;
      const counter = invocationCounter === undefined ? {} : { invocationCounter };
      const response = { apdu: "exception-response" as const, stateError: 1, serviceError: opened.serviceError };
      return this.#seal({ ...response, ...counter }, "plain", outer);
    }
    const inner = this.#parse(opened.plain);
    if (inner === undefined) return this.#seal(this.#undecodable(opened.plain), opened.envelope, undefined);
    return this.#serve(inner, opened.plain, opened.envelope);
  }

  /** Serves the content of general-signing like an unsigned request; exception responses are not signed. */
  #signed(outer: GeneralSigning, bytes: Uint8Array): readonly Uint8Array[] {
    const protection = this.#open?.protection;
    const content = protection?.general.openSigned(outer);
    if (protection === undefined || content === undefined) {
      this.#host.recordRequest(outer, bytes, this.client);
      return this.#seal(exception("service-not-allowed", "operation-not-possible"), "plain", outer);
    }
    return this.#answers(content, true).map((answer) =>
      answer[0] === exceptionResponseTag ? answer : protection.general.sign(answer),
    );
  }

  #serve(apdu: Apdu, bytes: Uint8Array, envelope: Envelope): readonly Uint8Array[] {
    this.#host.recordRequest(apdu, bytes, this.client);
    const instead = this.#host.intercept(apdu, bytes, this.client);
    // The answer that ends an association is still protected.
    const protection = this.#open?.protection;
    if (instead !== undefined) return instead.map((answer) => sealed(answer, envelope, protection));
    const answer = this.#dispatch(apdu, envelope);
    return answer === undefined ? [] : this.#seal(answer, envelope, apdu, protection);
  }

  #dispatch(apdu: Apdu, envelope: Envelope): Apdu | undefined {
    if (apdu.apdu === "aarq") return this.#associate(apdu);
    const open = this.#open;
    if (open === undefined) return exception("service-not-allowed", "operation-not-possible");
    if (apdu.apdu === "rlrq") return this.#release(apdu.userInformation !== undefined);
    const bare = envelope === "plain" && isCiphered(open.view.account);
    if (bare) return exception("service-not-allowed", "operation-not-possible");
    if (apdu.apdu === "action-request-normal" && isHlsReply(apdu.method)) {
      return this.#authenticate(apdu.invokeId, apdu.parameters, open);
    }
    if (apdu.apdu === "read-request") {
      const [only] = apdu.variables;
      if (only?.kind === "parameterized-access" && only.name === shortNameOfReplyToHls) {
        return readAnswer(this.#authenticate(0, only.data, open));
      }
    }
    if (open.pending !== undefined) return exception("service-not-allowed", "operation-not-possible");
    return this.#services.handle(apdu, open.view, this.#room(open.view, envelope));
  }

  #associate(aarq: Aarq): Apdu {
    this.reset();
    const { definition } = this.#host.model;
    const account = checkAarq(aarq, this.client, definition);
    if ("diagnostic" in account) return this.#refuse(aarq, account);
    if (!this.#host.admits()) return this.#refuse(aarq, { ...refusal("no-reason-given"), result: 2 });
    if (account.mechanism === "lls" && !samePassword(account.secret, aarq.authenticationValue)) {
      return this.#refuse(aarq, refusal("authentication-failure"));
    }
    const protection = this.#protectionFor(account, aarq.callingApTitle);
    const initiate = this.#initiate(aarq.userInformation, protection);
    if (initiate === undefined) return this.#refuse(aarq, refusal("no-reason-given"));
    const conformance = conformanceMask(
      account.conformance ?? definition.conformance ?? defaultConformance(definition),
    );
    const problem = checkInitiate(initiate.request, conformance);
    if (problem !== undefined) return this.#refuseInitiate(aarq, problem);
    return this.#accept(aarq, account, initiate, conformance, protection);
  }

  #protectionFor(account: SimulatedAssociation, clientTitle: Uint8Array | undefined): MeterProtection | undefined {
    if (!usesKeys(account) || clientTitle === undefined) return undefined;
    const counters = this.#host;
    const { systemTitle: serverTitle, random } = this.#host;
    return new MeterProtection({ account, clientTitle, serverTitle, counters, random });
  }

  #initiate(
    userInformation: Uint8Array | undefined,
    protection: MeterProtection | undefined,
  ): { readonly request: InitiateRequest; readonly envelope: Envelope } | undefined {
    const outer = userInformation === undefined ? undefined : this.#parse(userInformation);
    if (outer?.apdu === "initiate-request") return { request: outer, envelope: "plain" };
    if (outer === undefined || protection === undefined) return undefined;
    const opened = protection.open(outer);
    const inner = opened.ok ? this.#parse(opened.plain) : undefined;
    if (!opened.ok || inner?.apdu !== "initiate-request") return undefined;
    return { request: inner, envelope: opened.envelope };
  }

  #refuse(aarq: Aarq | undefined, why: Refusal, userInformation?: Uint8Array): Apdu {
    return refusingAare(this.#host.model.definition, aarq, why, userInformation);
  }

  #refuseInitiate(aarq: Aarq, why: Refusal): Apdu {
    const value = why.initiateError ?? 0;
    const error = encodeApdu({ apdu: "confirmed-service-error", service: 1, errorType: 6, value });
    return this.#refuse(aarq, why, error);
  }

  #accept(
    aarq: Aarq,
    account: SimulatedAssociation,
    initiate: { readonly request: InitiateRequest; readonly envelope: Envelope },
    conformance: number,
    protection: MeterProtection | undefined,
  ): Apdu {
    const { model, systemTitle } = this.#host;
    const { request, envelope } = initiate;
    if (isCiphered(account) && envelope === "plain") return this.#refuse(aarq, refusal("no-reason-given"));
    if (request.dedicatedKey !== undefined) protection?.useDedicatedKey(request.dedicatedKey);
    const view: ClientView = {
      client: this.client,
      account,
      applicationContext: aarq.applicationContext,
      mechanismId: mechanismIds[account.mechanism ?? "none"],
      conformance: request.conformance & conformance,
      serverMaxPdu: model.definition.maxPduSize ?? 1024,
      clientMaxPdu: request.maxPduSize,
      clientSystemTitle: aarq.callingApTitle,
    };
    const pending = hlsContext(aarq, account, this.#host);
    this.#open = { view, protection, pending };
    this.#host.opened(this);
    const response = initiateResponse(view);
    return {
      apdu: "aare",
      applicationContext: aarq.applicationContext,
      result: 0,
      diagnosticSource: "service-user",
      diagnostic: pending === undefined ? 0 : authenticationRequired,
      ...(needsTitles(account) ? { respondingApTitle: systemTitle } : {}),
      ...(pending === undefined ? {} : hlsFields(view.mechanismId, pending)),
      userInformation: protection === undefined ? response : protection.seal(response, envelope),
    };
  }

  /** Passes 3 and 4 of HLS. A wrong proof ends the association. */
  #authenticate(invokeId: number, parameters: Uint8Array | undefined, open: OpenAssociation): Apdu {
    const refused: Apdu = { apdu: "action-response-normal", invokeId, response: { result: 250 } };
    const { pending } = open;
    if (pending === undefined) return { ...refused, response: { result: 3 } };
    const proof = parameters === undefined ? undefined : octetString(parameters);
    if (proof === undefined || !hlsVerify(pending, proof).ok) {
      this.reset();
      return refused;
    }
    open.pending = undefined;
    if (pending.hls2Form === "landis-gyr") return { ...refused, response: { result: 0 } };
    const counter = hlsNeedsCounter(pending.mechanism) ? this.#host.nextCounter() : undefined;
    const data = encodeValueBytes(octets(hlsReply(pending, counter)));
    return { apdu: "action-response-normal", invokeId, response: { result: 0, returnParameters: { ok: true, data } } };
  }

  #release(withInformation: boolean): Apdu {
    const open = this.#open;
    this.reset();
    if (open === undefined || !withInformation) return { apdu: "rlre", reason: 0 };
    const { view, protection } = open;
    const response = initiateResponse(view);
    const ciphered = isCiphered(view.account) ? protection : undefined;
    return { apdu: "rlre", reason: 0, userInformation: ciphered?.seal(response, "glo") ?? response };
  }

  /** General block transfer splits the answer later, so its length is not limited here. */
  #room(view: ClientView, envelope: Envelope): number {
    if (hasConformance(view.conformance, "general-block-transfer")) return maxAnswerBytes;
    return Math.max(16, pduLimit(view) - envelopeOverhead(envelope));
  }

  #seal(
    answer: Apdu,
    envelope: Envelope,
    request: Apdu | undefined,
    protection = this.#open?.protection,
  ): readonly Uint8Array[] {
    const shaped = this.#host.transformPlain(encodeApdu(answer), request);
    const form = answer.apdu === "exception-response" ? "plain" : envelope;
    return shaped.map((bytes) => sealed(bytes, form, protection));
  }

  #parse(bytes: Uint8Array): Apdu | undefined {
    try {
      return parseApdu(bytes);
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      this.#host.recordNonsense(bytes, error.message, this.client);
      return undefined;
    }
  }

  #undecodable(bytes: Uint8Array): Apdu {
    if (bytes[0] === 0x60) {
      return this.#refuse(undefined, { result: 1, source: "service-provider", diagnostic: 1 });
    }
    return exception("service-unknown", "other-reason");
  }
}

function initiateResponse(view: ClientView): Uint8Array {
  return encodeApdu({
    apdu: "initiate-response",
    dlmsVersion: 6,
    conformance: view.conformance,
    maxPduSize: view.serverMaxPdu,
    vaaName: view.applicationContext % 2 === 0 ? associationShortName : 7,
  });
}

/** The fields of an AARE that starts HLS. */
function hlsFields(mechanism: number, { serverChallenge }: HlsContext): Partial<Aare> {
  return { acseRequirements: true, mechanism, authenticationValue: serverChallenge };
}

/** ACSE APDUs are sent in clear; only their user-information is ciphered. */
function sealed(bytes: Uint8Array, envelope: Envelope, protection: MeterProtection | undefined): Uint8Array {
  const acse = bytes[0] !== undefined && bytes[0] >= 0x60 && bytes[0] <= 0x63;
  return acse || protection === undefined ? bytes : protection.seal(bytes, envelope);
}

function samePassword(secret: Uint8Array | string | undefined, sent: Uint8Array | undefined): boolean {
  return sent !== undefined && constantTimeEqual(secretBytes(secret), sent);
}

function octetString(data: Uint8Array): Uint8Array | undefined {
  try {
    const value = decodeValueBytes(data);
    return value.type === "octet-string" ? value.value : undefined;
  } catch (error) {
    if (isDlmsError(error)) return undefined;
    throw error;
  }
}
