/** Recognizes answers to requests other than the current one. */
import { serviceErrorCode } from "../../apdu";
import type { Apdu, GeneralBlockTransfer } from "../../apdu/model";
import type { Exchange } from "./exchange";
import { isNotificationTag, isProtected } from "../protection/ciphering";
import { invokeIdOf } from "../steps/correlation";
import { inconsistentAnswer } from "../steps/errors";

/** service error of an exception-response */
export const invocationCounterError = serviceErrorCode["invocation-counter-error"];

type Facts = Pick<Exchange, "options" | "association" | "ciphering" | "delivery" | "correlation">;

/**
 * Whether the fields of an APDU show that it answers another request than the current one. A text is a note on an
 * answer that is accepted.
 * @throws DlmsDecodeError DECODE_VALUE for an id that no request had, if ids are checked strictly
 */
export function isLate(channel: Facts, apdu: Apdu): boolean | string {
  const { association, ciphering, correlation, options } = channel;
  if (association === undefined) return false;
  if (apdu.apdu === "aare") return true;
  if (
    apdu.apdu === "exception-response" &&
    apdu.serviceError === invocationCounterError &&
    channel.delivery.retries > 0
  ) {
    return ciphering?.isPast(apdu.invocationCounter) === true;
  }
  const received = invokeIdOf(apdu);
  if (received === undefined) return false;
  if (options.quirks?.strictInvokeId === true && !correlation.wasAsked(received)) {
    throw inconsistentAnswer(otherId(received, correlation.id), { sent: correlation.id, received: received & 0x0f });
  }
  const known = correlation.hasOwnIds;
  const verdict = correlation.judge(received);
  // reported once for each connection, because such a meter answers every request like this
  if (verdict === "other" && !known) return otherId(received, correlation.id);
  return verdict === "stale";
}

function otherId(received: number, sent: number): string {
  return `the answer has invoke-id ${received & 0x0f}, the request had ${sent}`;
}

/**
 * Whether an APDU answers a request of an earlier association on the same connection: it does not answer an association
 * request, or it answers one that was answered already.
 */
export function answersEarlierAssociation({ delivery, association, correlation }: Facts, apdu: Apdu): boolean {
  if (!delivery.outlivesAssociation) return false;
  if (apdu.apdu === "aare") {
    if (association === undefined || correlation.associations === 0) return false;
    correlation.associations -= 1;
    return true;
  }
  if (association !== undefined || !correlation.anyOwed) return false;
  if (isProtected(apdu)) return true;
  return "invokeId" in apdu && correlation.takeOwed(apdu.invokeId);
}

/** A transfer begins with block 1. Its id or counter is unique if the meter echoes ids or ciphers. */
export function isOfFinishedTransfer({ ciphering, correlation }: Facts, block: GeneralBlockTransfer): boolean {
  const unique = ciphering?.active === true || correlation.echoes;
  const isFirst = block.blockNumber <= 1;
  const equal = (!isFirst || unique) && correlation.isFinishedBlock(block.blockNumber, block.data);
  if (isFirst) correlation.dropsPushBlocks = equal && isNotificationTag(block.data[0]);
  return equal || correlation.dropsPushBlocks;
}
