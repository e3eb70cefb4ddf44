/** Collects the pieces of an answer up to a bound. */
import { GrowingBuffer } from "../../bytes";
import { limitExceeded } from "../steps/errors";
import type { Operation } from "../steps/operation";

/** Keeps pieces until the whole is read, up to a limit. */
export class Collector {
  readonly #pieces: GrowingBuffer;
  readonly #limit: number;

  constructor(limit: number) {
    this.#pieces = new GrowingBuffer(limit);
    this.#limit = limit;
  }

  /** Whether no piece was collected so far, not even an empty one. */
  get empty(): boolean {
    return this.#pieces.pieces === 0;
  }

  /** Number of collected bytes. */
  get size(): number {
    return this.#pieces.length;
  }

  /** The collected bytes; valid until the next piece. */
  get view(): Uint8Array {
    return this.#pieces.view;
  }

  /** The first collected byte. */
  get first(): number | undefined {
    return this.#pieces.view[0];
  }

  add(piece: Uint8Array): void {
    if (this.#pieces.add(piece) !== undefined) {
      throw limitExceeded(`the answer has more than ${this.#limit} bytes; ask for less`, this.#limit);
    }
  }

  // a generator by its type alone: this sink has nothing to wait for
  // eslint-disable-next-line require-yield
  readonly sink = function* (this: Collector, piece: Uint8Array): Operation<void> {
    this.add(piece);
  }.bind(this);

  /** Returns all bytes once and empties the collector. */
  bytes(): Uint8Array {
    return this.#pieces.take();
  }
}
