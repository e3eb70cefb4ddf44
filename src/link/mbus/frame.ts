/** Long frames of wired M-Bus (EN 13757-2, format class FT 1.2), as customer interfaces push them. */
import { toHex } from "../../bytes";
import { DlmsLinkError } from "../../errors";

export const mbusStart = 0x68;
export const mbusStop = 0x16;
/** Start, length twice, start; check sum and stop. */
export const mbusOverhead = 6;
/** C, A and CI. */
export const minMbusLength = 3;
/** The length field counts modulo 256 on some meters (Sagemcom T210-D sends 257 bytes as 01). */
export const mbusLengthModulo = 256;

export interface MbusFrame {
  /** C field: 53 and 73 alternate in pushes */
  readonly control: number;
  /** A field: FF is broadcast */
  readonly address: number;
  /** CI field: 00 to 1F for segments of DLMS APDUs (EN 13757-1) */
  readonly controlInformation: number;
  /** the bytes after the CI field */
  readonly data: Uint8Array;
}

/**
 * The frame on the line. More than 255 bytes are counted modulo 256, as old Sagemcom meters do.
 * @throws DlmsLinkError LINK_FRAME_INVALID beyond 511 bytes
 */
export function encodeMbusFrame(frame: MbusFrame): Uint8Array {
  const length = minMbusLength + frame.data.length;
  if (length >= 2 * mbusLengthModulo) {
    throw new DlmsLinkError("LINK_FRAME_INVALID", `M-Bus frame: ${length} bytes exceed its length field`, {
      fault: "internal",
    });
  }
  const bytes = new Uint8Array(length + mbusOverhead);
  bytes.set([mbusStart, length & 0xff, length & 0xff, mbusStart], 0);
  bytes.set([frame.control, frame.address, frame.controlInformation], 4);
  bytes.set(frame.data, 7);
  bytes[length + 4] = checkSum(bytes, 4, length + 4);
  bytes[length + 5] = mbusStop;
  return bytes;
}

/** Whether a frame with `length` counted bytes starts at `start`: its check sum and stop byte must be right. */
export function mbusFrameFits(bytes: Uint8Array, start: number, length: number): boolean {
  const end = start + 4 + length;
  return bytes[end + 1] === mbusStop && bytes[end] === checkSum(bytes, start + 4, end);
}

/** The frame at `start` with `length` counted bytes, copied; `mbusFrameFits` has checked it. */
export function mbusFrameAt(bytes: Uint8Array, start: number, length: number): MbusFrame {
  return {
    control: bytes[start + 4] ?? 0,
    address: bytes[start + 5] ?? 0,
    controlInformation: bytes[start + 6] ?? 0,
    data: bytes.slice(start + 7, start + 4 + length),
  };
}

/**
 * One long frame.
 * @throws DlmsLinkError LINK_FRAME_INVALID for a wrong form, LINK_FCS for a wrong check sum
 */
export function decodeMbusFrame(bytes: Uint8Array): MbusFrame {
  const length = bytes.length - mbusOverhead;
  const counted = bytes[1] ?? 0;
  const framed = bytes[0] === mbusStart && bytes[3] === mbusStart && counted === bytes[2];
  if (!framed || length < minMbusLength || length % mbusLengthModulo !== counted || bytes.at(-1) !== mbusStop) {
    throw new DlmsLinkError(
      "LINK_FRAME_INVALID",
      `M-Bus frame ${shown(bytes)}: this is no long frame (68 L L 68 ... 16)`,
    );
  }
  if (!mbusFrameFits(bytes, 0, length)) {
    throw new DlmsLinkError("LINK_FCS", `M-Bus frame ${shown(bytes)}: the check sum is wrong`);
  }
  return mbusFrameAt(bytes, 0, length);
}

/** Sum of the bytes from C to the last data byte. */
function checkSum(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += bytes[i] ?? 0;
  return sum & 0xff;
}

function shown(bytes: Uint8Array): string {
  return toHex(bytes.subarray(0, 16)) + (bytes.length > 16 ? "..." : "");
}
