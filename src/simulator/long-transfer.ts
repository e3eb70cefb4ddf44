import { concatBytes } from "../bytes";
import type { DataBlock } from "../apdu/model";
import { accessResult } from "./results";

/** What a client may send in blocks, in bytes, before the meter gives up. */
const LARGEST_REQUEST = 1 << 20;

/** A request whose value comes in blocks. `T` is what it is for. */
export class IncomingBlocks<T> {
  readonly target: T;
  #parts: Uint8Array[] = [];
  #length = 0;
  #next: number;

  constructor(target: T, firstBlockNumber: number) {
    this.target = target;
    this.#next = firstBlockNumber;
  }

  /** undefined when the block was taken, else the result that ends the transfer. */
  add(block: DataBlock): number | undefined {
    if (block.blockNumber !== this.#next) return accessResult["data-block-number-invalid"];
    this.#length += block.raw.length;
    if (this.#length > LARGEST_REQUEST) return accessResult["long-set-aborted"];
    this.#parts.push(block.raw.slice());
    this.#next += 1;
    return undefined;
  }

  bytes(): Uint8Array {
    return concatBytes(...this.#parts);
  }
}
