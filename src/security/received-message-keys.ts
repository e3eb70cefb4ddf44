/** The keys of received general-ciphering messages: identified, wrapped, or agreed, as their key-info specifies. */
import { ByteWriter, toHex } from "../bytes";
import { DlmsConfigError, DlmsSecurityError } from "../errors";
import { checkCertificateTitle } from "./certificates";
import { curveOf, type EcPrivateKey, type EcPublicKey, importPrivateKey, importPublicKey } from "./ec-keys";
import type { KeyRole } from "./gcm";
import { type AgreementSuite, onePassReceive, staticUnified } from "./key-agreement";
import { unwrapKey } from "./key-wrap";
import type { SecuritySuite, SymmetricKeys } from "./model";

/** key-parameters of an agreed key */
export const agreementModels = { onePass: 0x01, staticUnified: 0x02 } as const;

/** The header fields of general-ciphering and general-signing. */
export interface MessageHeader {
  readonly transactionId: Uint8Array;
  readonly originatorSystemTitle: Uint8Array;
  readonly recipientSystemTitle: Uint8Array;
  readonly dateTime: Uint8Array;
  readonly otherInformation: Uint8Array;
}

/** The key that protects a general-ciphering message, according to its key-info. */
export type ReceivedKeyInfo =
  | { readonly kind: "identified-key"; readonly keyId: number }
  | { readonly kind: "wrapped-key"; readonly kekId: number; readonly wrappedKey: Uint8Array }
  | { readonly kind: "agreed-key"; readonly parameters: Uint8Array; readonly cipheredData: Uint8Array };

/** The key material that opens such messages. Certificates and private keys are DER, PEM or the bare key. */
export interface ReceivedKeyMaterial {
  readonly masterKey?: Uint8Array | undefined;
  readonly agreementKey?: Uint8Array | string | undefined;
  readonly meterSigningCertificate?: Uint8Array | string | undefined;
  readonly meterAgreementCertificate?: Uint8Array | string | undefined;
}

/** The header fields as they are on the wire, each after its length: part of the authenticated data. */
export function headerBytes(header: MessageHeader): Uint8Array {
  const writer = new ByteWriter(48);
  for (const field of [
    header.transactionId,
    header.originatorSystemTitle,
    header.recipientSystemTitle,
    header.dateTime,
    header.otherInformation,
  ]) {
    writer.writeLength(field.length).bytes(field);
  }
  return writer.toBytes();
}

export interface ReceivedKey {
  /** undefined: the global unicast key */
  readonly key: Uint8Array | undefined;
  readonly role: KeyRole;
}

export class ReceivedMessageKeys {
  readonly #material: ReceivedKeyMaterial;
  readonly #suite: SecuritySuite;
  readonly #global: Pick<SymmetricKeys, "broadcastKey">;

  constructor(material: ReceivedKeyMaterial, suite: SecuritySuite, global: Pick<SymmetricKeys, "broadcastKey">) {
    this.#material = material;
    this.#suite = suite;
    this.#global = global;
  }

  /** The key of a received APDU. Without key-info it is the global one. */
  of(header: MessageHeader, keyInfo: ReceivedKeyInfo | undefined): ReceivedKey {
    if (keyInfo === undefined) return { key: undefined, role: "global" };
    if (keyInfo.kind === "identified-key") return this.#identified(keyInfo.keyId);
    if (keyInfo.kind === "wrapped-key") {
      return { key: unwrapKey(this.#masterKey(), keyInfo.wrappedKey), role: "wrapped" };
    }
    const model = keyInfo.parameters[0];
    if (model === agreementModels.staticUnified) {
      return { key: this.staticKey(header, header.originatorSystemTitle), role: "agreed" };
    }
    if (model !== agreementModels.onePass) {
      throw new DlmsConfigError("CONFIG_UNSUPPORTED", `key agreement ${toHex(keyInfo.parameters)} is not known`, {
        layer: "security",
        fault: "meter",
      });
    }
    const key = onePassReceive({
      suite: agreementSuite(this.#suite),
      originator: header.originatorSystemTitle,
      recipient: header.recipientSystemTitle,
      agreementKey: this.#private("agreementKey"),
      originatorSigningKey: this.#public("meterSigningCertificate"),
      keyCipheredData: keyInfo.cipheredData,
    });
    return { key, role: "agreed" };
  }

  /** The key of the static unified model, the same on either side. */
  staticKey(header: MessageHeader, meterTitle: Uint8Array): Uint8Array {
    const peerKey = this.#public("meterAgreementCertificate");
    checkCertificateTitle(peerKey, meterTitle, "key agreement");
    return staticUnified({
      suite: agreementSuite(this.#suite),
      originator: header.originatorSystemTitle,
      recipient: header.recipientSystemTitle,
      ownKey: this.#private("agreementKey"),
      peerKey,
      transactionId: header.transactionId,
    });
  }

  #identified(keyId: number): ReceivedKey {
    const { broadcastKey } = this.#global;
    if (keyId === 0) return { key: undefined, role: "global" };
    if (keyId === 1 && broadcastKey !== undefined) return { key: broadcastKey, role: "broadcast" };
    throw new DlmsSecurityError("SEC_KEY_MISSING", `the meter used key ${keyId}, which is not configured`, {
      details: { keyRole: "identified", keyId },
    });
  }

  #masterKey(): Uint8Array {
    const { masterKey } = this.#material;
    if (masterKey !== undefined) return masterKey;
    throw new DlmsSecurityError(
      "SEC_KEY_MISSING",
      "general-ciphering: the master key (KEK) is needed and not configured",
      { details: { keyRole: "master" } },
    );
  }

  #private(name: "agreementKey"): EcPrivateKey {
    return importPrivateKey(this.#material[name], curveOf(this.#suite), `security.generalCiphering.${name}`);
  }

  #public(name: "meterSigningCertificate" | "meterAgreementCertificate"): EcPublicKey {
    return importPublicKey(this.#material[name], curveOf(this.#suite), `security.generalCiphering.${name}`);
  }
}

export function agreementSuite(suite: SecuritySuite): AgreementSuite {
  if (suite !== 0) return suite;
  throw new DlmsConfigError("CONFIG_INVALID", "security.suite: key agreement needs suite 1 or 2, got 0");
}
