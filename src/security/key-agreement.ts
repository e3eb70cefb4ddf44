/** Key agreement of suites 1 and 2 (NIST SP 800-56A) with the KDF of the standard. */
import { createHash, diffieHellman } from "node:crypto";
import { concatBytes } from "../bytes";
import { DlmsSecurityError } from "../errors";
import { checkCertificateTitle } from "./certificates";
import {
  curveOf,
  type EcPrivateKey,
  type EcPublicKey,
  generatePrivateKey,
  importPublicKey,
  publicPoint,
  signPoint,
  splitSigned,
  verifyRaw,
} from "./ec-keys";
import { checkSystemTitle, keyLengths } from "./keys";
import type { RandomSource, SecuritySuite } from "./model";

/** 2.16.756.5.8.3.n: algorithm of the derived key, n = 0 AES-GCM-128, 1 AES-GCM-256. */
export const kdfAlgorithmIds = {
  1: Uint8Array.of(0x60, 0x85, 0x74, 0x05, 0x08, 0x03, 0x00),
  2: Uint8Array.of(0x60, 0x85, 0x74, 0x05, 0x08, 0x03, 0x01),
} as const;
const hashes = { 1: "sha256", 2: "sha384" } as const;
const nothing = new Uint8Array(0);

/** The suites that have key agreement. */
export type AgreementSuite = Exclude<SecuritySuite, 0>;

/** The shared secret Z: x coordinate of the common point, 32 or 48 bytes. */
export function sharedSecret(own: EcPrivateKey, peer: EcPublicKey): Uint8Array {
  return new Uint8Array(diffieHellman({ privateKey: own.key, publicKey: peer.key }));
}

/** The hash of 00000001 || Z || otherInfo (NIST SP 800-56A, one round), whole. */
export function concatenationKdf(suite: AgreementSuite, z: Uint8Array, otherInfo: Uint8Array): Uint8Array {
  const counter = Uint8Array.of(0, 0, 0, 1);
  return new Uint8Array(createHash(hashes[suite]).update(counter).update(z).update(otherInfo).digest());
}

export interface KdfInput {
  readonly suite: AgreementSuite;
  /** the shared secret */
  readonly z: Uint8Array;
  /** system title of the party that begins: general-ciphering's originator, key_agreement's client */
  readonly partyU: Uint8Array;
  /** system title of the party that answers */
  readonly partyV: Uint8Array;
  /** static unified model: the transaction-id, without its length */
  readonly transactionId?: Uint8Array;
}

/** The symmetric key of an agreement: 16 bytes in suite 1, 32 in suite 2. */
export function deriveKey(input: KdfInput): Uint8Array {
  const { suite, transactionId } = input;
  const otherInfo = concatBytes(
    kdfAlgorithmIds[suite],
    checkSystemTitle(input.partyU, "key agreement: the originator's"),
    transactionId === undefined ? nothing : concatBytes(Uint8Array.of(transactionId.length), transactionId),
    checkSystemTitle(input.partyV, "key agreement: the recipient's"),
  );
  return concatenationKdf(suite, input.z, otherInfo).slice(0, keyLengths[suite]);
}

interface Parties {
  readonly suite: AgreementSuite;
  /** system title of the originator (U) */
  readonly originator: Uint8Array;
  /** system title of the recipient (V) */
  readonly recipient: Uint8Array;
}

/**
 * One-pass Diffie-Hellman C(1e, 1s), the originator's side: an ephemeral key against the recipient's static one.
 * @returns the key, and the key-ciphered-data for general-ciphering (ephemeral public key || signature)
 * @throws DlmsSecurityError SEC_SYSTEM_TITLE for the certificate of another party
 */
export function onePassOriginate(
  input: Parties & {
    readonly recipientKey: EcPublicKey;
    readonly signingKey: EcPrivateKey;
    readonly random: RandomSource;
  },
): { readonly key: Uint8Array; readonly keyCipheredData: Uint8Array } {
  checkCertificateTitle(input.recipientKey, input.recipient, "key agreement");
  const ephemeral = generatePrivateKey(curveOf(input.suite), input.random);
  const z = sharedSecret(ephemeral, input.recipientKey);
  const key = deriveKey({ suite: input.suite, z, partyU: input.originator, partyV: input.recipient });
  return { key, keyCipheredData: signPoint(publicPoint(ephemeral), input.signingKey, nothing) };
}

