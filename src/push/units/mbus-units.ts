/** Joins the transport segments of wired M-Bus into APDUs. */
import { toHex } from "../../bytes";
import { isMbusSegment, MbusFramer, MbusTransport, type ReceivedMbusFrame } from "../../link";
import { FieldApdus } from "./field-apdus";
import type { FramedFraming } from "./framed-units";
import { droppedError, seriesLimits } from "./limits";
import type { UnitSink } from "./unit";

/** Wired M-Bus: APDUs in transport segments. Other frames of the line are passed over. */
export class MbusUnits implements FramedFraming<ReceivedMbusFrame> {
  readonly framing = "mbus";
  readonly frameName = "an M-Bus frame";
  readonly framer = new MbusFramer();
  readonly #transport = new MbusTransport(seriesLimits);
  readonly #fields = new FieldApdus();
  #bytes = 0;

  get begun(): boolean {
    return this.#transport.unfinished > 0 || this.#fields.unfinished > 0;
  }

  get unfinishedBytes(): number {
    return this.#transport.bytes + this.#fields.bytes;
  }

  take({ frame, raw }: ReceivedMbusFrame, now: number | undefined, sink: UnitSink): void {
    if (!isMbusSegment(frame)) return;
    this.#bytes += raw.length;
    const whole = this.#transport.add(frame, now);
    if (whole === undefined) {
      if (this.#transport.unfinished === 0) this.#bytes = 0;
      return;
    }
    const source = toHex(Uint8Array.of(whole.source));
    const destination = toHex(Uint8Array.of(whole.destination));
    const link = { framing: "mbus", source, destination, frames: whole.frames, bytes: this.#bytes } as const;
    this.#bytes = 0;
    this.#fields.add(whole.apdu, () => `M-Bus address ${source} to ${destination}`, link, now, sink);
  }

  expire(now: number): void {
    this.#transport.expire(now);
    this.#fields.expire(now);
  }

  end(why: string): void {
    this.#transport.end(why);
    this.#fields.end(why);
  }

  report(sink: UnitSink): void {
    for (const dropped of this.#transport.takeDropped()) sink.problems.push(droppedError("segments", dropped));
    this.#fields.report(sink);
  }
}
