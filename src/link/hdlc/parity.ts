/** Detects a line set to seven data bits on one side and to eight on the other by its HDLC frames. */
import { bytesEqual, evenParity } from "../../bytes";
import { encodeAddress, type HdlcAddress } from "./address";
import { flag } from "./frame";

/**
 * Location of the wrong setting. "line": the line beyond the port uses 7E1, so bit 8 of received bytes is an even
 * parity bit. "port": the local port uses 7E1, so received bytes have lost bit 8.
 */
export type SevenBits = "line" | "port";

/** Origin of the frame: the echo of our own, or the meter's answer to an SNRM, by its name. */
export interface SevenBitEvidence {
  readonly where: SevenBits;
  readonly whose: "own" | "UA" | "DM" | "FRMR";
}

/** Fewer equal bytes are no proof. */
const minComparedBytes = 6;
/** Answers to an SNRM, with the final bit. */
const answers = [
  ["UA", 0x73],
  ["DM", 0x1f],
  ["FRMR", 0x97],
] as const;

/**
 * Whether received bytes are frames in seven bits: our own frame, or the beginning of an answer to us.
 * @param first the first received bytes
 * @param sent the first sent frame
 */
export function sevenBitFrames(
  first: Uint8Array,
  sent: Uint8Array | undefined,
  { client, server }: { readonly client: HdlcAddress; readonly server: HdlcAddress },
): SevenBitEvidence | undefined {
  const start = withoutFlags(first);
  if (start.length < minComparedBytes) return undefined;
  for (const where of ["line", "port"] as const) {
    const changed = where === "line" ? evenParity : sevenBits;
    if (sent !== undefined && isChanged(start, withoutFlags(sent), changed)) return { where, whose: "own" };
    const answer = answers.find(([, control]) => isAnswer(start, changed, [client, server], control));
    if (answer !== undefined) return { where, whose: answer[0] };
  }
  return undefined;
}

/**
 * Whether the bytes are those of a frame, changed by the line. A frame with the same bytes in seven bits is no
 * evidence.
 */
function isChanged(start: Uint8Array, frame: Uint8Array, changed: (byte: number) => number): boolean {
  const original = frame.subarray(0, start.length);
  const expected = original.map(changed);
  return bytesEqual(start.subarray(0, expected.length), expected) && !bytesEqual(expected, original);
}

/**
 * Format and length, our address, the meter's address and the control byte, as the line changes them; at least one byte
 * must be changed.
 */
function isAnswer(
  start: Uint8Array,
  changed: (byte: number) => number,
  [client, server]: readonly [HdlcAddress, HdlcAddress],
  control: number,
): boolean {
  const header = [...encodeAddress(client), ...encodeAddress(server), control];
  const expected = header.map(changed);
  if (start.length < 2 + expected.length || start[0] !== changed(0xa0)) return false;
  const same = expected.every((byte, i) => start[2 + i] === byte);
  return same && (expected.some((byte, i) => byte !== header[i]) || changed(0xa0) !== 0xa0);
}

function withoutFlags(bytes: Uint8Array): Uint8Array {
  let from = 0;
  while (bytes[from] === flag) from++;
  return bytes.subarray(from);
}

const sevenBits = (byte: number): number => byte & 0x7f;
