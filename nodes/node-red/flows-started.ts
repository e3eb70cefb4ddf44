import type { EventEmitter } from "node:events";

/** One listener for all nodes that wait: many of them would look like a leak to Node.js. */
const waiting = new WeakMap<EventEmitter, Set<() => void>>();

/**
 * Does something when the deploy that is under way is over: while nodes are made, Catch nodes hear of nothing.
 * @returns what takes it back
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
