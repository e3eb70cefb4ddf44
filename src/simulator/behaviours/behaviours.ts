/** Ready-made faults of meters and lines, for tests and flows. */
import { encodeApdu } from "../../apdu";
import type { Behaviour, LineAction } from "./behaviour";

/** When a fault happens: from the n-th occasion on, `times` times. */
export interface Occasion {
  /** first occasion, counted from 1 (1) */
  readonly from?: number;
  /** number of occasions (all) */
  readonly times?: number;
}

/** Counts occasions: true for those in which the fault happens. */
export function occasions({ from = 1, times = Number.POSITIVE_INFINITY }: Occasion): () => boolean {
  let count = 0;
  return () => {
    count += 1;
    return count >= from && count < from + times;
  };
}

function frameFault(name: string, occasion: Occasion, change: (frame: Uint8Array) => readonly LineAction[]): Behaviour {
  const hit = occasions(occasion);
  return { name, frameOut: (frame) => (hit() ? change(frame) : undefined) };
}

const send = (bytes: Uint8Array): LineAction => ({ kind: "send", bytes });

/** Loses frames to the client. */
export function dropAnswers(occasion: Occasion = {}): Behaviour {
  return frameFault("drop-answers", occasion, () => []);
}

/** Loses frames from the client. */
export function dropRequests(occasion: Occasion = {}): Behaviour {
  const hit = occasions(occasion);
  return { name: "drop-requests", frameIn: () => (hit() ? "drop" : undefined) };
}

/** Accepts everything and never answers. */
export function neverAnswer(): Behaviour {
  return { ...dropAnswers(), name: "never-answer" };
}

/** Delays each frame, on the clock of the meter. */
export function delayAnswers(delayMs: number, occasion: Occasion = {}): Behaviour {
  return frameFault("delay-answers", occasion, (bytes) => [{ kind: "send", bytes, delayMs }]);
}

/** Sends frames in pieces of `size` bytes, with a pause between pieces. */
export function splitAnswers(size: number, pauseMs = 0, occasion: Occasion = {}): Behaviour {
  return frameFault("split-answers", occasion, (frame) => {
    const pieces: LineAction[] = [];
    for (let at = 0; at < frame.length; at += Math.max(1, size)) {
      const bytes = frame.subarray(at, at + Math.max(1, size));
      pieces.push({ kind: "send", bytes, ...(at > 0 && pauseMs > 0 ? { delayMs: pauseMs } : {}) });
    }
    return pieces;
  });
}

/** Changes one byte of a frame. A negative `at` counts from the end. */
export function garbleAnswers(at: number, mask = 0xff, occasion: Occasion = {}): Behaviour {
  return frameFault("garble-answers", occasion, (frame) => [send(flipped(frame, at, mask))]);
}

/** Corrupts the check sequence of a frame. HDLC only. */
export function wrongFcs(occasion: Occasion = {}): Behaviour {
  return { ...garbleAnswers(-2, 0x55, occasion), name: "wrong-fcs" };
}

/** Sends only the first `length` bytes of a frame. */
export function truncateAnswers(length: number, occasion: Occasion = {}): Behaviour {
  return frameFault("truncate-answers", occasion, (frame) => [send(frame.slice(0, length))]);
}

/** Sends these bytes instead of a frame. */
export function answerGarbage(bytes: Uint8Array, occasion: Occasion = {}): Behaviour {
  return frameFault("answer-garbage", occasion, () => [send(bytes)]);
}

/** Sends these bytes before a frame, like bus noise or the greeting of a modem. */
export function noiseBefore(bytes: Uint8Array, occasion: Occasion = {}): Behaviour {
  return frameFault("noise-before", occasion, (frame) => [send(bytes), send(frame)]);
}

/** Sends each frame twice, like a repeater. */
export function repeatAnswers(occasion: Occasion = {}): Behaviour {
  return frameFault("repeat-answers", occasion, (frame) => [send(frame), send(frame)]);
}

/** Closes the connection after this many sent bytes, even within a frame. */
export function closeAtByte(count: number): Behaviour {
  let sent = 0;
  let done = false;
  return {
    name: "close-at-byte",
    frameOut: (frame) => {
      if (done) return undefined;
      const left = count - sent;
      sent += frame.length;
      if (left > frame.length) return undefined;
      done = true;
      return [send(frame.slice(0, Math.max(0, left))), { kind: "close", reason: `closed after ${count} bytes` }];
    },
  };
}

/** Echoes the bytes of the client before the answer, like a half-duplex converter. */
export function echo(): Behaviour {
  return {
    name: "echo",
    bytesIn: (bytes, line) => {
      line.send(bytes.slice());
      return bytes;
    },
  };
}

