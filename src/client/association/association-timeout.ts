/** The error of an association request without an answer. */
import { DlmsTimeoutError } from "../../errors";
import type { LinkProtocol } from "../../link";

/**
 * The error sentence for an unanswered association request, from the known facts: connected only, link up, or bytes
 * that were no answer. The link itself cannot know which request it waited for.
 */
export function silentAssociation(error: DlmsTimeoutError, link: LinkProtocol["kind"]): DlmsTimeoutError {
  const { bytes, tries } = error.details;
  const asked = tries === 1 || typeof tries !== "number" ? "" : `, asked ${tries} times`;
  const options = { details: { ...error.details, link }, cause: error };
  // the received bytes are the best evidence
  if (typeof bytes === "number" && bytes > 0) return new DlmsTimeoutError("TIMEOUT_ASSOCIATE", error.message, options);
  const text =
    link === "wrapper"
      ? `connected, but the meter did not answer the association request${asked}, no bytes received: check client and server ` +
        "address, whether it wants HDLC instead of the wrapper, and whether another client holds the meter"
      : `the meter answered the link set-up (UA), but not the association request${asked}: line, framing and server ` +
        "address are right; check the client address, keys and system title if it ciphers, and whether another client " +
        "holds the meter";
  return new DlmsTimeoutError("TIMEOUT_ASSOCIATE", text, { ...options, request: "associate" });
}
