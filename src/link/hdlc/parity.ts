/** A line that is set to seven data bits on one side and to eight on the other: what HDLC frames look like then. */
import { bytesEqual, evenParity } from "../../bytes";
import { encodeAddress, type HdlcAddress } from "./address";
import { flag } from "./frame";

/**
 * Where the wrong setting is. "line": the line behind the port has 7E1, so bit 8 of what comes is an even parity bit.
 * "port": this side's port has 7E1, so what comes has lost bit 8.
 */
export type SevenBits = "line" | "port";

/** Whose frames they are: our own, echoed, or an answer of the meter. */
export interface SevenBitEvidence {
  readonly where: SevenBits;
  readonly whose: "own" | "meter";
}

/** Fewer equal bytes prove nothing. */
const minComparedBytes = 6;
/** UA with the final bit. */
const unnumberedAcknowledge = 0x73;

/**
 * Whether received bytes are frames in seven bits: our own frame, or the beginning of a UA to us.
 * @param first the first bytes that came
 * @param sent the first frame that was sent
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
    if (isAcknowledge(start, changed, client, server)) return { where, whose: "meter" };
  }
  return undefined;
}

/** Whether bytes are those of a frame, changed. A frame that has the same bytes in seven bits is no evidence. */
function isChanged(start: Uint8Array, frame: Uint8Array, changed: (byte: number) => number): boolean {
  const original = frame.subarray(0, start.length);
  const expected = original.map(changed);
  return bytesEqual(start.subarray(0, expected.length), expected) && !bytesEqual(expected, original);
}

/** Format and length, our address, the meter's, UA: each byte as the line changes it, and one of them changed by it. */
function isAcknowledge(
  start: Uint8Array,
  changed: (byte: number) => number,
  client: HdlcAddress,
  server: HdlcAddress,
): boolean {
  const header = [...encodeAddress(client), ...encodeAddress(server), unnumberedAcknowledge];
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
