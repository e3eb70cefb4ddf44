/** Faults of meters that push, and of the lines on which pushes arrive. */
import { joinBytes } from "../../bytes";
import type { Behaviour } from "../behaviours/behaviour";
import { type Occasion, occasions } from "../behaviours/behaviours";
import type { PushMessage } from "../definition/push-message";
import { buildPush } from "./build-push";

type Frames = readonly Uint8Array[];

function messageFault(name: string, occasion: Occasion, change: (message: PushMessage) => PushMessage): Behaviour {
  const hit = occasions(occasion);
  return { name, push: (message) => (hit() ? change(message) : undefined) };
}

function framesFault(
  name: string,
  occasion: Occasion,
  change: (frames: Frames, message: PushMessage) => Frames,
): Behaviour {
  const hit = occasions(occasion);
  return { name, pushFrames: (frames, message) => (hit() ? change(frames, message) : undefined) };
}

/** Position of the check sequence of a frame, from its end; wrapper and bare APDUs have none. */
const checkSequenceAt = { hdlc: 2, mbus: 2, p1: 3, wrapper: undefined, apdu: undefined } as const;

/** Corrupts the check sequence of the last frame: FCS of HDLC, check sum of M-Bus, CRC of a telegram. */
export function badFcs(occasion: Occasion = {}): Behaviour {
  return framesFault("bad-fcs", occasion, (frames, { framing, security }) => {
    const back = framing === "p1" && security !== undefined ? undefined : checkSequenceAt[framing];
    if (back === undefined) return frames;
    return frames.map((frame, index) => (index < frames.length - 1 ? frame : withOtherByte(frame, back)));
  });
}

/** Another digit in a telegram stays a hex digit. */
function withOtherByte(frame: Uint8Array, back: number): Uint8Array {
  const changed = Uint8Array.from(frame);
  const at = frame.length - back;
  const byte = changed[at] ?? 0;
  changed[at] = back === 3 ? (byte === 0x30 ? 0x31 : 0x30) : byte ^ 0x55;
  return changed;
}

/** Loses one segment or block of a push that has several, by default the second. */
export function lostSegment(index = 1, occasion: Occasion = {}): Behaviour {
  return framesFault("lost-segment", occasion, (frames) =>
    frames.length < 2 ? frames : frames.filter((_, n) => n !== index),
  );
}

/** Repeats the invocation counter of the previous push. */
export function repeatCounter(occasion: Occasion = {}): Behaviour {
  const hit = occasions(occasion);
  let last: number | undefined;
  return {
    name: "repeat-counter",
    push: (message) => {
      const invocationCounter = last !== undefined && hit() ? last : message.invocationCounter;
      last = invocationCounter;
      return { ...message, invocationCounter };
    },
  };
}

/** Sends an invocation counter that is `by` below the expected one. */
export function oldCounter(by = 100, occasion: Occasion = {}): Behaviour {
  return messageFault("old-counter", occasion, (message) => ({
    ...message,
    invocationCounter: Math.max(0, message.invocationCounter - by),
  }));
}

/** Ciphers with a key that the receiver does not have. */
export function wrongKey(occasion: Occasion = {}): Behaviour {
  return messageFault("wrong-key", occasion, (message) => {
    if (message.security === undefined) return message;
    const encryptionKey = message.security.encryptionKey.map((byte) => byte ^ 0xff);
    return { ...message, security: { ...message.security, encryptionKey } };
  });
}

/** Writes the date-time of the APDU with a data tag: 09 0C instead of 0C. */
export function oddDate09(occasion: Occasion = {}): Behaviour {
  return messageFault("odd-date-09", occasion, (message) => ({ ...message, taggedDate: true }));
}

/** Sends M-Bus frames of 257 bytes, whose length field says 01. */
export function lModulo(occasion: Occasion = {}): Behaviour {
  return messageFault("l-modulo", occasion, (message) => ({ ...message, segmentSize: 252 }));
}

/** The receiver gets the second half of a push first, as if it were switched on while the meter sends. */
export function midFrameStart(occasion: Occasion = { times: 1 }): Behaviour {
  return framesFault("mid-frame-start", occasion, (frames) => {
    const whole = joinBytes(frames);
    return [whole.subarray(whole.length >> 1), ...frames];
  });
}

/** A second meter on the line sends at the same time: its frames are interleaved with those of this one. */
export function interleaved(occasion: Occasion = {}): Behaviour {
  return framesFault("interleaved", occasion, (frames, message) => {
    const { logical, physical } = message.source;
    const systemTitle = message.systemTitle.map((byte, index) => (index === 7 ? byte ^ 0xff : byte));
    const source = { logical: logical === 1 ? 2 : 1, physical };
    const others = buildPush({ ...message, source, systemTitle });
    return frames
      .flatMap((frame, index) => [frame, ...others.slice(index, index + 1)])
      .concat(others.slice(frames.length));
  });
}
