/** Errors of the HDLC link. */
import { DlmsLinkError, DlmsTimeoutError } from "../../errors";
import { prefix } from "../request-prefix";
import { frameRejectText } from "./frmr";

/** DM to an SNRM. */
export function refused(name: string): DlmsLinkError {
  return new DlmsLinkError(
    "LINK_REFUSED",
    `${name} answered SNRM with DM; check the address, or another session is open`,
  );
}

/** FRMR: the meter and we disagree about the protocol; only a new set-up helps. */
export function rejected(name: string, request: string, info: Uint8Array): DlmsLinkError {
  const reason = frameRejectText(info);
  return new DlmsLinkError(
    "LINK_FRAME_REJECTED",
    `${prefix(request)}${name} rejected a frame (FRMR): ${reason}; the link must be set up again`,
    { details: { reason } },
  );
}

/** DM or DISC in a session. */
export function gone(name: string, request: string, type: "DM" | "DISC"): DlmsLinkError {
  return new DlmsLinkError(
    "LINK_DISCONNECTED",
    type === "DM"
      ? `${prefix(request)}${name} is not connected (DM); its inactivity time-out has expired, it restarted, or another client took it`
      : `${prefix(request)}${name} ended the session (DISC)`,
  );
}

export function sequenceError(name: string, request: string, problem: string): DlmsLinkError {
  return new DlmsLinkError("LINK_SEQUENCE", `${prefix(request)}${name}: ${problem}; the link must be set up again`);
}

/** Each segment arrived in time, but the transfer as a whole is too slow. */
export function tooSlow(name: string, request: string, problem: string, bytes: number): DlmsTimeoutError {
  return new DlmsTimeoutError("TIMEOUT_RESPONSE", `${prefix(request)}${name}: ${problem}`, { details: { bytes } });
}
