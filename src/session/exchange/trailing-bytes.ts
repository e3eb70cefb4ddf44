/** One rule for bytes behind an answer, however it came: the answer is taken, and a note counts them. */
import type { Operation } from "../steps/operation";
import { noteStep } from "../steps/steps";

/** The note on bytes behind an answer. */
export function* noteTrailing(count: number): Operation<void> {
  if (count > 0) yield* noteStep(`${count} bytes behind the answer were ignored`);
}
