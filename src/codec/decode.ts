import { ByteReader, toHex } from "../bytes";
import { type DecodeLimits, defaultMaxDepth, defaultMaxElements } from "./limits";
import { dataTag } from "./tags";
import { minimumSize, readTypeDescription } from "./type-description";
import type { DlmsValue, TypeDescription } from "./value";

type FailCode = Parameters<ByteReader["fail"]>[0];

const lossyUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const strictUtf8 = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const bitsOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(2).padStart(8, "0"));

/**
 * The inner decoder. It works on the bytes and a DataView, keeps the indices of where it is in a flat array, and
 * builds a path only when it fails: values are by far the most frequent things that this package makes.
 */
export class ValueDecoder {
  private readonly bytes: Uint8Array;
  private readonly buffer: ArrayBufferLike;
  private readonly base: number;
  private readonly view: DataView;
  private readonly end: number;
  private readonly maxDepth: number;
  private readonly strict: boolean;
  private readonly path: Int32Array;
  private pos: number;
  private depth = 0;
  private budget: number;

  constructor(
    private readonly reader: ByteReader,
    private readonly what: string,
    limits: DecodeLimits = {},
  ) {
    const { source } = reader;
    this.bytes = source;
    this.buffer = source.buffer;
    this.base = source.byteOffset;
    this.view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    this.pos = reader.offset;
    this.end = reader.end;
    this.maxDepth = limits.maxDepth ?? defaultMaxDepth;
    this.budget = limits.maxElements ?? defaultMaxElements;
    this.strict = limits.strict ?? false;
    this.path = new Int32Array(this.maxDepth);
  }

  /** Decode one tagged value and move the reader behind it. */
  decode(): DlmsValue {
    const value = this.value();
    this.reader.seek(this.pos);
    return value;
  }

  /**
   * Decode the element `index` at offset `start` of an array whose header was read before; with a description, of a compact-array,
   * whose elements have no tags.
   */
  element(index: number, start: number, description: TypeDescription | undefined): DlmsValue {
    this.pos = start;
    this.path[0] = index;
    this.depth = 1;
    const value = description ? this.described(description) : this.value();
    this.reader.seek(this.pos);
    return value;
  }

  private value(): DlmsValue {
    if (this.pos >= this.end) this.truncated(1);
    const tag = this.view.getUint8(this.pos++);
    if (tag === 1 || tag === 2) return this.sequence(tag);
    return tag === 19 ? this.compactArray() : this.content(tag);
  }

  /** The contents of every type that is not made of other values. */
  private content(tag: number): DlmsValue {
    switch (tag) {
      case 0:
        return { type: "null-data", value: null };
      case 3:
        return { type: "boolean", value: this.view.getUint8(this.take(1)) !== 0 };
      case 4:
        return this.bitString();
      case 5:
        return { type: "double-long", value: this.view.getInt32(this.take(4)) };
      case 6:
        return { type: "double-long-unsigned", value: this.view.getUint32(this.take(4)) };
      case 9:
        return { type: "octet-string", value: this.octets(this.length()) };
      case 15:
        return { type: "integer", value: this.view.getInt8(this.take(1)) };
      case 16:
        return { type: "long", value: this.view.getInt16(this.take(2)) };
      case 17:
        return { type: "unsigned", value: this.view.getUint8(this.take(1)) };
      case 18:
        return { type: "long-unsigned", value: this.view.getUint16(this.take(2)) };
      case 22:
        return { type: "enum", value: this.view.getUint8(this.take(1)) };
      default:
        return this.rareContent(tag);
    }
  }

