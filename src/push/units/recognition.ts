/** Finds the framing of a stream, and reads the stream with it. */
import { toHex } from "../../bytes";
import { DlmsPushError } from "../../errors";
import { looksLike, shownBytes } from "../../link";
import { BareUnits } from "./bare-units";
import { BufferedUnits } from "./buffered-units";
import { FramedUnits } from "./framed-units";
import { HdlcUnits } from "./hdlc-units";
import { MbusUnits } from "./mbus-units";
import { P1Units } from "./p1-units";
import { type PushFraming, sinkOf, type UnitReader, type UnitSink } from "./unit";
import { WrapperUnits } from "./wrapper-units";

/** Bytes without a unit after which the reader reports a hint. */
const minHintBytes = 2048;
const sampleBytes = 512;

/** @param isChosen the user chose the framing: weaker evidence suffices for a unit */
export function readerOf(framing: PushFraming, isChosen = true): UnitReader {
  switch (framing) {
    case "hdlc":
      return new FramedUnits(new HdlcUnits());
    case "wrapper":
      return new BufferedUnits(new WrapperUnits());
    case "mbus":
      return new FramedUnits(new MbusUnits());
    case "apdu":
      return new BufferedUnits(new BareUnits(isChosen));
    case "p1":
      return new BufferedUnits(new P1Units(isChosen));
  }
}

/** The framings in the order of their checks: the strongest first. */
const framings = ["hdlc", "mbus", "p1", "wrapper", "apdu"] as const satisfies readonly PushFraming[];

/**
 * Reads a stream of chosen or unknown framing. If it is unknown, all readers receive the bytes until one of them finds
 * a unit with a valid check; that reader handles the rest of the stream.
 */
export class StreamUnits {
  #readers: readonly UnitReader[];
  readonly #sample: number[] = [];
  #bytes = 0;
  #units = 0;
  #hinted = false;

  constructor(framing: PushFraming | "auto") {
    this.#readers = framing === "auto" ? framings.map((each) => readerOf(each, false)) : [readerOf(framing)];
  }

  /** The framing of the stream; undefined until it is recognized. */
  get framing(): PushFraming | undefined {
    const [reader, ...others] = this.#readers;
    return others.length === 0 ? reader?.framing : undefined;
  }

  get unfinishedBytes(): number {
    let sum = 0;
    for (const { unfinishedBytes } of this.#readers) sum += unfinishedBytes;
    return sum;
  }

  add(bytes: Uint8Array, now: number | undefined, sink: UnitSink): void {
    this.#bytes += bytes.length;
    if (this.#units === 0) this.#addSample(bytes);
    this.#each(sink, (reader, own) => {
      reader.add(bytes, now, own);
    });
    if (
      this.#units > 0 ||
      this.#hinted ||
      this.#bytes < minHintBytes ||
      this.#readers.some(({ begun, framing }) => begun && framing === "mbus")
    )
      return;
    this.#hinted = true;
    sink.problems.push(this.#noUnit());
  }

  tick(now: number | undefined, sink: UnitSink): void {
    this.#each(sink, (reader, own) => {
      reader.tick(now, own);
    });
  }

  end(sink: UnitSink): void {
    const before = sink.units.length + sink.problems.length;
    const isKnown = this.framing !== undefined;
    this.#each(sink, (reader, own) => {
      reader.end(own);
    });
    const isSilent = sink.units.length + sink.problems.length === before;
    if (this.#bytes > 0 && this.#units === 0 && !this.#hinted && (isSilent || !isKnown))
      sink.problems.push(this.#noUnit());
  }

  /** Keeps the first bytes, for a hint if no unit is found. */
  #addSample(bytes: Uint8Array): void {
    for (const byte of bytes.subarray(0, sampleBytes - this.#sample.length)) this.#sample.push(byte);
  }

  #each(sink: UnitSink, run: (reader: UnitReader, sink: UnitSink) => void): void {
    const [only, ...others] = this.#readers;
    if (only !== undefined && others.length === 0) {
      const before = sink.units.length;
      run(only, sink);
      this.#units += sink.units.length - before;
      return;
    }
    for (const reader of this.#readers) {
      const own = sinkOf();
      run(reader, own);
      // an HDLC frame with a valid header is stronger evidence than an apparent APDU inside it
      const isWithinFrame = reader.framing !== "hdlc" && this.#readers[0]?.framing === "hdlc" && this.#readers[0].begun;
      if (own.units.length === 0 || isWithinFrame) continue;
      this.#units += own.units.length;
      for (const unit of own.units) sink.units.push(unit);
      for (const problem of own.problems) sink.problems.push(problem);
      this.#readers = [reader];
      this.#sample.length = 0;
      return;
    }
  }

  #noUnit(): DlmsPushError {
    const first = Uint8Array.from(this.#sample.slice(0, 16));
    const hint = this.#hint(first);
    return new DlmsPushError(
      "PUSH_NO_UNIT",
      `no push in ${this.#bytes} bytes (first ${shownBytes(first)}): no frame, telegram or APDU among them is complete and right; ${hint}`,
      { details: { bytes: this.#bytes, first: toHex(first) } },
    );
  }

  #hint(first: Uint8Array): string {
    const parity = parityOf(this.#sample);
    if (parity !== undefined) {
      return `every byte has ${parity} parity, so check the serial parity: the line is probably at 7E1 or 8E1 and not as it is set`;
    }
    const wrapper = looksLike(first, "wrapper");
    if (wrapper !== "" && !wrapper.includes("set framing")) return wrapper;
    return "check framing, baud rate, parity and whether the signal is inverted, or wait for a whole push";
  }
}

/** Whether all bytes have the same parity, and are enough to exclude chance. */
function parityOf(bytes: readonly number[]): "even" | "odd" | undefined {
  if (bytes.length < 32 || new Set(bytes).size < 8) return undefined;
  const odd = bytes.filter((byte) => (byte.toString(2).replaceAll("0", "").length & 1) === 1).length;
  // flags are no evidence, because a line may send them differently
  if (odd <= bytes.length / 50) return "even";
  return odd >= bytes.length * 0.98 ? "odd" : undefined;
}
