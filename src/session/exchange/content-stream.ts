/** Delivers the data of an answer in plain general blocks while the blocks arrive. */
import { concatBytes } from "../../bytes";
import type { Operation, Sink } from "../steps/operation";

interface Piece {
  readonly data: Uint8Array;
  readonly blockNumber: number;
}

/** get-response, normal, invoke-id, data: followed by the value */
const headLength = 4;

/**
 * Delivers the data of a plain get-response while the general blocks that contain it are received. All other content is
 * collected, because the tag of a ciphered answer can be verified only when the answer is complete.
 */
export class ContentStream {
  readonly #sink: Sink;
  readonly #accepts: (invokeId: number) => boolean;
  #head: Uint8Array = new Uint8Array(0);
  #state: "undecided" | "streaming" | "collected" = "undecided";
  #pending: Piece[] = [];

  /** @param accepts whether a plain answer with this invoke-id-and-priority is the awaited one */
  constructor(sink: Sink, accepts: (invokeId: number) => boolean) {
    this.#sink = sink;
    this.#accepts = accepts;
  }

  /** Data are being delivered, or were. */
  get streaming(): boolean {
    return this.#state === "streaming";
  }

  /** The bytes before the data. */
  get head(): Uint8Array {
    return this.#head;
  }

  /** A new transfer begins; the previous one was not part of the answer. */
  begin(): void {
    if (this.#state === "streaming") return;
    this.#state = "undecided";
    this.#head = new Uint8Array(0);
  }

  /** Adds the data of the next block; false if the caller has to collect them, as it always does for the first ones. */
  take(data: Uint8Array, blockNumber: number): boolean {
    if (this.#state === "undecided") {
      const missing = headLength - this.#head.length;
      this.#head = concatBytes(this.#head, data.subarray(0, missing));
      if (this.#head.length < headLength) return false;
      const [tag, choice, invokeId = 0, result] = this.#head;
      const fits = tag === 0xc4 && choice === 1 && result === 0 && this.#accepts(invokeId);
      this.#state = fits ? "streaming" : "collected";
      if (fits) this.#pending.push({ data: data.subarray(missing), blockNumber });
      return false;
    }
    if (this.#state === "streaming") this.#pending.push({ data, blockNumber });
    return this.#state === "streaming";
  }

  /**
   * Delivers the received data. The consumer may end the operation there, so this is for moments in which the meter
   * sends nothing.
   */
  *deliver(complete: boolean): Operation<void> {
    const pieces = this.#pending;
    this.#pending = [];
    for (const [i, { data, blockNumber }] of pieces.entries()) {
      const last = complete && i === pieces.length - 1;
      if (data.length > 0 || last) yield* this.#sink(data, blockNumber, last);
    }
  }
}
