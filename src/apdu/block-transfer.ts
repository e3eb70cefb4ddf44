/** General-Block-Transfer: reader, writer, and the collector of pushed blocks. */
import { type ByteReader, type ByteWriter, type DroppedSeries, type SeriesLimits, UnfinishedSeries } from "../bytes";
import { DlmsConfigError } from "../errors";
import { readOctets, writeOctets, writeU16 } from "./fields";
import type { GeneralBlockTransfer } from "./model";

/** Block control: bit 7 last block, bit 6 streaming, bits 0..5 window (IEC 62056-5-3 clause 7.3.13). */
export function readGeneralBlockTransfer(reader: ByteReader): GeneralBlockTransfer {
  const field = "general-block-transfer";
  const control = reader.u8(`${field}.block-control`);
  const blockNumber = reader.u16(`${field}.block-number`);
  const blockNumberAck = reader.u16(`${field}.block-number-ack`);
  return {
    apdu: "general-block-transfer",
    last: (control & 0x80) !== 0,
    streaming: (control & 0x40) !== 0,
    window: control & 0x3f,
    blockNumber,
    blockNumberAck,
    data: readOctets(reader, `${field}.block-data`),
  };
}

export function writeGeneralBlockTransfer(writer: ByteWriter, apdu: GeneralBlockTransfer): void {
  const { last, streaming, window } = apdu;
  if (!Number.isInteger(window) || window < 0 || window > 0x3f) {
    throw new DlmsConfigError("CONFIG_INVALID", `block transfer window: expected 0 to 63, got ${window}`);
  }
  writer.u8(0xe0).u8((last ? 0x80 : 0) | (streaming ? 0x40 : 0) | window);
  writeU16(writer, apdu.blockNumber, "block-number");
  writeU16(writer, apdu.blockNumberAck, "block-number-ack");
  writeOctets(writer, apdu.data);
}

export interface CollectedBlocks {
  readonly apdu: Uint8Array;
  readonly blocks: number;
}

/**
 * Joins the general blocks of pushes, separately for each sender. A push is not acknowledged, so a lost block loses the
 * message.
 */
export class BlockCollector {
  readonly #series: UnfinishedSeries;
  /** the last block of each sender, which may be received twice */
  readonly #last = new Map<string, GeneralBlockTransfer>();

  constructor(limits?: SeriesLimits) {
    this.#series = new UnfinishedSeries(limits);
  }

  get unfinished(): number {
    return this.#series.size;
  }

  /** Bytes of all unfinished messages. */
  get bytes(): number {
    return this.#series.bytes;
  }

  /** Adds a block; returns the APDU if it was the last. Block numbers begin with 1; some meters begin with 0. */
  add(sender: string, block: GeneralBlockTransfer, now?: number): CollectedBlocks | undefined {
    this.expire(now);
    const { blockNumber, data, last } = block;
    const due = this.#series.next(sender);
    if (due === undefined || blockNumber <= 1) {
      if (blockNumber > 1) {
        this.#lost(sender, `expected block 1, got block ${blockNumber}`);
        return undefined;
      }
      if (due !== undefined && this.#isRepeated(sender, block)) return undefined;
      if (due === blockNumber) this.#series.append(sender, data, blockNumber + 1);
      else this.#series.begin(sender, data, blockNumber + 1, now);
    } else if (blockNumber === due) this.#series.append(sender, data, due + 1);
    else if (this.#isRepeated(sender, block)) return undefined;
    else {
      this.#lost(sender, `expected block ${due}, got block ${blockNumber}`);
      return undefined;
    }
    return last ? this.#take(sender) : this.#remember(sender, block);
  }

  expire(now: number | undefined): void {
    this.#series.expire(now);
    this.#forget();
  }

  /** The stream has ended: drops the unfinished series. */
  end(why: string): void {
    this.#series.dropAll(why);
    this.#last.clear();
  }

  takeDropped(): readonly DroppedSeries[] {
    return this.#series.takeDropped();
  }

  #take(sender: string): CollectedBlocks | undefined {
    const blocks = this.#series.pieces(sender);
    this.#last.delete(sender);
    const apdu = this.#series.take(sender);
    return apdu === undefined ? undefined : { apdu, blocks };
  }

  #remember(sender: string, block: GeneralBlockTransfer): undefined {
    this.#last.set(sender, block);
    this.#forget();
    return undefined;
  }

  /** Drops the last blocks of complete messages. */
  #forget(): void {
    for (const sender of this.#last.keys()) if (this.#series.next(sender) === undefined) this.#last.delete(sender);
  }

  #isRepeated(sender: string, { blockNumber, data }: GeneralBlockTransfer): boolean {
    const last = this.#last.get(sender);
    return (
      last?.blockNumber === blockNumber &&
      last.data.length === data.length &&
      last.data.every((byte, i) => byte === data[i])
    );
  }

  /** Drops the message of this sender, so that its loss is reported; also one without a known series. */
  #lost(sender: string, why: string): void {
    this.#last.delete(sender);
    if (this.#series.next(sender) === undefined) this.#series.begin(sender, new Uint8Array(0), 0, undefined);
    this.#series.drop(sender, why);
  }
}
