/** Releases an association: RLRQ and RLRE. */
import { encodeApdu } from "../../apdu";
import { isDlmsError } from "../../errors";
import { conformanceWithoutQuirks } from "./associate";
import type { ServiceChannel } from "../exchange/service-channel";
import type { Operation } from "../steps/operation";
import { exchangeStep, noteStep } from "../steps/steps";

/** Sends an RLRQ and accepts any answer: many meters do not implement it, and the association ends in any case. */
export function* release(channel: ServiceChannel): Operation<void> {
  const info = channel.association;
  channel.association = undefined;
  const { quirks, preEstablished } = channel.options;
  if (info === undefined || preEstablished === true || quirks?.noRelease === true) return;
  try {
    const userInformation = info.ciphered ? yield* cipheredInitiate(channel) : undefined;
    const request = encodeApdu({ apdu: "rlrq", reason: 0, ...(userInformation ? { userInformation } : {}) });
    const answer = yield* exchangeStep(request, "release");
    if (answer[0] !== 0x63) yield* noteStep("the meter did not answer with an RLRE");
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    yield* noteStep(error.message);
  }
}

/** A ciphered association is released with the initiate-request under the global key. */
function* cipheredInitiate(channel: ServiceChannel): Operation<Uint8Array | undefined> {
  const { options, ciphering } = channel;
  const initiate = encodeApdu({
    apdu: "initiate-request",
    responseAllowed: true,
    dlmsVersion: 6,
    conformance: conformanceWithoutQuirks(options),
    maxPduSize: options.maxPduSize,
  });
  return ciphering === undefined ? undefined : yield* ciphering.protect(initiate, "global");
}
