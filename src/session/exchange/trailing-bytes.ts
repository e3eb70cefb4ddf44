/** One rule for bytes after an answer: notifications are delivered, other bytes are counted in a note. */
import { splitApdus } from "../../apdu";
import { isNotificationTag } from "../protection/ciphering";
import type { Operation } from "../steps/operation";
import { noteStep } from "../steps/steps";

/** The note on bytes after an answer. */
export function* noteTrailing(count: number): Operation<void> {
  if (count > 0) yield* noteStep(`${count} bytes after the answer were ignored`);
}

/** The notifications in the bytes after an answer; none if these contain anything else. */
export function notificationsIn(trailing: Uint8Array): readonly Uint8Array[] {
  const { pieces, rest } = splitApdus(trailing);
  const apdus = pieces.map(({ bytes }) => bytes);
  return rest.length === 0 && apdus.every(([tag]) => isNotificationTag(tag)) ? apdus : [];
}