/**
 * One-pass Diffie-Hellman C(1e, 1s), the recipient's side. The signature is checked first.
 * @throws DlmsSecurityError SEC_TAG for a signature that does not fit, SEC_SYSTEM_TITLE for another party's certificate
 * @throws DlmsConfigError CONFIG_INVALID for bytes that are no key on the suite's curve
 */
export function onePassReceive(
  input: Parties & {
    readonly agreementKey: EcPrivateKey;
    readonly originatorSigningKey: EcPublicKey;
    readonly keyCipheredData: Uint8Array;
  },
): Uint8Array {
  checkCertificateTitle(input.originatorSigningKey, input.originator, "key agreement");
  const ephemeral = openSignedPoint(input.suite, input.keyCipheredData, input.originatorSigningKey, nothing);
  const z = sharedSecret(input.agreementKey, ephemeral);
  return deriveKey({ suite: input.suite, z, partyU: input.originator, partyV: input.recipient });
}

/** Static unified model C(0e, 2s), the same on either side; its key-ciphered-data is empty. */
export function staticUnified(
  input: Parties & {
    readonly ownKey: EcPrivateKey;
    readonly peerKey: EcPublicKey;
    readonly transactionId: Uint8Array;
  },
): Uint8Array {
  const { suite, transactionId } = input;
  const z = sharedSecret(input.ownKey, input.peerKey);
  return deriveKey({ suite, z, partyU: input.originator, partyV: input.recipient, transactionId });
}

/** Security Setup's key ids of key_agreement and key_transfer. */
export const keyIds = { "global-unicast": 0, "global-broadcast": 1, authentication: 2, master: 3 } as const;

/**
 * Ephemeral unified model C(2e, 0s), either side's offer for Security Setup's key_agreement.
 * @returns the ephemeral private key to keep, and key_data (public key || signature over key_id || public key)
 */
export function ephemeralOffer(input: {
  readonly suite: AgreementSuite;
  readonly keyId: number;
  readonly signingKey: EcPrivateKey;
  readonly random: RandomSource;
}): { readonly ephemeralKey: EcPrivateKey; readonly keyData: Uint8Array } {
  const ephemeralKey = generatePrivateKey(curveOf(input.suite), input.random);
  const keyData = signPoint(publicPoint(ephemeralKey), input.signingKey, Uint8Array.of(input.keyId));
  return { ephemeralKey, keyData };
}

/**
 * Ephemeral unified model C(2e, 0s): the key, from the own ephemeral key and the other side's key_data.
 * @param originator the client's system title, recipient the server's
 * @throws DlmsSecurityError SEC_TAG, DlmsConfigError CONFIG_INVALID
 */
export function ephemeralUnified(
  input: Parties & {
    readonly keyId: number;
    readonly ephemeralKey: EcPrivateKey;
    readonly peerKeyData: Uint8Array;
    readonly peerSigningKey: EcPublicKey;
  },
): Uint8Array {
  const { suite } = input;
  const peer = openSignedPoint(suite, input.peerKeyData, input.peerSigningKey, Uint8Array.of(input.keyId));
  const z = sharedSecret(input.ephemeralKey, peer);
  return deriveKey({ suite, z, partyU: input.originator, partyV: input.recipient });
}

function openSignedPoint(
  suite: AgreementSuite,
  bytes: Uint8Array,
  signingKey: EcPublicKey,
  prefix: Uint8Array,
): EcPublicKey {
  const curve = curveOf(suite);
  const { point, signature } = splitSigned(bytes, curve, "key agreement: ephemeral public key");
  if (!verifyRaw(signingKey, concatBytes(prefix, point), signature)) {
    throw new DlmsSecurityError(
      "SEC_TAG",
      "key agreement: the signature of the other side's ephemeral public key does not fit its signing certificate; check that certificate",
      { details: { keyRole: "signing" } },
    );
  }
  return importPublicKey(point, curve, "key agreement: ephemeral public key");
}
