/** Challenges and proofs of the HLS mechanisms 2 to 7. */
import { createCipheriv, createHash, timingSafeEqual } from "node:crypto";
import { bytesEqual, concatBytes } from "../bytes";
import { DlmsAssociationError, DlmsConfigError, DlmsSecurityError } from "../errors";
import { type EcPrivateKey, type EcPublicKey, signRaw, verifyRaw } from "./ec-keys";
import { gmac, readSecurityHeader, securityHeaderLength, tagLength } from "./gcm";
import { checkSystemTitle } from "./keys";
import { landisGyrProof } from "./landis-gyr";
import type { Mechanism, RandomSource, SecuritySuite, SymmetricKeys } from "./model";

/** The mechanisms with four passes. */
export type HlsMechanism = Exclude<Mechanism, "none" | "lls">;
export type HlsRole = "client" | "server";

/** Input of the proofs of one association. Each side provides the values that its mechanism needs. */
export interface HlsContext {
  readonly mechanism: HlsMechanism;
  /** own role: the client proves itself over StoC, the server over CtoS */
  readonly role: HlsRole;
  /** CtoS, sent in the AARQ */
  readonly clientChallenge: Uint8Array;
  /** StoC, sent in the AARE */
  readonly serverChallenge: Uint8Array;
  /** mechanisms 5, 6, 7 */
  readonly clientTitle?: Uint8Array | undefined;
  /** mechanisms 5, 6, 7 */
  readonly serverTitle?: Uint8Array | undefined;
  /** mechanisms 2, 3, 4, 6 */
  readonly secret?: Uint8Array | undefined;
  /** mechanism 2: the usual AES form ("aes"), or the one of older Landis+Gyr meters */
  readonly hls2Form?: "aes" | "landis-gyr";
  /** mechanism 5 */
  readonly keys?: SymmetricKeys | undefined;
  /** mechanism 5; default 0 */
  readonly suite?: SecuritySuite;
  /** mechanism 7: own private signing key */
  readonly signingKey?: EcPrivateKey | undefined;
  /** mechanism 7: the other side's public signing key */
  readonly peerSigningKey?: EcPublicKey | undefined;
}

/** `reason` names the mismatch; it contains no secret and no expected value. */
export type HlsVerdict =
  | {
      readonly ok: true;
      /** mechanism 5: the counter in the proof; exempt from the rule that counters rise */ readonly invocationCounter?: number;
    }
  | { readonly ok: false; readonly reason: string };

const other = { client: "server", server: "client" } as const satisfies Record<HlsRole, HlsRole>;

/** Values that HlsContext needs for a mechanism in addition to the challenges. */
const hashes = { "hls-md5": "md5", "hls-sha1": "sha1", "hls-sha256": "sha256" } as const;

/** Whether `hlsReply` needs an invocation counter. */
export const hlsNeedsCounter = (mechanism: HlsMechanism): boolean => mechanism === "hls-gmac";

/** Whether system titles of both sides take part in the proofs. */
export const hlsNeedsTitles = (mechanism: HlsMechanism): boolean =>
  mechanism === "hls-gmac" || mechanism === "hls-sha256" || mechanism === "hls-ecdsa";

/**
 * Own proof: f(StoC) when the role is client, f(CtoS) when it is server.
 * @param invocationCounter mechanism 5 only: a fresh value of the key's one counter
 * @throws DlmsSecurityError SEC_KEY_MISSING, SEC_SYSTEM_TITLE
 * @throws DlmsConfigError CONFIG_INVALID for keys and secrets of the wrong length
 */
export function hlsReply(context: HlsContext, invocationCounter?: number): Uint8Array {
  const { mechanism, role } = context;
  if (mechanism === "hls-gmac") {
    if (invocationCounter === undefined) {
      throw new DlmsConfigError("CONFIG_MISSING", "HLS GMAC: an invocation counter is needed for the proof", {
        layer: "security",
        fault: "internal",
      });
    }
    return gmac({ ...gmacKeys(context), ...gmacOver(context, role), invocationCounter });
  }
  if (mechanism === "hls-ecdsa") {
    if (context.signingKey === undefined) throw missing(context, "the own private signing key");
    return signRaw(context.signingKey, signedData(context, role));
  }
  return secretProof(context, mechanism, role);
}

