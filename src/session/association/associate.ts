/** Establishes an association: AARQ, AARE and, for HLS, both proofs. */
import {
  type Apdu,
  associationShortName,
  conformanceMask,
  conformanceNames,
  encodeApdu,
  minPduBytes,
  parseApdu,
  serviceErrorCode,
  userDiagnostic,
} from "../../apdu";
import type { Aare, Aarq, ConfirmedServiceError, InitiateResponse } from "../../apdu/model";
import { DlmsAssociationError, DlmsConfigError } from "../../errors";
import {
  checkLandisGyrSecret,
  checkSystemTitle,
  type HlsMechanism,
  hlsNeedsTitles,
  KeySet,
  landisGyrChallenge,
  makeChallenge,
  mechanismIds,
  ReceivedCounters,
} from "../../security";
import type { ServiceChannel } from "../exchange/service-channel";
import { Ciphering } from "../protection/ciphering";
import {
  exceptionError,
  initiateError,
  isNoAnswer,
  type Refusal,
  refusedAssociation,
  unexpectedAnswer,
} from "../steps/errors";
import { isLandisGyr, proveByHls, signingKeys } from "./hls";
import { dlmsVersion, initiateResponseTag, proposedContext, readInitiate } from "./read-initiate";
import { MessageKeys } from "../protection/message-keys";
import { MessageSigning } from "../protection/message-signing";
import type { Operation } from "../steps/operation";
import type { AssociationInfo, SessionOptions, SessionSecurity } from "../steps/options";
import { noteStep } from "../steps/steps";

const invocationCounterError = serviceErrorCode["invocation-counter-error"];

/** Open an association: AARQ and AARE, then the passes 3 and 4 of the HLS mechanisms. */
export function* associate(channel: ServiceChannel): Operation<AssociationInfo> {
  const { options } = channel;
  if (options.preEstablished === true) return assumeAssociation(channel);
  const { auth } = options;
  const mechanism = auth.mechanism;
  channel.association = undefined;
  channel.ciphering = makeCiphering(options);
  if (options.meterSystemTitle !== undefined) channel.ciphering?.setMeterTitle(options.meterSystemTitle);
  const challenge = ownChallenge(options);
  const aare = yield* requestAssociation(channel, challenge);
  takeMeterTitle(channel, aare);
  const initiate = yield* readInitiate(channel, aare);
  const info = negotiated(channel, aare, initiate);
  yield* noteDeviations(channel, aare, info);
  channel.association = info;
  if (challenge === undefined || options.quirks?.dedicatedKeyInHls === true) channel.ciphering?.useDedicatedKey();
  if (challenge === undefined) return info;
  try {
    const proven = yield* proveByHls(channel, mechanism as HlsMechanism, challenge, aare);
    channel.association = proven ? info : { ...info, meterProven: false };
  } catch (error) {
    channel.association = undefined;
    throw error;
  }
  // the proofs are part of the association, which is established under the global key
  channel.ciphering?.useDedicatedKey();
  return channel.association;
}

function ownChallenge(options: SessionOptions): Uint8Array | undefined {
  const { mechanism } = options.auth;
  if (mechanism === "none" || mechanism === "lls") return undefined;
  if (isLandisGyr(options)) return landisGyrChallenge(options.random);
  return makeChallenge(mechanism, options.random, options.challengeLength);
}

/**
 * Assumes a pre-established association: nothing is sent, and the proposed parameters count as agreed. For a ciphered
 * one the meter's system title has to be configured.
 */
