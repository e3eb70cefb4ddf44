/** Copies of segments that come a whole cycle of N(S) late, and so have the number that is due. */

/** Bytes of a segment that its fingerprint is made of. */
const sampledBytes = 32;
/** Shorter segments are often equal, and are taken as they come. */
const minComparedBytes = 8;

/**
 * N(S) counts modulo 8: the copy of a segment that arrives eight frames late has the number of the segment that is due,
 * and its check sequence is right. A segment that looks like the one before it with this number is therefore not taken
 * when it comes for the first time. The meter is asked for it again, and what it sends then is taken: meters do send
 * equal segments, and then one more poll is the price.
 */
export class SegmentHistory {
  readonly #fingerprints = new Int32Array(8).fill(-1);
  /** the number that was not taken */
  #doubted: number | undefined;
  #mayAskAgain = false;

  /** Whether to leave the segment and to ask for it again. */
  isDoubtful(sendSequence: number, info: Uint8Array): boolean {
    if (info.length < minComparedBytes || this.#doubted === sendSequence) return false;
    if (this.#fingerprints[sendSequence] !== fingerprint(info)) return false;
    this.#doubted = sendSequence;
    this.#mayAskAgain = true;
    return true;
  }

  /** The segment was taken. */
  taken(sendSequence: number, info: Uint8Array): void {
    this.#fingerprints[sendSequence] = fingerprint(info);
    this.#doubted = undefined;
    this.#mayAskAgain = false;
  }

  /** Whether a poll is due for a segment that was doubted, which is no repetition; once for each. */
  askAgain(): boolean {
    const due = this.#mayAskAgain;
    this.#mayAskAgain = false;
    return due;
  }
}

/** FNV-1a of the length and some bytes, not negative. */
function fingerprint(info: Uint8Array): number {
  const step = Math.max(1, Math.floor(info.length / sampledBytes));
  let hash = 0x811c9dc5 ^ info.length;
  for (let i = 0; i < info.length; i += step) hash = Math.imul(hash ^ (info[i] ?? 0), 0x01000193);
  return hash >>> 1;
}
