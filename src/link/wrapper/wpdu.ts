/** Wrapper protocol data units: encoding and decoding. */
import { DlmsLinkError } from "../../errors";
import { looksLike, shownBytes } from "../guess-protocol";

/** A wrapper protocol data unit (IEC 62056-47). */
export interface Wpdu {
  /** source wPort: the client SAP in requests, the logical device in answers */
  readonly source: number;
  readonly destination: number;
  readonly apdu: Uint8Array;
}

export const wrapperHeaderLength = 8;
export const wrapperVersion = 1;
/** The largest APDU that the 16-bit length holds. */
export const maxWrappedApdu = 0xffff;

export interface WrapperHeader {
  readonly source: number;
  readonly destination: number;
  readonly length: number;
}

/**
 * Version, source, destination and length, 16 bits each, big-endian (`swapped`: low byte first), and the APDU.
 * @throws DlmsLinkError LINK_FRAME_INVALID when the APDU is longer than 65535 bytes
 */
export function encodeWpdu(wpdu: Wpdu, swapped = false): Uint8Array {
  const { length } = wpdu.apdu;
  if (length > maxWrappedApdu) {
    throw new DlmsLinkError(
      "LINK_FRAME_INVALID",
      `wrapper: an APDU of ${length} bytes is longer than the wrapper's limit of ${maxWrappedApdu}; use block transfer`,
      { fault: "internal" },
    );
  }
  const bytes = pooled(wrapperHeaderLength + length);
  putWord(bytes, 0, wrapperVersion, swapped);
  putWord(bytes, 2, wpdu.source, swapped);
  putWord(bytes, 4, wpdu.destination, swapped);
  putWord(bytes, 6, length, swapped);
  bytes.set(wpdu.apdu, wrapperHeaderLength);
  return bytes;
}

/** Allocates bytes that a socket can use directly: V8 would move the memory of a small array out of its heap for it. */
function pooled(length: number): Uint8Array {
  const { buffer, byteOffset } = Buffer.allocUnsafe(length);
  return new Uint8Array(buffer, byteOffset, length);
}

function putWord(bytes: Uint8Array, at: number, word: number, swapped: boolean): void {
  bytes[at] = swapped ? word : word >>> 8;
  bytes[at + 1] = swapped ? word >>> 8 : word;
}

function getWord(bytes: Uint8Array, at: number, swapped: boolean): number {
  const first = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  return swapped ? (second << 8) | first : (first << 8) | second;
}

/**
 * The header in the first eight bytes.
 * @throws DlmsLinkError LINK_WRAPPER_HEADER for an invalid header
 */
export function decodeWrapperHeader(bytes: Uint8Array, swapped = false): WrapperHeader {
  if (bytes.length < wrapperHeaderLength) {
    throw headerError(bytes, `needs ${wrapperHeaderLength} bytes, got ${bytes.length}`);
  }
  const version = getWord(bytes, 0, swapped);
  if (version !== wrapperVersion) {
    throw headerError(bytes, `expected version 1, got ${version}`);
  }
  return {
    source: getWord(bytes, 2, swapped),
    destination: getWord(bytes, 4, swapped),
    length: getWord(bytes, 6, swapped),
  };
}

/**
 * Parses one WPDU.
 * @throws DlmsLinkError LINK_WRAPPER_HEADER for a wrong header, LINK_FRAME_INVALID when the length does not fit
 */
export function decodeWpdu(bytes: Uint8Array, swapped = false): Wpdu {
  const { source, destination, length } = decodeWrapperHeader(bytes, swapped);
  const have = bytes.length - wrapperHeaderLength;
  if (have !== length) {
    throw new DlmsLinkError(
      "LINK_FRAME_INVALID",
      `wrapper ${shownBytes(bytes)}: its length field says ${length} bytes after the header, got ${have}`,
    );
  }
  return { source, destination, apdu: bytes.slice(wrapperHeaderLength) };
}

export function headerError(bytes: Uint8Array, problem: string): DlmsLinkError {
  const hint = looksLike(bytes.subarray(0, 16), "wrapper");
  return new DlmsLinkError(
    "LINK_WRAPPER_HEADER",
    `wrapper header ${shownBytes(bytes)}: ${problem}${hint === "" ? "; check framing and port" : `; ${hint}`}`,
    { details: { first: shownBytes(bytes) } },
  );
}