export function assumeAssociation(channel: ServiceChannel): AssociationInfo {
  const { options } = channel;
  const ciphering = makeCiphering(options);
  channel.ciphering = ciphering;
  if (options.meterSystemTitle !== undefined) ciphering?.setMeterTitle(options.meterSystemTitle);
  if (ciphering?.active === true) checkSystemTitle(options.meterSystemTitle, "the meter's");
  const conformance = conformanceWithoutQuirks(options);
  const info: AssociationInfo = {
    referencing: options.referencing,
    applicationContext: proposedContext(options),
    mechanism: options.auth.mechanism,
    conformance,
    conformanceNames: conformanceNames(conformance),
    maxPduSize: options.maxPduSize,
    dlmsVersion,
    vaaName: options.referencing === "sn" ? associationShortName : 0x0007,
    ...(options.meterSystemTitle === undefined ? {} : { meterSystemTitle: options.meterSystemTitle }),
    ciphered: ciphering?.active === true,
  };
  channel.association = info;
  return info;
}

const isCipheredContext = (context: number): boolean => context === 3 || context === 4;

function makeCiphering({
  security,
  clientSystemTitle,
  receivedCounters,
  random,
}: SessionOptions): Ciphering | undefined {
  if (security === undefined) return undefined;
  return new Ciphering(security, clientSystemTitle, receivedCounters ?? new ReceivedCounters(), random);
}

/** AARQ out, an accepting AARE in. An invocation-counter-error is followed once. */
function* requestAssociation(channel: ServiceChannel, challenge: Uint8Array | undefined): Operation<Aare> {
  const authenticated = channel.options.auth.mechanism !== "none";
  const initiate = encodeInitiate(channel);
  // a wrong password counts each time, even if the refusal is lost
  const most = channel.delivery.retries;
  const retries = channel.options.auth.mechanism === "lls" ? Math.min(1, most) : most;
  let repeated = 0;
  for (;;) {
    const { ciphering } = channel;
    const userInformation = ciphering?.active === true ? yield* ciphering.protect(initiate, "global") : initiate;
    const request = encodeApdu(aarqOf(channel.options, challenge, userInformation));
    const owed = channel.delivery.outlivesAssociation ? channel.correlation : undefined;
    const earlier = owed?.associations ?? 0;
    if (owed !== undefined) owed.associations += 1;
    const delivery = retries === 0 ? undefined : ({ reportSilence: true, isRetry: repeated > 0 } as const);
    let answer: Apdu;
    try {
      answer = yield* channel.exchangeBytes(request, "associate", delivery);
    } catch (error) {
      if (delivery === undefined || !isNoAnswer(error) || repeated >= retries) throw error;
      repeated += 1;
      yield* noteStep(`no answer, retry (${repeated} of ${retries})`);
      continue;
    }
    // anything else answers an earlier request: the answer to this one is still outstanding
    if (owed !== undefined && answersAssociation(answer)) owed.associations -= 1;
    if (answer.apdu === "exception-response") {
      if (answer.serviceError !== invocationCounterError || ciphering?.active !== true) {
        throw exceptionError(answer);
      }
      yield* ciphering.resynchronise(answer.invocationCounter);
      continue;
    }
    if (answer.apdu === "confirmed-service-error") throw initiateError(answer);
    if (answer.apdu !== "aare") throw unexpectedAnswer("an AARE", answer);
    if (answer.result === 0) {
      const due = repeated + earlier;
      return challenge === undefined || due === 0 ? answer : yield* newestAnswer(channel, answer, due);
    }
    throw refusedAssociation(refusalOf(answer, channel.options), authenticated, ciphering?.active === true);
  }
}

function answersAssociation({ apdu }: Apdu): boolean {
  return apdu === "aare" || apdu === "exception-response" || apdu === "confirmed-service-error";
}

/**
 * A retry after a lost message may have opened two associations in turn. The challenge of the last one is valid, and
 * its answer may still be in transit.
 */
function* newestAnswer(channel: ServiceChannel, first: Aare, due: number): Operation<Aare> {
  const owed = channel.delivery.outlivesAssociation ? channel.correlation : undefined;
  let newest = first;
  for (let more = 0; more < due; more++) {
    let answer: Apdu;
    try {
      answer = yield* channel.further("new");
    } catch (error) {
      if (!isNoAnswer(error)) throw error;
      if (owed !== undefined) owed.associations = 0;
      return newest;
    }
    if (owed !== undefined) owed.associations -= 1;
    if (answer.apdu === "aare" && answer.result === 0) newest = answer;
  }
  return newest;
}

