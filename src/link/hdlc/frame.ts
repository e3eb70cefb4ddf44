/** HDLC frames: encoding, decoding and text for traces. */
import { DlmsLinkError } from "../../errors";
import { toHex } from "../../bytes";
import { type HdlcAddress, addressLength, decodeAddress, encodeAddress } from "./address";
import { checkSequenceFits, crc16x25 } from "./crc";

export const flag = 0x7e;
/** The largest value of the 11-bit length field. */
export const maxFrameLength = 0x7ff;
/** Format, two one-byte addresses, control, FCS. */
export const minFrameLength = 7;
/** The largest information field that fits a frame with addresses of four bytes and one byte, HCS and FCS. */
export const maxInfoLength = 2030;

/** Meaning of the control byte (IEC 62056-46, 6.4.3). `pollFinal` is P in commands and F in responses. */
export type HdlcControl =
  | { readonly type: "I"; readonly sendSequence: number; readonly receiveSequence: number; readonly pollFinal: boolean }
  | { readonly type: "RR" | "RNR" | "REJ"; readonly receiveSequence: number; readonly pollFinal: boolean }
  | { readonly type: "SNRM" | "UA" | "DISC" | "DM" | "FRMR" | "UI"; readonly pollFinal: boolean }
  /** A control byte outside the profile; `value` is the whole byte. */
  | { readonly type: "unknown"; readonly value: number; readonly pollFinal: boolean };

export type HdlcFrameType = HdlcControl["type"];

export interface HdlcFrame {
  readonly destination: HdlcAddress;
  readonly source: HdlcAddress;
  readonly control: HdlcControl;
  /** more segments of the same information follow */
  readonly segmented: boolean;
  /** the information field, empty in frames without one */
  readonly info: Uint8Array;
}

const unnumbered = { SNRM: 0x83, UA: 0x63, DISC: 0x43, DM: 0x0f, FRMR: 0x87, UI: 0x03 } as const;
const supervisory = { RR: 0x01, RNR: 0x05, REJ: 0x09 } as const;
const unnumberedByByte = new Map(Object.entries(unnumbered).map(([type, byte]) => [byte as number, type]));
const supervisoryByByte = new Map(Object.entries(supervisory).map(([type, byte]) => [byte as number, type]));

export function encodeControl(control: HdlcControl): number {
  const pollFinal = control.pollFinal ? 0x10 : 0;
  switch (control.type) {
    case "I":
      return ((control.receiveSequence & 7) << 5) | pollFinal | ((control.sendSequence & 7) << 1);
    case "RR":
    case "RNR":
    case "REJ":
      return ((control.receiveSequence & 7) << 5) | pollFinal | supervisory[control.type];
    case "unknown":
      return control.value;
    default:
      return unnumbered[control.type] | pollFinal;
  }
}

export function decodeControl(byte: number): HdlcControl {
  const pollFinal = (byte & 0x10) !== 0;
  const receiveSequence = byte >>> 5;
  if ((byte & 1) === 0) return { type: "I", sendSequence: (byte >>> 1) & 7, receiveSequence, pollFinal };
  if ((byte & 3) === 1) {
    const type = supervisoryByByte.get(byte & 0x0f) as keyof typeof supervisory | undefined;
    return type ? { type, receiveSequence, pollFinal } : { type: "unknown", value: byte, pollFinal };
  }
  const type = unnumberedByByte.get(byte & 0xef) as keyof typeof unnumbered | undefined;
  return type ? { type, pollFinal } : { type: "unknown", value: byte, pollFinal };
}

/**
 * A frame with its opening and closing flag. It has an HCS only if it has an information field.
 * @throws DlmsLinkError LINK_FRAME_INVALID when it would be longer than 2047 bytes
 */
export function encodeHdlcFrame(frame: HdlcFrame): Uint8Array {
  const destination = encodeAddress(frame.destination);
  const source = encodeAddress(frame.source);
  const header = 2 + destination.length + source.length + 1;
  const length = header + 2 + (frame.info.length > 0 ? frame.info.length + 2 : 0);
  if (length > maxFrameLength) {
    throw new DlmsLinkError(
      "LINK_FRAME_INVALID",
      `HDLC frame: an information field of ${frame.info.length} bytes makes a frame of ${length} bytes, the limit is ${maxFrameLength}`,
      { fault: "internal" },
    );
  }
  const bytes = new Uint8Array(length + 2);
  bytes[0] = flag;
  bytes[1] = 0xa0 | (frame.segmented ? 0x08 : 0) | (length >>> 8);
  bytes[2] = length & 0xff;
  bytes.set(destination, 3);
  bytes.set(source, 3 + destination.length);
  bytes[header] = encodeControl(frame.control);
  if (frame.info.length > 0) {
    putCheckSequence(bytes, header + 1);
    bytes.set(frame.info, header + 3);
  }
  putCheckSequence(bytes, length - 1);
  bytes[length + 1] = flag;
  return bytes;
}

