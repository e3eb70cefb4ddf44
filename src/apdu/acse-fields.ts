/** BER fields of the ACSE APDUs, read with tolerance for wrong lengths and unknown fields. */
import { ByteReader, joinBytes } from "../bytes";
import { ber, type BerField, readBerTolerant } from "../codec";

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
 * Read the fields of an AARQ, AARE, RLRQ or RLRE whose tag has been read. Meters send wrong lengths, unknown fields and
 * broken ends. The reader takes all readable fields and notes the rest, so that the result of an association is known.
 */
export function readAcseFields(reader: ByteReader, what: string): AcseFields {
  const fields = new Map<number, Uint8Array>();
  const notes: string[] = [];
  let userInformation: Uint8Array | undefined;
  const end = readOuterLength(reader, what, notes);
  while (reader.offset < end && reader.remaining > 0) {
    if (reader.peek() === userInformationTag) {
      userInformation = readUserInformation(reader, notes);
      continue;
    }
    if (!lengthIsReadable(reader)) {
      notes.push(`${what} ends inside a field`);
      reader.rest();
      break;
    }
    const field = readBerTolerant(reader, what);
    if (!field.complete) notes.push(`field ${field.tag.toString(16)} is cut short`);
    if (!fields.has(field.tag)) fields.set(field.tag, field.contents);
  }
  return { fields, userInformation, notes };
}

function readOuterLength(reader: ByteReader, what: string, notes: string[]): number {
  if (reader.remaining === 0 || !lengthIsReadable(reader, 0)) {
    notes.push(`${what} has no length`);
    reader.rest();
    return reader.end;
  }
  const length = reader.length(what);
  if (length <= reader.remaining) return reader.offset + length;
  notes.push(`${what} declares ${length} bytes, ${reader.remaining} are there`);
  return reader.end;
}

/**
 * The length of the octet-string inside counts, not that of the field around it, and both are cut at the end of the
 * APDU: Landis+Gyr meters are known whose outer length is one short.
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
  const { contents, complete } = readBerTolerant(reader, "user-information");
  if (!complete) notes.push("user-information is cut short");
  if (reader.offset !== end) notes.push("user-information: the lengths inside and outside differ");
  if (reader.offset < end) reader.seek(Math.min(end, reader.end));
  return contents;
}

/** Whether a length that starts `skip` bytes ahead can be read without an error. */
function lengthIsReadable(reader: ByteReader, skip = 1): boolean {
  const first = reader.source[reader.offset + skip];
  if (first === undefined || reader.remaining <= skip) return false;
  if (first < 0x80) return true;
  const count = first & 0x7f;
  return count > 0 && count <= 4 && reader.remaining > skip + count;
}

/**
 * The contents inside an EXPLICIT tag: `04 08 ...` -> 8 bytes. If the inner length is wrong, the bytes that are
 * present.
 */
export function inner(contents: Uint8Array | undefined): BerField | undefined {
  if (contents === undefined || contents.length === 0) return undefined;
  const reader = new ByteReader(contents);
  return lengthIsReadable(reader) ? readBerTolerant(reader, "field") : undefined;
}

/** An octet-string in its EXPLICIT tag; without it, the bytes as they are. */
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
