/** The two passes of the HLS mechanisms: the proof of the client, and the check of the meter's. */
import { actionResult, associationShortName, classIds, dataAccessResult } from "../../apdu";
import type { Aare, GetDataResult } from "../../apdu/model";
import { decodeValueBytes, type DlmsValue, encodeValueBytes } from "../../codec";
import { DlmsAssociationError, DlmsConfigError, DlmsDecodeError, type DlmsError, DlmsServiceError } from "../../errors";
import {
  checkChallenge,
  checkCertificateTitle,
  checkSystemTitle,
  curveOf,
  type HlsContext,
  type HlsMechanism,
  hlsNeedsCounter,
  hlsNeedsTitles,
  hlsReply,
  hlsVerify,
  importPrivateKey,
  importPublicKey,
} from "../../security";
import { invokeUnchecked } from "../services/action";
import type { ServiceChannel } from "../exchange/service-channel";
import type { Operation } from "../steps/operation";
import type { SessionOptions } from "../steps/options";
import { readVariablesUnchecked } from "../services/short-name";
import { withRequestName } from "../steps/request-name";
import { noteStep, reserveStep } from "../steps/steps";

/** reply_to_HLS_authentication is method 1 of the current association, 0.0.40.0.0.255 (class 15). */
const associationLn = {
  classId: classIds["association-ln"],
  instanceId: Uint8Array.of(0, 0, 40, 0, 0, 255),
  methodId: 1,
} as const;
/** Association SN: base name FA00, reply_to_HLS_authentication is method 8 at offset 58. */
const replyShortName = associationShortName + 0x58;

/** Mechanism 2 in the form of older Landis+Gyr meters. */
export function isLandisGyr({ auth, quirks }: SessionOptions): boolean {
  return auth.mechanism === "hls-2" && quirks?.landisGyrHls2 === true;
}

/**
 * Passes 3 and 4 of an HLS authentication: sends the client's proof for the meter's challenge, and verifies the meter's
 * proof for ours. No other data from the meter is trusted before.
 * @returns whether the meter has proven itself; only older Landis+Gyr meters may omit their proof
 * @throws DlmsAssociationError ASSOC_AUTH_FAILED (pass 3) or ASSOC_SERVER_UNPROVEN (passes 2 and 4)
 */
export function* proveByHls(
  channel: ServiceChannel,
  mechanism: HlsMechanism,
  clientChallenge: Uint8Array,
  aare: Aare,
): Operation<boolean> {
  const serverChallenge = aare.authenticationValue;
  if (serverChallenge === undefined || serverChallenge.length === 0) {
    throw noChallenge(mechanism);
  }
  checkChallenge(mechanism, serverChallenge, clientChallenge);
  const context = contextOf(channel, mechanism, clientChallenge, Uint8Array.from(serverChallenge), aare);
  const counter = hlsNeedsCounter(mechanism) ? yield* reserveStep(1) : undefined;
  const proof = encodeValueBytes({ type: "octet-string", value: hlsReply(context, counter) });
  const answer = proofIn(mechanism, yield* withRequestName(`${mechanism} pass 3`, reply(channel, mechanism, proof)));
  if (answer === undefined) {
    if (!isLandisGyr(channel.options)) throw unproven(mechanism, 4, "the meter sent no proof");
    yield* noteStep("the meter accepted our proof and sent no proof: its identity is not proven");
    return false;
  }
  const verdict = hlsVerify(context, answer);
  if (!verdict.ok) throw unproven(mechanism, 4, `the meter's proof is wrong: ${verdict.reason}`);
  return true;
}

function contextOf(
  channel: ServiceChannel,
  mechanism: HlsMechanism,
  clientChallenge: Uint8Array,
  serverChallenge: Uint8Array,
  aare: Aare,
): HlsContext {
  const { auth, security, clientSystemTitle, meterSystemTitle } = channel.options;
  const title = aare.respondingApTitle?.length === 8 ? aare.respondingApTitle : meterSystemTitle;
  const signing = signingKeys(channel.options);
  // checked before the client sends its proof to the wrong meter
  if (signing?.peerSigningKey !== undefined) {
    checkCertificateTitle(signing.peerSigningKey, title, "auth.meterSigningCertificate");
  }
  return {
    mechanism,
    role: "client",
    clientChallenge,
    serverChallenge,
    clientTitle: clientSystemTitle,
    serverTitle: hlsNeedsTitles(mechanism) ? checkSystemTitle(title, "the meter's") : title,
    ...("secret" in auth ? { secret: auth.secret } : {}),
    ...(isLandisGyr(channel.options) ? { hls2Form: "landis-gyr" as const } : {}),
    ...(security === undefined ? {} : { keys: security.keys, suite: security.suite }),
    ...signing,
  };
}

/**
 * The keys of mechanism 7; undefined for other mechanisms.
 * @throws DlmsConfigError for keys that are unreadable, or on another curve than the suite's
 */
