import { encodeApdu } from "../../apdu";
import type { Behaviour, LineAction } from "./behaviour";

/** When a fault happens: on the n-th occasion (1 = the first) and `times` from there on. */
export interface Occasion {
  /** first occasion that is hit (1) */
  readonly from?: number;
  /** how many (all) */
  readonly times?: number;
}

function occasions({ from = 1, times = Number.POSITIVE_INFINITY }: Occasion): () => boolean {
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

/** Frames that are lost on their way to the client. */
export function dropAnswers(occasion: Occasion = {}): Behaviour {
  return frameFault("drop-answers", occasion, () => []);
}

/** Frames from the client that get lost. */
export function dropRequests(occasion: Occasion = {}): Behaviour {
  const hit = occasions(occasion);
  return { name: "drop-requests", frameIn: () => (hit() ? "drop" : undefined) };
}

/** Takes everything and never says a word. */
export function neverAnswer(): Behaviour {
  return { ...dropAnswers(), name: "never-answer" };
}

/** Each frame waits, on the meter's clock. */
export function delayAnswers(delayMs: number, occasion: Occasion = {}): Behaviour {
  return frameFault("delay-answers", occasion, (bytes) => [{ kind: "send", bytes, delayMs }]);
}

/** Frames come in pieces of `size` bytes, with a pause before each piece but the first. */
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

/** One byte of the frame is changed. `at` counts from the end when it is negative. */
export function garbleAnswers(at: number, mask = 0xff, occasion: Occasion = {}): Behaviour {
  return frameFault("garble-answers", occasion, (frame) => [send(flipped(frame, at, mask))]);
}

/** The last byte of the check sequence is wrong. HDLC only. */
export function wrongFcs(occasion: Occasion = {}): Behaviour {
  return { ...garbleAnswers(-2, 0x55, occasion), name: "wrong-fcs" };
}

/** Only the first `length` bytes of a frame arrive. */
export function truncateAnswers(length: number, occasion: Occasion = {}): Behaviour {
  return frameFault("truncate-answers", occasion, (frame) => [send(frame.slice(0, length))]);
}

/** These bytes instead of a frame. */
export function answerGarbage(bytes: Uint8Array, occasion: Occasion = {}): Behaviour {
  return frameFault("answer-garbage", occasion, () => [send(bytes)]);
}

/** These bytes in front of a frame: noise of a bus, a modem's greeting. */
export function noiseBefore(bytes: Uint8Array, occasion: Occasion = {}): Behaviour {
  return frameFault("noise-before", occasion, (frame) => [send(bytes), send(frame)]);
}

/** Each frame twice, as a repeater does it. */
export function repeatAnswers(occasion: Occasion = {}): Behaviour {
  return frameFault("repeat-answers", occasion, (frame) => [send(frame), send(frame)]);
}

/** The connection breaks after this many bytes have gone out, in the middle of a frame if need be. */
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

/** What the client sends comes back first, as half-duplex converters do it. */
export function echo(): Behaviour {
  return {
    name: "echo",
    bytesIn: (bytes, line) => {
      line.send(bytes.slice());
      return bytes;
    },
  };
}

/** Answers HDLC requests with RNR a few times before taking one. */
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

/** The wrapper's words with their bytes swapped, or its ports changed. Wrapper only. */
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

/** Answers come from another wPort than was asked. Wrapper only. */
export function wrongWrapperSource(source: number, occasion: Occasion = {}): Behaviour {
  return frameFault("wrong-wrapper-source", occasion, (frame) => {
    const bytes = frame.slice();
    new DataView(bytes.buffer).setUint16(2, source);
    return [send(bytes)];
  });
}

/** The answer carries another invoke-id. */
export function otherInvokeId(invokeId: number, occasion: Occasion = {}): Behaviour {
  return answerFault("other-invoke-id", occasion, (answer) => {
    const service = answer[0] ?? 0;
    if (service !== 0xc4 && service !== 0xc5 && service !== 0xc7) return undefined;
    const bytes = answer.slice();
    bytes[2] = invokeId;
    return bytes;
  });
}

/** This plain APDU in place of each answer to a service (association answers stay). */
export function answerInstead(apdu: Uint8Array, occasion: Occasion = {}): Behaviour {
  return answerFault("answer-instead", occasion, () => apdu);
}

/** get-response-normal that announces an array of 4,294,967,295 elements and has none. */
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

/** One byte of an answer is changed after it was protected, and before it is framed with a right check sequence. */
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

/** An APDU that nobody asked for arrives in front of an answer: a WPDU of its own, or a UI frame. */
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

/** The meter forgets everything while it looks at a request, and does not answer it. */
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

/** An exception-response to every service request. */
export function answerException(stateError: number, serviceError: number, occasion: Occasion = {}): Behaviour {
  const apdu = encodeApdu({ apdu: "exception-response", stateError, serviceError });
  return { ...answerInstead(apdu, occasion), name: "answer-exception" };
}

/** Bytes cross the line at a baud rate: each frame takes as long as its 10 bits a byte need. */
export function pacedAt(baudRate: number): Behaviour {
  return frameFault("paced", {}, (bytes) => [{ kind: "send", bytes, delayMs: (bytes.length * 10_000) / baudRate }]);
}

function flipped(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  const changed = bytes.slice();
  const index = at < 0 ? bytes.length + at : at;
  if (index >= 0 && index < bytes.length) changed[index] = (changed[index] ?? 0) ^ mask;
  return changed;
}