/** Answers HDLC requests with RNR a number of times before it accepts one. */
export function busy(times: number): Behaviour {
  let left = times;
  return {
    name: "busy",
    frameIn: ({ frame }) => {
      if (frame !== "I" && frame !== "RR") return undefined;
      left -= 1;
      return left >= 0 ? "busy" : undefined;
    },
  };
}

/** Swaps the bytes of each word in the wrapper header. Wrapper only. */
export function swappedWrapperHeader(occasion: Occasion = {}): Behaviour {
  return frameFault("swapped-wrapper-header", occasion, (frame) => {
    const bytes = frame.slice();
    for (let at = 0; at < 8; at += 2) {
      bytes[at] = frame[at + 1] ?? 0;
      bytes[at + 1] = frame[at] ?? 0;
    }
    return [send(bytes)];
  });
}

/** Answers from another wPort than the addressed one. Wrapper only. */
export function wrongWrapperSource(source: number, occasion: Occasion = {}): Behaviour {
  return frameFault("wrong-wrapper-source", occasion, (frame) => {
    const bytes = frame.slice();
    new DataView(bytes.buffer).setUint16(2, source);
    return [send(bytes)];
  });
}

/** Answers with another invoke-id. */
export function otherInvokeId(invokeId: number, occasion: Occasion = {}): Behaviour {
  return answerFault("other-invoke-id", occasion, (answer) => {
    const service = answer[0] ?? 0;
    if (service !== 0xc4 && service !== 0xc5 && service !== 0xc7) return undefined;
    const bytes = answer.slice();
    bytes[2] = invokeId;
    return bytes;
  });
}

/** Replaces each answer to a service request by this plain APDU; ACSE answers stay. */
export function answerInstead(apdu: Uint8Array, occasion: Occasion = {}): Behaviour {
  return answerFault("answer-instead", occasion, () => apdu);
}

/** Answers with a get-response-normal that announces an array of 4,294,967,295 elements and contains none. */
export function absurdCount(occasion: Occasion = {}): Behaviour {
  return answerFault("absurd-count", occasion, (answer) => {
    return Uint8Array.of(0xc4, 0x01, answer[2] ?? 0xc1, 0x00, 0x01, 0x84, 0xff, 0xff, 0xff, 0xff);
  });
}

function answerFault(
  name: string,
  occasion: Occasion,
  change: (answer: Uint8Array) => Uint8Array | undefined,
): Behaviour {
  const hit = occasions(occasion);
  return {
    name,
    answer: (answer) => {
      const acse = answer[0] !== undefined && answer[0] >= 0x60 && answer[0] <= 0x63;
      if (acse || !hit()) return undefined;
      const changed = change(answer);
      return changed === undefined ? undefined : [changed];
    },
  };
}

/** Changes one byte of an answer after protection and before framing, so that the check sequence is right. */
export function tamperWithAnswer(at: number, mask = 0x01, occasion: Occasion = {}): Behaviour {
  const hit = occasions(occasion);
  return {
    name: "tamper-with-answer",
    sealed: (answer) => {
      const acse = answer[0] !== undefined && answer[0] >= 0x60 && answer[0] <= 0x63;
      return acse || !hit() ? undefined : [flipped(answer, at, mask)];
    },
  };
}

/** Sends an unsolicited APDU before an answer, in a separate WPDU or UI frame. */
export function pushBeforeAnswer(apdu: Uint8Array, occasion: Occasion = {}): Behaviour {
  const hit = occasions(occasion);
  return {
    name: "push-before-answer",
    request: (_request, _bytes, line) => {
      if (hit()) line.notify(apdu);
      return undefined;
    },
  };
}

/** Restarts the meter when a request arrives and does not answer it. */
export function restartOnRequest(occasion: Occasion = {}): Behaviour {
  const hit = occasions(occasion);
  return {
    name: "restart-on-request",
    request: (request, _bytes, line) => {
      if (request.apdu === "aarq" || !hit()) return undefined;
      line.restart();
      return [];
    },
  };
}

/** Answers every service request with an exception-response. */
export function answerException(stateError: number, serviceError: number, occasion: Occasion = {}): Behaviour {
  const apdu = encodeApdu({ apdu: "exception-response", stateError, serviceError });
  return { ...answerInstead(apdu, occasion), name: "answer-exception" };
}

/** Paces the line at a baud rate: each frame takes 10 bit times per byte. */
export function pacedAt(baudRate: number): Behaviour {
  return frameFault("paced", {}, (bytes) => [{ kind: "send", bytes, delayMs: (bytes.length * 10_000) / baudRate }]);
}

function flipped(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  const changed = bytes.slice();
  const index = at < 0 ? bytes.length + at : at;
  if (index >= 0 && index < bytes.length) changed[index] = (changed[index] ?? 0) ^ mask;
  return changed;
}
