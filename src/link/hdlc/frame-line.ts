/**
 * HDLC frames between a client and one station: sends and receives frames, drops echoes and frames of other stations,
 * and keeps the waits between frames.
 */
import { bytesEqual } from "../../bytes";
import type { CodesOf, DlmsError } from "../../errors";
import { isDlmsError } from "../../errors";
import { type LinkOutput, noOutputs, type PushAddress, type PushMatch } from "../link";
import { addressMatches } from "./address";
import { Evidence } from "./evidence";
import { flag, type HdlcControl, type HdlcFrame, controlText, encodeHdlcFrame } from "./frame";
import { HdlcFramer, type ReceivedFrame } from "./framer";
import { type HdlcSettings, frameTime, transmissionTime } from "./options";
import { type HdlcParameters, defaultParameters } from "./parameters";
import { sevenBitFrames } from "./parity";
import { PushAssembler } from "./push-assembler";

const noInfo = new Uint8Array(0);

/** The reason for the next `tick`. */
export type HdlcWait =
  /** an answer: `first` until its first byte, `hard` as a whole */
  | { readonly kind: "reply"; readonly first: number; hard: number; due: number }
  /** a pause before polling again, or the keep-alive interval */
  | { readonly kind: "pause" | "idle"; readonly due: number };

/** The link, which interprets the frames of the meter. */
export interface FrameHandler {
  /** False while the link is closed and receives nothing. */
  readonly listening: boolean;
  onFrame(frame: HdlcFrame, now: number, outputs: LinkOutput[]): void;
}

/** An exchange that ended without an answer. */
export interface Unanswered {
  readonly request: string;
  readonly tries: number;
  readonly timeout: CodesOf<"DlmsTimeoutError">;
  /** received bytes of the incomplete answer */
  readonly part: number;
}

export class HdlcFrameLine {
  readonly settings: HdlcSettings;
  readonly evidence = new Evidence();
  /** the parameters negotiated by the meter's UA */
  parameters: HdlcParameters = defaultParameters;
  readonly #handler: FrameHandler;
  readonly #framer = new HdlcFramer();
  readonly #pushes: PushAssembler;
  #wait: HdlcWait | undefined;
  /** sent frames whose echo may arrive */
  #sent: Uint8Array[] = [];
  /** the first frame of the exchange, which an echo may repeat in the first received bytes */
  #firstSent: Uint8Array | undefined;
  /** the adapter was seen to echo */
  #echoing = false;
  /** client and server address look alike, so addresses do not identify an echo */
  readonly #lookAlike: boolean;
  #lastByte = Number.NEGATIVE_INFINITY;
  /** the unfinished frame: its number, its start, and whether it is for this client */
  readonly #unfinished = { number: 0, since: 0, ours: false };
  /** frames were received since our turn ended, and the last of them was not final */
  #inWindow = false;

  constructor(settings: HdlcSettings, handler: FrameHandler) {
    this.settings = settings;
    this.#handler = handler;
    this.#pushes = new PushAssembler(settings.maxApdu);
    this.#lookAlike = addressMatches(settings.server, settings.client);
  }

  get wait(): HdlcWait | undefined {
    return this.#wait;
  }

  get isIdle(): boolean {
    return this.#wait === undefined || this.#wait.kind === "idle";
  }

  /** Time at which the line counts as quiet if nothing more arrives. */
  get quietFrom(): number {
    return this.#lastByte + this.settings.interFrame;
  }

