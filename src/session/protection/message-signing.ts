/** General signing: signs requests and verifies answers. */
import type { GeneralSigning } from "../../apdu/model";
import { encodeApdu } from "../../apdu";
import { bytesEqual, concatBytes, toHex } from "../../bytes";
import { DlmsSecurityError } from "../../errors";
import {
  headerBytes,
  type MessageHeader,
  checkCertificateTitle,
  checkSystemTitle,
  curveOf,
  type EcPrivateKey,
  type EcPublicKey,
  importPrivateKey,
  importPublicKey,
  type RandomSource,
  type SecuritySuite,
  signRaw,
  verifyRaw,
} from "../../security";
import type { GeneralSigningOptions } from "../steps/options";

const nothing = new Uint8Array(0);
const transactionLength = 8;

/**
 * The input of the signature of general-signing: the header fields, each after its length, and the content without its
 * length; not the tag. The Green Book's clause is not public: two independent implementations that work with meters in
 * the field agree on this form (EnergyICT's DLMS session layer, Gurux.DLMS).
 */
export function signedBytes(header: MessageHeader, content: Uint8Array): Uint8Array {
  return concatBytes(headerBytes(header), content);
}

/** Signs requests, outside any ciphering, and verifies the signatures of answers. */
export class MessageSigning {
  /** Whether unsigned answers are refused. */
  readonly required: boolean;
  readonly #signingKey: EcPrivateKey;
  readonly #meterKey: EcPublicKey;
  readonly #random: RandomSource;
  #transaction: Uint8Array | undefined;

  /** @throws DlmsConfigError for keys that can't be read, or are on another curve than the suite's */
  constructor(options: GeneralSigningOptions, suite: SecuritySuite, random: RandomSource) {
    const curve = curveOf(suite);
    this.required = options.answers !== "accepted";
    this.#signingKey = importPrivateKey(options.signingKey, curve, "security.generalSigning.signingKey");
    this.#meterKey = importPublicKey(
      options.meterSigningCertificate,
      curve,
      "security.generalSigning.meterSigningCertificate",
    );
    this.#random = random;
  }

  /** Bytes that the envelope adds at most. */
  get overhead(): number {
    // tag, three fields of eight bytes, two empty ones, two lengths, the signature
    return 1 + 3 * 9 + 2 + 5 + 2 + 2 * this.#signingKey.size;
  }

  /**
   * An APDU in general-signing, with a new transaction-id.
   * @throws DlmsSecurityError SEC_SYSTEM_TITLE when the meter's title is unknown, or the certificate is another meter's
   */
  sign(content: Uint8Array, clientTitle: Uint8Array, meterTitle: Uint8Array | undefined): Uint8Array {
    const recipientSystemTitle = checkSystemTitle(meterTitle, "the meter's");
    checkCertificateTitle(this.#meterKey, recipientSystemTitle, "general-signing");
    const header: MessageHeader = {
      transactionId: this.#random(transactionLength),
      originatorSystemTitle: clientTitle,
      recipientSystemTitle,
      dateTime: nothing,
      otherInformation: nothing,
    };
    this.#transaction = header.transactionId;
    const signature = signRaw(this.#signingKey, signedBytes(header, content));
    return encodeApdu({ apdu: "general-signing", ...header, content, signature });
  }

  /**
   * The APDU inside; still ciphered, if it was before it was signed.
   * @throws DlmsSecurityError SEC_TAG for a signature that does not fit
   */
  open(envelope: GeneralSigning): Uint8Array {
    if (verifyRaw(this.#meterKey, signedBytes(envelope, envelope.content), envelope.signature)) return envelope.content;
    throw new DlmsSecurityError(
      "SEC_TAG",
      "the signature of the meter's message does not fit its signing certificate; check that certificate. " +
        "If it is right, the bytes were changed on the way",
      { details: { keyRole: "signing", systemTitle: toHex(envelope.originatorSystemTitle) } },
    );
  }

  /**
   * Refuses an answer to another request. Some meters omit the transaction-id, which is accepted if ciphering
   * prevents replays.
   * @throws DlmsSecurityError SEC_REPLAY
   */
  checkTransaction(envelope: GeneralSigning, ciphered: boolean): void {
    const { transactionId } = envelope;
    if (ciphered && transactionId.length === 0) return;
    if (this.#transaction !== undefined && bytesEqual(transactionId, this.#transaction)) return;
    throw new DlmsSecurityError(
      "SEC_REPLAY",
      `the signed answer belongs to another request (transaction ${toHex(transactionId)}); it was refused`,
      { details: { received: toHex(transactionId) } },
    );
  }
}
