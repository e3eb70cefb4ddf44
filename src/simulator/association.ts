import {
  type Aarq,
  conformanceMask,
  hasConformance,
  type Apdu,
  encodeApdu,
  type ExceptionResponse,
  type InitiateRequest,
  type MethodDescriptor,
  parseApdu,
} from "../apdu";
import { toHex } from "../bytes";
import { decodeValueBytes } from "../codec/decode";
import { encodeValueBytes } from "../codec/encode";
import { parseObis } from "../cosem/obis";
import { isDlmsError } from "../errors";
import {
  constantTimeEqual,
  type HlsContext,
  hlsNeedsCounter,
  hlsReply,
  hlsVerify,
  importPrivateKey,
  importPublicKey,
  makeChallenge,
  mechanismIds,
  type RandomSource,
} from "../security";
import {
  AUTHENTICATION_REQUIRED,
  checkAarq,
  checkInitiate,
  isCiphered,
  needsTitles,
  refusal,
  type Refusal,
  refusingAare,
} from "./acse";
import { octets } from "./build";
import { ActionService } from "./action-service";
import { simulatedLn } from "./conformance";
import type { SimulatedAssociation } from "./definition";
import { associationName, usesKeys } from "./generated";
import { GetService } from "./get-service";
import type { MeterModel, Viewer } from "./model";
import { type CounterKeeper, type Envelope, envelopeOverhead, isProtected, MeterProtection } from "./protection";
import { serviceError, stateError } from "./results";
import { SetService } from "./set-service";

/** What an association needs of the meter that it belongs to. */
export interface AssociationHost extends CounterKeeper {
  readonly model: MeterModel;
  readonly systemTitle: Uint8Array;
  readonly random: RandomSource;
  /** Whether one more association may be opened. */
  admits(): boolean;
  opened(association: AssociationMachine): void;
  closed(association: AssociationMachine): void;
  /** A request came in, decoded and out of its envelope. */
  saw(apdu: Apdu, bytes: Uint8Array, client: number): void;
  /** Bytes came in that are no APDU. */
  sawNonsense(bytes: Uint8Array, problem: string, client: number): void;
  /** undefined: answer as usual; else these answers instead, an empty list for none at all */
  intercept(apdu: Apdu, bytes: Uint8Array, client: number): readonly Uint8Array[] | undefined;
  /** A plain answer, before it is protected. */
  reshape(answer: Uint8Array, request: Apdu | undefined): readonly Uint8Array[];
  /** An answer as it will go to the link. */
  tamper(answer: Uint8Array): readonly Uint8Array[];
}

interface OpenAssociation {
  readonly viewer: Viewer;
  readonly protection: MeterProtection | undefined;
  /** challenges, while the client's proof is awaited */
  pending: HlsContext | undefined;
}

const noLimit = 0xffff;

/** One application association: AARQ to RLRQ, between one client SAP and the meter; sans-io. */
export class AssociationMachine {
  readonly client: number;
  readonly #host: AssociationHost;
  readonly #get: GetService;
  readonly #set: SetService;
  readonly #action: ActionService;
  #open: OpenAssociation | undefined;

  constructor(host: AssociationHost, client: number) {
    this.#host = host;
    this.client = client;
    this.#get = new GetService(host.model);
    this.#set = new SetService(host.model);
    this.#action = new ActionService(host.model);
  }

  /** Associated, and authenticated. */
  get established(): boolean {
    return this.#open !== undefined && this.#open.pending === undefined;
  }

  /** Forget the association, as after a disconnect or a restart. */
  reset(): void {
    if (this.#open === undefined) return;
    this.#open = undefined;
    this.#host.closed(this);
  }

  /** An APDU from the link; the APDUs that go back. */
  handle(bytes: Uint8Array): Uint8Array[] {
    return this.#answers(bytes).flatMap((answer) => this.#host.tamper(answer));
  }

  #answers(bytes: Uint8Array): readonly Uint8Array[] {
    const outer = this.#parse(bytes);
    if (outer === undefined) return this.#seal(this.#undecodable(bytes), "plain", undefined);
    if (!isProtected(outer)) return this.#serve(outer, bytes, "plain");
    const protection = this.#open?.protection;
    if (protection === undefined) {
      this.#host.saw(outer, bytes, this.client);
      return this.#seal(exception("service-not-allowed", "operation-not-possible"), "plain", outer);
    }
    const opened = protection.open(outer);
    if (!opened.ok) {
      this.#host.saw(outer, bytes, this.client);
      const { invocationCounter } = opened;
      const counter = invocationCounter === undefined ? {} : { invocationCounter };
      const response = { apdu: "exception-response" as const, stateError: 1, serviceError: opened.serviceError };
      return this.#seal({ ...response, ...counter }, "plain", outer);
    }
    const inner = this.#parse(opened.plain);
    if (inner === undefined) return this.#seal(this.#undecodable(opened.plain), opened.envelope, undefined);
    return this.#serve(inner, opened.plain, opened.envelope);
  }

