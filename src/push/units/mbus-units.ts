import { toHex } from "../../bytes";
import { DlmsPushError } from "../../errors";
import { isMbusSegment, MbusFramer, MbusTransport, type ReceivedMbusFrame } from "../../link";
import { FieldApdus } from "./field-apdus";
import { droppedError, seriesLimits } from "./limits";
import type { UnitReader, UnitSink } from "./unit";

/** ms of silence after which a frame that has begun will not end. */
const frameSilenceMs = 2000;

/** Wired M-Bus: APDUs in transport segments. Other frames of the line are passed over. */
export class MbusUnits implements UnitReader {
  readonly framing = "mbus";
  readonly #framer = new MbusFramer();
  readonly #transport = new MbusTransport(seriesLimits);
  readonly #fields = new FieldApdus();
  #lastByte: number | undefined;
  #bytes = 0;

  get begun(): boolean {
    return this.#transport.unfinished > 0 || this.#fields.unfinished > 0;
  }

  add(bytes: Uint8Array, now: number | undefined, sink: UnitSink): void {
    this.tick(now, sink);
    this.#lastByte = now;
    this.#take(this.#framer.push(bytes), now, sink);
  }

  tick(now: number | undefined, sink: UnitSink): void {
    if (now === undefined) return;
    const silent = this.#lastByte !== undefined && now - this.#lastByte > frameSilenceMs;
    if (silent && this.#framer.pending) this.#take(this.#framer.flush(), now, sink);
    this.#transport.expire(now);
    this.#fields.expire(now);
    this.#report(sink);
  }

  end(sink: UnitSink): void {
    const cut = this.#framer.inFrame;
    const before = sink.units.length;
    this.#take(this.#framer.flush(), undefined, sink);
    if (cut && sink.units.length === before) {
      sink.problems.push(
        new DlmsPushError("PUSH_INCOMPLETE", "incomplete push: the stream ended inside an M-Bus frame"),
      );
    }
    this.#transport.end("the stream ended");
    this.#fields.end("the stream ended");
    this.#report(sink);
  }

  #take(frames: readonly ReceivedMbusFrame[], now: number | undefined, sink: UnitSink): void {
    for (const { frame, raw } of frames) {
      if (!isMbusSegment(frame)) continue;
      this.#bytes += raw.length;
      const whole = this.#transport.add(frame, now);
      if (whole === undefined) {
        if (this.#transport.unfinished === 0) this.#bytes = 0;
        continue;
      }
      const source = toHex(Uint8Array.of(whole.source));
      const destination = toHex(Uint8Array.of(whole.destination));
      const link = { framing: "mbus", source, destination, frames: whole.frames, bytes: this.#bytes } as const;
      this.#bytes = 0;
      this.#fields.add(whole.apdu, `M-Bus address ${source} to ${destination}`, link, now, sink);
    }
    this.#report(sink);
  }

  #report(sink: UnitSink): void {
    for (const dropped of this.#transport.takeDropped()) sink.problems.push(droppedError("segments", dropped));
    this.#fields.report(sink);
  }
}
