/** Parses an APDU for inspection, with or without LLC bytes. */
import { type Apdu, parseApdu, withoutLlc } from "../apdu";
import { type InspectKeys, opened } from "./decipher";
import { type BytesLike, toBytes } from "./input";

/**
 * The APDU in some bytes, or hex. LLC bytes (E6 E6 00, E6 E7 00) in front are passed over. With keys, a ciphered APDU
 * is opened as far as they go: the plain APDU comes back, or an AARQ or AARE with its user-information in plain.
 * @throws DlmsDecodeError; DECODE_TRAILING for bytes behind the APDU
 * @throws DlmsSecurityError SEC_TAG if the keys do not fit
 */
export function decodeApdu(bytes: BytesLike, keys?: InspectKeys): Apdu {
  const apdu = parseApdu(withoutLlc(toBytes(bytes)));
  return keys === undefined ? apdu : opened(apdu, keys);
}
