/** Reads a stream whose frames have no check sequence: buffers bytes until a unit is complete. */
import type { FieldApdus } from "./field-apdus";
import { maxSilenceMs } from "./limits";
import type { StreamBuffer } from "./stream-buffer";
import type { PushFraming, UnitReader, UnitSink } from "./unit";

/** The part that differs between framings: where a unit begins and ends. */
export interface BufferedFraming {
  readonly framing: PushFraming;
  readonly buffer: StreamBuffer;
  /** APDUs of the units; absent if the units are not APDUs */
  readonly fields?: FieldApdus;
  readonly begun: boolean;
  /** Cuts one unit, or skips bytes, at the start of the buffer; false if more bytes are needed. */
  cut(now: number | undefined, sink: UnitSink): boolean;
  /** Called if the next bytes come after a silence, and nothing before them is unfinished. */
  afterSilence?(): void;
  /** Called before a last attempt: the framing measures the unit again that it has not measured after each piece. */
  measureAgain?(): void;
  /** Skips the first byte: the unit that began there was not complete in time. */
  skipByte(): void;
  /** Ends the stream and reports an incomplete unit. */
  end(sink: UnitSink): void;
}

export class BufferedUnits implements UnitReader {
  readonly #of: BufferedFraming;
  #lastByte: number | undefined;

  constructor(framing: BufferedFraming) {
    this.#of = framing;
  }

  get framing(): PushFraming {
    return this.#of.framing;
  }

  get begun(): boolean {
    return this.#of.begun;
  }

  get unfinishedBytes(): number {
    return this.#of.buffer.length + (this.#of.fields?.bytes ?? 0);
  }

  add(bytes: Uint8Array, now: number | undefined, sink: UnitSink): void {
    this.#expire(now, sink);
    const isSilent = now !== undefined && this.#lastByte !== undefined && now - this.#lastByte > maxSilenceMs;
    if (isSilent && this.#of.buffer.length === 0) this.#of.afterSilence?.();
    this.#lastByte = now;
    this.#of.buffer.add(bytes, now);
    this.#cut(now, sink);
    this.#of.fields?.report(sink);
  }

  #cut(now: number | undefined, sink: UnitSink): void {
    while (this.#of.buffer.length > 0 && this.#of.cut(now, sink));
  }

  tick(now: number | undefined, sink: UnitSink): void {
    this.#expire(now, sink);
    this.#cutLast(now, sink);
    this.#of.fields?.report(sink);
  }

  #cutLast(now: number | undefined, sink: UnitSink): void {
    if (this.#of.measureAgain === undefined) return;
    this.#of.measureAgain();
    this.#cut(now, sink);
  }

  #expire(now: number | undefined, sink: UnitSink): void {
    if (this.#of.buffer.isStale(now)) {
      this.#of.skipByte();
      this.#cut(now, sink);
    }
    this.#of.fields?.expire(now);
    this.#of.fields?.report(sink);
  }

  end(sink: UnitSink): void {
    this.#cutLast(undefined, sink);
    this.#of.end(sink);
    this.#of.fields?.end("the stream ended");
    this.#of.fields?.report(sink);
  }
}
