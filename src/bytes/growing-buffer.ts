/** Joins the pieces of one message while they arrive. */

const nothing = new Uint8Array(0);

/** Reason for refusing a piece: too many bytes, or too many consecutive empty pieces. */
export type PieceRefusal = "too-long" | "no-progress";

/**
 * The pieces of one message. The peer chooses the number of pieces, so a piece has no additional cost. A single piece
 * is returned without a copy.
 */
export class GrowingBuffer {
  readonly #max: number;
  readonly #maxEmpty: number;
  /** the first piece, until a second one arrives */
  #only: Uint8Array | undefined;
  #bytes: Uint8Array = nothing;
  #length = 0;
  #pieces = 0;
  #empty = 0;

  /**
   * @param max bytes of all pieces together
   * @param maxEmpty consecutive empty pieces
   */
  constructor(max: number, maxEmpty = Number.POSITIVE_INFINITY) {
    this.#max = max;
    this.#maxEmpty = maxEmpty;
  }

  get length(): number {
    return this.#length;
  }

  /** Number of pieces since the last `clear`, including empty ones. */
  get pieces(): number {
    return this.#pieces;
  }

  /** The bytes so far: a view, valid until the next call. */
  get view(): Uint8Array {
    return this.#only ?? this.#bytes.subarray(0, this.#length);
  }

  /**
   * Add a piece, or return the reason for refusing it. The buffer may keep the piece itself, so its bytes must not
   * change.
   */
  add(piece: Uint8Array): PieceRefusal | undefined {
    const length = this.#length + piece.length;
    if (length > this.#max) return "too-long";
    this.#empty = piece.length === 0 ? this.#empty + 1 : 0;
    if (this.#empty > this.#maxEmpty) return "no-progress";
    this.#pieces++;
    if (piece.length === 0) return undefined;
    if (this.#length === 0) this.#only = piece;
    else this.#append(piece, length);
    this.#length = length;
    return undefined;
  }

  /** The whole message. The buffer is empty afterwards. */
  take(): Uint8Array {
    const whole = this.#only ?? (this.#length === this.#bytes.length ? this.#bytes : this.view.slice());
    this.clear();
    return whole;
  }

  clear(): void {
    this.#only = undefined;
    this.#bytes = nothing;
    this.#length = this.#pieces = this.#empty = 0;
  }

  #append(piece: Uint8Array, length: number): void {
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.#max, Math.max(256, 2 * length)));
      grown.set(this.view);
      this.#bytes = grown;
      this.#only = undefined;
    }
    this.#bytes.set(piece, this.#length);
  }
}
