/** Cuts received bytes into HDLC frames. */
import { checkSequenceFits } from "./crc";
import { flag, type HdlcFrame, frameAddresses, frameLength, headerLength, lengthFitsHeader, parseFrame } from "./frame";

export interface ReceivedFrame {
  readonly frame: HdlcFrame;
  /** as received, without flags */
  readonly raw: Uint8Array;
}

/** Statistics of the bytes received since the last `clearReport`. */
export interface FramerReport {
  /** all bytes, flags and noise too */
  readonly bytes: number;
  readonly frames: number;
  /** bytes outside frames; flags do not count */
  readonly dropped: number;
  readonly badHeaders: number;
  readonly badFrames: number;
  /** the first received bytes, at most 16 */
  readonly first: Uint8Array;
  /** bytes that were looked at, check sequences included: the cost */
  readonly work: number;
}

const capacity = 8192;
const sampleBytes = 16;
/** Flag, format, two addresses of four bytes, control, HCS. */
const maxHeaderBytes = 1 + 2 + 8 + 1 + 2;
const nothing: readonly ReceivedFrame[] = [];

/**
 * Cuts a stream into HDLC frames of format type 3. This profile has no byte stuffing, so the length field defines the
 * end of a frame; the header check sequence is verified as soon as it is received, so that noise that resembles a long
 * frame does not swallow the bytes after it. After a wrong check sequence the search continues one byte further. A flag
 * may close one frame and open the next.
 *
 * The buffer has a fixed size; nothing is allocated per byte, and a frame is copied once.
 */
export class HdlcFramer {
  readonly #buffer = new Uint8Array(capacity);
  #start = 0;
  #end = 0;
  /** bytes from #start required before the next decision */
  #need = 1;
  /** the header of the frame at #start is valid (or has no check sequence) */
  #headerGood = false;
  #begun = 0;
  #bytes = 0;
  #frames = 0;
  #dropped = 0;
  #badHeaders = 0;
  #badFrames = 0;
  #work = 0;
  readonly #first = new Uint8Array(sampleBytes);
  #firstLength = 0;

  /** Whether a frame has begun (its header is there and right) and is not complete. */
  get inFrame(): boolean {
    return this.#headerGood;
  }

  /** Number of frames that have begun so far, including incomplete ones. */
  get begun(): number {
    return this.#begun;
  }

  /** Whether the buffer contains bytes that may begin a frame. */
  get pending(): boolean {
    return this.#end > this.#start;
  }

  /** The addresses of the unfinished frame. */
  get addresses(): Pick<HdlcFrame, "destination" | "source"> | undefined {
    return this.#headerGood ? frameAddresses(this.#buffer, this.#start + 1, this.#end) : undefined;
  }

  /** Headers and frames with a wrong check sequence since the last `clearReport`. */
  get badChecks(): number {
    return this.#badHeaders + this.#badFrames;
  }

  get report(): FramerReport {
    return {
      bytes: this.#bytes,
      frames: this.#frames,
      dropped: this.#dropped,
      badHeaders: this.#badHeaders,
      badFrames: this.#badFrames,
      first: this.#first.slice(0, this.#firstLength),
      work: this.#work,
    };
  }

  clearReport(): void {
    this.#bytes = this.#frames = this.#dropped = this.#badHeaders = this.#badFrames = this.#work = 0;
    this.#firstLength = 0;
  }