/**
 * Parses one frame, with or without flags around it.
 * @throws DlmsLinkError LINK_FRAME_INVALID for a wrong form, LINK_FCS for a wrong check sequence
 */
export function decodeHdlcFrame(bytes: Uint8Array): HdlcFrame {
  const start = bytes[0] === flag ? 1 : 0;
  const length = frameLength(bytes, start);
  if (length === undefined) throw invalid("does not start with format type 3 (A)", bytes);
  const have = bytes.length - start;
  const closing = have === length + 1 && bytes[start + length] === flag;
  if (have !== length && !closing) throw invalid(`its length field says ${length} bytes, got ${have}`, bytes);
  const header = headerLength(bytes, start, start + length);
  if (header <= 0) throw invalid("its address fields are malformed", bytes);
  if (!lengthFitsHeader(length, header)) throw invalid(`a length of ${length} does not fit its header`, bytes);
  if (length > header + 2 && !checkSequenceFits(bytes, start, start + header)) throw wrongCheck("header", bytes);
  if (!checkSequenceFits(bytes, start, start + length - 2)) throw wrongCheck("frame", bytes);
  return parseFrame(bytes, start, length);
}

/** The length field at `start`, or undefined when no frame of format type 3 starts there. */
export function frameLength(bytes: Uint8Array, start: number): number | undefined {
  const first = bytes[start] ?? 0;
  if ((first & 0xf0) !== 0xa0) return undefined;
  const length = ((first & 0x07) << 8) | (bytes[start + 1] ?? 0);
  return length < minFrameLength ? undefined : length;
}

/** Bytes from the format byte through the control byte; 0 = not all there before `end`, -1 = malformed addresses. */
export function headerLength(bytes: Uint8Array, start: number, end: number): number {
  const destination = addressLength(bytes, start + 2, end);
  if (destination <= 0) return destination;
  const source = addressLength(bytes, start + 2 + destination, end);
  if (source <= 0) return source;
  const header = 2 + destination + source + 1;
  return start + header > end ? 0 : header;
}

/** The addresses of a frame whose header is complete and valid. */
export function frameAddresses(
  bytes: Uint8Array,
  start: number,
  end: number,
): Pick<HdlcFrame, "destination" | "source"> {
  const destinationSize = addressLength(bytes, start + 2, end) as 1 | 2 | 4;
  const sourceAt = start + 2 + destinationSize;
  return {
    destination: decodeAddress(bytes, start + 2, destinationSize),
    source: decodeAddress(bytes, sourceAt, addressLength(bytes, sourceAt, end) as 1 | 2 | 4),
  };
}

/** Header and FCS, or header, HCS, information (seen empty in the field) and FCS. */
export function lengthFitsHeader(length: number, header: number): boolean {
  return length === header + 2 || length >= header + 4;
}

/** The parts of a frame whose length and check sequences are valid. The information field is copied. */
export function parseFrame(bytes: Uint8Array, start: number, length: number): HdlcFrame {
  const end = start + length;
  const destinationSize = addressLength(bytes, start + 2, end) as 1 | 2 | 4;
  const sourceAt = start + 2 + destinationSize;
  const sourceSize = addressLength(bytes, sourceAt, end) as 1 | 2 | 4;
  const controlAt = sourceAt + sourceSize;
  return {
    destination: decodeAddress(bytes, start + 2, destinationSize),
    source: decodeAddress(bytes, sourceAt, sourceSize),
    control: decodeControl(bytes[controlAt] ?? 0),
    segmented: ((bytes[start] ?? 0) & 0x08) !== 0,
    info: controlAt + 3 < end ? bytes.slice(controlAt + 3, end - 2) : new Uint8Array(0),
  };
}

/** "RR, N(R) 3, final": for traces and messages. */
export function controlText(control: HdlcControl): string {
  const poll = control.pollFinal ? ", P/F" : "";
  switch (control.type) {
    case "I":
      return `I, N(S) ${control.sendSequence}, N(R) ${control.receiveSequence}${poll}`;
    case "RR":
    case "RNR":
    case "REJ":
      return `${control.type}, N(R) ${control.receiveSequence}${poll}`;
    case "unknown":
      return `control ${control.value.toString(16).padStart(2, "0")}`;
    default:
      return `${control.type}${poll}`;
  }
}

function putCheckSequence(bytes: Uint8Array, at: number): void {
  const crc = crc16x25(bytes, 1, at);
  bytes[at] = crc & 0xff;
  bytes[at + 1] = crc >>> 8;
}

function sample(bytes: Uint8Array): string {
  return toHex(bytes.subarray(0, 16)) + (bytes.length > 16 ? "..." : "");
}

function invalid(problem: string, bytes: Uint8Array): DlmsLinkError {
  return new DlmsLinkError("LINK_FRAME_INVALID", `HDLC frame ${sample(bytes)}: ${problem}`);
}

function wrongCheck(of: "header" | "frame", bytes: Uint8Array): DlmsLinkError {
  return new DlmsLinkError("LINK_FCS", `HDLC frame ${sample(bytes)}: the ${of} check sequence is wrong`);
}
