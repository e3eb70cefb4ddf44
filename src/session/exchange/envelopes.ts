/** Which protection an APDU from the meter needs, and how a notification is opened. */
import { type Apdu, parseApdu } from "../../apdu";
import type { GeneralSigning } from "../../apdu/model";
import { DlmsSecurityError } from "../../errors";
import { requirePolicy } from "../../security";
import { isProtected } from "../protection/ciphering";
import { keysMissing } from "../steps/errors";
import type { Exchange } from "./exchange";

type Facts = Pick<Exchange, "association" | "ciphering">;

/** APDUs that a meter may send without protection: a meter that cannot decipher a request has no other answer. */
const exempt: readonly Apdu["apdu"][] = ["exception-response", "confirmed-service-error", "aare", "rlre"];

/** The APDU inside a signed envelope, once its signature is verified. */
export function signedContent({ ciphering }: Facts, apdu: GeneralSigning): Uint8Array {
  if (ciphering === undefined) throw keysMissing();
  return ciphering.openSigned(apdu);
}

/** @throws DlmsSecurityError SEC_POLICY for an unsigned answer if the settings require a signature */
export function requireSignature({ association, ciphering }: Facts, apdu: Apdu): void {
  if (ciphering?.signatureRequired !== true || exempt.includes(apdu.apdu)) return;
  // the initiate-response and the proofs of HLS are received before the association exists
  if (association === undefined) return;
  throw new DlmsSecurityError(
    "SEC_POLICY",
    `a signed answer is required, but the meter sent ${apdu.apdu} without a signature; it was refused`,
    { details: { required: "general-signing", received: apdu.apdu } },
  );
}

/** @throws DlmsSecurityError SEC_POLICY for a plain answer if the settings require ciphering */
export function requireProtection({ ciphering }: Facts, apdu: Apdu): void {
  if (ciphering?.active !== true || exempt.includes(apdu.apdu)) return;
  requirePolicy(undefined, ciphering.security.policy, apdu.apdu);
}

/** An unsolicited APDU without its envelopes: general block, signature, ciphering. */
export function openNotification(facts: Facts, bytes: Uint8Array): Apdu {
  let apdu = parseApdu(bytes, { allowTrailing: true });
  if (apdu.apdu === "general-block-transfer" && apdu.last && apdu.blockNumber <= 1) {
    const { data } = apdu;
    apdu = parseApdu(data, { allowTrailing: true });
  }
  if (apdu.apdu === "general-signing") {
    const content = signedContent(facts, apdu);
    apdu = parseApdu(content, { allowTrailing: true });
  } else requireSignature(facts, apdu);
  if (!isProtected(apdu)) {
    requireProtection(facts, apdu);
    return apdu;
  }
  if (facts.ciphering === undefined) throw keysMissing();
  return parseApdu(facts.ciphering.open(apdu), { allowTrailing: true });
}

/** Whether a meter sends such an APDU unsolicited, never as an answer. */
export function isNotification({ apdu }: Apdu): boolean {
  return apdu === "data-notification" || apdu === "event-notification" || apdu === "information-report";
}
