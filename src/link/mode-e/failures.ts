/** The errors of a mode E sign-on: what came instead of an identification, and what to try. */
import { type DlmsError, DlmsLinkError, DlmsTimeoutError } from "../../errors";
import { shownBytes } from "../guess-protocol";
import { type Identification, withoutParity } from "./sign-on";

/** What the sign-ons of one `open` have brought so far. */
export interface SignOn {
  readonly tries: number;
  /** bytes that came, noise included */
  readonly bytes: number;
  /** the meter answered a DISC, so it speaks HDLC at that rate */
  readonly answeredDisc: boolean;
  /** our own request came back: the optical probe echoes */
  readonly echoing: boolean;
}

export function modeENotOffered({ text }: Identification): DlmsError {
  const problem = `the meter identifies itself as "${text}", which does not offer mode E (\\2) but mode C or older only; read it by an IEC 62056-21 reader, or look for another interface of it`;
  return new DlmsLinkError("LINK_MODE_E", `mode E: ${problem}`, { retry: "no" });
}

export function unknownBaudCharacter({ baudCharacter, text }: Identification): DlmsError {
  const problem = `the meter's baud character "${baudCharacter}" is not known ("${text}")`;
  return new DlmsLinkError("LINK_MODE_E", `mode E: ${problem}`);
}

export function hdlcRefused(): DlmsError {
  const problem = "the meter refused to go on in HDLC (NAK); it may offer mode C only";
  return new DlmsLinkError("LINK_MODE_E", `mode E: ${problem}`);
}

/** What was asked, at which rate, and how long the answer was awaited. */
interface Asked {
  readonly request: Uint8Array;
  readonly baudRate: number;
  readonly waitMs: number;
}

export function signOnUnanswered(signOn: SignOn, received: Uint8Array, asked: Asked): DlmsError {
  const { bytes, tries, echoing } = signOn;
  const request = withoutParity(asked.request);
  const came =
    bytes === 0
      ? "no byte came; check the optical probe's position and direction, the start rate and the device address; a meter that is still in HDLC answers after its inactivity time-out"
      : echoing && withoutParity(received) === request
        ? "only our own bytes came back (the head echoes); check the head's place and the device address"
        : `${bytes} bytes came, but no identification (${shownBytes(received)}); check the start rate and parity`;
  return new DlmsTimeoutError(
    "TIMEOUT_LINK",
    `mode E: the meter did not answer the sign-on "${request.trim()}" at ${asked.baudRate} bit/s within ${asked.waitMs} ms, ${tries} tries: ${came}`,
    { details: { bytes, tries, first: shownBytes(received) } },
  );
}
