/** Texts of the sign-on of IEC 62056-21: request, identification, option select, parity. */
import { latin1 } from "../../bytes";
import { DlmsConfigError } from "../../errors";

/** Rates by baud character of IEC 62056-21, 6.3.14; 7 to 9 are reserved there and used by makers as here. */
const rates: ReadonlyMap<string, number> = new Map([
  ["0", 300],
  ["1", 600],
  ["2", 1200],
  ["3", 2400],
  ["4", 4800],
  ["5", 9600],
  ["6", 19200],
  ["7", 38400],
  ["8", 57600],
  ["9", 115200],
]);

/** Slash, maker, baud character, `\2` and 16 characters, of IEC 62056-21, 6.3.2; more of a line is not quoted. */
const maxIdentificationLength = 23;

/** The identification of a meter at the sign-on. */
export interface Identification {
  /** three letters of the maker */
  readonly maker: string;
  /** the baud character */
  readonly baudCharacter: string;
  /** announced by `\2`: the meter supports HDLC */
  readonly modeE: boolean;
  /** the line as received, without its end; at most as long as the standard allows */
  readonly text: string;
  /** the bytes after the line */
  readonly behind: string;
}

/** `/?<address>!` */
export function requestMessage(deviceAddress: string): Uint8Array {
  if (!/^[0-9A-Za-z ]{0,32}$/.test(deviceAddress)) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `modeEAddress: expected at most 32 letters, digits or spaces, got "${deviceAddress}"`,
    );
  }
  return ascii(`/?${deviceAddress}!\r\n`);
}

/** Option select message: protocol 2 (HDLC), the rate, mode 2 (binary). */
export function acknowledgeMessage(baudCharacter: string): Uint8Array {
  return ascii(`\u00062${baudCharacter}2\r\n`);
}

/**
 * The identification in the received bytes, parity bits removed; undefined while incomplete. An echo of the request
 * begins with `/?` and is skipped, as is noise before the slash.
 */
export function findIdentification(text: string): Identification | undefined {
  const match = /\/([A-Za-z]{3})([^\r\n])([^\r\n]*)\r?\n/.exec(text);
  if (!match) return undefined;
  const [line, maker = "", baudCharacter = "", rest = ""] = match;
  const behind = text.slice(match.index + line.length);
  // within a line of text it is more likely part of the output of another service
  const shown = /[ -~]/.test(text.charAt(match.index - 1)) ? 5 : maxIdentificationLength;
  return { maker, baudCharacter, modeE: rest.includes("\\2"), text: line.trim().slice(0, shown), behind };
}

/** Whether text is the data readout of mode C: STX, or lines such as `0-0:C.1.0(12345678)`. */
export function isReadout(text: string): boolean {
  const start = text.indexOf("\u0002");
  return (start >= 0 && text.includes("(", start)) || /^[0-9A-F.:*&-]{3,}\([^()\r\n]*\)/im.test(text);
}

/** The rate to continue with: the meter's offer, or the highest rate below it that `maxBaud` allows. */
export function chooseRate(offered: string, maxBaud: number): { character: string; baudRate: number } | undefined {
  const limit = rates.get(offered);
  if (limit === undefined) return undefined;
  let best: { character: string; baudRate: number } | undefined;
  for (const [character, baudRate] of rates) {
    if (baudRate <= limit && baudRate <= maxBaud) best = { character, baudRate };
  }
  return best;
}

/** Whether a meter that offers one baud character can continue with another: the client may choose a lower rate. */
export function isWithinOffer(chosen: string, offered: string): boolean {
  return (rates.get(chosen) ?? Infinity) <= (rates.get(offered) ?? -Infinity);
}

/** Bytes as text, without the parity bit. */
export function withoutParity(bytes: Uint8Array): string {
  return latin1(bytes.map((byte) => byte & 0x7f));
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
