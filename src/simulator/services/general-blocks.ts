/** General block transfer on the meter's side. */
import { encodeApdu, type GeneralBlockTransfer } from "../../apdu";
import { GrowingBuffer } from "../../bytes";

/** tag, control, two block numbers, length (up to 3) */
const headerBytes = 9;
const maxApduBytes = 1 << 20;
const noBytes = new Uint8Array(0);

interface Outgoing {
  readonly pieces: readonly Uint8Array[];
  /** number of the first piece */
  readonly first: number;
}

/**
 * General block transfer of one association: splits APDUs, protected or not, into blocks and reassembles them
 * (IEC 62056-5-3, 7.3.13). Blocks that the client has not acknowledged are sent again.
 */
export class GeneralBlocks {
  readonly #window: number;
  #expected = 1;
  readonly #incoming = new GrowingBuffer(maxApduBytes);
  #next = 1;
  #outgoing: Outgoing | undefined;

  constructor(window: number) {
    this.#window = window;
  }

  /** Starts to send an APDU that is longer than the PDU size of the client. */
  start(apdu: Uint8Array, limit: number, clientWindow = 1): Uint8Array[] {
    const size = Math.max(1, limit - headerBytes);
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < apdu.length; at += size) pieces.push(apdu.subarray(at, at + size));
    this.#outgoing = { pieces, first: this.#next };
    return this.#stream(this.#outgoing, this.#next - 1, clientWindow);
  }

  /** A request without blocks ends every block transfer in progress. */
  forget(): void {
    this.#expected = 1;
    this.#next = 1;
    this.#incoming.clear();
    this.#outgoing = undefined;
  }

  /** Processes a block from the client; `serve` answers a complete request. */
  receive(
    block: GeneralBlockTransfer,
    limit: number,
    serve: (apdu: Uint8Array) => readonly Uint8Array[],
  ): Uint8Array[] {
    if (block.data.length === 0) return this.#acknowledged(block);
    if (block.blockNumber === 1) this.forget();
    const inOrder = block.blockNumber === this.#expected && this.#incoming.add(block.data) === undefined;
    if (inOrder) this.#expected += 1;
    if (block.streaming) return [];
    if (!block.last || !inOrder) return [this.#block(noBytes, false, false, this.#next++)];
    return serve(this.#incoming.take()).flatMap((answer) => this.start(answer, limit, block.window));
  }

  #acknowledged(block: GeneralBlockTransfer): Uint8Array[] {
    const outgoing = this.#outgoing;
    this.#expected = block.blockNumber + 1;
    if (outgoing === undefined) return [];
    const end = outgoing.first + outgoing.pieces.length - 1;
    if (block.blockNumberAck >= end) {
      this.#outgoing = undefined;
      return [];
    }
    return this.#stream(outgoing, block.blockNumberAck, block.window);
  }

  /** The window of blocks after the acknowledged one; all but the last have the streaming bit set. */
  #stream(outgoing: Outgoing, acknowledged: number, window: number): Uint8Array[] {
    const from = Math.max(0, acknowledged - outgoing.first + 1);
    const pieces = outgoing.pieces.slice(from, from + Math.max(1, window));
    return pieces.map((piece, index) => {
      const number = outgoing.first + from + index;
      this.#next = Math.max(this.#next, number + 1);
      const last = from + index === outgoing.pieces.length - 1;
      return this.#block(piece, last, index < pieces.length - 1, number);
    });
  }

  #block(data: Uint8Array, last: boolean, streaming: boolean, blockNumber: number): Uint8Array {
    return encodeApdu({
      apdu: "general-block-transfer",
      last,
      streaming,
      window: this.#window,
      blockNumber,
      blockNumberAck: this.#expected - 1,
      data,
    });
  }
}
