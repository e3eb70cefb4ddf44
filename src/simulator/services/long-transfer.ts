/** Reassembles requests that arrive in blocks. */
import { GrowingBuffer } from "../../bytes";
import type { DataBlock } from "../../apdu/model";
import { dataAccess } from "../../apdu/results";

/** The longest request that is accepted in blocks. */
const maxRequestBytes = 1 << 20;
/** Consecutive empty blocks after which a transfer is aborted. */
const maxEmptyBlocks = 1000;

/** A request whose value arrives in blocks. `T` is its target. */
export class IncomingBlocks<T> {
  readonly target: T;
  readonly #pieces = new GrowingBuffer(maxRequestBytes, maxEmptyBlocks);
  #next: number;

  constructor(target: T, firstBlockNumber: number) {
    this.target = target;
    this.#next = firstBlockNumber;
  }

  /** Returns undefined when the block is accepted, else the result that aborts the transfer. */
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
