import type { Apdu } from "../../apdu/model";
import { DlmsStateError } from "../../errors";
import type { Delivery, Early, Operation, SessionStep, StepAnswer } from "./operation";

export type Phase = Extract<SessionStep, { kind: "exchange" }>["phase"];

/** Send an APDU and take the one that answers it. */
export function* exchangeStep(
  apdu: Uint8Array,
  what: string,
  phase: Phase,
  delivery?: Delivery,
): Operation<Uint8Array> {
  return bytesOf(yield { kind: "exchange", apdu, what, phase, ...delivery }, what);
}

/** Take one more APDU, which may have come already. */
export function* receiveStep(what: string, delivery?: Delivery, early?: Early): Operation<Uint8Array> {
  return bytesOf(yield { kind: "receive", what, ...delivery, ...(early && { early }) }, what);
}

export function* transmitStep(apdu: Uint8Array, what: string): Operation<void> {
  yield { kind: "transmit", apdu, what };
}

/** Bytes of an answer in blocks that are there; the driver judges whether they come fast enough. */
export function* progressStep(what: string, bytes: number): Operation<void> {
  yield { kind: "progress", what, bytes };
}

/** Reserve invocation counter values and take the first. */
export function* reserveStep(count: number): Operation<number> {
  const first = yield { kind: "reserve-counter", count };
  if (typeof first === "number") return first;
  throw resumedWrongly("reserve-counter", "a number");
}

export function* raiseStep(atLeast: number): Operation<void> {
  yield { kind: "raise-counter", atLeast };
}

export function* noteStep(text: string): Operation<void> {
  yield { kind: "note", text };
}

/** Hand on what the meter reported unasked. */
export function* notificationStep(text: string, notification: Apdu, raw: Uint8Array): Operation<void> {
  yield { kind: "note", text, notification, raw };
}

function bytesOf(answer: StepAnswer, what: string): Uint8Array {
  if (answer instanceof Uint8Array) return answer;
  throw resumedWrongly(what, "the bytes of an APDU");
}

function resumedWrongly(what: string, expected: string): DlmsStateError {
  return new DlmsStateError("STATE_BUSY", `${what}: the operation was resumed without ${expected}`, {
    fault: "internal",
    retry: "reconnect",
  });
}
