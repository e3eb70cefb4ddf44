/** One-way names for keys, for file names and for comparisons within a process. */
import { createHmac, scrypt, scryptSync } from "node:crypto";
import { toHex } from "../bytes";
import { missing } from "../errors/arguments";

/**
 * Cost of one hash: about 10 ms, so that a key made of a typed word cannot be found by trying, while a single hash is
 * not noticed.
 */
const cost = { N: 4096, r: 8, p: 1 } as const;
const length = 6;

/** A one-way name for a key with a system title, for file names: 12 hex digits. */
export function keyFingerprint(systemTitle: Uint8Array, key: Uint8Array): string {
  // the message shows neither value, because a key may be in the place of the title
  if (!(systemTitle instanceof Uint8Array)) throw missing("systemTitle", "8 bytes");
  if (!(key instanceof Uint8Array)) throw missing("key", "a key in bytes");
  return toHex(new Uint8Array(scryptSync(key, systemTitle, length, cost)));
}

/** The same without blocking the event loop. */
export function keyFingerprintAside(systemTitle: Uint8Array, key: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    scrypt(key, systemTitle, length, cost, (error, hash) => {
      if (error === null) resolve(toHex(new Uint8Array(hash)));
      else reject(error);
    });
  });
}

/**
 * A cheap name for a secret within this process, for comparing secrets. It must stay in memory: with a known salt, a
 * short password could be found by trying.
 */
export function secretFingerprint(salt: Uint8Array, secret: Uint8Array): string {
  return createHmac("sha256", salt).update(secret).digest("hex");
}
