/** Deciphers captured APDUs with given keys. */
import { type Apdu, cipheredTag, type GeneralCiphering, parseApdu } from "../apdu";
import { ByteWriter, concatBytes } from "../bytes";
import { readSecurityHeader, unprotect } from "../security";
import { type BytesLike, toBytes } from "./input";

/** Keys for looking into ciphered APDUs. Without the authentication key, tags are not verified. */
export interface InspectKeys {
  /** global unicast encryption key (GUEK): bytes or hex */
  readonly encryptionKey?: BytesLike;
  /** global authentication key (GAK) */
  readonly authenticationKey?: BytesLike;
  /** global broadcast encryption key (GBEK), for APDUs under the broadcast key set */
  readonly broadcastKey?: BytesLike;
  /** the dedicated key of the association, for ded-... APDUs */
  readonly dedicatedKey?: BytesLike;
  /** the sender's system title, if the APDU does not carry it */
  readonly systemTitle?: BytesLike;
}

const encryptedOnly = ~0x10;
const tagLength = 12;
/** key-id of an identified key: 0 the unicast, 1 the broadcast encryption key */
const broadcastKeyId = 1;

/** The bytes inside a ciphered APDU, or undefined if the given keys do not match. */
export function decipher(apdu: Apdu, keys: InspectKeys): Uint8Array | undefined {
  switch (apdu.apdu) {
    case "service-ciphered": {
      const dedicated = cipheredTag(apdu.tag)?.keySet === "dedicated";
      return open(apdu.content, dedicated ? keys.dedicatedKey : keys.encryptionKey, keys.systemTitle, keys);
    }
    case "general-glo-ciphering":
    case "general-ded-ciphering": {
      const title = apdu.systemTitle.length > 0 ? apdu.systemTitle : keys.systemTitle;
      const key = apdu.apdu === "general-ded-ciphering" ? keys.dedicatedKey : keys.encryptionKey;
      return open(apdu.content, key, title, keys);
    }
    case "general-ciphering":
      if (apdu.keyInfo?.kind !== "identified-key") return undefined;
      return open(
        apdu.content,
        apdu.keyInfo.keyId === broadcastKeyId ? keys.broadcastKey : keys.encryptionKey,
        apdu.originatorSystemTitle,
        keys,
        headerOf(apdu),
      );
    default:
      return undefined;
  }
}

function headerOf(apdu: GeneralCiphering): Uint8Array {
  const writer = new ByteWriter();
  for (const part of [
    apdu.transactionId,
    apdu.originatorSystemTitle,
    apdu.recipientSystemTitle,
    apdu.dateTime,
    apdu.otherInformation,
  ]) {
    writer.writeLength(part.length).bytes(part);
  }
  return writer.toBytes();
}

function open(
  content: Uint8Array,
  unicastKey: BytesLike | undefined,
  title: BytesLike | undefined,
  keys: InspectKeys,
  extraAad?: Uint8Array,
): Uint8Array | undefined {
  const { control } = readSecurityHeader(content);
  const key = control.broadcast ? keys.broadcastKey : unicastKey;
  if (title === undefined || key === undefined) return undefined;
  const encryptionKey = toBytes(key);
  const systemTitle = toBytes(title);
  if (!control.authenticated || keys.authenticationKey !== undefined) {
    const authenticationKey = keys.authenticationKey === undefined ? encryptionKey : toBytes(keys.authenticationKey);
    const symmetric = { encryptionKey, authenticationKey, broadcastKey: encryptionKey };
    return unprotect({ content, keys: symmetric, systemTitle, ...(extraAad && { extraAad }) }).plaintext;
  }
  if (content.length < 5 + tagLength) return undefined;
  const body = content.subarray(5, content.length - tagLength);
  if (!control.encrypted) return body;
  const unverified = concatBytes(Uint8Array.of(control.byte & encryptedOnly & 0xff), content.subarray(1, 5), body);
  const symmetric = { encryptionKey, authenticationKey: encryptionKey, broadcastKey: encryptionKey };
  return unprotect({ content: unverified, keys: symmetric, systemTitle }).plaintext;
}

/** A ciphered APDU, opened as far as the keys allow; other APDUs unchanged. */
export function opened(apdu: Apdu, keys: InspectKeys): Apdu {
  if (apdu.apdu === "aarq" || apdu.apdu === "aare" || apdu.apdu === "rlrq" || apdu.apdu === "rlre") {
    return openedUserInformation(apdu, keys);
  }
  const plain = decipher(apdu, keys);
  return plain === undefined ? apdu : opened(parseApdu(plain), keys);
}

function openedUserInformation<T extends Extract<Apdu, { readonly userInformation?: Uint8Array }>>(
  apdu: T,
  keys: InspectKeys,
): T {
  const { userInformation } = apdu;
  if (userInformation === undefined || cipheredTag(userInformation[0] ?? 0) === undefined) return apdu;
  const title = apdu.apdu === "aarq" ? apdu.callingApTitle : apdu.apdu === "aare" ? apdu.respondingApTitle : undefined;
  const plain = decipher(parseApdu(userInformation), title ? { ...keys, systemTitle: title } : keys);
  return plain === undefined ? apdu : { ...apdu, userInformation: plain };
}
