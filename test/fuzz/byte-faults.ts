/** Faults of a disturbed line, applied to one message. */
import { concatBytes } from "../../src/bytes";
import type { Seeded } from "./seeded";

/** Faults that a disturbed line applies to one message. */
export const byteFaults = ["flip", "burst", "cut", "noise", "noise before", "loss"] as const;
export type ByteFault = (typeof byteFaults)[number];

/**
 * The message with one fault. Flips are at most three bits and bursts at most 16: a frame check sequence of 16 bits
 * detects every one of them, so a wrong value despite it is a fault of the reader.
 */
export function withByteFault(random: Seeded, bytes: Uint8Array, fault: ByteFault): Uint8Array {
  const at = random.below(bytes.length);
  switch (fault) {
    case "flip": {
      const copy = Uint8Array.from(bytes);
      for (let left = 1 + random.below(3); left > 0; left--) {
        const place = random.below(copy.length);
        copy[place] = (copy[place] ?? 0) ^ (1 << random.below(8));
      }
      return copy;
    }
    case "burst": {
      const copy = Uint8Array.from(bytes);
      copy[at] = random.below(256);
      if (at + 1 < copy.length) copy[at + 1] = random.below(256);
      return copy;
    }
    case "cut":
      return bytes.subarray(0, at);
    case "noise":
      return concatBytes(bytes.subarray(0, at), random.bytes(1 + random.below(12)), bytes.subarray(at));
    case "noise before":
      return concatBytes(random.bytes(1 + random.below(40)), bytes);
    case "loss":
      return concatBytes(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(4)));
  }
}
