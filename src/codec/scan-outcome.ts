/** Outcome of a scan that did not come to the end. */
export const SCAN_INCOMPLETE = -1;
/** The bytes cannot be what is scanned for; decoding them says why. */
export const SCAN_BROKEN = -2;
