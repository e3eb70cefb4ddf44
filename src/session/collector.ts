import { concatBytes } from "../bytes";
import { limitExceeded } from "./errors";
import type { Operation } from "./operation";

/** Keeps pieces until the whole is wanted, up to a limit. */
export class Collector {
  readonly #pieces: Uint8Array[] = [];
  readonly #limit: number;
  readonly #what: string;
  #size = 0;

  constructor(limit: number, what: string) {
    this.#limit = limit;
    this.#what = what;
  }

  /** Whether nothing was kept so far, not even an empty piece. */
  get empty(): boolean {
    return this.#pieces.length === 0;
  }

  /** The first byte of what was kept. */
  get first(): number | undefined {
    return this.#pieces.find(({ length }) => length > 0)?.[0];
  }

  add(piece: Uint8Array): void {
    this.#size += piece.length;
    if (this.#size > this.#limit) {
      throw limitExceeded(this.#what, `the answer has more than ${this.#limit} bytes; ask for less`, this.#limit);
    }
    this.#pieces.push(piece);
  }

  // a generator by its type alone: this sink has nothing to wait for
  // eslint-disable-next-line require-yield
  readonly sink = function* (this: Collector, piece: Uint8Array): Operation<void> {
    this.add(piece);
  }.bind(this);

  bytes(): Uint8Array {
    const [only] = this.#pieces;
    return only !== undefined && this.#pieces.length === 1 ? only : concatBytes(...this.#pieces);
  }
}
