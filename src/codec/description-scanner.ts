/** Finds the end of the type description of a compact-array in bytes that arrive piece by piece. */
import { scanBroken, scanIncomplete } from "./scan-outcome";
import { contentForm, formBits, formUnknown } from "./tags";

/**
 * Keeps its position between pieces, so that scanning takes time linear in the bytes however they are cut. Offsets
 * count from the description's start.
 */
export class DescriptionScanner {
  readonly #maxDepth: number;
  /** types still to come at each level */
  readonly #left: number[] = [1];
  #at = 0;

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
  }

  /** Length of the description that starts at `start`, or `scanIncomplete` or `scanBroken`. */
  scan(bytes: Uint8Array, start: number, end: number): number {
    const left = this.#left;
    while (left.length > 0) {
      const top = left.length - 1;
      const remaining = left[top] ?? 0;
      if (remaining === 0) {
        left.pop();
        continue;
      }
      if (top >= this.#maxDepth) return scanBroken;
      const from = start + this.#at;
      if (from >= end) return scanIncomplete;
      const tag = bytes[from] ?? 0;
      // an array has a count of two bytes and one type, a structure a count of one byte and as many types
      const size = tag === 1 ? 3 : tag === 2 ? 2 : 1;
      if (from + size > end) return scanIncomplete;
      if (size === 1 && (contentForm(tag) < formBits || contentForm(tag) === formUnknown)) return scanBroken;
      this.#at += size;
      left[top] = remaining - 1;
      if (tag === 1) left.push(1);
      else if (tag === 2) left.push(bytes[from + 1] ?? 0);
    }
    return this.#at;
  }
}