/**
 * Check the other side's proof, in constant time: f(CtoS) when the role is client, f(StoC) when it is server.
 * @throws DlmsSecurityError SEC_KEY_MISSING, SEC_SYSTEM_TITLE when a value for the check is missing on the own side
 */
export function hlsVerify(context: HlsContext, proof: Uint8Array): HlsVerdict {
  const { mechanism } = context;
  const prover = other[context.role];
  if (mechanism === "hls-gmac") return verifyGmac(context, prover, proof);
  if (mechanism === "hls-ecdsa") {
    const key = context.peerSigningKey;
    if (key === undefined) throw missing(context, "the other side's public signing key or certificate");
    const expected = 2 * key.size;
    if (proof.length !== expected) return wrongLength(expected, proof.length);
    return verdict(verifyRaw(key, signedData(context, prover), proof));
  }
  const expected = secretProof(context, mechanism, prover);
  if (proof.length !== expected.length) return wrongLength(expected.length, proof.length);
  return verdict(timingSafeEqual(expected, proof));
}

function verdict(ok: boolean): HlsVerdict {
  return ok ? { ok } : { ok, reason: "it does not fit the challenge: another secret or key, or another system title" };
}

function wrongLength(expected: number, got: number): HlsVerdict {
  return { ok: false, reason: `expected ${expected} bytes, got ${got}` };
}

function verifyGmac(context: HlsContext, prover: HlsRole, proof: Uint8Array): HlsVerdict {
  const expected = securityHeaderLength + tagLength;
  if (proof.length !== expected) return wrongLength(expected, proof.length);
  const { securityControl, invocationCounter } = readSecurityHeader(proof);
  const keys = gmacKeys(context);
  if (securityControl !== (0x10 | keys.suite)) {
    return {
      ok: false,
      reason: `security control is ${securityControl}, expected ${0x10 | keys.suite} (authenticated, suite ${keys.suite})`,
    };
  }
  const own = gmac({ ...keys, ...gmacOver(context, prover), invocationCounter });
  return timingSafeEqual(own, proof) ? { ok: true, invocationCounter } : verdict(false);
}

function gmacKeys(context: HlsContext): { keys: SymmetricKeys; suite: SecuritySuite } {
  if (context.keys === undefined) throw missing(context, "the encryption key (GUEK) and the authentication key (GAK)");
  return { keys: context.keys, suite: context.suite ?? 0 };
}

function gmacOver(context: HlsContext, prover: HlsRole): { systemTitle: Uint8Array; data: Uint8Array } {
  return { systemTitle: titleOf(context, prover), data: challengeFor(context, prover) };
}

/** The challenge that a side answers: the one received from the other side. */
const challengeFor = (context: HlsContext, prover: HlsRole): Uint8Array =>
  prover === "client" ? context.serverChallenge : context.clientChallenge;

const titleOf = (context: HlsContext, role: HlsRole): Uint8Array =>
  checkSystemTitle(
    role === "client" ? context.clientTitle : context.serverTitle,
    `${context.mechanism}: the ${role}'s`,
  );

/** titleC || titleS || StoC || CtoS for the client, both pairs swapped for the server. */
function signedData(context: HlsContext, prover: HlsRole): Uint8Array {
  const peer = other[prover];
  return concatBytes(
    titleOf(context, prover),
    titleOf(context, peer),
    challengeFor(context, prover),
    challengeFor(context, peer),
  );
}