  #serve(apdu: Apdu, bytes: Uint8Array, envelope: Envelope): readonly Uint8Array[] {
    this.#host.saw(apdu, bytes, this.client);
    const instead = this.#host.intercept(apdu, bytes, this.client);
    // The answer that ends an association is still protected as all before it.
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
    const bare = envelope === "plain" && isCiphered(open.viewer.account);
    if (bare) return exception("service-not-allowed", "operation-not-possible");
    if (apdu.apdu === "action-request-normal" && isHlsReply(apdu.method)) {
      return this.#authenticate(apdu.invokeId, apdu.parameters, open);
    }
    if (open.pending !== undefined) return exception("service-not-allowed", "operation-not-possible");
    return this.#service(apdu, open.viewer, this.#room(open.viewer, envelope));
  }

  #service(apdu: Apdu, viewer: Viewer, room: number): Apdu | undefined {
    switch (apdu.apdu) {
      case "get-request-normal":
      case "get-request-next":
      case "get-request-with-list":
        if (!hasConformance(viewer.conformance, "get")) return notNegotiated;
        if (apdu.apdu === "get-request-with-list" && !hasConformance(viewer.conformance, "multiple-references")) {
          return notNegotiated;
        }
        return this.#get.handle(apdu, viewer, room);
      case "set-request-normal":
      case "set-request-with-list":
      case "set-request-with-first-datablock":
      case "set-request-with-list-and-first-datablock":
      case "set-request-with-datablock":
        if (!hasConformance(viewer.conformance, "set")) return notNegotiated;
        return unlessUnconfirmed(apdu.invokeId, this.#set.handle(apdu, viewer));
      case "action-request-normal":
      case "action-request-next-pblock":
      case "action-request-with-list":
      case "action-request-with-first-pblock":
      case "action-request-with-list-and-first-pblock":
      case "action-request-with-pblock":
        if (!hasConformance(viewer.conformance, "action")) return notNegotiated;
        return unlessUnconfirmed(apdu.invokeId, this.#action.handle(apdu, viewer, room));
      default:
        return exception("service-unknown", "service-not-supported");
    }
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
    const conformance = conformanceMask(account.conformance ?? definition.conformance ?? simulatedLn);
    const problem = checkInitiate(initiate.request, conformance);
    if (problem !== undefined) return this.#refuseInitiate(aarq, problem);
    return this.#accept(aarq, account, initiate, conformance, protection);
  }

  #protectionFor(account: SimulatedAssociation, clientTitle: Uint8Array | undefined): MeterProtection | undefined {
    if (!usesKeys(account) || clientTitle === undefined) return undefined;
    const counters = this.#host;
    return new MeterProtection({ account, clientTitle, serverTitle: this.#host.systemTitle, counters });
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
    const viewer: Viewer = {
      client: this.client,
      account,
      applicationContext: aarq.applicationContext,
      mechanismId: mechanismIds[account.mechanism ?? "none"],
      conformance: request.conformance & conformance,
      serverMaxPdu: model.definition.maxPduSize ?? 1024,
      clientMaxPdu: request.maxPduSize,
      clientSystemTitle: aarq.callingApTitle,
    };
    const pending = this.#challenge(aarq, account);
    this.#open = { viewer, protection, pending };
    this.#host.opened(this);
    const response = encodeApdu({
      apdu: "initiate-response",
      dlmsVersion: 6,
      conformance: viewer.conformance,
      maxPduSize: viewer.serverMaxPdu,
      vaaName: model.definition.referencing === "sn" ? 0xfa00 : 7,
    });
    return {
      apdu: "aare",
      applicationContext: aarq.applicationContext,
      result: 0,
      diagnosticSource: "service-user",
      diagnostic: pending === undefined ? 0 : AUTHENTICATION_REQUIRED,
      ...(needsTitles(account) ? { respondingApTitle: systemTitle } : {}),
      ...(pending === undefined
        ? {}
        : {
            acseRequirements: true,
            mechanism: viewer.mechanismId,
            authenticationValue: pending.serverChallenge,
          }),
      userInformation: protection === undefined ? response : protection.seal(response, envelope),
    };
  }

  #challenge(aarq: Aarq, account: SimulatedAssociation): HlsContext | undefined {
    const { mechanism = "none" } = account;
    if (mechanism === "none" || mechanism === "lls") return undefined;
    const secret = secretBytes(account.secret);
    const { encryptionKey, authenticationKey } = account;
    return {
      mechanism,
      role: "server",
      clientChallenge: aarq.authenticationValue ?? new Uint8Array(0),
      serverChallenge: makeChallenge(mechanism, this.#host.random),
      clientTitle: aarq.callingApTitle,
      serverTitle: this.#host.systemTitle,
      suite: account.suite ?? 0,
      secret,
      ...(encryptionKey && authenticationKey ? { keys: { encryptionKey, authenticationKey } } : {}),
      ...(mechanism === "hls-ecdsa"
        ? {
            signingKey: importPrivateKey(account.signingKey, ["P-256", "P-384"], "signingKey"),
            peerSigningKey: importPublicKey(
              account.clientSigningCertificate,
              ["P-256", "P-384"],
              "clientSigningCertificate",
            ),
          }
        : {}),
    };
  }

  /** Pass 3 and 4 of HLS. A proof that does not fit ends the association. */
  #authenticate(invokeId: number, parameters: Uint8Array | undefined, open: OpenAssociation): Apdu {
    const refused: Apdu = { apdu: "action-response-normal", invokeId, response: { result: 250 } };
    const { pending } = open;
    if (pending === undefined) return { ...refused, response: { result: 3 } };
    const proof = parameters === undefined ? undefined : octetString(parameters);
    if (proof === undefined || !hlsVerify(pending, proof).ok) {
      this.reset();
      return refused;
    }
    const counter = hlsNeedsCounter(pending.mechanism) ? this.#host.nextCounter() : undefined;
    const data = encodeValueBytes(octets(hlsReply(pending, counter)));
    open.pending = undefined;
    return { apdu: "action-response-normal", invokeId, response: { result: 0, returnParameters: { ok: true, data } } };
  }

  #release(withInformation: boolean): Apdu {
    const open = this.#open;
    this.reset();
    if (open === undefined || !withInformation) return { apdu: "rlre", reason: 0 };
    const { viewer, protection } = open;
    const response = encodeApdu({
      apdu: "initiate-response",
      dlmsVersion: 6,
      conformance: viewer.conformance,
      maxPduSize: viewer.serverMaxPdu,
      vaaName: viewer.applicationContext % 2 === 0 ? 0xfa00 : 7,
    });
    const ciphered = isCiphered(viewer.account) ? protection : undefined;
    return { apdu: "rlre", reason: 0, userInformation: ciphered?.seal(response, "glo") ?? response };
  }

  #room(viewer: Viewer, envelope: Envelope): number {
    const size = viewer.clientMaxPdu === 0 ? noLimit : viewer.clientMaxPdu;
    return Math.max(16, size - envelopeOverhead(envelope));
  }

  #seal(
    answer: Apdu,
    envelope: Envelope,
    request: Apdu | undefined,
    protection = this.#open?.protection,
  ): readonly Uint8Array[] {
    const shaped = this.#host.reshape(encodeApdu(answer), request);
    const form = answer.apdu === "exception-response" ? "plain" : envelope;
    return shaped.map((bytes) => sealed(bytes, form, protection));
  }

  #parse(bytes: Uint8Array): Apdu | undefined {
    try {
      return parseApdu(bytes);
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      this.#host.sawNonsense(bytes, error.message, this.client);
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

/** ACSE travels in clear; what is secret in it is protected inside its user-information. */
function sealed(bytes: Uint8Array, envelope: Envelope, protection: MeterProtection | undefined): Uint8Array {
  const acse = bytes[0] !== undefined && bytes[0] >= 0x60 && bytes[0] <= 0x63;
  return acse || protection === undefined ? bytes : protection.seal(bytes, envelope);
}

function exception(state: keyof typeof stateError, service: keyof typeof serviceError): ExceptionResponse {
  return { apdu: "exception-response", stateError: stateError[state], serviceError: serviceError[service] };
}

const notNegotiated = exception("service-not-allowed", "service-not-supported");

/** Bit 6 of the invoke-id byte says whether an answer is wanted. */
function unlessUnconfirmed(invokeId: number, answer: Apdu): Apdu | undefined {
  return (invokeId & 0x40) === 0 ? undefined : answer;
}

function isHlsReply(method: MethodDescriptor): boolean {
  return (
    method.classId === 15 && method.methodId === 1 && toHex(method.instanceId) === toHex(parseObis(associationName))
  );
}

function secretBytes(secret: Uint8Array | string | undefined): Uint8Array {
  return typeof secret === "string" ? new TextEncoder().encode(secret) : (secret ?? new Uint8Array(0));
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
