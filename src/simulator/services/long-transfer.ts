import { GrowingBuffer } from "../../bytes";
import type { DataBlock } from "../../apdu/model";
import { dataAccess } from "../../apdu/results";

/** What a client may send in blocks, in bytes, before the meter gives up. */
const maxRequestBytes = 1 << 20;
/** Blocks in a row that bring nothing. */
const maxEmptyBlocks = 1000;

/** A request whose value comes in blocks. `T` is what it is for. */
export class IncomingBlocks<T> {
  readonly target: T;
  readonly #pieces = new GrowingBuffer(maxRequestBytes, maxEmptyBlocks);
  #next: number;

  constructor(target: T, firstBlockNumber: number) {
    this.target = target;
    this.#next = firstBlockNumber;
  }

  /** undefined when the block was taken, else the result that ends the transfer. */
  add(block: DataBlock): number | undefined {
    if (block.blockNumber !== this.#next) return dataAccess["data-block-number-invalid"];
    if (this.#pieces.add(block.raw) !== undefined) return dataAccess["long-set-aborted"];
    this.#next += 1;
    return undefined;
  }

  bytes(): Uint8Array {
    return this.#pieces.take();
  }
}
