/** Blocks of a stream that arrive before the session awaits them: every link buffers a bounded number. */
import { isBlock, isStreamedBlock } from "./apdu-kind";

const maxBlocks = 64;
const maxBytes = 4 * 1024 * 1024;

/** The queue of blocks that followed a streamed block and are not awaited yet. */
export class EarlyBlocks {
  #blocks: Uint8Array[] = [];
  #bytes = 0;
  #streaming = false;

  /** A request is sent: discards the buffered blocks, because they belong to an earlier stream. */
  clear(): void {
    this.#streaming = false;
    if (this.#blocks.length === 0) return;
    this.#blocks = [];
    this.#bytes = 0;
  }

  /** An awaited APDU was delivered: more blocks may follow it without a request. */
  follow(apdu: Uint8Array): void {
    this.#streaming = isStreamedBlock(apdu);
  }

  /** Buffers an APDU that is not awaited; false if it is not a block of the stream, or exceeds the limit. */
  keep(apdu: Uint8Array): boolean {
    if (!this.#streaming || !isBlock(apdu) || this.#blocks.length >= maxBlocks) return false;
    if (this.#bytes + apdu.length > maxBytes) return false;
    this.#blocks.push(apdu);
    this.#bytes += apdu.length;
    return true;
  }

  /** Removes and returns the oldest block. */
  take(): Uint8Array | undefined {
    const apdu = this.#blocks.shift();
    this.#bytes -= apdu?.length ?? 0;
    return apdu;
  }
}