function encodeInitiate(channel: ServiceChannel): Uint8Array {
  const { options, ciphering } = channel;
  const dedicated = ciphering?.active === true && ciphering.security.dedicatedKey === true;
  return encodeApdu({
    apdu: "initiate-request",
    ...(dedicated ? { dedicatedKey: ciphering.makeDedicatedKey(options.random) } : {}),
    responseAllowed: true,
    dlmsVersion,
    conformance: conformanceWithoutQuirks(options),
    maxPduSize: options.maxPduSize,
  });
}

/** The proposed conformance, without the services that a quirk forbids. */
export function conformanceWithoutQuirks(options: SessionOptions): number {
  const withoutBlocks = options.quirks?.noGeneralBlockTransfer === true;
  return withoutBlocks ? options.conformance & ~conformanceMask(["general-block-transfer"]) : options.conformance;
}

function aarqOf(options: SessionOptions, challenge: Uint8Array | undefined, userInformation: Uint8Array): Aarq {
  const { auth } = options;
  const ciphered = options.security !== undefined && options.security.policy !== "none";
  const { mechanism } = auth;
  const hls = mechanism !== "none" && mechanism !== "lls";
  const signed = options.security?.generalSigning !== undefined;
  const titled = ciphered || signed || (hls && hlsNeedsTitles(mechanism));
  const named = mechanism !== "none" || options.quirks?.alwaysSendMechanism === true;
  const value = auth.mechanism === "lls" ? auth.secret : challenge;
  const certificate = auth.mechanism === "hls-ecdsa" ? auth.clientCertificate : undefined;
  return {
    apdu: "aarq",
    applicationContext: proposedContext(options),
    ...(titled ? { callingApTitle: checkSystemTitle(options.clientSystemTitle, "the client's") } : {}),
    ...(certificate === undefined ? {} : { callingAeQualifier: certificate }),
    ...(named ? { acseRequirements: true, mechanism: mechanismIds[mechanism] } : {}),
    ...(value === undefined ? {} : { authenticationValue: value }),
    userInformation,
  };
}

function refusalOf(aare: Aare, options: SessionOptions): Refusal {
  const initiateError = serviceErrorIn(aare.userInformation);
  const asked = isCipheredContext(proposedContext(options));
  const { applicationContext, userInformation } = aare;
  const answered =
    applicationContext === undefined
      ? asked && userInformation?.[0] !== initiateResponseTag
      : isCipheredContext(applicationContext);
  return {
    ...(answered === asked ? {} : { context: answered ? ("ciphered" as const) : ("plain" as const) }),
    result: aare.result,
    diagnosticSource: aare.diagnosticSource,
    diagnostic: aare.diagnostic,
    ...(initiateError === undefined ? {} : { initiateError }),
  };
}

/** The confirmedServiceError in a refusal's user-information, if it can be decoded. */
function serviceErrorIn(userInformation: Uint8Array | undefined): ConfirmedServiceError | undefined {
  if (userInformation?.[0] !== 0x0e) return undefined;
  try {
    const apdu = parseApdu(userInformation, { allowTrailing: true });
    return apdu.apdu === "confirmed-service-error" ? apdu : undefined;
  } catch {
    // the refusal is reported without it
    return undefined;
  }
}

/** The responding-AP-title is needed before the user-information can be opened. */
function takeMeterTitle(channel: ServiceChannel, aare: Aare): void {
  const title = aare.respondingApTitle;
  if (title === undefined || title.length === 0) return;
  const { ciphering } = channel;
  if (ciphering === undefined) return;
  if (title.length !== 8 && !ciphering.active) return;
  ciphering.setMeterTitle(title);
}

