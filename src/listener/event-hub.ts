/** Hands events to listeners of the user. What one of them throws is reported and changes nothing. */
import { callSafely } from "../errors/boundary";
import type { PushListenerEvents } from "./events";

type Name = keyof PushListenerEvents;

export class ListenerHub {
  readonly #listeners = new Map<Name, Set<(event: never) => void>>();
  readonly #failed: (event: Name, error: unknown) => void;

  constructor(failed: (event: Name, error: unknown) => void) {
    this.#failed = failed;
  }

  on<E extends Name>(event: E, listener: (event: PushListenerEvents[E]) => void): () => void {
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set);
    // one entry for each call, so that a function that is registered twice is taken off once per unsubscribe
    const entry = (value: PushListenerEvents[E]): void => {
      callSafely(
        () => {
          listener(value);
        },
        (error) => {
          this.#failed(event, error);
        },
      );
    };
    set.add(entry);
    return () => {
      set.delete(entry);
    };
  }

  has(event: Name): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }

  emit<E extends Name>(event: E, value: PushListenerEvents[E]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(value as never);
  }
}
