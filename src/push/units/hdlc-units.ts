/** Joins the segments and general blocks of pushed HDLC frames into APDUs. */
import { BlockCollector, splitApdus, withoutLlc } from "../../apdu";
import { toHex, UnfinishedSeries } from "../../bytes";
import { DlmsPushError } from "../../errors";
import { encodeAddress, type HdlcFrame, HdlcFramer, type ReceivedFrame } from "../../link";
import type { FramedFraming } from "./framed-units";
import { droppedError, seriesLimits } from "./limits";
import { noNotes, type PushLink, type UnitSink } from "./unit";

/** Frames and bytes of the message that a sender has begun. */
interface Tally {
  frames: number;
  bytes: number;
}

/**
 * HDLC as meters push it: UI frames, and I frames without a connection (Kaifa); segments, general blocks with LLC bytes
 * in the first block only, and several APDUs in one information field.
 */
export class HdlcUnits implements FramedFraming<ReceivedFrame> {
  readonly framing = "hdlc";
  readonly frameName = "an HDLC frame";
  readonly framer = new HdlcFramer();
  readonly #segments = new UnfinishedSeries(seriesLimits);
  readonly #blocks = new BlockCollector(seriesLimits);
  readonly #tallies = new Map<string, Tally>();

  get begun(): boolean {
    return this.framer.inFrame || this.#segments.size > 0 || this.#blocks.unfinished > 0;
  }

  get unfinishedBytes(): number {
    return this.#segments.bytes + this.#blocks.bytes;
  }

  take({ frame, raw }: ReceivedFrame, now: number | undefined, sink: UnitSink): void {
    const { type } = frame.control;
    if (type === "UI" || type === "I") this.#frame(frame, raw.length + 2, now, sink);
  }

  expire(now: number): void {
    this.#segments.expire(now);
    this.#blocks.expire(now);
  }

  end(why: string): void {
    this.#segments.dropAll(why);
    this.#blocks.end(why);
  }

  #frame(frame: HdlcFrame, length: number, now: number | undefined, sink: UnitSink): void {
    const source = toHex(encodeAddress(frame.source));
    const destination = toHex(encodeAddress(frame.destination));
    const sender = `HDLC address ${source} to ${destination}`;
    const segments = this.#segments;
    // Only the first segment of a message has LLC bytes, so the last segments of the previous message were lost.
    if (segments.next(sender) !== undefined && withoutLlc(frame.info) !== frame.info) {
      segments.drop(sender, "the next message began");
      this.#tallies.delete(sender);
    }
    const tally = this.#tally(sender, length);
    if (segments.next(sender) === undefined) {
      if (frame.segmented) {
        segments.begin(sender, frame.info, 0, now);
        return;
      }
    } else if (!segments.append(sender, frame.info, 0) || frame.segmented) return;
    const frames = Math.max(1, segments.pieces(sender));
    const info = segments.take(sender) ?? frame.info;
    const link = { framing: "hdlc", source, destination, frames, bytes: tally.bytes } as const;
    this.#field(info, sender, link, now, sink);
  }

  #field(info: Uint8Array, sender: string, link: PushLink, now: number | undefined, sink: UnitSink): void {
    if (info.length === 0) return;
    const { pieces, rest, error } = splitApdus(info);
    const isWhole = pieces.length > 0 && rest.length === 0;
    if (!isWhole && link.frames > 1) {
      this.#tallies.delete(sender);
      sink.problems.push(holeError(sender, link.frames, info.length, error));
      return;
    }
    const { bytes } = link;
    for (const { apdu, bytes: piece } of pieces) {
      if (apdu.apdu !== "general-block-transfer") {
        sink.units.push({ kind: "apdu", apdu: piece, parsed: apdu, link, notes: noNotes });
        continue;
      }
      const frames = this.#tallies.get(sender)?.frames ?? link.frames;
      const whole = this.#blocks.add(sender, apdu, now);
      if (whole !== undefined) {
        sink.units.push({ kind: "apdu", apdu: whole.apdu, link: { ...link, frames, bytes }, notes: noNotes });
        this.#tallies.delete(sender);
      } else if (apdu.last) this.#tallies.delete(sender);
    }
    if (!pieces.some(({ apdu }) => apdu.apdu === "general-block-transfer")) this.#tallies.delete(sender);
    // A body that is not A-XDR (untyped attribute descriptors) counts as a unit, because the decoder supports such
    // bodies.
    if (rest.length > 0) sink.units.push({ kind: "apdu", apdu: rest, link, notes: noNotes });
  }

  #tally(sender: string, length: number): Tally {
    let tally = this.#tallies.get(sender);
    if (tally === undefined) {
      const [oldest] = this.#tallies.keys();
      if (oldest !== undefined && this.#tallies.size >= 4 * seriesLimits.maxOpen) this.#tallies.delete(oldest);
      tally = { frames: 0, bytes: 0 };
      this.#tallies.set(sender, tally);
    }
    tally.frames++;
    tally.bytes += length;
    return tally;
  }

  report(sink: UnitSink): void {
    for (const dropped of this.#segments.takeDropped()) sink.problems.push(droppedError("segments", dropped));
    for (const dropped of this.#blocks.takeDropped()) sink.problems.push(droppedError("general blocks", dropped));
  }
}

function holeError(sender: string, frames: number, length: number, cause: unknown): DlmsPushError {
  return new DlmsPushError(
    "PUSH_INCOMPLETE",
    `incomplete push from ${sender}: a segment is missing, because the APDU does not end where its data says; ` +
      `${frames} segments with ${length} bytes were dropped`,
    { details: { sender, pieces: frames, bytes: length }, cause },
  );
}
