/** Cursor over A-XDR data: reads lengths, integers and octets, and keeps the path of the current element for errors. */
import { type ByteReader, toHex } from "../bytes";
import { type DecodeLimits, defaultMaxDepth, defaultMaxElements } from "./limits";

type FailCode = Parameters<ByteReader["fail"]>[0];

const lossyUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const strictUtf8 = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const bitsOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(2).padStart(8, "0"));

/**
 * From this many bytes on, a text is not built by appending: V8 keeps 32 bytes for each piece until the text is read.
 */
const longText = 256;

/**
 * Extra cost of a value with parts or a length, counted in numbers: it takes two bytes on the line and about 100 in
 * memory.
 */
const pieceWeight = 8;

/**
 * The cursor under every decoder of A-XDR data. It works on the bytes and a DataView, keeps the indices of where it is
 * in a flat array, and builds a path only when it fails: values are by far the most frequent things that this package
 * makes. Members that ValueDecoder uses are `protected`: it reads them for each value, and `#` fields end at the class.
 */
export class DataCursor {
  /** the bytes that are being decoded; never changed afterwards, so that views of them may be kept */
  readonly bytes: Uint8Array;
  protected readonly view: DataView;
  protected readonly end: number;
  protected readonly maxDepth: number;
  protected readonly path: Int32Array;
  protected pos: number;
  protected depth = 0;
  readonly #buffer: ArrayBufferLike;
  readonly #base: number;
  readonly #strict: boolean;
  readonly #field: string;
  #budget: number;

  constructor(
    protected readonly reader: ByteReader,
    field: string,
    limits: DecodeLimits = {},
  ) {
    this.#field = field;
    const { source } = reader;
    this.bytes = source;
    this.#buffer = source.buffer;
    this.#base = source.byteOffset;
    this.view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    this.pos = reader.offset;
    this.end = reader.end;
    this.maxDepth = limits.maxDepth ?? defaultMaxDepth;
    this.#budget = limits.maxElements ?? defaultMaxElements;
    this.#strict = limits.strict ?? false;
    this.path = new Int32Array(this.maxDepth);
  }

  /**
   * The next value if it is an integer of at most 32 bits, an enum or bcd. For any other value the result is NaN and
   * the cursor stays.
   */
  integer(): number {
    const at = this.pos;
    if (at >= this.end) this.truncated(1);
    const tag = this.view.getUint8(at);
    this.pos = at + 1;
    switch (tag) {
      case 5:
        return this.view.getInt32(this.take(4));
      case 6:
        return this.view.getUint32(this.take(4));
      case 13:
      case 15:
        return this.view.getInt8(this.take(1));
      case 16:
        return this.view.getInt16(this.take(2));
      case 17:
      case 22:
        return this.view.getUint8(this.take(1));
      case 18:
        return this.view.getUint16(this.take(2));
      default:
        this.pos = at;
        return Number.NaN;
    }
  }

  /**
   * Offset in `bytes` of the 12 octets of the next value, if it is an octet-string of 12 or a date-time. For any other
   * value the result is -1 and the cursor stays.
   */
  twelveOctets(): number {
    const at = this.pos;
    if (this.end - at < 14) return -1;
    const tag = this.view.getUint8(at);
    if (tag === 9 && this.view.getUint8(at + 1) === 12) {
      this.pos = at + 14;
      return at + 2;
    }
    if (tag !== 25) return -1;
    this.pos = at + 13;
    return at + 1;
  }

  /**
   * Opens the next value if it is a structure or an array, and returns the number of its elements. Otherwise the result
   * is -1 and the cursor stays.
   */
  open(): number {
    const at = this.pos;
    if (at >= this.end) this.truncated(1);
    const tag = this.view.getUint8(at);
    if (tag !== 1 && tag !== 2) return -1;
    this.pos = at + 1;
    const count = this.sequenceCount();
    this.enter();
    return count;
  }

  /** Sets the index of the next element in the open value, for the paths of errors. */
  at(index: number): void {
    this.path[this.depth - 1] = index;
  }

  /** Leaves the open value after its last element. */
  close(): void {
    this.depth--;
  }

