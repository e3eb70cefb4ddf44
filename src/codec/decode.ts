/** Decodes A-XDR data into values (IEC 62056-6-2, common data types). */
import { ByteReader } from "../bytes";
import { DataCursor } from "./cursor";
import type { DecodeLimits } from "./limits";
import { joinRuns, maxRunLength } from "./runs";
import { dataTag } from "./tags";
import {
  compactValuesPerByte,
  minimumSize,
  maxCompactElements,
  readTypeDescription,
  valuesPerElement,
} from "./type-description";
import type { DlmsValue, PlainValue, TypeDescription } from "./value";

/** One shared null-data value: it can take no byte in a compact-array, so millions of them could be declared. */
const nullData: DlmsValue = Object.freeze({ type: "null-data", value: null });
const dontCare: DlmsValue = Object.freeze({ type: "dont-care", value: null });

/** Decodes the values under a cursor: with their types, or as plain values where the caller does not need the types. */
export class ValueDecoder extends DataCursor {
  /** Decode one tagged value and move the reader past it. */
  decode(): DlmsValue {
    const value = this.value();
    this.reader.seek(this.pos);
    return value;
  }

  /** Decode one tagged value to a plain one and move the reader past it. */
  decodePlain(): PlainValue {
    const value = this.plain();
    this.reader.seek(this.pos);
    return value;
  }

  /**
   * Read the element `index` at offset `start` of an array whose header was read before; with a description, of a
   * compact-array, whose elements have no tags.
   */
  element<T>(index: number, start: number, description: TypeDescription | undefined, reader: ElementReader<T>): T {
    this.pos = start;
    this.path[0] = index;
    this.depth = 1;
    const element = description ? reader.fromValue(this.#described(description)) : reader.fromBytes(this);
    this.reader.seek(this.pos);
    return element;
  }

  /** The next value, with its type. */
  value(): DlmsValue {
    if (this.pos >= this.end) this.truncated(1);
    const tag = this.view.getUint8(this.pos++);
    if (tag === 1 || tag === 2) return this.#sequence(tag);
    return tag === 19 ? this.#compactArray() : this.#content(tag);
  }

  /** The contents of a type that does not consist of other values. */
  #content(tag: number): DlmsValue {
    switch (tag) {
      case 0:
        return nullData;
      case 3:
        return { type: "boolean", value: this.view.getUint8(this.take(1)) !== 0 };
      case 4:
        return { type: "bit-string", value: this.bitString() };
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
        return this.#rareContent(tag);
    }
  }

  #rareContent(tag: number): DlmsValue {
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
        return dontCare;
      default:
        return this.#deltaContent(tag);
    }
  }

  #deltaContent(tag: number): DlmsValue {
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

  #sequence(tag: number): DlmsValue {
    const count = this.sequenceCount();
    const level = this.enter();
    const items = count > maxRunLength ? this.#manyValues(level, count) : this.#values(level, 0, count);
    this.depth = level;
    return tag === 1 ? { type: "array", value: items } : { type: "structure", value: items };
  }

  #manyValues(level: number, count: number): DlmsValue[] {
    return inRuns(count, (from, to) => this.#values(level, from, to));
  }

  #values(level: number, from: number, to: number): DlmsValue[] {
    // the count is known to fit, and growing arrays would double the cost of a row
    const items = new Array<DlmsValue>(to - from);
    for (let i = from; i < to; i++) {
      this.path[level] = i;
      items[i - from] = this.value();
    }
    return items;
  }

  /** The next value, without its type. */
  plain(): PlainValue {
    if (this.pos >= this.end) this.truncated(1);
    const tag = this.view.getUint8(this.pos++);
    switch (tag) {
      case 1:
      case 2:
        return this.#plainSequence();
      case 5:
        return this.view.getInt32(this.take(4));
      case 6:
        return this.view.getUint32(this.take(4));
      case 9:
        return this.octets(this.length());
      case 16:
        return this.view.getInt16(this.take(2));
      case 18:
        return this.view.getUint16(this.take(2));
      case 19:
        return plainOf(this.#compactArray());
      default:
        return plainOf(this.#content(tag));
    }
  }

  #plainSequence(): PlainValue[] {
    const count = this.sequenceCount();
    const level = this.enter();
    const items = count > maxRunLength ? this.#manyPlainValues(level, count) : this.#plainValues(level, 0, count);
    this.depth = level;
    return items;
  }

  #manyPlainValues(level: number, count: number): PlainValue[] {
    return inRuns(count, (from, to) => this.#plainValues(level, from, to));
  }

  #plainValues(level: number, from: number, to: number): PlainValue[] {
    const items = new Array<PlainValue>(to - from);
    for (let i = from; i < to; i++) {
      this.path[level] = i;
      items[i - from] = this.plain();
    }
    return items;
  }

  #compactArray(): DlmsValue {
    const from = this.pos;
    this.reader.seek(from);
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
    if (size > 0) {
      if (minimumSize(description) === 0) this.fail("DECODE_VALUE", "a compact-array of null-data has contents");
      this.#compactElements(description, stop, maxCompactElements(valuesPerElement(description), stop - from), items);
    }
    return { type: "compact-array", description, value: items };
  }

  #compactElements(description: TypeDescription, stop: number, most: number, items: DlmsValue[]): void {
    const level = this.enter();
    while (this.pos < stop) {
      this.spend(1);
      this.path[level] = items.length;
      if (items.length >= most) this.#tooMany(minimumSize(description));
      items.push(this.#described(description));
      if (this.pos > stop) this.fail("DECODE_LENGTH", "the last element goes beyond the declared contents");
    }
    this.depth = level;
  }

  /** Reports an incomplete element as truncated before it reports too many elements. */
  #tooMany(need: number): never {
    return need > this.end - this.pos ? this.truncated(need) : this.fail("DECODE_LIMIT", tooManyValues);
  }

  #described(description: TypeDescription): DlmsValue {
    if (description.type === "array") {
      const { count, element } = description;
      const need = count * minimumSize(element);
      if (need > this.end - this.pos) this.truncated(need);
      this.spend(count);
      const level = this.enter();
      const items = new Array<DlmsValue>(count);
      for (let i = 0; i < count; i++) {
        this.path[level] = i;
        items[i] = this.#described(element);
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
        items.push(this.#described(field));
      }
      this.depth = level;
      return { type: "structure", value: items };
    }
    return this.#content(dataTag(description.type) ?? forbiddenTag);
  }
}

