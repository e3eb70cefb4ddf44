/** The steps as functions, for operations to delegate to. */
import type { Apdu } from "../../apdu/model";
import { DlmsStateError } from "../../errors";
import type { Delivery } from "./delivery";
import type { Early, Operation, SessionStep, StepAnswer } from "./operation";

export type Phase = Extract<SessionStep, { kind: "exchange" }>["phase"];

/** Send an APDU and receive its answer. */
export function* exchangeStep(apdu: Uint8Array, phase: Phase, delivery?: Delivery): Operation<Uint8Array> {
  return bytesOf(yield { kind: "exchange", apdu, phase, ...delivery });
}

/** Receive one more APDU, which may have arrived already. */
export function* receiveStep(delivery?: Delivery, early?: Early): Operation<Uint8Array> {
  return bytesOf(yield { kind: "receive", ...delivery, ...(early && { early }) });
}

export function* transmitStep(apdu: Uint8Array): Operation<void> {
  yield { kind: "transmit", apdu };
}

/** Received bytes of an answer in blocks; the driver judges their rate. */
export function* progressStep(bytes: number): Operation<void> {
  yield { kind: "progress", bytes };
}

/** Reserve invocation counter values and take the first. */
export function* reserveStep(count: number): Operation<number> {
  const first = yield { kind: "reserve-counter", count };
  if (typeof first === "number") return first;
  throw resumedWrongly("a number");
}

export function* raiseStep(atLeast: number): Operation<void> {
  yield { kind: "raise-counter", atLeast };
}

export function* noteStep(text: string): Operation<void> {
  yield { kind: "note", text };
}

/** Deliver an unsolicited report of the meter. */
export function* notificationStep(text: string, notification: Apdu, raw: Uint8Array): Operation<void> {
  yield { kind: "note", text, notification, raw };
}

function bytesOf(answer: StepAnswer): Uint8Array {
  if (answer instanceof Uint8Array) return answer;
  throw resumedWrongly("the bytes of an APDU");
}

function resumedWrongly(expected: string): DlmsStateError {
  return new DlmsStateError("STATE_BUSY", `the operation was resumed without ${expected}`, {
    fault: "internal",
    retry: "reconnect",
  });
}