  private rareContent(tag: number): DlmsValue {
    switch (tag) {
      case 7:
        return { type: "floating-point", value: this.view.getFloat32(this.take(4)) };
      case 10:
        return { type: "visible-string", value: this.latin1(this.length()) };
      case 12:
        return { type: "utf8-string", value: this.utf8(this.length()) };
      case 13:
        return { type: "bcd", value: this.view.getInt8(this.take(1)) };
      case 20:
        return { type: "long64", value: this.view.getBigInt64(this.take(8)) };
      case 21:
        return { type: "long64-unsigned", value: this.view.getBigUint64(this.take(8)) };
      case 23:
        return { type: "float32", value: this.view.getFloat32(this.take(4)) };
      case 24:
        return { type: "float64", value: this.view.getFloat64(this.take(8)) };
      case 25:
        return { type: "date-time", value: this.octets(12) };
      case 26:
        return { type: "date", value: this.octets(5) };
      case 27:
        return { type: "time", value: this.octets(4) };
      case 255:
        return { type: "dont-care", value: null };
      default:
        return this.deltaContent(tag);
    }
  }

  private deltaContent(tag: number): DlmsValue {
    switch (tag) {
      case 28:
        return { type: "delta-integer", value: this.view.getInt8(this.take(1)) };
      case 29:
        return { type: "delta-long", value: this.view.getInt16(this.take(2)) };
      case 30:
        return { type: "delta-double-long", value: this.view.getInt32(this.take(4)) };
      case 31:
        return { type: "delta-unsigned", value: this.view.getUint8(this.take(1)) };
      case 32:
        return { type: "delta-long-unsigned", value: this.view.getUint16(this.take(2)) };
      case 33:
        return { type: "delta-double-long-unsigned", value: this.view.getUint32(this.take(4)) };
      default:
        return this.unknownTag(tag);
    }
  }

  private sequence(tag: number): DlmsValue {
    const count = this.length();
    // every element takes a byte at least
    if (count > this.end - this.pos) {
      this.fail("DECODE_TRUNCATED", `${count} elements are declared, ${this.end - this.pos} bytes are left`, {
        need: count,
      });
    }
    this.spend(count);
    const level = this.enter();
    // the count is known to fit, and growing arrays would double the cost of a row
    const items = new Array<DlmsValue>(count);
    for (let i = 0; i < count; i++) {
      this.path[level] = i;
      items[i] = this.value();
    }
    this.depth = level;
    return tag === 1 ? { type: "array", value: items } : { type: "structure", value: items };
  }

  private compactArray(): DlmsValue {
    this.reader.seek(this.pos);
    const description = readTypeDescription(this.reader, this.maxDepth - this.depth, this.where());
    this.pos = this.reader.offset;
    const size = this.length();
    const stop = this.pos + size;
    if (size > this.end - this.pos) {
      this.fail("DECODE_TRUNCATED", `${size} bytes of contents are declared, ${this.end - this.pos} are left`, {
        need: size,
      });
    }
    const items: DlmsValue[] = [];
    if (size > 0) this.compactElements(description, stop, items);
    return { type: "compact-array", description, value: items };
  }

  private compactElements(description: TypeDescription, stop: number, items: DlmsValue[]): void {
    if (minimumSize(description) === 0) this.fail("DECODE_VALUE", "a compact-array of nothing has contents");
    const level = this.enter();
    while (this.pos < stop) {
      this.spend(1);
      this.path[level] = items.length;
      items.push(this.described(description));
      if (this.pos > stop) this.fail("DECODE_LENGTH", "the last element goes beyond the declared contents");
    }
    this.depth = level;
  }

  private described(description: TypeDescription): DlmsValue {
    if (description.type === "array") {
      const { count, element } = description;
      const need = count * minimumSize(element);
      if (need > this.end - this.pos) this.truncated(need);
      this.spend(count);
      const level = this.enter();
      const items = new Array<DlmsValue>(count);
      for (let i = 0; i < count; i++) {
        this.path[level] = i;
        items[i] = this.described(element);
      }
      this.depth = level;
      return { type: "array", value: items };
    }
    if (description.type === "structure") {
      const { fields } = description;
      this.spend(fields.length);
      const level = this.enter();
      const items: DlmsValue[] = [];
      for (const field of fields) {
        this.path[level] = items.length;
        items.push(this.described(field));
      }
      this.depth = level;
      return { type: "structure", value: items };
    }
    return this.content(dataTag(description.type) ?? FORBIDDEN_TAG);
  }