  /** Number of elements in a sequence. Each takes at least one byte, so a larger count is refused. */
  protected sequenceCount(): number {
    const count = this.length();
    if (count > this.end - this.pos) {
      this.fail("DECODE_TRUNCATED", `${count} elements are declared, ${this.end - this.pos} bytes are left`, {
        need: count,
      });
    }
    this.spend(count + pieceWeight);
    return count;
  }

  /** "0101", first bit first */
  protected bitString(): string {
    this.spend(pieceWeight);
    const bits = this.length();
    const count = Math.ceil(bits / 8);
    const at = this.take(count);
    const text = count > longText ? this.#longBits(at, count) : this.#bitsAt(at, count);
    if (this.#strict && text.indexOf("1", bits) >= 0) {
      this.pos = at;
      this.fail("DECODE_VALUE", `padding bits after ${bits} bits are not zero`);
    }
    return text.slice(0, bits);
  }

  #bitsAt(at: number, count: number): string {
    let text = "";
    for (let i = 0; i < count; i++) text += bitsOfByte[this.view.getUint8(at + i)] ?? "";
    return text;
  }

  #longBits(at: number, count: number): string {
    return Array.from(this.bytes.subarray(at, at + count), (byte) => bitsOfByte[byte] ?? "").join("");
  }

  /** A view of the next octets: far cheaper than a copy, and a plain Uint8Array even when a Buffer was received. */
  protected octets(count: number): Uint8Array {
    this.spend(pieceWeight);
    const at = this.take(count);
    return new Uint8Array(this.#buffer, this.#base + at, count);
  }

  protected latin1(count: number): string {
    const at = this.take(count);
    if (count > longText) return Buffer.from(this.#buffer, this.#base + at, count).toString("latin1");
    let text = "";
    for (let i = 0; i < count; i++) text += String.fromCharCode(this.view.getUint8(at + i));
    return text;
  }

  protected utf8(count: number): string {
    const at = this.take(count);
    const bytes = this.bytes.subarray(at, at + count);
    if (!this.#strict) return lossyUtf8.decode(bytes);
    try {
      return strictUtf8.decode(bytes);
    } catch {
      this.pos = at;
      return this.fail("DECODE_VALUE", "the bytes are not UTF-8");
    }
  }

  protected length(): number {
    if (this.pos >= this.end) this.truncated(1);
    const first = this.view.getUint8(this.pos++);
    return first < 0x80 ? first : this.#longLength(first);
  }

  #longLength(first: number): number {
    const count = first & 0x7f;
    if (count === 0 || count > 4) {
      this.pos--;
      this.fail("DECODE_LENGTH", `length form ${first.toString(16)} is not supported`);
    }
    const at = this.take(count);
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 256 + this.view.getUint8(at + i);
    return value;
  }

  protected take(count: number): number {
    const at = this.pos;
    if (count > this.end - at) this.truncated(count);
    this.pos = at + count;
    return at;
  }

  protected enter(): number {
    const level = this.depth;
    if (level >= this.maxDepth) this.fail("DECODE_LIMIT", `values nest deeper than ${this.maxDepth}`);
    this.depth = level + 1;
    return level;
  }

  protected spend(count: number): void {
    this.#budget -= count;
    if (this.#budget < 0) this.fail("DECODE_LIMIT", "more values than the limit allows");
  }

  protected unknownTag(tag: number): never {
    const at = Math.max(0, this.pos - 1);
    const bytes = toHex(this.bytes.subarray(at, Math.min(at + 8, this.end)));
    this.pos = at;
    return this.fail("DECODE_TAG", `tag ${tag} is not a data type; bytes ${bytes}`, { tag, bytes });
  }

  protected truncated(need: number): never {
    const have = this.end - this.pos;
    return this.fail("DECODE_TRUNCATED", `needs ${need} bytes, ${have} are left`, { need });
  }

  protected where(): string {
    let where = this.#field;
    for (let i = 0; i < this.depth; i++) where += `[${this.path[i]}]`;
    return where;
  }

  protected fail(code: FailCode, problem: string, details?: Readonly<Record<string, unknown>>): never {
    this.reader.seek(Math.min(this.pos, this.end));
    return this.reader.fail(code, this.where(), problem, details);
  }
}
