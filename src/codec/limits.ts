/** Bounds and strictness for decoding received data. Every field has a default. */
export interface DecodeLimits {
  /** how deep arrays, structures and compact-arrays may nest (default 32) */
  readonly maxDepth?: number;
  /** how many values one decode may build (default 4,194,304) */
  readonly maxElements?: number;
  /**
   * refuse deviations that meters send although the standard forbids them: set padding bits, malformed UTF-8 (default
   * false)
   */
  readonly strict?: boolean;
}

export const defaultMaxDepth = 32;
export const defaultMaxElements = 0x400000;
