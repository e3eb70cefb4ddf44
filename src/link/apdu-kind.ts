/** What an APDU is, by its tag. */
import { withoutGateway } from "./gateway/gateway-prefix";

/**
 * Tags of unsolicited APDUs: data-notification, information-report, event-notification and its globally and dedicatedly
 * ciphered forms (IEC 62056-5-3, clause 8). General ciphering hides the APDU inside, so its tags are not listed.
 */
const pushTags = new Set([0x0f, 0x18, 0xc2, 0xca, 0xd2]);

/** Whether the APDU is a push, regardless of the awaited answer. */
export function isPush(apdu: Uint8Array): boolean {
  const [tag] = withoutGateway(apdu);
  return tag !== undefined && pushTags.has(tag);
}

/** Whether the APDU is a push under a key: its invocation counter follows the one of the APDU before it. */
export function isCipheredPush(apdu: Uint8Array): boolean {
  return apdu[0] === 0xca || apdu[0] === 0xd2;
}

/** General ciphering and signing, and general blocks: each may carry a push. */
const envelopeTags = new Set([0xdb, 0xdc, 0xdd, 0xdf, 0xe0]);

/** Whether the APDU is a push, or may contain one. */
export function mayBePush(apdu: Uint8Array): boolean {
  return isPush(apdu) || (apdu[0] !== undefined && envelopeTags.has(apdu[0]));
}

/** Whether the APDU is a general-block-transfer block. */
export function isBlock(apdu: Uint8Array): boolean {
  return apdu[0] === 0xe0;
}

/** Whether the APDU is the first block of a general block transfer; some meters number their blocks from 0. */
export function isFirstBlock(apdu: Uint8Array): boolean {
  return isBlock(apdu) && apdu[2] === 0 && (apdu[3] ?? 0) <= 1;
}

/**
 * AARQ, RLRQ, and get-request with its globally and dedicatedly ciphered forms. Reads by short name have no side
 * effects either, but their responses carry no invoke-id, so a late one would be taken for the response to the next
 * read.
 */
const takenTwice = new Set([0x60, 0x62, 0xc0, 0xc8, 0xd0]);

/** Whether a request may reach the meter twice. Requests outside this list might be executed twice. */
export function isTakenTwice(apdu: Uint8Array): boolean {
  const [tag] = withoutGateway(apdu);
  return tag !== undefined && takenTwice.has(tag);
}

/** Responses of GET, SET, ACTION, ACCESS, Read and Write, confirmedServiceError and exception-response, plain. */
const answerTags = new Set([0xc4, 0xc5, 0xc7, 0xda, 0x0c, 0x0d, 0x0e, 0xd8]);

/** Whether a meter sends the APDU only in response to a request. Ciphering hides the APDU inside an envelope. */
export function isAnswer(apdu: Uint8Array): boolean {
  return apdu[0] !== undefined && answerTags.has(apdu[0]);
}