export function signingKeys({
  auth,
  security,
}: SessionOptions): Pick<HlsContext, "signingKey" | "peerSigningKey"> | undefined {
  if (auth.mechanism !== "hls-ecdsa") return undefined;
  const suite = security?.suite ?? 0;
  const curves = suite === 0 ? (["P-256", "P-384"] as const) : curveOf(suite);
  const signingKey = importPrivateKey(auth.signingKey, curves, "auth.signingKey");
  const peerSigningKey = importPublicKey(auth.meterSigningCertificate, curves, "auth.meterSigningCertificate");
  if (signingKey.curve !== peerSigningKey.curve) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `auth.meterSigningCertificate: expected a key on ${signingKey.curve}, as auth.signingKey is, got ${peerSigningKey.curve}; ` +
        "both sides of an association use the curve of one suite",
      { details: { setting: "auth.meterSigningCertificate" } },
    );
  }
  return { signingKey, peerSigningKey };
}

/** Pass 3 out, pass 4 in. */
function* reply(
  channel: ServiceChannel,
  mechanism: HlsMechanism,
  proof: Uint8Array,
): Operation<GetDataResult | undefined> {
  try {
    if (channel.association?.referencing === "sn") return yield* replyByRead(channel, proof);
    const { result, returnParameters } = yield* invokeUnchecked(channel, associationLn, proof);
    if (result !== 0) throw refused(mechanism, actionResult(result).word, { result });
    return returnParameters;
  } catch (error) {
    if (error instanceof DlmsServiceError) throw refused(mechanism, error.message, error.details, error);
    // the proof was sent and counts as an attempt, so an invalid answer must not make the client send it repeatedly
    if (error instanceof DlmsDecodeError) throw unreadable(mechanism, error.message, error);
    const left = error instanceof DlmsAssociationError && error.is("ASSOC_RELEASED");
    if (left) throw refused(mechanism, error.message, error.details, error);
    throw error;
  }
}

function* replyByRead(channel: ServiceChannel, data: Uint8Array): Operation<GetDataResult | undefined> {
  const variable = { kind: "parameterized-access", name: replyShortName, selector: 0, data } as const;
  const [result] = yield* readVariablesUnchecked(channel, [variable]);
  if (result?.kind === "data") return { ok: true, data: result.data };
  return result?.kind === "error" && result.result !== 0 ? { ok: false, result: result.result } : undefined;
}

/** The meter's proof; undefined if it sent none: no data, null-data, an empty octet-string, or the result success alone. */
function proofIn(mechanism: HlsMechanism, answer: GetDataResult | undefined): Uint8Array | undefined {
  if (answer === undefined) return undefined;
  if (!answer.ok) {
    if (answer.result === 0) return undefined;
    throw refused(mechanism, dataAccessResult(answer.result).word, { result: answer.result });
  }
  const value = proofValue(mechanism, answer.data);
  if (value.type === "null-data") return undefined;
  if (value.type === "octet-string") return value.value.length === 0 ? undefined : value.value;
  throw unreadable(mechanism, `expected an octet-string, got ${value.type}`);
}

function proofValue(mechanism: HlsMechanism, data: Uint8Array): DlmsValue {
  try {
    return decodeValueBytes(data);
  } catch (error) {
    if (error instanceof DlmsDecodeError) throw unreadable(mechanism, error.message, error);
    throw error;
  }
}

/** The secret may well be right: the proof was not found, so it was not checked. */
function unreadable(mechanism: HlsMechanism, problem: string, cause?: DlmsError): DlmsAssociationError {
  return new DlmsAssociationError(
    "ASSOC_SERVER_UNPROVEN",
    `${mechanism} failed in pass 4 of 4: the form of the meter's answer is unknown, so its proof was not checked: ${problem}; ` +
      "report the meter's model with a trace of its frames",
    { details: { mechanism, pass: 4, form: "unknown" }, ...(cause === undefined ? {} : { cause }) },
  );
}

/** Nothing was sent that a key had a part in. */
function noChallenge(mechanism: HlsMechanism): DlmsAssociationError {
  return new DlmsAssociationError(
    "ASSOC_SERVER_UNPROVEN",
    `${mechanism} failed in pass 2 of 4: the AARE carries no challenge, so the meter does not ask for a proof, nor give one; ` +
      "check whether this client address has this mechanism",
    { details: { mechanism, pass: 2 } },
  );
}

function refused(
  mechanism: HlsMechanism,
  reason: string,
  details: Readonly<Record<string, unknown>>,
  cause?: DlmsError,
): DlmsAssociationError {
  return new DlmsAssociationError(
    "ASSOC_AUTH_FAILED",
    `${mechanism} failed in pass 3 of 4, the meter refused our proof: ${reason}; ` +
      "check the password or keys, and the client's system title; meters lock the account after a few attempts",
    { details: { mechanism, pass: 3, ...details }, ...(cause === undefined ? {} : { cause }) },
  );
}

function unproven(mechanism: HlsMechanism, pass: 2 | 4, problem: string, cause?: DlmsError): DlmsAssociationError {
  return new DlmsAssociationError(
    "ASSOC_SERVER_UNPROVEN",
    `${mechanism} failed in pass ${pass} of 4: ${problem}; the meter is not trusted, check the keys and its system title`,
    { details: { mechanism, pass }, ...(cause === undefined ? {} : { cause }) },
  );
}
