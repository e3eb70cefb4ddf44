/** The keys of general ciphering: agreed, wrapped or identified per message. */
import type { GeneralCiphering, KeyInfo } from "../../apdu/model";
import { ByteWriter, toHex } from "../../bytes";
import { DlmsConfigError, DlmsSecurityError } from "../../errors";
import {
  type AgreementSuite,
  checkCertificateTitle,
  checkKeyLength,
  checkSystemTitle,
  curveOf,
  type EcPrivateKey,
  type EcPublicKey,
  importPrivateKey,
  importPublicKey,
  keyLengths,
  type KeyRole,
  type KeySet,
  onePassOriginate,
  onePassReceive,
  type RandomSource,
  type SecuritySuite,
  staticUnified,
  unwrapKey,
  wrapKey,
} from "../../security";
import type { GeneralCipheringOptions } from "../steps/options";

/** key-parameters of an agreed key */
const onePass = 0x01;
const staticUnifiedModel = 0x02;
const nothing = new Uint8Array(0);

/** The header fields of general-ciphering and general-signing. */
export type MessageHeader = Pick<
  GeneralCiphering,
  "transactionId" | "originatorSystemTitle" | "recipientSystemTitle" | "dateTime" | "otherInformation"
>;

/** A key that protects one message. */
export interface MessageKey {
  readonly keys: KeySet;
  readonly role: KeyRole;
}

/** The header fields as they are on the wire, each behind its length: part of what is authenticated. */
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

/** A header from one party to the other, with a transaction-id of eight bytes. */
export function makeHeader(transaction: number, originator: Uint8Array, recipient: Uint8Array): MessageHeader {
  return {
    transactionId: new ByteWriter().u64(BigInt(transaction)).toBytes(),
    originatorSystemTitle: originator,
    recipientSystemTitle: recipient,
    dateTime: nothing,
    otherInformation: nothing,
  };
}

/** The keys of general-ciphering: identified, transported wrapped, or agreed, as the key-info of each APDU says. */
export class MessageKeys {
  readonly #options: GeneralCipheringOptions;
  readonly #suite: SecuritySuite;
  readonly #global: KeySet;
  readonly #random: RandomSource;

  constructor(options: GeneralCipheringOptions, suite: SecuritySuite, global: KeySet, random: RandomSource) {
    this.#options = options;
    this.#suite = suite;
    this.#global = global;
    this.#random = random;
  }

