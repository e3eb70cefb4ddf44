/** One rule for bytes behind an answer, however it came: notifications are handed on, the rest is counted in a note. */
import { splitApdus } from "../../apdu";
import { isNotificationTag } from "../protection/ciphering";
import type { Operation } from "../steps/operation";
import { noteStep } from "../steps/steps";

/** The note on bytes behind an answer. */
export function* noteTrailing(count: number): Operation<void> {
  if (count > 0) yield* noteStep(`${count} bytes behind the answer were ignored`);
}

/** The notifications that bytes behind an answer consist of; none where there is anything else among them. */
export function notificationsIn(trailing: Uint8Array): readonly Uint8Array[] {
  const { pieces, rest } = splitApdus(trailing);
  const apdus = pieces.map(({ bytes }) => bytes);
  return rest.length === 0 && apdus.every(([tag]) => isNotificationTag(tag)) ? apdus : [];
}
