/** The bounded buffer of a stream. */
import { maxUnfinishedMs } from "./limits";

/** Room that an empty buffer keeps, in bytes. */
const keptBytes = 4096;

/** Bytes of a stream that do not belong to a unit yet: a bounded buffer that grows on demand. */
export class StreamBuffer {
  readonly #max: number;
  #bytes = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #since: number | undefined;
  #position = 0;

  /** @param max bytes; beyond it the oldest go */
  constructor(max: number) {
    this.#max = max;
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** Place of the first buffered byte in the stream. */
  get position(): number {
    return this.#position;
  }

  /** The buffered bytes; a view that is valid until the next call. */
  get view(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  add(bytes: Uint8Array, now: number | undefined): void {
    if (this.length === 0) this.#since = now;
    const piece = bytes.length > this.#max ? bytes.subarray(bytes.length - this.#max) : bytes;
    const over = this.length + piece.length - this.#max;
    if (over > 0) {
      this.#start += over;
      this.#position += over;
    }
    if (this.#end + piece.length > this.#bytes.length) this.#room(piece.length);
    this.#bytes.set(piece, this.#end);
    this.#end += piece.length;
  }

  skip(count: number): void {
    this.#start += count;
    this.#position += count;
    if (this.#start < this.#end) return;
    this.#start = this.#end = 0;
    // a fleet has thousands of these, and most of them wait for the next push
    if (this.#bytes.length > keptBytes) this.#bytes = new Uint8Array(0);
  }

  /** Whether the buffered bytes began longer ago than a unit may take. */
  isStale(now: number | undefined): boolean {
    if (now === undefined || this.#since === undefined || this.length === 0) return false;
    if (Math.abs(now - this.#since) <= maxUnfinishedMs) return false;
    this.#since = now;
    return true;
  }

  clear(): void {
    this.#start = this.#end = 0;
  }

  #room(count: number): void {
    const { length } = this;
    const needed = length + count;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.#max, Math.max(256, 2 * needed)));
      grown.set(this.view);
      this.#bytes = grown;
    } else this.#bytes.copyWithin(0, this.#start, this.#end);
    this.#start = 0;
    this.#end = length;
  }
}
