/** Mutates seeds without coverage feedback. */
import { concatBytes } from "../../src/bytes";
import { byteFaults, withByteFault } from "./byte-faults";
import type { Seeded } from "./seeded";

/** Bytes at which lengths, tags and flags change their meaning. */
const edges = [0x00, 0x01, 0x02, 0x09, 0x0f, 0x13, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xfe, 0xff] as const;
const longest = 8192;

/** An input made of seeds without feedback from coverage: for a short run that needs no engine. */
export function mutated(random: Seeded, seeds: readonly Uint8Array[]): Uint8Array {
  let bytes = seeds.length === 0 ? random.bytes(1 + random.below(64)) : random.pick(seeds);
  for (let left = 1 + random.below(4); left > 0; left--) bytes = once(random, bytes, seeds);
  return bytes.subarray(0, longest);
}

function once(random: Seeded, bytes: Uint8Array, seeds: readonly Uint8Array[]): Uint8Array {
  if (bytes.length === 0) return random.bytes(1 + random.below(16));
  const at = random.below(bytes.length);
  switch (random.below(4)) {
    case 0: {
      const copy = Uint8Array.from(bytes);
      copy[at] = random.pick(edges);
      return copy;
    }
    case 1: {
      // a part once more, up to some hundred times
      const end = at + 1 + random.below(Math.min(16, bytes.length - at));
      const part = bytes.subarray(at, end);
      const times = 1 + random.below(random.chance(0.1) ? 300 : 4);
      return concatBytes(bytes.subarray(0, at), ...Array<Uint8Array>(times).fill(part), bytes.subarray(at));
    }
    case 2: {
      if (seeds.length === 0) return bytes;
      const other = random.pick(seeds);
      return concatBytes(bytes.subarray(0, at), other.subarray(random.below(other.length + 1)));
    }
    default:
      return withByteFault(random, bytes, random.pick(byteFaults));
  }
}
