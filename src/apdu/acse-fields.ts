/** BER fields of the ACSE APDUs, read with tolerance for wrong lengths and unknown fields. */
import { ByteReader, joinBytes } from "../bytes";
import { ber, type BerField } from "../codec";
import { wholeInitiateResponse } from "./initiate";

/** 2.16.756.5.8.1 and .2 */
export const contextArc = 1;
export const mechanismArc = 2;

/** The fields of an ACSE APDU by tag, and notes on tolerated deviations. */
export interface AcseFields {
  readonly fields: ReadonlyMap<number, Uint8Array>;
  readonly userInformation: Uint8Array | undefined;
  readonly notes: readonly string[];
}

const userInformationTag = 0xbe;

/**
 * Tags of the fields in their order, each with the bytes that may begin its contents (none: any). They show where the
 * next field begins if a length is wrong.
 */
export type FieldOrder = readonly (readonly [tag: number, ...first: readonly number[]])[];

/**
 * Reads the fields of an AARQ, AARE, RLRQ or RLRE whose tag has been read. Meters send wrong lengths, unknown fields
 * and broken ends. The reader accepts all readable fields and notes the rest, so that the result of an association is
 * known.
 */
export function readAcseFields(reader: ByteReader, field: string, order: FieldOrder): AcseFields {
  const fields = new Map<number, Uint8Array>();
  const notes: string[] = [];
  let userInformation: Uint8Array | undefined;
  const end = readOuterLength(reader, field, notes);
  const ends = new FieldEnds(reader, order, end);
  let last: number | undefined;
  // with an outer length that is too short the fields continue after it
  while (reader.remaining > 0 && (reader.offset < end || ends.goesOn(reader.offset, last))) {
    last = reader.peek();
    if (reader.peek() === userInformationTag) {
      userInformation = readUserInformation(reader, notes);
      continue;
    }
    if (!lengthIsReadable(reader)) {
      notes.push(`${field} ends inside a field`);
      reader.rest();
      break;
    }
    const tag = reader.u8(field);
    const declared = reader.length(field);
    const from = reader.offset;
    const to = ends.of(tag, from, from + declared);
    if (from + declared > reader.end) notes.push(`field ${tag.toString(16)} is cut short`);
    else if (to !== from + declared) notes.push(lengthNote(tag, declared, to - from));
    const contents = reader.bytes(to - from, field);
    const inside = isConstructed(tag) ? inner(contents) : undefined;
    if (inside !== undefined && !(fits(contents) && (!isConstructed(inside.tag) || fits(inside.contents)))) {
      notes.push(`field ${tag.toString(16)}: the lengths inside and outside differ`);
    }
    if (!fields.has(tag)) fields.set(tag, contents);
  }
  if (reader.offset > end) notes.push(`${field} continues for ${reader.offset - end} bytes after its end`);
  return { fields, userInformation, notes };
}

const lengthNote = (tag: number, declared: number, got: number): string =>
  `field ${tag.toString(16)} declares ${declared} bytes, its content has ${got}`;

/** Finds the end of a field: a length that is not followed by a field is overridden by the content. */
class FieldEnds {
  readonly #bytes: Uint8Array;
  readonly #order: FieldOrder;
  readonly #ends: readonly number[];
  readonly #end: number;

  constructor(reader: ByteReader, order: FieldOrder, end: number) {
    this.#bytes = reader.source;
    this.#order = order;
    this.#end = reader.end;
    this.#ends = [end, reader.end];
  }

