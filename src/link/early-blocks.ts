/** Blocks of a stream that come before the session awaits them: every link keeps a bounded number. */
import { isBlock, isStreamedBlock } from "./apdu-kind";

const maxBlocks = 64;
const maxBytes = 4 * 1024 * 1024;

/** The queue of blocks that followed a streamed block and are not awaited yet. */
export class EarlyBlocks {
  #blocks: Uint8Array[] = [];
  #bytes = 0;
  #streaming = false;

  /** A request goes out: what is left of the stream before does not belong to it. */
  clear(): void {
    this.#streaming = false;
    if (this.#blocks.length === 0) return;
    this.#blocks = [];
    this.#bytes = 0;
  }

  /** An awaited APDU was handed out: more blocks may follow it unasked. */
  follow(apdu: Uint8Array): void {
    this.#streaming = isStreamedBlock(apdu);
  }

  /** Keeps an APDU that nothing awaits; false when it is no block of the stream, or too much. */
  keep(apdu: Uint8Array): boolean {
    if (!this.#streaming || !isBlock(apdu) || this.#blocks.length >= maxBlocks) return false;
    if (this.#bytes + apdu.length > maxBytes) return false;
    this.#blocks.push(apdu);
    this.#bytes += apdu.length;
    return true;
  }

  /** The block that came first. */
  take(): Uint8Array | undefined {
    const apdu = this.#blocks.shift();
    this.#bytes -= apdu?.length ?? 0;
    return apdu;
  }
}
