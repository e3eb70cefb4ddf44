/** Checks of the certificates that are given along with public keys: system title and validity. */
import { bytesEqual, toHex } from "../bytes";
import { DlmsSecurityError } from "../errors";
import type { EcPublicKey } from "./ec-keys";

/**
 * Refuse a certificate that names another party than the one it is used for. A key without a certificate, or a
 * certificate whose common name is not 16 hex digits, names no party and is accepted.
 * @param title system title of the party, as far as it is known
 * @throws DlmsSecurityError SEC_SYSTEM_TITLE
 */
export function checkCertificateTitle(key: EcPublicKey, title: Uint8Array | undefined, name: string): void {
  const named = key.systemTitle;
  if (named === undefined || title === undefined || bytesEqual(named, title)) return;
  throw new DlmsSecurityError(
    "SEC_SYSTEM_TITLE",
    `${name}: the certificate belongs to system title ${toHex(named)}, the other side is ${toHex(title)}; give the ` +
      "certificate of this meter. If the common name in it is wrong, give the public key alone (openssl x509 -pubkey)",
    { details: { expected: toHex(named), received: toHex(title) } },
  );
}

/**
 * Warning about the validity dates of a certificate; undefined when there is none. The certificate is used in any case:
 * the user has configured it, and a meter in the field keeps its own for longer than it is valid.
 * @param now wall-clock milliseconds since 1970
 * @param name of the setting: "auth.meterSigningCertificate"
 */
export function certificateDatesWarning(key: EcPublicKey, now: number, name: string): string | undefined {
  const { validity } = key;
  if (validity === undefined) return undefined;
  const day = (time: number): string => new Date(time).toISOString().slice(0, 10);
  if (now > validity.to) {
    return `${name}: the certificate is past its validity (until ${day(validity.to)}); it is used all the same`;
  }
  if (now < validity.from) {
    return (
      `${name}: the certificate is not valid yet (from ${day(validity.from)}); it is used all the same. ` +
      "Check the clock of this machine"
    );
  }
  return undefined;
}
