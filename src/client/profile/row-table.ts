/** All rows of a profile at once. */
import { joinRuns, maxRunLength } from "../../codec/runs";

/**
 * Collects all rows. They are kept in runs and joined at the end, because an array of more than 128 KB would be moved
 * to the old generation half filled, and would keep its contents alive until the next full collection.
 */
export class RowTable<T> {
  #runs: T[][] = [];
  #last: T[] = [];

  push(rows: readonly T[]): void {
    for (const row of rows) {
      if (this.#last.length === 0) this.#runs.push(this.#last);
      this.#last.push(row);
      if (this.#last.length === maxRunLength) this.#last = [];
    }
  }

  clear(): void {
    this.#runs = [];
    this.#last = [];
  }

  /** All rows, in the order of arrival. */
  all(): T[] {
    return joinRuns(this.#runs);
  }
}
