/** The keys of general ciphering: agreed, wrapped or identified per message. */
import type { KeyInfo } from "../../apdu/model";
import { ByteWriter } from "../../bytes";
import { DlmsConfigError, DlmsSecurityError } from "../../errors";
import {
  agreementModels,
  agreementSuite,
  type AgreementSuite,
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
  type MessageHeader,
  onePassOriginate,
  type RandomSource,
  ReceivedMessageKeys,
  type SecuritySuite,
  wrapKey,
} from "../../security";
import type { GeneralCipheringOptions } from "../steps/options";

const nothing = new Uint8Array(0);

/** A key that protects one message. */
export interface MessageKey {
  readonly keys: KeySet;
  readonly role: KeyRole;
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

/** The keys of general-ciphering: identified, wrapped, or agreed, as the key-info of each APDU specifies. */
export class MessageKeys {
  readonly #options: GeneralCipheringOptions;
  readonly #suite: SecuritySuite;
  readonly #global: KeySet;
  readonly #random: RandomSource;
  readonly #received: ReceivedMessageKeys;

  constructor(options: GeneralCipheringOptions, suite: SecuritySuite, global: KeySet, random: RandomSource) {
    this.#options = options;
    this.#suite = suite;
    this.#global = global;
    this.#random = random;
    this.#received = new ReceivedMessageKeys(options, suite, global);
  }

  /**
   * Checks the keys for requests before the first one.
   * @throws DlmsConfigError for keys that are missing, unreadable, or on another curve than the suite's
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

  /** The key of an APDU to send, and the key-info that describes it to the meter. */
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
        const parameters = Uint8Array.of(agreementModels.onePass);
        return {
          ...this.#with(key, "agreed"),
          keyInfo: { kind: "agreed-key", parameters, cipheredData: keyCipheredData },
        };
      }
      case "static-unified": {
        const parameters = Uint8Array.of(agreementModels.staticUnified);
        const key = this.#received.staticKey(header, recipient);
        return { ...this.#with(key, "agreed"), keyInfo: { kind: "agreed-key", parameters, cipheredData: nothing } };
      }
    }
  }

  /** The key of a received APDU. Without key-info it is the global one. */
  ofReceived(header: MessageHeader, keyInfo: KeyInfo | undefined): MessageKey {
    const { key, role } = this.#received.of(header, keyInfo);
    return key === undefined ? { keys: this.#global, role } : this.#with(key, role);
  }

  #with(key: Uint8Array, role: KeyRole): MessageKey {
    return { keys: this.#global.withEncryptionKey(key), role };
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
    return agreementSuite(this.#suite);
  }

  #private(name: "signingKey" | "agreementKey"): EcPrivateKey {
    return importPrivateKey(this.#options[name], curveOf(this.#suite), `security.generalCiphering.${name}`);
  }

  #public(name: "meterAgreementCertificate"): EcPublicKey {
    return importPublicKey(this.#options[name], curveOf(this.#suite), `security.generalCiphering.${name}`);
  }
}
