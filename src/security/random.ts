/** The cryptographic randomness of the machine. */
import { randomBytes } from "node:crypto";
import type { RandomSource } from "./model";

/** The machine's cryptographic randomness. */
export const systemRandom: RandomSource = (count) => new Uint8Array(randomBytes(count));
