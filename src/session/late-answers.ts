import type { Apdu } from "../apdu/model";
import type { Channel } from "./channel";
import { isProtected } from "./ciphering";

/** Where answers may come late, the ids 2 to 15 take turns: meters that do not echo them answer with 0 or 1. */
export const firstMovingId = 2;
/** service error of an exception-response */
export const invocationCounterError = 6;

type Facts = Pick<Channel, "options" | "association" | "ciphering" | "resends">;

/** A datagram that was sent twice may be answered twice, and the second answer need not be the same. */
export function isLate(channel: Facts, apdu: Apdu, invokeId: number): boolean {
  if (channel.options.datagrams !== true) return wasOwed(channel, apdu, invokeId);
  if (apdu.apdu === "aare") return channel.association !== undefined;
  if (apdu.apdu === "exception-response" && apdu.serviceError === invocationCounterError && channel.resends > 0) {
    return channel.ciphering?.isPast(apdu.invocationCounter) === true;
  }
  return "invokeId" in apdu && !mayBeAwaited(channel, apdu.invokeId, invokeId);
}

/** Whether an answer with this invoke-id-and-priority is not surely one to an earlier request. */
export function mayBeAwaited({ options }: Facts, received: number, invokeId: number): boolean {
  const id = received & 0x0f;
  if (options.datagrams === true) return id < firstMovingId || id === invokeId;
  return options.owedAnswers === undefined || id === invokeId;
}

/** The answer to a request of an association that was given up, on a line that stayed open. */
function wasOwed({ options: { owedAnswers } }: Facts, apdu: Apdu, invokeId: number): boolean {
  if (owedAnswers === undefined || !("invokeId" in apdu)) return false;
  const id = apdu.invokeId & 0x0f;
  return id !== invokeId && owedAnswers.invokeIds.delete(id);
}

/** What cannot be an answer within this association, or to the request for one; only where answers are owed. */
export function isOfBefore({ options: { owedAnswers }, association }: Facts, apdu: Apdu): boolean {
  if (owedAnswers === undefined) return false;
  if (apdu.apdu === "aare") {
    if (association === undefined || owedAnswers.associations === 0) return false;
    owedAnswers.associations -= 1;
    return true;
  }
  if (association !== undefined || owedAnswers.invokeIds.size === 0) return false;
  if (isProtected(apdu)) return true;
  return "invokeId" in apdu && owedAnswers.invokeIds.delete(apdu.invokeId & 0x0f);
}