  /** Adds received bytes; returns the frames that they complete. */
  push(bytes: Uint8Array): readonly ReceivedFrame[] {
    this.#sample(bytes);
    let found: ReceivedFrame[] | undefined;
    let taken = 0;
    while (taken < bytes.length) {
      if (this.#end === capacity) this.#compact();
      const count = Math.min(bytes.length - taken, capacity - this.#end);
      this.#copy(bytes, taken, count);
      taken += count;
      found = this.#scan(found);
    }
    return found ?? nothing;
  }

  /** Drop the unfinished frame after silence on the line. Returns the frames that its bytes contained. */
  flush(): readonly ReceivedFrame[] {
    let found: ReceivedFrame[] | undefined;
    while (this.#end > this.#start) {
      this.#skip();
      found = this.#scan(found);
    }
    return found ?? nothing;
  }

  /** Discards the received bytes. */
  clear(): void {
    this.#start = this.#end = 0;
    this.#expect(1);
    this.clearReport();
  }

  #sample(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    for (let i = 0; i < bytes.length && this.#firstLength < sampleBytes; i++)
      this.#first[this.#firstLength++] = bytes[i] ?? 0;
  }

  #copy(bytes: Uint8Array, from: number, count: number): void {
    // A view per call would be an allocation per byte on a line that delivers single bytes.
    if (count < 32) for (let i = 0; i < count; i++) this.#buffer[this.#end + i] = bytes[from + i] ?? 0;
    else this.#buffer.set(bytes.subarray(from, from + count), this.#end);
    this.#end += count;
  }

  #compact(): void {
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }

  #expect(need: number): void {
    this.#need = need;
    this.#headerGood = false;
  }

  #scan(found: ReceivedFrame[] | undefined): ReceivedFrame[] | undefined {
    let frames = found;
    while (this.#end - this.#start >= this.#need) {
      const frame = this.#step();
      if (frame) (frames ??= []).push(frame);
    }
    if (this.#start === this.#end) this.#start = this.#end = 0;
    return frames;
  }

  /** Makes one decision; at least #need bytes are available. */
  #step(): ReceivedFrame | undefined {
    const buffer = this.#buffer;
    if (buffer[this.#start] !== flag) {
      this.#seekFlag();
      return undefined;
    }
    const at = this.#start + 1;
    if (this.#headerGood) return this.#complete(at, this.#need - 1);
    if (this.#need < 3) {
      // Consecutive flags are fill; the last one may open a frame.
      if (this.#need === 2) {
        if (buffer[at] === flag) this.#advance(1);
        else if (((buffer[at] ?? 0) & 0xf0) !== 0xa0) this.#skip();
        else this.#need = 3;
      } else this.#need = 2;
      return undefined;
    }
    return this.#header(at);
  }

  #header(at: number): ReceivedFrame | undefined {
    const length = frameLength(this.#buffer, at);
    if (length === undefined) {
      this.#skip();
      return undefined;
    }
    const header = headerLength(this.#buffer, at, Math.min(this.#end, at + length));
    if (header === 0) {
      if (this.#end - at >= length || this.#need >= maxHeaderBytes) this.#skip();
      else this.#need = this.#end - this.#start + 1;
      return undefined;
    }
    if (header < 0 || !lengthFitsHeader(length, header)) {
      this.#skip();
      return undefined;
    }
    if (this.#end - at < header + 2) {
      this.#need = 1 + header + 2;
      return undefined;
    }
    // Without an information field the two bytes after the header are the FCS.
    if (!this.#check(at, header)) {
      this.#badHeaders++;
      this.#skip();
      return undefined;
    }
    this.#need = 1 + length;
    this.#headerGood = true;
    this.#begun++;
    return undefined;
  }

  #complete(at: number, length: number): ReceivedFrame | undefined {
    if (!this.#check(at, length - 2)) {
      this.#badFrames++;
      this.#skip();
      return undefined;
    }
    const frame = parseFrame(this.#buffer, at, length);
    const raw = this.#buffer.slice(at, at + length);
    this.#frames++;
    this.#advance(1 + length);
    return { frame, raw };
  }

  #check(at: number, length: number): boolean {
    this.#work += length;
    return checkSequenceFits(this.#buffer, at, at + length);
  }

  /** No frame starts at #start: continues one byte further. */
  #skip(): void {
    if (this.#buffer[this.#start] !== flag) this.#dropped++;
    this.#advance(1);
  }

  #advance(count: number): void {
    this.#start += count;
    this.#work += count;
    this.#expect(1);
  }

  #seekFlag(): void {
    const from = this.#start;
    let at = from;
    while (at < this.#end && this.#buffer[at] !== flag) at++;
    this.#dropped += at - from;
    this.#advance(at - from);
  }
}