  private bitString(): DlmsValue {
    const bits = this.length();
    const count = Math.ceil(bits / 8);
    const at = this.take(count);
    let text = "";
    for (let i = 0; i < count; i++) text += bitsOfByte[this.view.getUint8(at + i)] ?? "";
    if (this.strict && text.indexOf("1", bits) >= 0) {
      this.pos = at;
      this.fail("DECODE_VALUE", `padding bits behind ${bits} bits are not zero`);
    }
    return { type: "bit-string", value: text.slice(0, bits) };
  }

  /** A view: far cheaper than a copy, and never a Buffer, whatever was received. */
  private octets(count: number): Uint8Array {
    const at = this.take(count);
    return new Uint8Array(this.buffer, this.base + at, count);
  }

  private latin1(count: number): string {
    const at = this.take(count);
    let text = "";
    for (let i = 0; i < count; i++) text += String.fromCharCode(this.view.getUint8(at + i));
    return text;
  }

  private utf8(count: number): string {
    const at = this.take(count);
    const bytes = this.bytes.subarray(at, at + count);
    if (!this.strict) return lossyUtf8.decode(bytes);
    try {
      return strictUtf8.decode(bytes);
    } catch {
      this.pos = at;
      return this.fail("DECODE_VALUE", "the bytes are not UTF-8");
    }
  }

  private length(): number {
    if (this.pos >= this.end) this.truncated(1);
    const first = this.view.getUint8(this.pos++);
    return first < 0x80 ? first : this.longLength(first);
  }

  private longLength(first: number): number {
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

  private take(count: number): number {
    const at = this.pos;
    if (count > this.end - at) this.truncated(count);
    this.pos = at + count;
    return at;
  }

  private enter(): number {
    const level = this.depth;
    if (level >= this.maxDepth) this.fail("DECODE_LIMIT", `values nest deeper than ${this.maxDepth}`);
    this.depth = level + 1;
    return level;
  }

  private spend(count: number): void {
    this.budget -= count;
    if (this.budget < 0) this.fail("DECODE_LIMIT", "more values than the limit allows");
  }

  private unknownTag(tag: number): never {
    const at = Math.max(0, this.pos - 1);
    const bytes = toHex(this.bytes.subarray(at, Math.min(at + 8, this.end)));
    this.pos = at;
    return this.fail("DECODE_TAG", `tag ${tag} is not a data type; bytes ${bytes}`, { tag, bytes });
  }

  private truncated(need: number): never {
    const have = this.end - this.pos;
    return this.fail("DECODE_TRUNCATED", `needs ${need} bytes, ${have} are left`, { need });
  }

  private where(): string {
    let where = this.what;
    for (let i = 0; i < this.depth; i++) where += `[${this.path[i]}]`;
    return where;
  }

  private fail(code: FailCode, problem: string, details?: Readonly<Record<string, unknown>>): never {
    this.reader.seek(Math.min(this.pos, this.end));
    return this.reader.fail(code, this.where(), problem, details);
  }
}

/** A tag that no data type has. */
const FORBIDDEN_TAG = 8;

/**
 * Decode one A-XDR value and leave the reader behind it.
 * @throws DlmsDecodeError with the path of the element that failed, and its offset
 */
export function decodeValue(reader: ByteReader, limits?: DecodeLimits, what = "data"): DlmsValue {
  return new ValueDecoder(reader, what, limits).decode();
}

/**
 * Decode bytes that hold one A-XDR value and nothing else.
 * @throws DlmsDecodeError, DECODE_TRAILING if bytes are left over
 */
export function decodeValueBytes(bytes: Uint8Array, limits?: DecodeLimits, what = "data"): DlmsValue {
  const reader = new ByteReader(bytes);
  const value = new ValueDecoder(reader, what, limits).decode();
  if (reader.remaining > 0) reader.finish(what);
  return value;
}
