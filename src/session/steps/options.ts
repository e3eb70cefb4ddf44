/** The options of a session, the negotiated parameters, and the bounds of both. */
import type { ReceivedCounters } from "../../security";
import type { Mechanism, RandomSource, SecurityPolicy, SecuritySuite, SymmetricKeys } from "../../security/model";
import type { Correlation } from "./correlation";
import type { DeliveryPolicy } from "./delivery";

/** How the client authenticates, and which proof it expects from the meter. */
export type SessionAuthentication =
  | { readonly mechanism: "none" }
  | {
      readonly mechanism: "lls" | "hls-2" | "hls-md5" | "hls-sha1" | "hls-sha256";
      readonly secret: Uint8Array;
    }
  | { readonly mechanism: "hls-gmac" }
  | {
      readonly mechanism: "hls-ecdsa";
      /** the client's private signing key, PEM or DER */
      readonly signingKey: Uint8Array | string;
      /** the meter's signing certificate or public key, PEM or DER */
      readonly meterSigningCertificate: Uint8Array | string;
      /** sent as calling-AE-qualifier when given */
      readonly clientCertificate?: Uint8Array;
    };

/** general-ciphering: a key per message. Keys and certificates are PEM or DER. */
export interface GeneralCipheringOptions {
  /** how requests name their key; answers may use any kind whose keys are given */
  readonly key: "identified-key" | "wrapped-key" | "one-pass" | "static-unified";
  /** KEK, for wrapped keys */
  readonly masterKey?: Uint8Array;
  /** the client's private keys: signing (one-pass, sent), agreement (one-pass, received; static unified) */
  readonly signingKey?: Uint8Array | string;
  readonly agreementKey?: Uint8Array | string;
  /**
   * The meter's certificates or bare public keys. A certificate with another system title is refused
   * (SEC_SYSTEM_TITLE); its chain is not verified, and an expired or future one is used with a warning to the logger.
   */
  readonly meterSigningCertificate?: Uint8Array | string;
  readonly meterAgreementCertificate?: Uint8Array | string;
}

/** general-signing around each request, outside any ciphering. It needs suite 1 or 2. Keys are PEM or DER. */
export interface GeneralSigningOptions {
  /** the client's private signing key */
  readonly signingKey: Uint8Array | string;
  /** the meter's signing certificate or public key */
  readonly meterSigningCertificate: Uint8Array | string;
  /** whether answers have to be signed, too ("required"); plain errors of a meter are always accepted */
  readonly answers?: "required" | "accepted";
}

/** Keys and rules of a ciphered association; also needed for HLS with GMAC under policy "none". */
export interface SessionSecurity {
  readonly suite: SecuritySuite;
  /** The protection of every request, and the minimum for every answer. "none" keeps the plain application context. */
  readonly policy: SecurityPolicy;
  readonly keys: SymmetricKeys;
  /** Use a random key for this association, transported in the initiate request (false). */
  readonly dedicatedKey?: boolean;
  /** general-glo / general-ded instead of the tag of the service (false). */
  readonly general?: boolean;
  /** general-ciphering in place of the other envelopes; the initiate stays under the global key. */
  readonly generalCiphering?: GeneralCipheringOptions;
  /** Requests are signed, and answers have to be. */
  readonly generalSigning?: GeneralSigningOptions;
  /** Largest jump that a meter's invocation-counter-error may cause (1 000 000). */
  readonly maxCounterJump?: number;
}

/** Deviations of particular meters, by the names of the client's option `quirks`; all off by default. */
export interface SessionQuirks {
  readonly strictInvokeId?: boolean;
  readonly noGeneralBlockTransfer?: boolean;
  readonly noGetWithList?: boolean;
  readonly noRelease?: boolean;
  readonly alwaysSendMechanism?: boolean;
  /** Mechanism 2 in the form of older Landis+Gyr meters. */
  readonly landisGyrHls2?: boolean;
  /** Pass 3 of HLS under the dedicated key. */
  readonly dedicatedKeyInHls?: boolean;
}

export interface SessionOptions {
  readonly referencing: "ln" | "sn";
  /** Faults of the line; default: a stream with a link that numbers messages. */
  readonly delivery?: DeliveryPolicy;
  /** Matches answers to requests. One for all sessions of a client. */
  readonly correlation?: Correlation;
  /** Largest APDU that the client accepts, 12..65535. */
  readonly maxPduSize: number;
  /** Conformance bits to propose; bit 0 of the standard is 0x800000. */
  readonly conformance: number;
  readonly auth: SessionAuthentication;
  /** The association of this client is pre-established: no request opens or closes it (false). */
  readonly preEstablished?: boolean;
  readonly security?: SessionSecurity;
  /** 8 bytes; needed when ciphered and for mechanisms 5, 6 and 7. */
  readonly clientSystemTitle?: Uint8Array;
  /** 8 bytes, for meters that do not send theirs in the AARE. */
  readonly meterSystemTitle?: Uint8Array;
  readonly quirks?: SessionQuirks;
  readonly random: RandomSource;
  /** Bytes of the client's challenge for the HLS mechanisms, 8..64 (16; 32 for ECDSA). */
  readonly challengeLength?: number;
  /** Highest counters received from the meter; passed from one session to the next, so that replays stay refused. */
  readonly receivedCounters?: ReceivedCounters;
  /** Maximum size of one reassembled answer in bytes (4 MiB; 64 MiB in general blocks); chunked reads have none. */
  readonly maxResultSize?: number;
  /** Blocks that may be sent to the client before it acknowledges, general block transfer, 1..63 (7). */
  readonly blockWindow?: number;
}

/** The negotiated parameters. */
export interface AssociationInfo {
  readonly referencing: "ln" | "sn";
  /** 2.16.756.5.8.1.n: 1 LN, 2 SN, 3 LN ciphered, 4 SN ciphered */
  readonly applicationContext: number;
  readonly mechanism: Mechanism;
  /** negotiated conformance; bit 0 of the standard is 0x800000 */
  readonly conformance: number;
  readonly conformanceNames: readonly string[];
  /** Largest APDU that the meter accepts; 0 = no limit. */
  readonly maxPduSize: number;
  readonly dlmsVersion: number;
  /** 0x0007 for LN, 0xFA00 for SN */
  readonly vaaName: number;
  readonly meterSystemTitle?: Uint8Array;
  readonly ciphered: boolean;
  /** false: HLS was negotiated, and the meter sent no proof that it knows the secret (quirk `landisGyrHls2`) */
  readonly meterProven?: false;
}

/** An endless GET would block every other request; a longer value is a profile, which is read in chunks. */
export const defaultMaxResultSize = 4 * 1024 * 1024;
/** General blocks are reassembled before their content is known, a profile's chunks included. */
export const defaultMaxBlockTransfer = 64 * 1024 * 1024;
/** Empty blocks in a row that a meter may send while it collects data. */
export const maxEmptyBlocks = 1000;
/** Blocks after a complete value, before the client stops requesting more. */
export const maxBlocksBehind = 16;
export const defaultBlockWindow = 7;
export const defaultMaxCounterJump = 1_000_000;
