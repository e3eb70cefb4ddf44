/** Finds the APDUs in a field that a link has delivered. */
import { BlockCollector, type SplitApdus, splitApdus } from "../../apdu";
import { droppedError, seriesLimits } from "./limits";
import { noNotes, type PushLink, type UnitSink } from "./unit";

/** The APDUs of a complete field from a link: several in one field, or one as general blocks. */
export class FieldApdus {
  readonly #blocks = new BlockCollector(seriesLimits);

  get unfinished(): number {
    return this.#blocks.unfinished;
  }

  get bytes(): number {
    return this.#blocks.bytes;
  }

  add(field: Uint8Array, sender: () => string, link: PushLink, now: number | undefined, sink: UnitSink): void {
    if (field.length > 0) this.addPieces(splitApdus(field), sender, link, now, sink);
  }

  /**
   * Adds the APDUs of a field that is split already.
   * @param sender name of the sender; asked for blocks only
   */
  addPieces(
    { pieces, rest }: SplitApdus,
    sender: () => string,
    link: PushLink,
    now: number | undefined,
    sink: UnitSink,
  ): void {
    for (const { apdu, bytes } of pieces) {
      if (apdu.apdu !== "general-block-transfer") {
        sink.units.push({ kind: "apdu", apdu: bytes, parsed: apdu, link, notes: noNotes });
        continue;
      }
      const whole = this.#blocks.add(sender(), apdu, now);
      if (whole === undefined) continue;
      sink.units.push({ kind: "apdu", apdu: whole.apdu, link: { ...link, frames: whole.blocks }, notes: noNotes });
    }
    // A body that is not A-XDR (untyped attribute descriptors) counts as a unit, because the decoder supports such
    // bodies.
    if (rest.length > 0) sink.units.push({ kind: "apdu", apdu: rest, link, notes: noNotes });
  }

  expire(now: number | undefined): void {
    this.#blocks.expire(now);
  }

  end(why: string): void {
    this.#blocks.end(why);
  }

  report(sink: UnitSink): void {
    for (const dropped of this.#blocks.takeDropped()) sink.problems.push(droppedError("general blocks", dropped));
  }
}
