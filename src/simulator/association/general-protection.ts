/** The meter's side of general-ciphering and general-signing. */
import type { GeneralCiphering, GeneralSigning, KeyInfo } from "../../apdu";
import { encodeApdu } from "../../apdu";
import { bytesEqual, concatBytes, joinBytes } from "../../bytes";
import {
  curveOf,
  importPrivateKey,
  importPublicKey,
  keyLengths,
  type KeySet,
  onePassOriginate,
  onePassReceive,
  protect,
  type RandomSource,
  securityControlByte,
  signRaw,
  staticUnified,
  unprotect,
  unwrapKey,
  verifyRaw,
  wrapKey,
} from "../../security";
import type { SimulatedAssociation } from "../definition/definition";

/** The kind of key that key-info names. */
type KeyKind = "identified-key" | "wrapped-key" | "one-pass" | "static-unified";
type Header = Omit<GeneralSigning, "apdu" | "content" | "signature">;

/** The account, keys and titles that general-ciphering and general-signing use. */
export interface GeneralProtectionOptions {
  readonly account: SimulatedAssociation;
  readonly keys: KeySet;
  readonly serverTitle: Uint8Array;
  readonly clientTitle: Uint8Array;
  readonly random: RandomSource;
}

const nothing = new Uint8Array(0);
const onePassScheme = 1;
const staticUnifiedScheme = 2;

/** A deciphered message. `lasting`: the key outlives the message, so its counter must rise. */
export interface OpenedGenerally {
  readonly plain: Uint8Array;
  readonly securityControl: number;
  readonly invocationCounter: number;
  readonly lasting: boolean;
}

/** general-ciphering and general-signing of one association. Each answer is protected like its request. */
export class GeneralProtection {
  readonly #options: GeneralProtectionOptions;
  #transaction: Uint8Array = nothing;
  #signedTransaction: Uint8Array = nothing;
  #kind: KeyKind = "identified-key";

  constructor(options: GeneralProtectionOptions) {
    this.#options = options;
  }

  /** @throws DlmsError when title, key or tag does not match */
  open(request: GeneralCiphering): OpenedGenerally {
    const { keys, account } = this.#options;
    const { kind, key } = this.#received(request);
    const opened = unprotect({
      content: request.content,
      keys: keys.withEncryptionKey(key),
      suite: account.suite ?? 0,
      systemTitle: request.originatorSystemTitle,
      extraAad: fieldsOf(request),
    });
    this.#kind = kind;
    this.#transaction = request.transactionId;
    const { plaintext: plain, securityControl, invocationCounter } = opened;
    return { plain, securityControl, invocationCounter, lasting: kind === "identified-key" };
  }

  /** Protects an answer with the kind of key that its request used. */
  seal(plaintext: Uint8Array, counter: number): Uint8Array {
    const { keys, account, serverTitle } = this.#options;
    const header = this.#header(this.#transaction);
    const { key, keyInfo } = this.#sent(header);
    const policy = account.policy ?? "authenticated-encrypted";
    const content = protect({
      plaintext,
      keys: keys.withEncryptionKey(key),
      suite: account.suite ?? 0,
      systemTitle: serverTitle,
      securityControl: securityControlByte(account.suite ?? 0, policy),
      invocationCounter: counter,
      extraAad: fieldsOf(header),
    });
    return encodeApdu({ apdu: "general-ciphering", ...header, keyInfo, content });
  }

