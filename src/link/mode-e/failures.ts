/** The errors of a mode E sign-on: what was received instead of an identification, and what to try. */
import { type DlmsError, DlmsLinkError, DlmsTimeoutError } from "../../errors";
import { shownBytes } from "../guess-protocol";
import { type Identification, withoutParity } from "./sign-on";

/** Evidence from the sign-ons of one `open`. */
export interface SignOn {
  readonly tries: number;
  /** received bytes, noise included */
  readonly bytes: number;
  /** the first of them */
  readonly first: Uint8Array;
  /** the meter answered a DISC, so it uses HDLC at that rate */
  readonly answeredDisc: boolean;
  /** our own request was received: the optical probe echoes */
  readonly echoing: boolean;
}

export function modeENotOffered({ text }: Identification): DlmsError {
  const problem = `the meter identifies itself as "${text}", which does not offer mode E (\\2) but mode C or older only; read it by an IEC 62056-21 reader, look for another interface of it, or set modeEUnannounced (link.unannounced) if it is known to take HDLC`;
  return new DlmsLinkError("LINK_MODE_E", `mode E: ${problem}`, { retry: "no", details: { modeE: "not-offered" } });
}

export function unknownBaudCharacter({ baudCharacter, text }: Identification): DlmsError {
  const problem = `the meter's baud character "${baudCharacter}" is not known ("${text}")`;
  return new DlmsLinkError("LINK_MODE_E", `mode E: ${problem}`);
}

/** The meter sent its data readout: after the option select as in mode C, or at once as in modes A and B. */
export function readoutInstead(received: Uint8Array, when: "selected" | "identified"): DlmsError {
  const finding =
    when === "selected"
      ? "answered the acknowledgement with a mode C data readout, not with HDLC"
      : "sent a data readout directly after its identification, without waiting for the acknowledgement";
  const problem = `the meter ${finding}; read it by an IEC 62056-21 reader, or look for another interface of it`;
  return new DlmsLinkError("LINK_MODE_E", `mode E: ${problem}`, {
    retry: "no",
    details: { modeE: "readout", bytes: received.length, first: shownBytes(received) },
  });
}

/** The error of an HDLC link without an answer, with the bytes received before its first frame. */
export function withBytesBefore(error: DlmsError, before: Uint8Array): DlmsError {
  const came = `${before.length} bytes received after the acknowledgement, before HDLC began (${shownBytes(before)}); the meter may send a mode C data readout at the sign-on speed`;
  return new DlmsTimeoutError("TIMEOUT_LINK", `${error.message}; ${came}`, {
    cause: error,
    details: { ...error.details, bytesBefore: before.length, firstBefore: shownBytes(before) },
  });
}

export function hdlcRefused(): DlmsError {
  const problem = "the meter refused to continue in HDLC (NAK); it may offer mode C only";
  return new DlmsLinkError("LINK_MODE_E", `mode E: ${problem}`, { details: { modeE: "refused" } });
}

/** The request, its rate, and how long the answer was awaited. */
interface Asked {
  readonly request: Uint8Array;
  readonly baudRate: number;
  readonly waitMs: number;
}

export function signOnUnanswered(signOn: SignOn, received: Uint8Array, asked: Asked): DlmsError {
  const { bytes, tries, echoing } = signOn;
  // the last attempt may have received nothing
  const shown = shownBytes(received.length > 0 ? received : signOn.first);
  const request = withoutParity(asked.request);
  const onlyEcho = echoing && withoutParity(received) === request;
  const came =
    bytes === 0
      ? "no bytes received; check the optical probe's position and direction, the start rate and the device address; a meter that is still in HDLC answers after its inactivity time-out"
      : onlyEcho
        ? "only our own bytes were received (the probe echoes); realign the probe and check the device address"
        : `${bytes} bytes received, but no identification (${shown}); check the start rate and parity`;
  return new DlmsTimeoutError(
    "TIMEOUT_LINK",
    `mode E: the meter did not answer the sign-on "${request.trim()}" at ${asked.baudRate} bit/s within ${asked.waitMs} ms, ${tries} tries: ${came}`,
    { details: { bytes, tries, first: shown, echoing: onlyEcho } },
  );
}