function negotiated(channel: ServiceChannel, aare: Aare, initiate: InitiateResponse): AssociationInfo {
  const { options, ciphering } = channel;
  const { maxPduSize } = initiate;
  if (maxPduSize !== 0 && maxPduSize < minPduBytes) {
    throw new DlmsAssociationError(
      "ASSOC_INITIATE_ERROR",
      `the meter accepts APDUs of at most ${maxPduSize} bytes, at least ${minPduBytes} are needed`,
      { details: { maxPduSize, least: minPduBytes } },
    );
  }
  const applicationContext = aare.applicationContext ?? proposedContext(options);
  const shortNames =
    initiate.vaaName === associationShortName || (initiate.vaaName !== 0x0007 && applicationContext % 2 === 0);
  // a meter cannot add to the proposal; some send their whole list
  const conformance = initiate.conformance & conformanceWithoutQuirks(options);
  const meterSystemTitle = ciphering?.meterTitle ?? titleOf(aare);
  return {
    referencing: shortNames ? "sn" : "ln",
    applicationContext,
    mechanism: options.auth.mechanism,
    conformance,
    conformanceNames: conformanceNames(conformance),
    maxPduSize,
    dlmsVersion: initiate.dlmsVersion,
    vaaName: initiate.vaaName,
    ...(meterSystemTitle === undefined ? {} : { meterSystemTitle }),
    ciphered: ciphering?.active === true,
  };
}

const titleOf = (aare: Aare): Uint8Array | undefined =>
  aare.respondingApTitle?.length === 8 ? Uint8Array.from(aare.respondingApTitle) : undefined;

function* noteDeviations(channel: ServiceChannel, aare: Aare, info: AssociationInfo): Operation<void> {
  const asked = channel.options.referencing;
  for (const note of aare.notes ?? []) yield* noteStep(`AARE: ${note}`);
  if (info.referencing !== asked) yield* noteStep(`${asked} was requested, the meter uses ${info.referencing}`);
  if (info.dlmsVersion !== dlmsVersion) yield* noteStep(`the meter names DLMS version ${info.dlmsVersion}`);
  if (
    aare.diagnosticSource === "service-user" &&
    aare.diagnostic === userDiagnostic["authentication-required"] &&
    info.mechanism === "lls"
  ) {
    yield* noteStep("the meter accepted, and reports that authentication is required");
  }
}

function checkSecurity({ clientSystemTitle, random }: SessionOptions, security: SessionSecurity): void {
  const { generalCiphering, generalSigning, policy, suite } = security;
  const keys = new KeySet(suite, security.keys);
  if (generalCiphering !== undefined) {
    if (policy === "none") {
      throw new DlmsConfigError(
        "CONFIG_INVALID",
        "security.generalCiphering: expected a policy that ciphers, got policy none",
      );
    }
    new MessageKeys(generalCiphering, suite, keys, random).check();
  }
  if (generalSigning === undefined) return;
  new MessageSigning(generalSigning, suite, random);
  if (clientSystemTitle === undefined) {
    throw new DlmsConfigError("CONFIG_MISSING", "client.systemTitle: 8 bytes, needed for security.generalSigning");
  }
}

/** Refuse options that can't be used, before anything is sent. */
export function checkOptions(options: SessionOptions): void {
  const { mechanism } = options.auth;
  if (mechanism === "hls-gmac" && options.security === undefined) {
    throw new DlmsConfigError(
      "CONFIG_MISSING",
      "auth: GMAC needs the encryption key (GUEK) and the authentication key (GAK): set security, with policy none if nothing is to be ciphered",
    );
  }
  if ("secret" in options.auth && mechanism !== "lls" && options.auth.secret.length === 0) {
    throw new DlmsConfigError("CONFIG_MISSING", `auth.secret: ${mechanism} needs a secret`);
  }
  if ("secret" in options.auth && isLandisGyr(options)) checkLandisGyrSecret(options.auth.secret);
  signingKeys(options);
  if (options.security !== undefined) checkSecurity(options, options.security);
  if (!Number.isInteger(options.maxPduSize) || options.maxPduSize < minPduBytes || options.maxPduSize > 0xffff) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `association.maxPduSize: expected ${minPduBytes}..65535, got ${options.maxPduSize}`,
    );
  }
}
