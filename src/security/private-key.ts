/** Private keys that a passphrase protects. */
import { createPrivateKey } from "node:crypto";

/** A private key in PEM form without its encryption (PKCS #8); undefined if the passphrase does not decrypt it. */
export function decryptedPem(pem: string, passphrase: string): string | undefined {
  try {
    return createPrivateKey({ key: pem, passphrase }).export({ type: "pkcs8", format: "pem" }).toString();
  } catch {
    // the reason of OpenSSL is left out, because it may describe the key
    return undefined;
  }
}