function secretProof(
  context: HlsContext,
  mechanism: "hls-2" | "hls-md5" | "hls-sha1" | "hls-sha256",
  prover: HlsRole,
): Uint8Array {
  const { secret } = context;
  if (secret === undefined || secret.length === 0) throw missing(context, "the secret (password)");
  const challenge = challengeFor(context, prover);
  if (mechanism === "hls-2") {
    return context.hls2Form === "landis-gyr" ? landisGyrProof(secret, challenge) : aesProof(secret, challenge);
  }
  const hash = createHash(hashes[mechanism]);
  if (mechanism === "hls-sha256") hash.update(secret).update(signedData(context, prover));
  else hash.update(challenge).update(secret);
  return new Uint8Array(hash.digest());
}

/**
 * Mechanism 2 is manufacturer-specific. The usual form: AES-128-ECB of the challenge, secret and challenge padded with
 * zeros to 16 bytes.
 */
function aesProof(secret: Uint8Array, challenge: Uint8Array): Uint8Array {
  if (secret.length > 16) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `auth.secret: expected 1 to 16 bytes for mechanism 2 (AES-128), got ${secret.length}`,
      { details: { setting: "auth.secret", got: secret.length } },
    );
  }
  const key = new Uint8Array(16);
  key.set(secret);
  const data = new Uint8Array(Math.max(16, Math.ceil(challenge.length / 16) * 16));
  data.set(challenge);
  const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
  return new Uint8Array(cipher.update(data));
}

function missing(context: HlsContext, needed: string): DlmsSecurityError {
  return new DlmsSecurityError("SEC_KEY_MISSING", `${context.mechanism}: ${needed} is needed and not configured`, {
    details: { mechanism: context.mechanism },
  });
}

/** Minimum and maximum length of a challenge, in bytes. */
export function challengeBounds(mechanism: HlsMechanism): { readonly min: number; readonly max: number } {
  return mechanism === "hls-ecdsa" ? { min: 32, max: 64 } : { min: 8, max: 64 };
}

/**
 * A challenge of random bytes.
 * @param length default 16 (accepted everywhere), 32 for ECDSA
 * @throws DlmsConfigError CONFIG_INVALID for a length out of bounds
 */
export function makeChallenge(mechanism: HlsMechanism, random: RandomSource, length?: number): Uint8Array {
  const { min, max } = challengeBounds(mechanism);
  const wanted = length ?? (mechanism === "hls-ecdsa" ? 32 : 16);
  if (!Number.isInteger(wanted) || wanted < min || wanted > max) {
    throw new DlmsConfigError("CONFIG_INVALID", `auth.challengeLength: expected ${min}..${max} bytes, got ${wanted}`);
  }
  const challenge = random(wanted);
  if (challenge.length === wanted) return challenge;
  throw new DlmsConfigError("CONFIG_INVALID", `random source: expected ${wanted} bytes, got ${challenge.length}`, {
    fault: "internal",
  });
}

/**
 * Refuse a challenge that must not be answered: the own challenge reflected by an attacker, who would get it signed, or
 * one of a length that the standard excludes.
 * @throws DlmsAssociationError ASSOC_SERVER_UNPROVEN
 */
export function checkChallenge(mechanism: HlsMechanism, received: Uint8Array, own: Uint8Array): void {
  if (bytesEqual(received, own)) {
    throw new DlmsAssociationError(
      "ASSOC_SERVER_UNPROVEN",
      `${mechanism}: the other side sent our own challenge back (reflection); it was not answered`,
      { layer: "security", details: { mechanism, pass: 2 } },
    );
  }
  const { min, max } = challengeBounds(mechanism);
  if (received.length >= min && received.length <= max) return;
  throw new DlmsAssociationError(
    "ASSOC_SERVER_UNPROVEN",
    `${mechanism}: expected a challenge of ${min} to ${max} bytes, got ${received.length}`,
    { layer: "security", details: { mechanism, pass: 2, length: received.length } },
  );
}

/** Whether two byte strings are equal, in time that does not depend on their contents. For passwords (LLS). */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
