/** Reads a stream of frames with check sequences; each frame carries one piece of a unit. */
import { DlmsPushError } from "../../errors";
import { maxSilenceMs } from "./limits";
import type { PushFraming, UnitReader, UnitSink } from "./unit";

/** Cuts bytes into frames, as the link layer does. */
interface Framer<Frame> {
  /** A frame has begun and is not complete. */
  readonly inFrame: boolean;
  /** Whether the buffer contains bytes that may begin a frame. */
  readonly pending: boolean;
  push(bytes: Uint8Array): readonly Frame[];
  /** Abandons the incomplete frame; returns the frames within its bytes. */
  flush(): readonly Frame[];
}

/** The part that differs between framings: how frames become units. */
export interface FramedFraming<Frame> {
  readonly framing: PushFraming;
  /** as an error names a frame: "an HDLC frame" */
  readonly frameName: string;
  readonly framer: Framer<Frame>;
  readonly begun: boolean;
  /** bytes of unfinished units */
  readonly unfinishedBytes: number;
  take(frame: Frame, now: number | undefined, sink: UnitSink): void;
  /** Drops unfinished units that have expired. */
  expire(now: number): void;
  /** Drops all unfinished units. */
  end(why: string): void;
  /** Names the units that were dropped. */
  report(sink: UnitSink): void;
}

export class FramedUnits<Frame> implements UnitReader {
  readonly #of: FramedFraming<Frame>;
  #lastByte: number | undefined;

  constructor(framing: FramedFraming<Frame>) {
    this.#of = framing;
  }

  get framing(): PushFraming {
    return this.#of.framing;
  }

  get begun(): boolean {
    return this.#of.begun;
  }

  get unfinishedBytes(): number {
    return this.#of.unfinishedBytes;
  }

  add(bytes: Uint8Array, now: number | undefined, sink: UnitSink): void {
    this.tick(now, sink);
    this.#lastByte = now;
    this.#take(this.#of.framer.push(bytes), now, sink);
  }

  tick(now: number | undefined, sink: UnitSink): void {
    if (now === undefined) return;
    const { framer } = this.#of;
    const isSilent = this.#lastByte !== undefined && now - this.#lastByte > maxSilenceMs;
    if (isSilent && framer.pending) this.#take(framer.flush(), now, sink);
    this.#of.expire(now);
    this.#of.report(sink);
  }

  end(sink: UnitSink): void {
    const { framer, frameName } = this.#of;
    const isCut = framer.inFrame;
    const before = sink.units.length;
    this.#take(framer.flush(), undefined, sink);
    if (isCut && sink.units.length === before) {
      const message = `incomplete push: the stream ended inside ${frameName}`;
      sink.problems.push(new DlmsPushError("PUSH_INCOMPLETE", message));
    }
    this.#of.end("the stream ended");
    this.#of.report(sink);
  }

  #take(frames: readonly Frame[], now: number | undefined, sink: UnitSink): void {
    for (const frame of frames) this.#of.take(frame, now, sink);
    this.#of.report(sink);
  }
}
