/** Joins general blocks of unsolicited messages within a session. */
import { BlockCollector, splitApdus } from "../../apdu";

/** The APDUs of unsolicited messages, with notes on dropped ones. */
export interface UnaskedApdus {
  readonly apdus: readonly Uint8Array[];
  readonly notes: readonly string[];
}

/** Cuts unsolicited fields into APDUs and joins general blocks, because meters push both forms within a session. */
export class WholePushes {
  readonly #blocks = new BlockCollector({ maxOpen: 1 });

  add(field: Uint8Array, now: number): UnaskedApdus {
    const { pieces, rest, error } = splitApdus(field);
    const notes: string[] = [];
    const apdus = pieces.flatMap(({ apdu, bytes }) => {
      if (apdu.apdu !== "general-block-transfer") return [bytes];
      const whole = this.#blocks.add("the meter", apdu, now);
      return whole === undefined ? [] : [whole.apdu];
    });
    for (const { why } of this.#blocks.takeDropped()) notes.push(`a push in general blocks was dropped: ${why}`);
    if (error !== undefined) {
      const where = pieces.length === 0 ? "a notification" : `${rest.length} bytes after a notification`;
      notes.push(`${where} could not be read: ${error.message}`);
    }
    return { apdus, notes };
  }
}