/** Reads each element of a long array into a `T`. */
export interface ElementReader<T> {
  /**
   * Reads the next value under the cursor, which is complete. Bytes that the reader leaves over are an error of the
   * reader.
   */
  fromBytes(cursor: ValueDecoder): T;
  /** The same from a value, for elements that have no tags on the line (compact-array). */
  fromValue(value: DlmsValue): T;
  /** the reader keeps no state between elements, so an incomplete element may be read again */
  readonly stateless?: boolean;
}

function plainOf(value: DlmsValue): PlainValue {
  switch (value.type) {
    case "array":
    case "structure":
    case "compact-array":
      return value.value.map(plainOf);
    default:
      return value.value;
  }
}

/**
 * The elements of a sequence, read in runs that are joined at the end. The first garbage collection would move a
 * half-filled array of more than 128 KB to the old generation, where it keeps its elements until the next full
 * collection, long after the caller has dropped it. With thousands of rows, copying those costs several times as much
 * as decoding.
 */
function inRuns<T>(count: number, read: (from: number, to: number) => T[]): T[] {
  const runs: T[][] = [];
  for (let at = 0; at < count; at += maxRunLength) runs.push(read(at, Math.min(at + maxRunLength, count)));
  return joinRuns(runs);
}

/** Error text for a compact-array with more elements than `maxCompactElements`. */
export const tooManyValues = `the compact-array means more than ${compactValuesPerByte} values for each of its bytes`;

/** A tag that no data type has. */
const forbiddenTag = 8;

/**
 * Decode one A-XDR value and move the reader past it.
 * @throws DlmsDecodeError with the path of the element that failed, and its offset
 */
export function decodeValue(reader: ByteReader, limits?: DecodeLimits, path = "data"): DlmsValue {
  return new ValueDecoder(reader, path, limits).decode();
}

/**
 * Fast path for a single whole number, the usual contents of a register. Undefined for any other bytes, well formed or
 * not. It costs a fraction of a cursor, which tracks its position in a large value.
 */
export function decodeNumber(bytes: Uint8Array): DlmsValue | undefined {
  const { 0: tag, 1: a = 0, 2: b = 0, 3: c = 0, 4: d = 0 } = bytes;
  switch (bytes.length) {
    case 2:
      if (tag === 17) return { type: "unsigned", value: a };
      if (tag === 15) return { type: "integer", value: (a << 24) >> 24 };
      return tag === 22 ? { type: "enum", value: a } : undefined;
    case 3:
      if (tag === 18) return { type: "long-unsigned", value: (a << 8) | b };
      return tag === 16 ? { type: "long", value: (((a << 8) | b) << 16) >> 16 } : undefined;
    case 5: {
      const value = (a << 24) | (b << 16) | (c << 8) | d;
      if (tag === 6) return { type: "double-long-unsigned", value: value >>> 0 };
      return tag === 5 ? { type: "double-long", value } : undefined;
    }
    default:
      return undefined;
  }
}

/**
 * Decode bytes that hold one A-XDR value and nothing else.
 * @throws DlmsDecodeError, DECODE_TRAILING if bytes are left over
 */
export function decodeValueBytes(bytes: Uint8Array, limits?: DecodeLimits, path = "data"): DlmsValue {
  const simple = decodeNumber(bytes);
  if (simple !== undefined) return simple;
  const reader = new ByteReader(bytes);
  const value = new ValueDecoder(reader, path, limits).decode();
  if (reader.remaining > 0) reader.finish(path);
  return value;
}

/**
 * Decode bytes that hold one A-XDR value and nothing else to plain values, for callers that do not need the types:
 * numbers, bigint (64 bits), strings, bytes, arrays (array, structure and compact-array alike).
 * @throws DlmsDecodeError, DECODE_TRAILING if bytes are left over
 */
export function decodePlainBytes(bytes: Uint8Array, limits?: DecodeLimits, path = "data"): PlainValue {
  const reader = new ByteReader(bytes);
  const value = new ValueDecoder(reader, path, limits).decodePlain();
  if (reader.remaining > 0) reader.finish(path);
  return value;
}
