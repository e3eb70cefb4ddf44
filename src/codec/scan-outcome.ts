/** Negative results of the scanners, where a length would stand. */

/** The value is incomplete: scan again with more bytes. */
export const scanIncomplete = -1;
/** The bytes are no valid value; decoding them gives the error. */
export const scanBroken = -2;
