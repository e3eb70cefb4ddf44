/** Waits for the data-notification-confirm of a push on the connection that carried it. */
import { type Apdu, splitApdus } from "../../apdu";
import { type Clock, WaitList } from "../../clock";
import { DlmsTimeoutError, isDlmsError } from "../../errors";
import { HdlcFramer, WrapperFramer } from "../../link";
import type { SimulatedPushFraming } from "../definition/push-setup";

/** Bits 0 to 23 of long-invoke-id-and-priority: the number of the push. */
const invokeIdBits = 0xffffff;

export class Confirmations {
  readonly #clock: Clock;
  readonly #apdusOf: (bytes: Uint8Array) => readonly Apdu[];
  readonly #waiting = new WaitList<number>();

  constructor(framing: SimulatedPushFraming, clock: Clock) {
    this.#clock = clock;
    this.#apdusOf = readerOf(framing);
  }

  /** Adds bytes received from the push target. */
  receive(bytes: Uint8Array): void {
    for (const apdu of this.#apdusOf(bytes)) {
      if (apdu.apdu !== "data-notification-confirm") continue;
      const id = apdu.longInvokeId & invokeIdBits;
      this.#waiting.first((waited) => waited === id)?.grant();
    }
  }

  /** Resolves with the confirmation of the push; rejects with TIMEOUT_RESPONSE, or with the signal's reason. */
  wait(longInvokeId: number, ms: number, signal: AbortSignal): Promise<void> {
    const error = (): Error =>
      new DlmsTimeoutError("TIMEOUT_RESPONSE", `push: the receiver did not confirm it within ${ms} ms`, {
        details: { timeoutMs: ms },
      });
    return this.#waiting.wait(longInvokeId & invokeIdBits, { signal, timeout: { clock: this.#clock, ms, error } });
  }
}

/** Bytes that are not a frame or not an APDU are ignored. */
function readerOf(framing: SimulatedPushFraming): (bytes: Uint8Array) => readonly Apdu[] {
  if (framing === "hdlc") {
    const framer = new HdlcFramer();
    return (bytes) => framer.push(bytes).flatMap(({ frame }) => apdusIn(frame.info));
  }
  if (framing === "wrapper") {
    const framer = new WrapperFramer();
    return (bytes) => {
      const { pdus, error } = framer.push(bytes);
      if (error !== undefined) framer.clear();
      return pdus.flatMap(({ wpdu }) => apdusIn(wpdu.apdu));
    };
  }
  return apdusIn;
}

function apdusIn(bytes: Uint8Array): readonly Apdu[] {
  try {
    return splitApdus(bytes).pieces.map(({ apdu }) => apdu);
  } catch (error) {
    if (isDlmsError(error)) return [];
    throw error;
  }
}
