/** Work that waits until the flows have started. */
import type { EventEmitter } from "node:events";

/** One listener for all waiting nodes: Node.js warns of a leak when there are many. */
const waiting = new WeakMap<EventEmitter, Set<() => void>>();

/**
 * Calls back when the current deploy is complete: until then Catch nodes receive no error.
 * @returns a function that cancels the call
 */
export function whenFlowsStarted(events: EventEmitter, work: () => void): () => void {
  let works = waiting.get(events);
  if (works === undefined) {
    const all = new Set<() => void>();
    works = all;
    waiting.set(events, all);
    events.once("flows:started", () => {
      waiting.delete(events);
      for (const one of all) one();
    });
  }
  const those = works.add(work);
  return () => {
    those.delete(work);
  };
}
