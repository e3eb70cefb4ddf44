/** Several APDUs in one information field or WPDU, as L+G E450 meters push them. */
import { type DlmsError, isDlmsError } from "../errors";
import type { Apdu } from "./model";
import { parseApdu } from "./parse";

export interface ApduPiece {
  readonly apdu: Apdu;
  /** the bytes of this APDU alone */
  readonly bytes: Uint8Array;
}

export interface SplitApdus {
  readonly pieces: readonly ApduPiece[];
  /** the bytes after the last APDU that are not an APDU; empty if all were parsed */
  readonly rest: Uint8Array;
  /** why the rest is not an APDU */
  readonly error?: DlmsError;
}

const nothing = new Uint8Array(0);
/** Maximum APDUs of one field; further ones are ignored. */
const maxApdus = 64;

/** Sender of the LLC header (E6 E6 00, E6 E7 00) at the beginning of the bytes. */
export function llcOf(bytes: Uint8Array): "command" | "response" | undefined {
  if (bytes[0] !== 0xe6 || bytes[2] !== 0x00) return undefined;
  return bytes[1] === 0xe6 ? "command" : bytes[1] === 0xe7 ? "response" : undefined;
}

/** The bytes after the LLC header, or all of them if there is none. */
export function withoutLlc(bytes: Uint8Array): Uint8Array {
  return llcOf(bytes) === undefined ? bytes : bytes.subarray(3);
}

/** The first APDU, and the bytes after it. @throws DlmsDecodeError if no APDU begins here */
export function firstApdu(bytes: Uint8Array): ApduPiece & { readonly rest: Uint8Array } {
  let rest: Uint8Array = nothing;
  const onTrailing = (trailing: Uint8Array): void => {
    rest = trailing;
  };
  const apdu = parseApdu(bytes, { allowTrailing: true, onTrailing });
  return { apdu, bytes: bytes.subarray(0, bytes.length - rest.length), rest };
}

/** All APDUs of a field, each with or without LLC bytes before it. */
export function splitApdus(field: Uint8Array): SplitApdus {
  const pieces: ApduPiece[] = [];
  let rest = field;
  while (rest.length > 0 && pieces.length < maxApdus) {
    try {
      const { apdu, bytes, rest: behind } = firstApdu(withoutLlc(rest));
      pieces.push({ apdu, bytes });
      rest = behind;
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      return { pieces, rest, error };
    }
  }
  return { pieces, rest };
}