  /** End of the field with `tag` whose contents begin at `from`. */
  of(tag: number, from: number, declared: number): number {
    const place = this.#order.findIndex(([known]) => known === tag);
    const clipped = Math.min(declared, this.#end);
    if (place < 0) return clipped;
    const inside = isConstructed(tag) ? innerEnd(this.#bytes.subarray(from, this.#end)) : undefined;
    const byInside = inside === undefined ? declared : from + inside;
    // a broken later field also ends this one, if both lengths agree
    if (byInside === declared && this.#later(declared, place) !== undefined) return clipped;
    const ends = [byInside, declared, declared + 1, declared - 1];
    const found = ends.find((end) => end >= from && this.#isEnd(end, place));
    return found ?? clipped;
  }

  /** Whether a field begins at this position that may follow the one with `tag`. */
  goesOn(at: number, tag: number | undefined): boolean {
    const place = this.#order.findIndex(([known]) => known === tag);
    return this.#begins(at, place);
  }

  /** Whether the APDU ends at this position, or a later field begins. */
  #isEnd(at: number, place: number): boolean {
    return this.#ends.includes(at) || this.#begins(at, place);
  }

  #begins(at: number, place: number): boolean {
    const next = this.#later(at, place);
    if (next === undefined) return false;
    const contents = contentsAt(this.#bytes, at + 1, this.#end);
    const [, ...first] = next;
    return contents !== undefined && (first.length === 0 || first.includes(this.#bytes[contents] ?? -1));
  }

  #later(at: number, place: number): FieldOrder[number] | undefined {
    return this.#order.slice(place + 1).find(([tag]) => tag === this.#bytes[at]);
  }
}

/** Start of the contents whose length field is at `at`. */
function contentsAt(bytes: Uint8Array, at: number, end: number): number | undefined {
  const first = bytes[at];
  if (first === undefined || at >= end) return undefined;
  if (first < 0x80) return at + 1;
  const count = first & 0x7f;
  return count > 0 && count <= 4 && at + count < end ? at + 1 + count : undefined;
}

/** Whether a field contains another one. */
const isConstructed = (tag: number): boolean => (tag & 0x20) !== 0;

/** Tags inside an EXPLICIT field: INTEGER, OCTET STRING, OBJECT IDENTIFIER, a character string, the two diagnostics. */
const innerTags: readonly (number | undefined)[] = [0x02, 0x04, 0x06, 0x80, 0xa1, 0xa2];

/** The end of the one field inside `contents` by its own length; undefined if none begins. */
function innerEnd(contents: Uint8Array): number | undefined {
  if (!innerTags.includes(contents[0])) return undefined;
  const reader = new ByteReader(contents, 1);
  if (!lengthIsReadable(reader, 0)) return undefined;
  const length = reader.length("field");
  return reader.offset + length;
}

/** Whether the one field inside `contents`, if there is one, ends with them. */
const fits = (contents: Uint8Array): boolean => (innerEnd(contents) ?? contents.length) === contents.length;

function readOuterLength(reader: ByteReader, field: string, notes: string[]): number {
  if (reader.remaining === 0 || !lengthIsReadable(reader, 0)) {
    notes.push(`${field} has no length`);
    reader.rest();
    return reader.end;
  }
  const length = reader.length(field);
  if (length <= reader.remaining) return reader.offset + length;
  notes.push(`${field} declares ${length} bytes, got ${reader.remaining}`);
  return reader.end;
}

/**
 * The contents of the user-information, which is the last field. Its end is determined by the length of the
 * octet-string inside, otherwise by the length around it, otherwise by the end of the APDU. Some Landis+Gyr and Elster
 * meters send an outer length that is one short.
 */
function readUserInformation(reader: ByteReader, notes: string[]): Uint8Array | undefined {
  reader.u8("user-information");
  if (!lengthIsReadable(reader, 0)) {
    notes.push("user-information has no length");
    reader.rest();
    return undefined;
  }
  const declared = reader.length("user-information");
  const end = reader.offset + declared;
  if (reader.peek() !== 0x04 || declared === 0) {
    notes.push("user-information is not an octet-string");
    return reader.bytes(Math.min(declared, reader.remaining), "user-information");
  }
  if (!lengthIsReadable(reader)) {
    notes.push("user-information ends before its contents");
    reader.rest();
    return undefined;
  }
  reader.u8("user-information");
  const length = reader.length("user-information");
  const from = reader.offset;
  const inside = from + length;
  if (inside > reader.end) notes.push("user-information is cut short");
  if (inside !== end) notes.push("user-information: the lengths inside and outside differ");
  const to = contentEnd(reader, from, inside, end);
  if (to > Math.max(inside, end)) notes.push(`user-information continues for ${to - inside} bytes after its end`);
  const contents = reader.bytes(to - from, "user-information");
  if (reader.offset < end) reader.seek(Math.min(end, reader.end));
  return contents;
}

/**
 * The nearest end at which the content of the octet-string is complete; without one, the end by the declared lengths.
 */
function contentEnd(reader: ByteReader, from: number, inside: number, outside: number): number {
  const clipped = Math.min(inside, reader.end);
  const { source } = reader;
  if (isWholeInitiate(source.subarray(from, clipped))) return clipped;
  const ends = [outside, reader.end].filter((end) => end > clipped && end <= reader.end);
  return ends.find((end) => isWholeInitiate(source.subarray(from, end))) ?? clipped;
}

/**
 * Tags of envelopes followed by a length: glo-initiate-request and -response; the general ones have a title before it.
 */
const serviceEnvelopes: readonly (number | undefined)[] = [0x21, 0x28];
const generalEnvelopes: readonly (number | undefined)[] = [0xdb, 0xdc];

/** Whether an initiate is complete, as far as can be determined without keys; other content counts as complete. */
function isWholeInitiate(bytes: Uint8Array): boolean {
  const [tag] = bytes;
  if (tag === 0x08) return wholeInitiateResponse(bytes) !== undefined;
  const service = serviceEnvelopes.includes(tag);
  if (!service && !generalEnvelopes.includes(tag)) return true;
  const reader = new ByteReader(bytes, service ? 1 : 2 + (bytes[1] ?? 0));
  return lengthIsReadable(reader, 0) && reader.length("initiate") <= reader.remaining;
}

/** Whether a length that starts `skip` bytes ahead can be read without an error. */
function lengthIsReadable(reader: ByteReader, skip = 1): boolean {
  const first = reader.source[reader.offset + skip];
  if (first === undefined || reader.remaining <= skip) return false;
  if (first < 0x80) return true;
  const count = first & 0x7f;
  return count > 0 && count <= 4 && reader.remaining > skip + count;
}

/** The field inside an EXPLICIT tag: `04 08 ...` -> 8 bytes. It extends to the end, regardless of its own length. */
export function inner(contents: Uint8Array | undefined): BerField | undefined {
  const tag = contents?.[0];
  if (contents === undefined || tag === undefined) return undefined;
  const reader = new ByteReader(contents, 1);
  if (!lengthIsReadable(reader, 0)) return undefined;
  reader.length("field");
  return { tag, contents: reader.rest() };
}

/** An octet-string in its EXPLICIT tag; without the tag, the bytes unchanged. */
export function innerOctets(contents: Uint8Array | undefined): Uint8Array | undefined {
  const field = inner(contents);
  return field?.tag === 0x04 ? field.contents : contents;
}

/** An octet-string inside `tag`, or nothing. */
export function explicitOctets(tag: number, value: Uint8Array | undefined): Uint8Array {
  return value === undefined ? new Uint8Array(0) : ber(tag, ber(0x04, value));
}

export function userInformationField(value: Uint8Array | undefined): Uint8Array {
  return explicitOctets(userInformationTag, value);
}

export function optional<T>(value: T | undefined, write: (value: T) => Uint8Array): Uint8Array {
  return value === undefined ? new Uint8Array(0) : write(value);
}

export function acseApdu(tag: number, parts: readonly Uint8Array[]): Uint8Array {
  return ber(tag, joinBytes(parts));
}
