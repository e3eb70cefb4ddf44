/** Cuts received bytes into long frames of wired M-Bus. */
import {
  mbusFrameAt,
  mbusFrameFits,
  type MbusFrame,
  mbusLengthModulo,
  mbusOverhead,
  mbusStart,
  minMbusLength,
} from "./frame";

export interface ReceivedMbusFrame {
  readonly frame: MbusFrame;
  /** as received, from 68 to 16 */
  readonly raw: Uint8Array;
}

const capacity = 2048;
const nothing: readonly ReceivedMbusFrame[] = [];

/**
 * Cuts a stream into long frames of wired M-Bus. The check sum and the stop byte decide, because the length field
 * counts modulo 256 on some meters: the framer tries L first, then L + 256 if the CI field identifies a DLMS segment.
 * Bytes that begin no frame are skipped one by one, and so are short frames and acknowledgements (E5).
 */
export class MbusFramer {
  readonly #buffer = new Uint8Array(capacity);
  #start = 0;
  #end = 0;
  #dropped = 0;
  #badFrames = 0;

  /** Whether the buffer contains bytes that may begin a frame. */
  get pending(): boolean {
    return this.#end > this.#start;
  }

  /** The beginning of a frame (68 L L 68) is there, and its end is not. */
  get inFrame(): boolean {
    return this.#end - this.#start >= 4;
  }

  /** Number of bytes outside frames. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Number of frames discarded because of a wrong check sum or stop byte. */
  get badFrames(): number {
    return this.#badFrames;
  }

  push(bytes: Uint8Array): readonly ReceivedMbusFrame[] {
    let found: ReceivedMbusFrame[] | undefined;
    for (let taken = 0; taken < bytes.length;) {
      this.#compact();
      const piece = bytes.subarray(taken, taken + capacity - this.#end);
      this.#buffer.set(piece, this.#end);
      this.#end += piece.length;
      taken += piece.length;
      found = this.#scan(found);
    }
    return found ?? nothing;
  }

  /** Drops the unfinished frame after silence on the line. Returns the frames that its bytes contained. */
  flush(): readonly ReceivedMbusFrame[] {
    let found: ReceivedMbusFrame[] | undefined;
    while (this.#end > this.#start) {
      if (this.inFrame) this.#badFrames++;
      this.#skip();
      found = this.#scan(found);
    }
    return found ?? nothing;
  }

  #compact(): void {
    if (this.#start === 0) return;
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }

  #scan(found: ReceivedMbusFrame[] | undefined): ReceivedMbusFrame[] | undefined {
    let frames = found;
    while (this.#start < this.#end) {
      const length = this.#lengthAtStart();
      if (length === "wait") return frames;
      if (length === undefined) {
        this.#skip();
        continue;
      }
      const end = this.#start + length + mbusOverhead;
      (frames ??= []).push({
        frame: mbusFrameAt(this.#buffer, this.#start, length),
        raw: this.#buffer.slice(this.#start, end),
      });
      this.#start = end;
    }
    return frames;
  }

  /** Counted bytes of the frame at the start; undefined if there is no frame. */
  #lengthAtStart(): number | "wait" | undefined {
    const buffer = this.#buffer;
    const at = this.#start;
    const have = this.#end - at;
    if (buffer[at] !== mbusStart) return undefined;
    if (have > 2 && buffer[at + 1] !== buffer[at + 2]) return undefined;
    if (have > 3 && buffer[at + 3] !== mbusStart) return undefined;
    if (have < 4) return "wait";
    const counted = buffer[at + 1] ?? 0;
    if (counted >= minMbusLength) {
      if (have < counted + mbusOverhead) return "wait";
      if (mbusFrameFits(buffer, at, counted)) return counted;
    }
    if (have < 7) return "wait";
    const longer = counted + mbusLengthModulo;
    if ((buffer[at + 6] ?? 0xff) > 0x1f) return this.#bad();
    if (have < longer + mbusOverhead) return "wait";
    return mbusFrameFits(buffer, at, longer) ? longer : this.#bad();
  }

  #bad(): undefined {
    this.#badFrames++;
    return undefined;
  }

  #skip(): void {
    this.#dropped++;
    this.#start++;
  }
}
