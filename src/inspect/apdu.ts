/** Parses an APDU for inspection, with or without LLC bytes. */
import { type Apdu, parseApdu, withoutLlc } from "../apdu";
import { type InspectKeys, opened } from "./decipher";
import { type BytesLike, toBytes } from "./input";

/**
 * Decodes one APDU from bytes or hex. LLC bytes (E6 E6 00, E6 E7 00) before it are skipped. With keys, a ciphered APDU
 * is opened as far as the keys allow: the result is the plain APDU, or an AARQ or AARE with plain user-information.
 * @throws DlmsDecodeError; DECODE_TRAILING for bytes after the APDU
 * @throws DlmsSecurityError SEC_TAG if the keys do not fit
 */
export function decodeApdu(bytes: BytesLike, keys?: InspectKeys): Apdu {
  const apdu = parseApdu(withoutLlc(toBytes(bytes)));
  return keys === undefined ? apdu : opened(apdu, keys);
}
