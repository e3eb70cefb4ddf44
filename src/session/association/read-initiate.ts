/** Reads the initiate-response of an accepting AARE: plain, ciphered, readable in part only, or missing. */
import {
  type Apdu,
  associationShortName,
  cipheredInitiateToFieldEnd,
  partialInitiateResponse,
  wholeInitiateResponse,
} from "../../apdu";
import type { Aare, InitiateResponse } from "../../apdu/model";
import { DlmsAssociationError, DlmsDecodeError, DlmsSecurityError, isDlmsError } from "../../errors";
import type { ServiceChannel } from "../exchange/service-channel";
import { isProtected, type Protected } from "../protection/ciphering";
import { initiateError, keysMissing, unexpectedAnswer } from "../steps/errors";
import type { Operation } from "../steps/operation";
import type { SessionOptions } from "../steps/options";
import { noteStep } from "../steps/steps";

export const dlmsVersion = 6;
export const initiateResponseTag = 0x08;

/** The proposed application context: 1 and 2 plain, 3 and 4 ciphered, by logical and by short names. */
export function proposedContext({ referencing, security }: SessionOptions): number {
  const ciphered = security !== undefined && security.policy !== "none";
  return (referencing === "sn" ? 2 : 1) + (ciphered ? 2 : 0);
}

export function* readInitiate(channel: ServiceChannel, aare: Aare): Operation<InitiateResponse> {
  const bytes = aare.userInformation;
  if (bytes === undefined || bytes.length === 0) {
    // only a ciphered initiate-response shows that the meter has the keys
    if (channel.ciphering?.active !== true) return yield* proposedInitiate(channel, aare, "is missing");
    throw new DlmsAssociationError(
      "ASSOC_INITIATE_ERROR",
      "the meter accepted the association, but sent no initiate-response (user-information)",
    );
  }
  const inner = yield* initiateIn(channel, bytes, aare);
  if (inner.apdu === "confirmed-service-error") throw initiateError(inner);
  if (inner.apdu !== "initiate-response") throw unexpectedAnswer("an initiate-response", inner);
  if (bytes[0] === initiateResponseTag && channel.ciphering?.active === true) {
    throw new DlmsSecurityError(
      "SEC_POLICY",
      `the meter sent its initiate-response plain, protection "${channel.ciphering.security.policy}" is required; ` +
        "check whether this client address has a ciphered association, else set the security policy to NONE",
      { details: { required: channel.ciphering.security.policy, received: "none (plain)" } },
    );
  }
  return inner;
}

/** The content of the user-information, deciphered. An envelope with a wrong length is read to the end of its field. */
function* initiateIn(channel: ServiceChannel, bytes: Uint8Array, aare: Aare): Operation<Apdu> {
  try {
    return yield* initiateOf(channel, bytes, aare);
  } catch (error) {
    const toEnd = cipheredInitiateToFieldEnd(bytes);
    if (toEnd === undefined || !isDlmsError(error)) throw error;
    try {
      const initiate = yield* initiateOf(channel, toEnd, aare);
      yield* noteStep("the length of the ciphered initiate-response is wrong; it was read to the end of its field");
      return initiate;
    } catch {
      throw error;
    }
  }
}

function* initiateOf(channel: ServiceChannel, bytes: Uint8Array, aare: Aare): Operation<Apdu> {
  const outer = yield* parseInitiate(channel, bytes, aare);
  return isProtected(outer) ? yield* openInitiate(channel, outer, aare) : outer;
}

function* openInitiate(channel: ServiceChannel, envelope: Protected, aare: Aare): Operation<Apdu> {
  if (channel.ciphering === undefined) throw keysMissing();
  return yield* parseInitiate(channel, channel.ciphering.open(envelope), aare);
}

/**
 * The parameters of an accepted association: those that are missing or unreadable in the initiate-response count as
 * proposed.
 */
function* parseInitiate(channel: ServiceChannel, bytes: Uint8Array, aare: Aare): Operation<Apdu> {
  if (bytes[0] === initiateResponseTag && wholeInitiateResponse(bytes) === undefined) {
    const { notes, ...parts } = partialInitiateResponse(bytes, referencingOf(channel, aare));
    yield* noteStep("the meter accepted the association, but its initiate-response deviates from the standard");
    for (const note of notes) yield* noteStep(`initiate-response: ${note}`);
    return { ...asProposed(channel, aare), ...parts };
  }
  try {
    return yield* channel.parse(bytes);
  } catch (error) {
    const unknown = error instanceof DlmsDecodeError && error.details.path === "apdu";
    if (!unknown || channel.ciphering?.active === true) throw error;
    return yield* proposedInitiate(channel, aare, "is no initiate-response");
  }
}

function referencingOf({ options }: ServiceChannel, aare: Aare): "ln" | "sn" {
  return (aare.applicationContext ?? proposedContext(options)) % 2 === 0 ? "sn" : "ln";
}

function asProposed(channel: ServiceChannel, aare: Aare): InitiateResponse {
  const { conformance, maxPduSize } = channel.options;
  const vaaName = referencingOf(channel, aare) === "sn" ? associationShortName : 0x0007;
  return { apdu: "initiate-response", dlmsVersion, conformance, maxPduSize, vaaName };
}

function* proposedInitiate(channel: ServiceChannel, aare: Aare, problem: string): Operation<InitiateResponse> {
  yield* noteStep(
    `the meter accepted the association, but its user-information ${problem}; the proposed values are assumed`,
  );
  return asProposed(channel, aare);
}