  /** Returns the signed content, or undefined when the signature or a title does not match. */
  openSigned(request: GeneralSigning): Uint8Array | undefined {
    const { account, clientTitle } = this.#options;
    if (!bytesEqual(request.originatorSystemTitle, clientTitle)) return undefined;
    const key = importPublicKey(account.clientSigningCertificate, this.#curve, "clientSigningCertificate");
    const signed = concatBytes(fieldsOf(request), request.content);
    if (!verifyRaw(key, signed, request.signature)) return undefined;
    this.#signedTransaction = request.transactionId;
    return request.content;
  }

  sign(content: Uint8Array): Uint8Array {
    const header = this.#header(this.#signedTransaction);
    const key = importPrivateKey(this.#options.account.signingKey, this.#curve, "signingKey");
    const signature = signRaw(key, concatBytes(fieldsOf(header), content));
    return encodeApdu({ apdu: "general-signing", ...header, content, signature });
  }

  #header(transactionId: Uint8Array): Header {
    const { serverTitle, clientTitle } = this.#options;
    return {
      transactionId,
      originatorSystemTitle: serverTitle,
      recipientSystemTitle: clientTitle,
      dateTime: nothing,
      otherInformation: nothing,
    };
  }

  get #curve(): "P-256" | "P-384" {
    return curveOf(this.#options.account.suite ?? 0);
  }

  get #parties(): { readonly suite: 1 | 2 } {
    return { suite: this.#options.account.suite === 2 ? 2 : 1 };
  }

  #received(request: GeneralCiphering): { readonly kind: KeyKind; readonly key: Uint8Array } {
    const { keys, account, serverTitle } = this.#options;
    const { keyInfo } = request;
    if (keyInfo?.kind === "wrapped-key") {
      return { kind: "wrapped-key", key: unwrapKey(account.masterKey ?? nothing, keyInfo.wrappedKey) };
    }
    if (keyInfo?.kind !== "agreed-key") return { kind: "identified-key", key: keys.encryptionKey };
    const originator = request.originatorSystemTitle;
    if (keyInfo.parameters[0] === staticUnifiedScheme) {
      return { kind: "static-unified", key: this.#static(originator, serverTitle, request.transactionId) };
    }
    const key = onePassReceive({
      ...this.#parties,
      originator,
      recipient: serverTitle,
      agreementKey: this.#agreementKey(),
      originatorSigningKey: importPublicKey(account.clientSigningCertificate, this.#curve, "clientSigningCertificate"),
      keyCipheredData: keyInfo.cipheredData,
    });
    return { kind: "one-pass", key };
  }

  #sent(header: Header): { readonly key: Uint8Array; readonly keyInfo: KeyInfo } {
    const { keys, account, serverTitle, clientTitle, random } = this.#options;
    switch (this.#kind) {
      case "identified-key":
        return { key: keys.encryptionKey, keyInfo: { kind: "identified-key", keyId: 0 } };
      case "wrapped-key": {
        const key = random(keyLengths[account.suite ?? 0]);
        const wrappedKey = wrapKey(account.masterKey ?? nothing, key);
        return { key, keyInfo: { kind: "wrapped-key", kekId: 0, wrappedKey } };
      }
      case "one-pass": {
        const { key, keyCipheredData } = onePassOriginate({
          ...this.#parties,
          originator: serverTitle,
          recipient: clientTitle,
          recipientKey: this.#clientAgreementKey(),
          signingKey: importPrivateKey(account.signingKey, this.#curve, "signingKey"),
          random,
        });
        const parameters = Uint8Array.of(onePassScheme);
        return { key, keyInfo: { kind: "agreed-key", parameters, cipheredData: keyCipheredData } };
      }
      case "static-unified": {
        const key = this.#static(serverTitle, clientTitle, header.transactionId);
        const parameters = Uint8Array.of(staticUnifiedScheme);
        return { key, keyInfo: { kind: "agreed-key", parameters, cipheredData: nothing } };
      }
    }
  }

  #static(originator: Uint8Array, recipient: Uint8Array, transactionId: Uint8Array): Uint8Array {
    return staticUnified({
      ...this.#parties,
      originator,
      recipient,
      ownKey: this.#agreementKey(),
      peerKey: this.#clientAgreementKey(),
      transactionId,
    });
  }

  #agreementKey(): ReturnType<typeof importPrivateKey> {
    return importPrivateKey(this.#options.account.agreementKey, this.#curve, "agreementKey");
  }

  #clientAgreementKey(): ReturnType<typeof importPublicKey> {
    const { clientAgreementCertificate } = this.#options.account;
    return importPublicKey(clientAgreementCertificate, this.#curve, "clientAgreementCertificate");
  }
}

/** The five header fields before key-info or content, each after its length; none is longer than 127 bytes. */
function fieldsOf(header: Header): Uint8Array {
  return joinBytes(
    [
      header.transactionId,
      header.originatorSystemTitle,
      header.recipientSystemTitle,
      header.dateTime,
      header.otherInformation,
    ].map((field) => concatBytes(Uint8Array.of(field.length), field)),
  );
}