  receive(bytes: Uint8Array, now: number): LinkOutput[] {
    if (!this.#handler.listening) return noOutputs;
    this.#lastByte = now;
    const bad = this.#framer.badChecks;
    const frames = this.#framer.push(bytes);
    const spoilt = this.#framer.badChecks > bad;
    const outputs = frames.length > 0 || spoilt ? [] : noOutputs;
    if (spoilt) this.note("a frame with a wrong check sequence was dropped", outputs);
    this.#accept(frames, now, outputs);
    this.#bytesCame(now);
    return outputs;
  }

  /** Abandons the unfinished frame; the bytes after its first one may contain another frame. */
  flush(now: number, outputs: LinkOutput[]): void {
    this.#accept(this.#framer.flush(), now, outputs);
  }

  /** The number of bytes that the frame has on the line. */
  transmit(control: HdlcControl, outputs: LinkOutput[], info: Uint8Array = noInfo, segmented = false): number {
    const { server: destination, client: source } = this.settings;
    const bytes = encodeHdlcFrame({ destination, source, control, segmented, info });
    this.#sent.push(bytes);
    this.#firstSent ??= bytes;
    outputs.push({ kind: "transmit", bytes }, { kind: "frame", direction: "out", bytes });
    return bytes.length;
  }

  /** Starts the wait for the meter after `length` bytes were sent. */
  awaitReply(now: number, length: number, timeoutMs = this.settings.timeouts.response): void {
    const first = now + transmissionTime(length, this.settings.baudRate) + timeoutMs;
    const hard = first + frameTime(this.parameters.maxInfoReceive, this.settings.baudRate);
    this.#wait = { kind: "reply", first, hard, due: first };
    this.#inWindow = false;
  }

  /** Waits only for the time to poll again, or to send a keep-alive. */
  pause(kind: "pause" | "idle", due: number): void {
    this.#wait = { kind, due };
  }

  /** Nothing is awaited. */
  rest(): void {
    this.#wait = undefined;
  }

  /** The answer has made progress. Only progress extends the wait for the rest, so that noise cannot hold the line. */
  progress(now: number): void {
    if (this.#wait?.kind !== "reply") return;
    const { response } = this.settings.timeouts;
    this.#wait.hard = now + response + frameTime(this.parameters.maxInfoReceive, this.settings.baudRate);
  }

  /** A new transmission begins: echoes of the previous one are no longer expected. */
  beginTurn(): void {
    this.#sent = [];
  }

  /** Evidence collected from here on belongs to a new exchange. */
  beginExchange(now: number): void {
    // A frame that began long ago and never ended must not swallow the beginning of an answer.
    if (this.#framer.inFrame && now - this.#lastByte > this.settings.interFrame) this.#framer.clear();
    this.evidence.begin();
    this.#firstSent = undefined;
    this.#framer.clearReport();
  }

  /** The link is down: discards everything received, because none of it belongs to the next session. */
  clear(): void {
    this.#framer.clear();
    this.#pushes.reset();
    this.evidence.clear();
    this.#sent = [];
    this.#inWindow = false;
    this.#wait = undefined;
  }

  note(text: string, outputs: LinkOutput[]): void {
    outputs.push({ kind: "note", text: `${this.settings.name}: ${text}` });
  }

  ignore(frame: HdlcFrame, outputs: LinkOutput[]): void {
    this.note(`${controlText(frame.control)} was not expected and is ignored`, outputs);
  }

  unanswered(exchange: Unanswered): DlmsError {
    const { name, timeouts } = this.settings;
    const { report } = this.#framer;
    const sevenBits = sevenBitFrames(report.first, this.#firstSent, this.settings);
    return this.evidence.failure({ ...exchange, name, awaited: timeouts.response, report, sevenBits });
  }

  matchPush(address: PushAddress): PushMatch {
    if (!this.#handler.listening || !addressMatches(this.settings.server, address.server)) return "none";
    return address.client === this.settings.client.logical ? "exact" : "meter";
  }

  #accept(frames: readonly ReceivedFrame[], now: number, outputs: LinkOutput[]): void {
    for (const received of frames) {
      if (!this.#handler.listening) return;
      this.#onReceived(received, now, outputs);
    }
  }

  #bytesCame(now: number): void {
    const wait = this.#wait;
    if (wait?.kind !== "reply") return;
    wait.due = Math.min(this.#dueAfterBytes(now, wait.first), wait.hard);
  }

  /**
   * Only the answer extends the time-out: frames for other stations do not, and noise only for as long as a header
   * takes.
   */
  #dueAfterBytes(now: number, first: number): number {
    const { interFrame } = this.settings;
    const silence = now + interFrame;
    if (this.#inWindow) return silence;
    if (this.#framer.inFrame) return this.#isAnswer(now, first + interFrame) ? silence : first;
    return this.#framer.pending ? Math.max(first, Math.min(silence, first + interFrame)) : first;
  }

  /** Whether the unfinished frame is for us, and began in time. */
  #isAnswer(now: number, latest: number): boolean {
    const unfinished = this.#unfinished;
    if (unfinished.number !== this.#framer.begun) {
      const { client, server } = this.settings;
      const addresses = this.#framer.addresses;
      unfinished.number = this.#framer.begun;
      unfinished.since = now;
      unfinished.ours = addresses?.destination.logical === client.logical && addressMatches(server, addresses.source);
    }
    return unfinished.ours && unfinished.since <= latest;
  }

  #onReceived({ frame, raw }: ReceivedFrame, now: number, outputs: LinkOutput[]): void {
    if (this.#isEcho(frame, raw)) {
      if (!this.#echoing) this.note("the line echoes our frames; echoes are dropped", outputs);
      this.#echoing = true;
      this.evidence.echoes++;
      return;
    }
    outputs.push({ kind: "frame", direction: "in", bytes: withFlags(raw) });
    const ours = addressMatches(this.settings.server, frame.source);
    if (frame.control.type === "UI") {
      this.#onPush(frame, outputs);
      if (ours) {
        this.evidence.pushed(frame.source, frame.destination);
        return;
      }
    }
    if (!ours || frame.destination.logical !== this.settings.client.logical) {
      const between = this.evidence.other(frame.source, frame.destination);
      this.note(`a frame ${between} was dropped (${controlText(frame.control)})`, outputs);
      return;
    }
    this.evidence.own++;
    this.#inWindow = !frame.control.pollFinal;
    this.#handler.onFrame(frame, now, outputs);
  }

  /** Half-duplex converters echo the sent frames. */
  #isEcho(frame: HdlcFrame, raw: Uint8Array): boolean {
    const { client, server } = this.settings;
    if (frame.source.logical !== client.logical || frame.source.size !== 1) return false;
    if (!addressMatches(server, frame.destination)) return false;
    if (!this.#lookAlike) return true;
    const command = frame.control.type === "SNRM" || frame.control.type === "DISC";
    if (command) return true;
    const first = this.#sent[0];
    if (!this.#echoing || !first || !bytesEqual(first.subarray(1, -1), raw)) return false;
    this.#sent.shift();
    return true;
  }

  /** UI frames may arrive at any time, also for other clients (broadcast), and also in segments. */
  #onPush(frame: HdlcFrame, outputs: LinkOutput[]): void {
    const error = attempt(() => {
      const apdu = this.#pushes.add(frame);
      if (!apdu) return;
      const address = { server: frame.source, client: frame.destination.logical };
      const exact = this.matchPush(address) === "exact";
      outputs.push({ kind: "notification", apdu, ...(exact ? {} : { address }) });
    });
    if (error) this.note(`a UI frame was dropped: ${error.message}`, outputs);
  }
}

/** Runs code that may throw a link error; returns the error, if any. */
export function attempt(run: () => void): DlmsError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (isDlmsError(error)) return error;
    throw error;
  }
}

function withFlags(raw: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(raw.length + 2);
  bytes[0] = bytes[raw.length + 1] = flag;
  bytes.set(raw, 1);
  return bytes;
}
