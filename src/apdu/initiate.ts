/** xDLMS InitiateRequest and InitiateResponse: reader and writer. */
import { ByteReader, type ByteWriter, concatBytes } from "../bytes";
import { DlmsConfigError, DlmsDecodeError } from "../errors";
import { conformanceMask } from "./conformance";
import { hexByte, readOctets, readPresence, writeOctets, writeU16, writeU8 } from "./fields";
import type { InitiateRequest, InitiateResponse } from "./model";

/** xDLMS InitiateRequest; the tag has been read. */
export function readInitiateRequest(reader: ByteReader): InitiateRequest {
  const field = "initiate-request";
  const dedicatedKey = readPresence(reader, `${field}.dedicated-key`)
    ? readOctets(reader, `${field}.dedicated-key`)
    : undefined;
  const responseAllowed = readPresence(reader, `${field}.response-allowed`)
    ? reader.u8(`${field}.response-allowed`) !== 0
    : true;
  const qualityOfService = readQuality(reader, field);
  const dlmsVersion = reader.u8(`${field}.dlms-version`);
  const conformance = readConformance(reader, `${field}.conformance`);
  const maxPduSize = reader.u16(`${field}.client-max-receive-pdu-size`);
  return {
    apdu: "initiate-request",
    ...(dedicatedKey && { dedicatedKey }),
    responseAllowed,
    ...(qualityOfService !== undefined && { qualityOfService }),
    dlmsVersion,
    conformance,
    maxPduSize,
  };
}

export function writeInitiateRequest(writer: ByteWriter, apdu: InitiateRequest): void {
  writer.u8(0x01).u8(apdu.dedicatedKey ? 1 : 0);
  if (apdu.dedicatedKey) writeOctets(writer, apdu.dedicatedKey);
  if (apdu.responseAllowed) writer.u8(0);
  else writer.u8(1).u8(0);
  writeQuality(writer, apdu.qualityOfService);
  writeU8(writer, apdu.dlmsVersion, "dlms-version");
  writeConformance(writer, apdu.conformance);
  writeU16(writer, apdu.maxPduSize, "client-max-receive-pdu-size");
}

/** xDLMS InitiateResponse; the tag has been read. A maximum PDU size of 0 means that the server sets no limit. */
export function readInitiateResponse(reader: ByteReader): InitiateResponse {
  const field = "initiate-response";
  const qualityOfService = readQuality(reader, field);
  const dlmsVersion = reader.u8(`${field}.dlms-version`);
  const conformance = readConformance(reader, `${field}.conformance`);
  const maxPduSize = reader.u16(`${field}.server-max-receive-pdu-size`);
  const vaaName = reader.u16(`${field}.vaa-name`);
  return {
    apdu: "initiate-response",
    ...(qualityOfService !== undefined && { qualityOfService }),
    dlmsVersion,
    conformance,
    maxPduSize,
    vaaName,
  };
}

export function writeInitiateResponse(writer: ByteWriter, apdu: InitiateResponse): void {
  writer.u8(0x08);
  writeQuality(writer, apdu.qualityOfService);
  writeU8(writer, apdu.dlmsVersion, "dlms-version");
  writeConformance(writer, apdu.conformance);
  writeU16(writer, apdu.maxPduSize, "server-max-receive-pdu-size");
  writeU16(writer, apdu.vaaName, "vaa-name");
}

function readQuality(reader: ByteReader, field: string): number | undefined {
  return readPresence(reader, `${field}.quality-of-service`) ? reader.i8(`${field}.quality-of-service`) : undefined;
}

function writeQuality(writer: ByteWriter, quality: number | undefined): void {
  if (quality === undefined) {
    writer.u8(0);
    return;
  }
  if (!Number.isInteger(quality) || quality < -128 || quality > 127) {
    throw new DlmsConfigError("CONFIG_INVALID", `quality of service: expected -128 to 127, got ${quality}`);
  }
  writer.u8(1).i8(quality);
}

/** `5F 1F 04 00` and 24 bits; older Landis+Gyr meters leave out the 1F. */
function readConformance(reader: ByteReader, field: string): number {
  const tag = reader.u8(field);
  if (tag !== 0x5f) {
    reader.seek(reader.offset - 1);
    reader.fail("DECODE_TAG", field, `expected the tag 5f, got ${hexByte(tag)}`, { tag });
  }
  if (reader.peek() === 0x1f) reader.u8(field);
  const length = reader.length(field);
  if (length !== 4) reader.fail("DECODE_LENGTH", field, `expected 4 bytes, got ${length}`);
  return reader.u32(field) & 0xffffff;
}

function writeConformance(writer: ByteWriter, conformance: number): void {
  if (!Number.isInteger(conformance) || conformance < 0 || conformance > 0xffffff) {
    throw new DlmsConfigError("CONFIG_INVALID", `conformance: expected 24 bits, got ${conformance}`);
  }
  writer.u8(0x5f).u8(0x1f).u8(0x04).u32(conformance);
}

/** The readable parts. */
export interface PartialInitiateResponse {
  readonly dlmsVersion?: number;
  readonly conformance?: number;
  readonly maxPduSize?: number;
  readonly vaaName?: number;
  /** the deviations, in words */
  readonly notes: readonly string[];
}

const initiateResponseTag = 0x08;
const logicalNames = 0x0007;
const shortNames = 0xfa00;
/** The tag of the conformance, in the standard and in IEC 61334-4-41. */
const conformanceTags: readonly (number | undefined)[] = [0x5f, 0x5e];
/** The quality of service (presence and value) and the version precede it. */
const latestConformance = 4;
/** A smaller maximum PDU size is invalid: not even a GET fits. */
export const minPduBytes = 12;
/** Maximum PDU size and VAA name. */
const tailLength = 4;

