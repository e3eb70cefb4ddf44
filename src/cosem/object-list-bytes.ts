/** Reads the entries of an object list from its bytes, and recovers from wrong counts and broken entries. */
import { ByteReader } from "../bytes";
import { decodeValue, type DlmsValue } from "../codec";
import { DlmsDecodeError } from "../errors";

/** How the entries of a list look. */
export interface EntryShape {
  /** for the paths of errors */
  readonly listName: string;
  /** Whether the bytes at this position are very likely the beginning of an entry. */
  startsAt(bytes: Uint8Array, at: number): boolean;
  /** Whether a value can be used as an entry. */
  fits(value: DlmsValue): boolean;
}

/** Entries found in the bytes of a list, independent of its counts. */
export interface ListEntries {
  /** values that fit, in order */
  readonly items: readonly DlmsValue[];
  /** number of entries that the list declares */
  readonly declared: number;
  /** skipped passages that are not entries */
  readonly gaps: number;
  /** bytes after the declared entries that contain no further entry */
  readonly trailing: number;
  /** the first fault */
  readonly error: DlmsDecodeError | undefined;
}

/** Values in one entry: attributes and methods have ids of 8 bits, and some five values each. */
const maxElements = 4096;
/** Limit of skipped passages: each of them may cost as much as the largest entry. */
const maxGaps = 1000;
const arrayTag = 1;

/** Whether the bytes contain an array of tagged values, as `readEntries` requires. */
export function isPlainArray(bytes: Uint8Array): boolean {
  return bytes[0] === arrayTag;
}

/**
 * The entries of an array, read until the bytes end, because meters declare more or fewer entries than they send, both
 * in the list and inside its entries. An entry that cannot be read, or that contains another entry because one of its
 * counts is too high, is skipped up to the start of the next entry.
 * @throws DlmsDecodeError where the header cannot be read, or no bytes follow it
 */
export function readEntries(bytes: Uint8Array, shape: EntryShape): ListEntries {
  const header = new ByteReader(bytes, 1);
  const declared = header.length(shape.listName);
  if (declared > 0 && header.remaining === 0) {
    header.fail("DECODE_TRUNCATED", shape.listName, `${declared} entries are declared, none follow`);
  }
  const items: DlmsValue[] = [];
  let gaps = 0;
  let inGap = false;
  let error: DlmsDecodeError | undefined;
  let at = header.offset;
  while (at < bytes.length && gaps < maxGaps) {
    const found = entryAt(bytes, at, `${shape.listName}[${items.length + gaps}]`);
    if ("error" in found) error ??= found.error;
    const end = "error" in found ? undefined : found.end;
    const other = nextStart(bytes, at + 1, end ?? bytes.length, shape);
    if (!("error" in found) && other === undefined && shape.fits(found.value)) {
      items.push(found.value);
      at = found.end;
      inGap = false;
      continue;
    }
    const complete = items.length + gaps >= declared;
    const next = other ?? (complete ? nextStart(bytes, at + 1, bytes.length, shape) : end);
    if (complete && next === undefined) break;
    if (!inGap) gaps += 1;
    inGap = next !== undefined && next === end;
    at = next ?? bytes.length;
  }
  return { items, declared, gaps, trailing: bytes.length - at, error };
}

type Found = { readonly value: DlmsValue; readonly end: number } | { readonly error: DlmsDecodeError };

function entryAt(bytes: Uint8Array, at: number, listName: string): Found {
  const reader = new ByteReader(bytes, at);
  try {
    const value = decodeValue(reader, { maxElements }, listName);
    return { value, end: reader.offset };
  } catch (error) {
    if (error instanceof DlmsDecodeError) return { error };
    throw error;
  }
}

function nextStart(bytes: Uint8Array, from: number, to: number, shape: EntryShape): number | undefined {
  for (let at = from; at < to; at++) if (shape.startsAt(bytes, at)) return at;
  return undefined;
}

/** structure of four, class id, version, logical name of six octets */
export function startsLnEntry(bytes: Uint8Array, at: number): boolean {
  return startsStructure(bytes, at, 4) && isLong(bytes[at + 2]) && namesObject(bytes, at + 5);
}

/** structure of four, base name, class id, version, logical name of six octets */
export function startsSnEntry(bytes: Uint8Array, at: number): boolean {
  return startsStructure(bytes, at, 4) && isLong(bytes[at + 2]) && isLong(bytes[at + 5]) && namesObject(bytes, at + 8);
}

/** structure of three, base name, array of the rights of attributes */
export function startsRights(bytes: Uint8Array, at: number): boolean {
  return startsStructure(bytes, at, 3) && isLong(bytes[at + 2]) && bytes[at + 5] === arrayTag;
}

function startsStructure(bytes: Uint8Array, at: number, fields: number): boolean {
  return bytes[at] === 2 && bytes[at + 1] === fields;
}

/** A version in one byte (two bytes from some meters), followed by an octet-string of six bytes. */
function namesObject(bytes: Uint8Array, at: number): boolean {
  const name = at + (isLong(bytes[at]) ? 3 : 2);
  return bytes[name] === 9 && bytes[name + 1] === 6;
}

/** long or long-unsigned */
function isLong(tag: number | undefined): boolean {
  return tag === 16 || tag === 18;
}
