/** Joins pushes that arrive in segmented UI frames. */
import { addressText } from "./address";
import { Assembler } from "./assembler";
import type { HdlcFrame } from "./frame";

/**
 * Maximum number of stations on a bus whose pushes are reassembled at the same time; beyond it the oldest is discarded.
 */
const maxSenders = 8;

/** Puts the segments of UI frames together, those of each sender and receiver for themselves. */
export class PushAssembler {
  readonly #max: number;
  readonly #unfinished = new Map<string, Assembler>();

  constructor(max: number) {
    this.#max = max;
  }

  reset(): void {
    this.#unfinished.clear();
  }

  /**
   * Adds a UI frame; returns the APDU when it is complete.
   * @throws DlmsLinkError LINK_FRAME_INVALID for a wrong LLC or too long an APDU
   */
  add({ source, destination, info, segmented }: HdlcFrame): Uint8Array | undefined {
    const between = `${addressText(source)} ${destination.logical}`;
    const assembler = this.#unfinished.get(between) ?? new Assembler(this.#max, true);
    this.#unfinished.delete(between);
    if (segmented) {
      const [oldest] = this.#unfinished.keys();
      if (oldest !== undefined && this.#unfinished.size >= maxSenders) this.#unfinished.delete(oldest);
      this.#unfinished.set(between, assembler);
    }
    return assembler.add(info, segmented);
  }
}
