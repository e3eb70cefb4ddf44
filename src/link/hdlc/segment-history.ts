/** Detects copies of segments that arrive a whole cycle of N(S) late, and so have the expected number. */

/** Bytes of a segment that enter its fingerprint. */
const sampledBytes = 32;
/** Shorter segments are often equal, so they are accepted without a comparison. */
const minComparedBytes = 8;

/**
 * N(S) counts modulo 8: the copy of a segment that arrives eight frames late has the number of the expected segment,
 * and its check sequence is right. A segment that equals the previous one with this number is therefore rejected the
 * first time. The client polls for it again and accepts the second one: meters do send equal segments, and one more
 * poll is the price.
 */
export class SegmentHistory {
  readonly #fingerprints = new Int32Array(8).fill(-1);
  /** the number of the rejected segment */
  #doubted: number | undefined;
  #mayAskAgain = false;

  /** Whether to reject the segment and to request it again. */
  isDoubtful(sendSequence: number, info: Uint8Array): boolean {
    if (info.length < minComparedBytes || this.#doubted === sendSequence) return false;
    if (this.#fingerprints[sendSequence] !== fingerprint(info)) return false;
    this.#doubted = sendSequence;
    this.#mayAskAgain = true;
    return true;
  }

  /** Records an accepted segment. */
  taken(sendSequence: number, info: Uint8Array): void {
    this.#fingerprints[sendSequence] = fingerprint(info);
    this.#doubted = undefined;
    this.#mayAskAgain = false;
  }

  /** Whether to poll again for a rejected segment without counting a retry; true once for each. */
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
