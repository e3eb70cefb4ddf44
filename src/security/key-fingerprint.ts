import { createHmac, scrypt, scryptSync } from "node:crypto";
import { toHex } from "../bytes";
import { missing } from "../errors/arguments";

/** Costly enough that a key which is a typed word is not found by trying (some 10 ms a try); far from noticed once. */
const cost = { N: 4096, r: 8, p: 1 } as const;
const length = 6;

/**
 * A name for a key under a system title: the same for the same two, another for others, and nothing that leads back to
 * the key. For names of files. 12 hex digits.
 */
export function keyFingerprint(systemTitle: Uint8Array, key: Uint8Array): string {
  // neither is shown: a key may have got into the place of the title
  if (!(systemTitle instanceof Uint8Array)) throw missing("systemTitle", "8 bytes");
  if (!(key instanceof Uint8Array)) throw missing("key", "a key in bytes");
  return toHex(new Uint8Array(scryptSync(key, systemTitle, length, cost)));
}

/** The same without holding up the event loop. */
export function keyFingerprintAside(systemTitle: Uint8Array, key: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    scrypt(key, systemTitle, length, cost, (error, hash) => {
      if (error === null) resolve(toHex(new Uint8Array(hash)));
      else reject(error);
    });
  });
}

/**
 * A name for a secret within this process, at little cost: it tells whether two secrets are equal. Only for memory: a
 * short password that stands under it could be found by trying, if the salt were known.
 */
export function secretFingerprint(salt: Uint8Array, secret: Uint8Array): string {
  return createHmac("sha256", salt).update(secret).digest("hex");
}
