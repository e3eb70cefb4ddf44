/** Random numbers from a seed, so that a failing case can be run again. */

/** A function that returns an integer from 0 up to, not including, `below`. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}
