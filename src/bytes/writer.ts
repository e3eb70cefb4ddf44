/** A growing big-endian writer. */

const wide = new DataView(new ArrayBuffer(8));
const wideBytes = new Uint8Array(wide.buffer);

/**
 * A growing big-endian buffer; the counterpart of ByteReader. It works without its own DataView, which would move
 * a small buffer out of V8's heap.
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(Math.max(16, capacity));
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#bytes[at] = value;
    return this;
  }

  i8(value: number): this {
    return this.u8(value);
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
    return this;
  }

  i16(value: number): this {
    return this.u16(value);
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >>> 16;
    this.#bytes[at + 2] = value >>> 8;
    this.#bytes[at + 3] = value;
    return this;
  }

  i32(value: number): this {
    return this.u32(value);
  }

  u64(value: bigint): this {
    wide.setBigUint64(0, value);
    return this.bytes(wideBytes);
  }

  i64(value: bigint): this {
    wide.setBigInt64(0, value);
    return this.bytes(wideBytes);
  }

  f32(value: number): this {
    wide.setFloat32(0, value);
    return this.u32(wide.getUint32(0));
  }

  f64(value: number): this {
    wide.setFloat64(0, value);
    return this.bytes(wideBytes);
  }

  bytes(value: Uint8Array): this {
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** The shortest length form that BER and A-XDR share. */
  writeLength(value: number): this {
    if (value < 0x80) return this.u8(value);
    if (value < 0x100) return this.u8(0x81).u8(value);
    if (value < 0x10000) return this.u8(0x82).u16(value);
    if (value < 0x1000000)
      return this.u8(0x83)
        .u8(value >>> 16)
        .u16(value & 0xffff);
    return this.u8(0x84).u32(value);
  }

  /** Overwrite one earlier byte, for lengths that are known only later. */
  patchU8(offset: number, value: number): void {
    if (offset >= this.#length) throw new RangeError(`patch at ${offset}, written ${this.#length}`);
    this.#bytes[offset] = value;
  }

  /** A copy of the written bytes. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Called before the buffer is touched: it may replace the buffer. */
  #room(count: number): number {
    const at = this.#length;
    const need = at + count;
    if (need > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(need, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#length = need;
    return at;
  }
}
