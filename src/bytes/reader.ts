/** A bounds-checked big-endian reader. */
import { DlmsDecodeError } from "../errors";

/**
 * The one bounds-checked cursor over received bytes. Every read names what it reads, so that an error has a path and an
 * offset. Bytes are returned as views, not copies.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #base: string;
  #offset: number;
  #view: DataView | undefined;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length, path = "") {
    this.#bytes = bytes;
    this.#offset = offset;
    this.#end = Math.min(end, bytes.length);
    this.#base = path;
  }

  /** Offset of the next byte, counted from the start of the underlying bytes. */
  get offset(): number {
    return this.#offset;
  }

  get end(): number {
    return this.#end;
  }

  get remaining(): number {
    return this.#end - this.#offset;
  }

  /** The underlying bytes, for callers that decode in place. */
  get source(): Uint8Array {
    return this.#bytes;
  }

  /** Go back, or ahead, to an offset that was read before. */
  seek(offset: number): void {
    if (offset < 0 || offset > this.#end) this.fail("DECODE_TRUNCATED", "seek", `offset ${offset} is outside`);
    this.#offset = offset;
  }

  peek(): number | undefined {
    return this.#offset < this.#end ? this.#bytes[this.#offset] : undefined;
  }

  u8(field: string): number {
    return this.#bytes[this.#take(1, field)] ?? 0;
  }

  i8(field: string): number {
    return (this.u8(field) << 24) >> 24;
  }

  u16(field: string): number {
    const at = this.#take(2, field);
    return ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0);
  }

  i16(field: string): number {
    return (this.u16(field) << 16) >> 16;
  }

  u32(field: string): number {
    return this.i32(field) >>> 0;
  }

  i32(field: string): number {
    const at = this.#take(4, field);
    const bytes = this.#bytes;
    const high = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
    return high | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  }

  u64(field: string): bigint {
    return this.#wide().getBigUint64(this.#take(8, field));
  }

  i64(field: string): bigint {
    return this.#wide().getBigInt64(this.#take(8, field));
  }

  f32(field: string): number {
    return this.#wide().getFloat32(this.#take(4, field));
  }

  f64(field: string): number {
    return this.#wide().getFloat64(this.#take(8, field));
  }

  /** The next `count` bytes, as a view. */
  bytes(count: number, field: string): Uint8Array {
    const at = this.#take(count, field);
    return this.#bytes.subarray(at, at + count);
  }

  /** The remaining bytes, as a view. */
  rest(): Uint8Array {
    const at = this.#offset;
    this.#offset = this.#end;
    return this.#bytes.subarray(at, this.#end);
  }

  /** A reader for the next `count` bytes only. This reader continues after them. */
  sub(count: number, field: string): ByteReader {
    const at = this.#take(count, field);
    return new ByteReader(this.#bytes, at, at + count, this.#path(field));
  }

  /**
   * The length form that BER and A-XDR share: one byte below 128, else 81..84 and big-endian bytes.
   * Non-minimal lengths are accepted: meters send them.
   */
  length(field: string): number {
    const first = this.u8(field);
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 4)
      this.fail("DECODE_LENGTH", field, `length form ${first.toString(16)} is not supported`);
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 256 + this.u8(field);
    return value;
  }

  /** Refuse remaining bytes. */
  finish(field: string): void {
    if (this.remaining > 0) this.fail("DECODE_TRAILING", field, `${this.remaining} bytes are left over`);
  }

  /** Throw a decode error that knows the path and the offset. */
  fail(
    code: "DECODE_TRUNCATED" | "DECODE_TAG" | "DECODE_LENGTH" | "DECODE_VALUE" | "DECODE_TRAILING" | "DECODE_LIMIT",
    field: string,
    problem: string,
    details: Readonly<Record<string, unknown>> = {},
  ): never {
    const path = this.#path(field);
    throw new DlmsDecodeError(code, `${path}: ${problem} (at byte ${this.#offset})`, {
      details: { path, offset: this.#offset, have: this.remaining, ...details },
    });
  }

  /**
   * Created on first use, because it moves the bytes of a small array out of V8's heap, which costs more than a read.
   */
  #wide(): DataView {
    return (this.#view ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength));
  }

  #take(count: number, field: string): number {
    const at = this.#offset;
    if (count > this.#end - at) {
      this.fail("DECODE_TRUNCATED", field, `needs ${count} bytes, ${this.#end - at} are left`, { need: count });
    }
    this.#offset = at + count;
    return at;
  }

  #path(field: string): string {
    return this.#base === "" ? field : `${this.#base}.${field}`;
  }
}
