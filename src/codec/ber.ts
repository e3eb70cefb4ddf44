/** Tags, lengths and object identifiers of BER, as far as ACSE needs them. */
import { type ByteReader, ByteWriter } from "../bytes";

/** The small part of BER that ACSE needs: tags of one byte, definite lengths. */
export interface BerField {
  readonly tag: number;
  /** the contents, as a view */
  readonly contents: Uint8Array;
}

/** 2.16.756.5.8, the root of the DLMS UA's object identifiers, as BER contents. */
const dlmsRoot = [0x60, 0x85, 0x74, 0x05, 0x08] as const;

/** Read one tag, length and contents. */
export function readBer(reader: ByteReader, field: string): BerField {
  const tag = reader.u8(field);
  return { tag, contents: reader.bytes(reader.length(field), field) };
}

/**
 * Read one field whose length may be wrong: contents end where the bytes end. Meters are known that count inner
 * lengths one short or too long; what is there is still readable.
 */
export function readBerTolerant(reader: ByteReader, field: string): BerField & { readonly complete: boolean } {
  const tag = reader.u8(field);
  const length = reader.remaining === 0 ? 0 : reader.length(field);
  const complete = length <= reader.remaining;
  return { tag, contents: reader.bytes(complete ? length : reader.remaining, field), complete };
}

export function writeBer(writer: ByteWriter, tag: number, contents: Uint8Array): void {
  writer.u8(tag).writeLength(contents.length).bytes(contents);
}

/** Tag, length and contents as new bytes. */
export function ber(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const writer = new ByteWriter(length + 6);
  writer.u8(tag).writeLength(length);
  for (const part of parts) writer.bytes(part);
  return writer.toBytes();
}

/** INTEGER of up to 4 bytes, two's complement, shortest form. */
export function berInteger(tag: number, value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = Math.trunc(value);
  do {
    bytes.unshift(((rest % 256) + 256) % 256);
    rest = Math.floor(rest / 256);
  } while (rest !== 0 && rest !== -1);
  const top = bytes[0] ?? 0;
  if (value >= 0 && top >= 0x80) bytes.unshift(0);
  if (value < 0 && top < 0x80) bytes.unshift(0xff);
  return ber(tag, Uint8Array.from(bytes));
}

/** The number in the contents of an INTEGER; undefined if there is none, or more than 6 bytes. */
export function berIntegerValue(contents: Uint8Array): number | undefined {
  const [first] = contents;
  if (first === undefined || contents.length > 6) return undefined;
  let value = first >= 0x80 ? first - 256 : first;
  for (let i = 1; i < contents.length; i++) value = value * 256 + (contents[i] ?? 0);
  return value;
}

/** OBJECT IDENTIFIER contents of 2.16.756.5.8.`arc`.`n`. */
export function dlmsOid(arc: number, n: number): Uint8Array {
  return Uint8Array.from([...dlmsRoot, arc, n]);
}

/** n of 2.16.756.5.8.`arc`.n, or undefined if the object identifier is another one. */
export function dlmsOidNumber(contents: Uint8Array, arc: number): number | undefined {
  if (contents.length !== dlmsRoot.length + 2) return undefined;
  if (dlmsRoot.some((byte, i) => contents[i] !== byte) || contents[dlmsRoot.length] !== arc) return undefined;
  const n = contents[dlmsRoot.length + 1];
  return n !== undefined && n < 0x80 ? n : undefined;
}

/** The bits of BIT STRING contents, first bit first, without the unused ones. */
export function berBits(contents: Uint8Array): string {
  let bits = "";
  for (const byte of contents.subarray(1)) bits += byte.toString(2).padStart(8, "0");
  return bits.slice(0, Math.max(0, bits.length - Math.min(7, contents[0] ?? 0)));
}

/** BIT STRING contents: the number of unused bits, then the bits. */
export function berBitsContents(bits: string): Uint8Array {
  const bytes = new Uint8Array(1 + Math.ceil(bits.length / 8));
  bytes[0] = (8 - (bits.length % 8)) % 8;
  for (let i = 0; i < bits.length; i++) {
    if (bits[i] === "1") bytes[1 + (i >> 3)] = (bytes[1 + (i >> 3)] ?? 0) | (0x80 >> (i & 7));
  }
  return bytes;
}