  /**
   * Look at the keys of what is sent, before anything is.
   * @throws DlmsConfigError for keys that are missing, can't be read, or are on another curve than the suite's
   */
  check(): void {
    switch (this.#options.key) {
      case "identified-key":
        return;
      case "wrapped-key":
        if (this.#options.masterKey === undefined) {
          throw new DlmsConfigError(
            "CONFIG_MISSING",
            "security.generalCiphering.masterKey: the master key (KEK) is needed for wrapped keys",
          );
        }
        checkKeyLength(this.#masterKey(), this.#suite, "security.generalCiphering.masterKey");
        return;
      case "one-pass":
        this.#agreementSuite();
        this.#private("signingKey");
        this.#public("meterAgreementCertificate");
        return;
      case "static-unified":
        this.#agreementSuite();
        this.#private("agreementKey");
        this.#public("meterAgreementCertificate");
    }
  }

  /** Most bytes that the key-info of a sent APDU has. */
  get keyInfoLength(): number {
    const lengths = { "identified-key": 2, "wrapped-key": 3 + keyLengths[this.#suite] + 8, "static-unified": 4 };
    const kind = this.#options.key;
    return kind === "one-pass" ? 5 + (this.#suite === 2 ? 192 : 128) : lengths[kind];
  }

  /** The key of an APDU that is to be sent, and the key-info that tells it to the meter. */
  toSend(header: MessageHeader): MessageKey & { readonly keyInfo: KeyInfo } {
    const originator = header.originatorSystemTitle;
    const recipient = checkSystemTitle(header.recipientSystemTitle, "the meter's");
    switch (this.#options.key) {
      case "identified-key":
        return { keys: this.#global, role: "global", keyInfo: { kind: "identified-key", keyId: 0 } };
      case "wrapped-key": {
        const key = this.#random(keyLengths[this.#suite]);
        const wrappedKey = wrapKey(this.#masterKey(), key);
        return { ...this.#with(key, "wrapped"), keyInfo: { kind: "wrapped-key", kekId: 0, wrappedKey } };
      }
      case "one-pass": {
        const { key, keyCipheredData } = onePassOriginate({
          suite: this.#agreementSuite(),
          originator,
          recipient,
          recipientKey: this.#public("meterAgreementCertificate"),
          signingKey: this.#private("signingKey"),
          random: this.#random,
        });
        const parameters = Uint8Array.of(onePass);
        return {
          ...this.#with(key, "agreed"),
          keyInfo: { kind: "agreed-key", parameters, cipheredData: keyCipheredData },
        };
      }
      case "static-unified": {
        const parameters = Uint8Array.of(staticUnifiedModel);
        const key = this.#static(header, recipient);
        return { ...this.#with(key, "agreed"), keyInfo: { kind: "agreed-key", parameters, cipheredData: nothing } };
      }
    }
  }

  /** The key of an APDU that has come. Without key-info it is the global one. */
  ofReceived(header: MessageHeader, keyInfo: KeyInfo | undefined): MessageKey {
    if (keyInfo === undefined) return { keys: this.#global, role: "global" };
    if (keyInfo.kind === "identified-key") return this.#identified(keyInfo.keyId);
    if (keyInfo.kind === "wrapped-key") return this.#with(unwrapKey(this.#masterKey(), keyInfo.wrappedKey), "wrapped");
    const model = keyInfo.parameters[0];
    if (model === staticUnifiedModel) return this.#with(this.#static(header, header.originatorSystemTitle), "agreed");
    if (model !== onePass) {
      throw new DlmsConfigError("CONFIG_UNSUPPORTED", `key agreement ${toHex(keyInfo.parameters)} is not known`, {
        layer: "security",
        fault: "meter",
      });
    }
    const key = onePassReceive({
      suite: this.#agreementSuite(),
      originator: header.originatorSystemTitle,
      recipient: header.recipientSystemTitle,
      agreementKey: this.#private("agreementKey"),
      originatorSigningKey: this.#public("meterSigningCertificate"),
      keyCipheredData: keyInfo.cipheredData,
    });
    return this.#with(key, "agreed");
  }

  #identified(keyId: number): MessageKey {
    const broadcast = this.#global.broadcastKey;
    if (keyId === 0) return { keys: this.#global, role: "global" };
    if (keyId === 1 && broadcast !== undefined) {
      return { keys: this.#global.withEncryptionKey(broadcast), role: "broadcast" };
    }
    throw new DlmsSecurityError("SEC_KEY_MISSING", `the meter used key ${keyId}, which is not configured`, {
      details: { keyRole: "identified", keyId },
    });
  }

  #with(key: Uint8Array, role: KeyRole): MessageKey {
    return { keys: this.#global.withEncryptionKey(key), role };
  }

  #static(header: MessageHeader, meterTitle: Uint8Array): Uint8Array {
    const peerKey = this.#public("meterAgreementCertificate");
    checkCertificateTitle(peerKey, meterTitle, "key agreement");
    return staticUnified({
      suite: this.#agreementSuite(),
      originator: header.originatorSystemTitle,
      recipient: header.recipientSystemTitle,
      ownKey: this.#private("agreementKey"),
      peerKey,
      transactionId: header.transactionId,
    });
  }

  #masterKey(): Uint8Array {
    const { masterKey } = this.#options;
    if (masterKey !== undefined) return masterKey;
    throw new DlmsSecurityError(
      "SEC_KEY_MISSING",
      "general-ciphering: the master key (KEK) is needed and not configured",
      { details: { keyRole: "master" } },
    );
  }

  #agreementSuite(): AgreementSuite {
    if (this.#suite !== 0) return this.#suite;
    throw new DlmsConfigError("CONFIG_INVALID", "security.suite: key agreement needs suite 1 or 2, got 0");
  }

  #private(name: "signingKey" | "agreementKey"): EcPrivateKey {
    return importPrivateKey(this.#options[name], curveOf(this.#suite), `security.generalCiphering.${name}`);
  }

  #public(name: "meterSigningCertificate" | "meterAgreementCertificate"): EcPublicKey {
    return importPublicKey(this.#options[name], curveOf(this.#suite), `security.generalCiphering.${name}`);
  }
}
