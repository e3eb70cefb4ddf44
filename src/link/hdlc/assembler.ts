/** Joins the HDLC segments of an APDU, and adds or removes the LLC bytes. */
import { concatBytes, GrowingBuffer } from "../../bytes";
import { DlmsLinkError } from "../../errors";
import { isPush, mayBePush } from "../apdu-kind";
import { shownBytes } from "../guess-protocol";

/** LLC of the meter's APDUs: destination and source LSAP E6, E7 in answers (IEC 62056-46, 6.3). */
const answerLlc = [0xe6, 0xe7, 0x00] as const;
const requestLlc = [0xe6, 0xe6, 0x00] as const;
/** Both have as many bytes. */
export const llcLength = requestLlc.length;
/** Consecutive empty segments after which the transfer counts as stalled. */
const maxEmptySegments = 8;

/** LLC and APDU, as they go into the information fields. */
export function withRequestLlc(apdu: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.from(requestLlc), apdu);
}

/** Reassembles segments and removes the LLC bytes, which only the first segment has. */
export class Assembler {
  readonly #pieces: GrowingBuffer;
  readonly #max: number;
  /** Pushes are seen with both LLCs, and without any. */
  readonly #forPushes: boolean;

  constructor(max: number, forPushes = false) {
    this.#max = max;
    this.#pieces = new GrowingBuffer(max + answerLlc.length, maxEmptySegments);
    this.#forPushes = forPushes;
  }

  /** Bytes of an unfinished APDU, LLC included; 0 = none. */
  get length(): number {
    return this.#pieces.length;
  }

  /** Whether the unfinished APDU is a push, as far as its first bytes show. */
  get isPush(): boolean {
    return isPush(this.#pieces.view.subarray(answerLlc.length));
  }

  reset(): void {
    this.#pieces.clear();
  }

  /**
   * Adds a segment; returns the APDU when it is complete.
   * @throws DlmsLinkError LINK_FRAME_INVALID for a wrong LLC or too long an APDU
   */
  add(info: Uint8Array, segmented: boolean): Uint8Array | undefined {
    const refusal = this.#pieces.add(info);
    if (refusal !== undefined) {
      const problem =
        refusal === "no-progress"
          ? `more than ${maxEmptySegments} empty segments in a row`
          : `more than ${this.#max} bytes`;
      this.reset();
      throw new DlmsLinkError("LINK_FRAME_INVALID", `HDLC: the meter's answer has ${problem}; it was given up`);
    }
    if (segmented) return undefined;
    const whole = this.#pieces.take();
    const fits = (llc: readonly number[]): boolean => llc.every((byte, i) => whole[i] === byte);
    if (!fits(answerLlc) && !(this.#forPushes && fits(requestLlc))) {
      // general blocks of pushes have LLC bytes only in the first, and some meters never send any
      if (this.#forPushes && mayBePush(whole)) return whole;
      throw new DlmsLinkError(
        "LINK_FRAME_INVALID",
        `HDLC: the answer does not begin with the LLC bytes e6e700 but with ${shownBytes(whole)}`,
      );
    }
    return whole.subarray(answerLlc.length);
  }
}
