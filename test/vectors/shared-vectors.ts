/** Loads the collection of vectors. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

/** One entry of the shared collection of frames and values from public sources. */
export interface SharedVector {
  readonly id: string;
  readonly layer: string;
  readonly category: string;
  readonly hex: string;
  readonly decoded?: unknown;
  readonly negative: boolean;
  readonly notes?: string;
}

const file = resolve(__dirname, "../../../shared/vectors/vectors.json");

/** Why the collection cannot be used, or undefined if it can. */
export const absent: string | undefined = existsSync(file) ? undefined : "the shared vectors are not beside this repository";

/** The vectors of one layer; empty if the collection is missing. */
export function sharedVectors(layer: string): readonly SharedVector[] {
  if (absent !== undefined) return [];
  const all = JSON.parse(readFileSync(file, "utf8")) as SharedVector[];
  return all.filter((vector) => vector.layer === layer);
}
