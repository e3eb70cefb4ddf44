/** AES key wrap (RFC 3394), for key transfer and wrapped message keys. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { DlmsConfigError, DlmsSecurityError } from "../errors";

/** RFC 3394 2.2.3.1 */
const initialValue = new Uint8Array(8).fill(0xa6);

function wrapAlgorithm(kek: Uint8Array): string {
  if (kek.length === 16) return "id-aes128-wrap";
  if (kek.length === 32) return "id-aes256-wrap";
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `key wrap: expected a master key (KEK) of 16 or 32 bytes, got ${kek.length}`,
  );
}

/**
 * Wrap a key under the master key (RFC 3394): 8 bytes longer than the key.
 * @throws DlmsConfigError CONFIG_INVALID for lengths that do not fit
 */
export function wrapKey(kek: Uint8Array, key: Uint8Array): Uint8Array {
  const algorithm = wrapAlgorithm(kek);
  if (key.length < 16 || key.length % 8 !== 0) {
    throw new DlmsConfigError("CONFIG_INVALID", `key wrap: expected a key of 16 or 32 bytes, got ${key.length}`);
  }
  return new Uint8Array(createCipheriv(algorithm, kek, initialValue).update(key));
}

/**
 * Unwrap a key and check its integrity (RFC 3394).
 * @throws DlmsSecurityError SEC_TAG when it was not wrapped under this master key, or was changed
 */
export function unwrapKey(kek: Uint8Array, wrapped: Uint8Array): Uint8Array {
  const algorithm = wrapAlgorithm(kek);
  try {
    const key = createDecipheriv(algorithm, kek, initialValue).update(wrapped);
    if (wrapped.length >= 24 && key.length === wrapped.length - 8) return new Uint8Array(key);
  } catch {
    // The error below replaces that of node:crypto, which names neither the role of the key nor a remedy.
  }
  throw new DlmsSecurityError(
    "SEC_TAG",
    `key wrap: the ${wrapped.length} bytes were not wrapped under this master key (KEK), or were changed; check the master key`,
    { details: { keyRole: "master", length: wrapped.length } },
  );
}
