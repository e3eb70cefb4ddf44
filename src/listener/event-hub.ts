/** Delivers events to listeners of the user. An error that a listener throws is reported and has no other effect. */
import { callSafely } from "../errors/boundary";

export class ListenerHub<Events> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();
  readonly #failed: (event: keyof Events, error: unknown) => void;

  constructor(failed: (event: keyof Events, error: unknown) => void) {
    this.#failed = failed;
  }

  on<E extends keyof Events>(event: E, listener: (event: Events[E]) => void): () => void {
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set);
    // one entry per call, so that each unsubscribe removes one registration of a function registered twice
    const entry = (value: Events[E]): void => {
      // the result may be a promise that rejects
      callSafely(
        () => listener(value),
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

  has(event: keyof Events): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }

  emit<E extends keyof Events>(event: E, value: Events[E]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(value as never);
  }
}
