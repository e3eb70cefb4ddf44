import { concatBytes } from "../../bytes";
import { DlmsLinkError } from "../../errors";
import { isPush } from "../apdu-kind";
import { shownBytes } from "../looks-like";

/** LLC of the meter's APDUs: destination and source LSAP E6, E7 in answers (IEC 62056-46, 6.3). */
const ANSWER_LLC = [0xe6, 0xe7, 0x00] as const;
const REQUEST_LLC = [0xe6, 0xe6, 0x00] as const;
/** Segments without a byte in a row, before it is called no progress. */
const MAX_EMPTY = 8;

/** LLC and APDU, as they go into the information fields. */
export function withRequestLlc(apdu: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.from(REQUEST_LLC), apdu);
}

/** Puts segments together and takes the LLC bytes off, which only the first one has. */
export class Assembler {
  #parts: Uint8Array[] = [];
  #length = 0;
  #empty = 0;
  readonly #max: number;
  /** Pushes are seen with both LLCs. */
  readonly #anyLlc: boolean;

  constructor(max: number, anyLlc = false) {
    this.#max = max;
    this.#anyLlc = anyLlc;
  }

  /** Bytes of an unfinished APDU, LLC included; 0 = none has begun. */
  get length(): number {
    return this.#length;
  }

  /** Whether what has begun is a push, as far as its first segment tells. */
  get isPush(): boolean {
    const [first] = this.#parts;
    return first !== undefined && isPush(first.subarray(ANSWER_LLC.length));
  }

  reset(): void {
    this.#parts = [];
    this.#length = 0;
    this.#empty = 0;
  }

  /**
   * Take a segment; the APDU when it is complete.
   * @throws DlmsLinkError LINK_FRAME_INVALID for a wrong LLC or too long an APDU
   */
  add(info: Uint8Array, segmented: boolean): Uint8Array | undefined {
    this.#empty = info.length === 0 ? this.#empty + 1 : 0;
    if (this.#length + info.length > this.#max + ANSWER_LLC.length || this.#empty > MAX_EMPTY) {
      const problem = this.#empty > MAX_EMPTY ? "empty segments without end" : `more than ${this.#max} bytes`;
      this.reset();
      throw new DlmsLinkError("LINK_FRAME_INVALID", `HDLC: the meter's answer has ${problem}; it was given up`);
    }
    this.#parts.push(info);
    this.#length += info.length;
    if (segmented) return undefined;
    const [first] = this.#parts;
    const whole = this.#parts.length === 1 && first ? first : concatBytes(...this.#parts);
    this.reset();
    const fits = (llc: readonly number[]): boolean => llc.every((byte, i) => whole[i] === byte);
    if (!fits(ANSWER_LLC) && !(this.#anyLlc && fits(REQUEST_LLC))) {
      throw new DlmsLinkError(
        "LINK_FRAME_INVALID",
        `HDLC: the answer does not begin with the LLC bytes e6e700 but with ${shownBytes(whole)}`,
      );
    }
    return whole.subarray(ANSWER_LLC.length);
  }
}