/**
 * The complete initiate-response in `bytes`, which may contain more after it; undefined if it deviates from the
 * standard.
 */
export function wholeInitiateResponse(bytes: Uint8Array): InitiateResponse | undefined {
  if (bytes[0] !== initiateResponseTag) return undefined;
  try {
    return readInitiateResponse(new ByteReader(bytes, 1));
  } catch (error) {
    if (error instanceof DlmsDecodeError) return undefined;
    throw error;
  }
}

/**
 * The readable parts of an initiate-response that deviates.
 * @param referencing by logical or short names, if the response itself does not show it
 */
export function partialInitiateResponse(bytes: Uint8Array, referencing: "ln" | "sn"): PartialInitiateResponse {
  const at = bytes.findIndex((byte, i) => i > 0 && i <= latestConformance && conformanceTags.includes(byte));
  const version = at > 1 ? bytes[at - 1] : undefined;
  const body = at < 0 ? undefined : conformanceAndTail(bytes.subarray(at + 1));
  const tail = body?.tail ?? (at < 0 && isTail(bytes.subarray(-tailLength)) ? bytes.subarray(-tailLength) : nothing);
  const size = tail.length >= 2 ? u16(tail, 0) : undefined;
  const vaaName = tail.length >= tailLength ? u16(tail, 2) : undefined;
  const bySn = vaaName === shortNames || (vaaName !== logicalNames && referencing === "sn");
  const conformance = body === undefined ? undefined : conformanceIn(body.contents, body.cut, bySn);
  const maxPduSize = size !== undefined && (size === 0 || size >= minPduBytes) ? size : undefined;
  return {
    ...(version === undefined || version === 0 ? {} : { dlmsVersion: version }),
    ...(conformance === undefined ? {} : { conformance }),
    ...(maxPduSize === undefined ? {} : { maxPduSize }),
    ...(vaaName === undefined ? {} : { vaaName }),
    notes: [
      conformanceNote(body?.contents, conformance),
      ...(maxPduSize === undefined ? ["its maximum PDU size cannot be read, the proposed one is assumed"] : []),
      ...(vaaName === undefined ? ["its VAA name cannot be read, the referencing asked for is assumed"] : []),
    ].filter((note) => note !== ""),
  };
}

/** The contents of the bit string, and the four bytes after them as far as they are present. */
function conformanceAndTail(bytes: Uint8Array): { contents: Uint8Array; tail: Uint8Array; cut: boolean } {
  // older Landis+Gyr meters omit the 1F
  const rest = bytes[0] === 0x1f ? bytes.subarray(1) : bytes;
  const declared = rest[0] ?? 0;
  const behind = rest.subarray(1);
  const tail = behind.subarray(declared, declared + tailLength);
  const known = behind.subarray(-tailLength);
  // a known name at the end is stronger evidence than a length that contradicts it
  if (!isTail(tail) && isTail(known)) return { contents: behind.subarray(0, -tailLength), tail: known, cut: false };
  return { contents: behind.subarray(0, declared), tail, cut: behind.length < declared };
}

const nothing = new Uint8Array(0);
const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/** Whether four bytes end in a VAA name of the standard. */
const isTail = (bytes: Uint8Array): boolean =>
  bytes.length === tailLength && [logicalNames, shortNames].includes(u16(bytes, 2));

const get = conformanceMask(["get"]);
const read = conformanceMask(["read"]);

/**
 * 24 bits from a bit string of another length. Its first octet counts unused bits; without that octet, it contains bits
 * too. The services of short names are the first bits, those of logical names the last: a result with neither GET nor
 * READ is from the wrong side, or is not a conformance.
 */
function conformanceIn(contents: Uint8Array, cut: boolean, bySn: boolean): number | undefined {
  const needed = bySn ? read : get;
  const octets = (contents[0] ?? 0) <= 7 ? contents.subarray(1) : contents;
  const fromStart = u24(Uint8Array.from([0, 1, 2], (i) => octets[i] ?? 0));
  if (octets.length === 3 && !cut) return fromStart;
  const fromEnd = u24(Uint8Array.from([3, 2, 1], (i) => octets[octets.length - i] ?? 0));
  const sides = bySn ? [fromStart, fromEnd] : [fromEnd, fromStart];
  return (cut ? [fromStart] : sides).find((candidate) => (candidate & needed) !== 0);
}

const u24 = (bytes: Uint8Array): number => ((bytes[0] ?? 0) << 16) | u16(bytes, 1);

function conformanceNote(contents: Uint8Array | undefined, conformance: number | undefined): string {
  if (contents === undefined || conformance === undefined) {
    return "its conformance cannot be read, the proposed one is assumed";
  }
  return contents.length === 4
    ? ""
    : `its conformance has ${contents.length} octets instead of 4; the bits in them are taken`;
}

/** glo-initiate-response and ded-initiate-response */
const cipheredInitiateTags: ReadonlySet<number> = new Set([0x28, 0x48]);
/** Longest content whose length is one octet. */
const maxShortLength = 0x7f;

/**
 * A ciphered initiate-response whose own length contradicts the length of its field, corrected to the rest of the
 * field; undefined if the two agree.
 */
export function cipheredInitiateToFieldEnd(field: Uint8Array): Uint8Array | undefined {
  const [tag = 0, length = 0] = field;
  const rest = field.subarray(2);
  if (!cipheredInitiateTags.has(tag) || rest.length > maxShortLength || length === rest.length) return undefined;
  return concatBytes(Uint8Array.of(tag, rest.length), rest);
}
