/** Cuts wrapper PDUs out of a stream. */
import { apduName, type SplitApdus, splitApdus } from "../../apdu";
import { DlmsPushError } from "../../errors";
import { decodeWrapperHeader, headerError, wrapperHeaderLength } from "../../link";
import type { BufferedFraming } from "./buffered-units";
import { FieldApdus } from "./field-apdus";
import { cutError, maxPushBytes } from "./limits";
import { SeenHeads } from "./seen-heads";
import { StreamBuffer } from "./stream-buffer";
import type { UnitSink } from "./unit";

/** Version, source and destination. */
const headBytes = 6;
/** Tags that a meter may push under. */
const pushedTags = new Set([0x0f, 0x18, 0x38, 0x58, 0xc2, 0xca, 0xd2, 0xdb, 0xdc, 0xdd, 0xdf, 0xe0]);

/** Tags of ciphered APDUs and of blocks, whose length is the only thing that can be checked. */
const opaqueTags = new Set([0x38, 0x58, 0xca, 0xd2, 0xdb, 0xdc, 0xdd, 0xdf, 0xe0]);

/**
 * The wrapper over TCP, UDP or a file: several WPDUs in one piece, or one in several. Bytes between WPDUs are skipped.
 */
export class WrapperUnits implements BufferedFraming {
  readonly framing = "wrapper";
  readonly buffer = new StreamBuffer(maxPushBytes + wrapperHeaderLength);
  readonly fields = new FieldApdus();
  readonly #heads = new SeenHeads(headBytes, { at: wrapperHeaderLength, among: pushedTags });
  /** skipped bytes are reported once for each gap */
  #inGap = false;

  get begun(): boolean {
    return this.fields.unfinished > 0 || this.buffer.length >= wrapperHeaderLength;
  }

  skipByte(): void {
    this.buffer.skip(1);
  }

  end(sink: UnitSink): void {
    const { length } = this.buffer;
    if (length >= wrapperHeaderLength) {
      const { length: announced } = decodeWrapperHeader(this.buffer.view);
      sink.problems.push(
        new DlmsPushError(
          "PUSH_INCOMPLETE",
          `incomplete push: the stream ended inside a wrapper PDU; its header announces ${announced} bytes, ` +
            `${length - wrapperHeaderLength} came`,
        ),
      );
    } else if (length > 0 && !this.#inGap) sink.problems.push(headerError(this.buffer.view, "the stream ended in it"));
  }

  cut(now: number | undefined, sink: UnitSink): boolean {
    const { view } = this.buffer;
    if (view.length === 0) return false;
    if (view[0] !== 0 || (view.length > 1 && view[1] !== 1)) return this.#gap(sink);
    if (view.length <= wrapperHeaderLength) return false;
    const { source, destination, length } = decodeWrapperHeader(view);
    const tag = view[wrapperHeaderLength] ?? 0;
    if (length === 0 || (!pushedTags.has(tag) && apduName(tag) === undefined)) return this.#gap(sink);
    const end = wrapperHeaderLength + length;
    this.#heads.add(view);
    if (view.length < end || opaqueTags.has(tag)) {
      const next = this.#heads.find(view, end, this.buffer.position);
      if (next !== undefined) return this.#cut(next, sink);
    }
    if (view.length < end) return false;
    const apdu = view.slice(wrapperHeaderLength, wrapperHeaderLength + length);
    const split = splitApdus(apdu);
    if (!isContent(apdu, split)) {
      const next = this.#heads.find(view, end, this.buffer.position);
      return next === undefined ? this.#gap(sink) : this.#cut(next, sink);
    }
    this.#inGap = false;
    this.buffer.skip(end);
    // APDUs other than pushes are skipped (an AARE on a monitored line)
    if (!pushedTags.has(tag)) return true;
    const bytes = end;
    const link = {
      framing: "wrapper",
      source: String(source),
      destination: String(destination),
      frames: 1,
      bytes,
    } as const;
    this.fields.addPieces(split, () => `wrapper port ${source} to ${destination}`, link, now, sink);
    return true;
  }

  /** A WPDU that was cut: the next one begins inside it. */
  #cut(next: number, sink: UnitSink): boolean {
    sink.problems.push(cutError("a wrapper PDU", next));
    this.buffer.skip(next);
    return true;
  }

  #gap(sink: UnitSink): boolean {
    const { view } = this.buffer;
    if (!this.#inGap) sink.problems.push(headerError(view.slice(0, 16), "no header of version 1 before a push"));
    this.#inGap = true;
    const next = view.indexOf(0, 1);
    this.buffer.skip(next < 0 ? view.length : next);
    return true;
  }
}

/** A header of eight bytes is weak evidence, so an APDU, or one with a body in EGD's form, must follow. */
function isContent(bytes: Uint8Array, { pieces, rest }: SplitApdus): boolean {
  if (pieces.length > 0 && rest.length === 0) return true;
  return bytes[0] === 0x0f && [6, 18].some((at) => bytes[at] === 2 && bytes[at + 1] === 2 && bytes[at + 2] === 0x16);
}
