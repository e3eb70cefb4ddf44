/** Bounded queue of pushes for one async iterator; when it is full, the oldest push is dropped. */
import type { Push } from "../push";

type Result = IteratorResult<Push, undefined>;

export class PushQueue implements AsyncIterator<Push, undefined> {
  readonly #limit: number;
  readonly #dropped: () => void;
  readonly #left: (queue: PushQueue) => void;
  readonly #waiting: ((result: Result) => void)[] = [];
  #pushes: Push[] = [];
  #first = 0;
  #ended = false;

  constructor(limit: number, dropped: () => void, left: (queue: PushQueue) => void) {
    this.#limit = limit;
    this.#dropped = dropped;
    this.#left = left;
  }

  add(push: Push): void {
    if (this.#ended) return;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next({ done: false, value: push });
      return;
    }
    this.#pushes.push(push);
    if (this.#pushes.length - this.#first <= this.#limit) return;
    this.#shift();
    this.#dropped();
  }

  /** Ends the queue; pushes that wait are still delivered. */
  end(): void {
    this.#ended = true;
    for (const next of this.#waiting.splice(0)) next({ done: true, value: undefined });
  }

  next(): Promise<Result> {
    const push = this.#shift();
    if (push !== undefined) return Promise.resolve({ done: false, value: push });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<Result> {
    this.#pushes = [];
    this.#first = 0;
    this.end();
    this.#left(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  #shift(): Push | undefined {
    const push = this.#pushes[this.#first];
    if (push === undefined) return undefined;
    this.#first++;
    // removes delivered entries in large pieces, so that taking one stays cheap
    if (this.#first >= 1024 || this.#first === this.#pushes.length) {
      this.#pushes = this.#pushes.slice(this.#first);
      this.#first = 0;
    }
    return push;
  }
}
