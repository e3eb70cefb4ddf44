/** The transfer phase of an HDLC link: windows of I frames out, segments in, RR polling, repetition. */
import type { DlmsError } from "../../errors";
import { isPush } from "../apdu-kind";
import type { LinkOutput, LinkSendOptions } from "../link";
import { maxTransferMs, paceText } from "../pace";
import { prefix } from "../request-prefix";
import { Assembler, withRequestLlc } from "./assembler";
import { gone, rejected, sequenceError, tooSlow } from "./failures";
import { type HdlcControl, type HdlcFrame, controlText } from "./frame";
import { type HdlcFrameLine, attempt } from "./frame-line";
import { SegmentHistory } from "./segment-history";
import { SendWindow } from "./send-window";

/** Interval between polls of a meter that is not ready: doubles from the first value to the last, in ms. */
const minPauseMs = 50;
const maxPauseMs = 1000;

type IFrame = HdlcFrame & { readonly control: Extract<HdlcControl, { type: "I" }> };
type SFrame = HdlcFrame & { readonly control: Extract<HdlcControl, { type: "RR" | "RNR" | "REJ" }> };

/**
 * One session of an HDLC link, from its UA to its end: both sides count from 0. The poll bit passes the turn to the
 * meter, the final bit returns it.
 */
export class HdlcTransfer {
  readonly #line: HdlcFrameLine;
  /** The link is down because of this. */
  readonly #fail: (error: DlmsError, outputs: LinkOutput[]) => void;
  readonly #window = new SendWindow();
  readonly #answer: Assembler;
  readonly #segments = new SegmentHistory();
  #expected = 0;
  #awaiting = false;
  #request = "";
  /** the poll bit was sent, the final bit has not been received */
  #meterHasTurn = false;
  /** an answer was complete without the final bit, which may still arrive */
  #finalDue = false;
  /** the meter was seen to leave out the final bit of its last frame */
  #finalMissing = false;
  #peerBusy = false;
  /** retries since the last progress */
  #attempts = 0;
  /** time at which the client gives up a meter that is present but not ready */
  #notReadyDue: number | undefined;
  #pause = minPauseMs;
  #lastBurst = 0;
  /** start of the current answer, and the number of its bytes received so far */
  #since = 0;
  #content = 0;

  constructor(line: HdlcFrameLine, fail: (error: DlmsError, outputs: LinkOutput[]) => void) {
    this.#line = line;
    this.#fail = fail;
    this.#answer = new Assembler(line.settings.maxApdu);
  }

  get awaiting(): boolean {
    return this.#awaiting;
  }

  send(apdu: Uint8Array, now: number, options: LinkSendOptions): LinkOutput[] {
    const outputs: LinkOutput[] = [];
    if (!this.#awaiting && this.#window.empty) this.#beginExchange(options.request ?? "", now);
    this.#awaiting ||= options.expectAnswer !== false;
    this.#window.add(withRequestLlc(apdu), this.#line.parameters.maxInfoTransmit);
    // Half duplex: during the meter's turn, segments to be sent wait for the final bit, or for its time-out.
    if (!this.#meterHasTurn) this.#ourTurn(now, false, outputs);
    return outputs;
  }

  await(now: number, options: LinkSendOptions): LinkOutput[] {
    const outputs: LinkOutput[] = [];
    this.#beginExchange(options.request ?? this.#request, now);
    this.#awaiting = true;
    if (this.#meterHasTurn) this.#line.awaitReply(now, 0);
    else this.#ourTurn(now, true, outputs);
    return outputs;
  }

  /** Rests until the keep-alive, because nothing is to be sent or awaited. */
  rest(now: number): void {
    const { keepAlive } = this.#line.settings;
    if (keepAlive > 0) this.#line.pause("idle", now + keepAlive);
    else this.#line.rest();
  }

  /** Continues after a pause, or sends the keep-alive that is due. */
  resume(kind: "pause" | "idle", now: number, outputs: LinkOutput[]): void {
    if (kind === "idle") this.#beginExchange("keep-alive", now);
    this.#poll(now, outputs);
  }

  onFrame(frame: HdlcFrame, now: number, outputs: LinkOutput[]): void {
    switch (frame.control.type) {
      case "I":
        this.#onInformation(frame as IFrame, now, outputs);
        return;
      case "RR":
      case "RNR":
      case "REJ":
        this.#onSupervisory(frame as SFrame, now, outputs);
        return;
      case "DM":
      case "DISC":
        this.#fail(gone(this.#line.settings.name, this.#request, frame.control.type), outputs);
        return;
      case "FRMR":
        this.#fail(rejected(this.#line.settings.name, this.#request, frame.info), outputs);
        return;
      default:
        this.#line.ignore(frame, outputs);
    }
  }

  #onInformation(frame: IFrame, now: number, outputs: LinkOutput[]): void {
    if (frame.control.sendSequence !== this.#expected) {
      this.#onOutOfSequence(frame, now, outputs);
      return;
    }
    if (!this.#acknowledge(frame, now, outputs)) return;
    // complete answers are distinguished by their invoke-ids
    if (this.#answer.length > 0 && this.#segments.isDoubtful(this.#expected, frame.info)) {
      this.#line.note(`${controlText(frame.control)} equals an earlier segment and is requested again`, outputs);
      if (frame.control.pollFinal && this.#meterHasTurn) this.#repeat(now, outputs);
      return;
    }
    this.#segments.taken(this.#expected, frame.info);
    this.#expected = (this.#expected + 1) & 7;
    this.#line.evidence.sequence = undefined;
    let apdu: Uint8Array | undefined;
    const error = attempt(() => {
      apdu = this.#answer.add(frame.info, frame.segmented);
    });
    if (error) {
      this.#fail(error, outputs);
      return;
    }
    const push = apdu === undefined ? this.#answer.isPush : isPush(apdu);
    if (!push) this.#moved(now);
    if (!this.#keepsPace(push ? 0 : frame.info.length, now, outputs)) return;
    if (frame.control.pollFinal || (apdu && this.#finalMissing)) this.#meterHasTurn = false;
    if (apdu && !this.#deliver(apdu, outputs)) return;
    if (!this.#meterHasTurn) this.#ourTurn(now, frame.info.length > 0 && !push, outputs);
    else if (apdu && !this.#awaiting) {
      this.#finalDue = true;
      this.#line.awaitReply(now, 0, this.#line.settings.interFrame);
    }
  }

  /** Whether the segments bring enough; false when they did not and the link failed. */
  #keepsPace(length: number, now: number, outputs: LinkOutput[]): boolean {
    this.#content += length;
    const taken = now - this.#since;
    if (!this.#awaiting || taken <= maxTransferMs(this.#content, this.#line.settings.timeouts.response)) return true;
    this.#fail(
      tooSlow(this.#line.settings.name, this.#request, paceText(this.#content, taken), this.#content),
      outputs,
    );
    return false;
  }

  #onOutOfSequence(frame: IFrame, now: number, outputs: LinkOutput[]): void {
    const { sendSequence, pollFinal } = frame.control;
    const window = this.#line.parameters.windowReceive;
    const lag = (this.#expected - sendSequence) & 7;
    const ahead = (sendSequence - this.#expected) & 7;
    if (lag <= window && (ahead >= window || lag <= ahead)) {
      this.#line.note(`a late duplicate was dropped (${controlText(frame.control)})`, outputs);
      return;
    }
    this.#line.note(`a frame is missing: expected N(S) ${this.#expected}, got ${controlText(frame.control)}`, outputs);
    if (!this.#acknowledge(frame, now, outputs)) return;
    this.#line.evidence.sequence = `it sent N(S) ${sendSequence} where ${this.#expected} was due`;
    if (pollFinal && this.#meterHasTurn) this.#repeat(now, outputs);
  }

  /** Delivers a complete APDU; false if that ended the link. */
  #deliver(apdu: Uint8Array, outputs: LinkOutput[]): boolean {
    if (isPush(apdu)) {
      const parts = this.#line.settings.partPushes?.(apdu);
      outputs.push({ kind: "notification", apdu: parts?.pushes ?? apdu });
      return parts === undefined || this.#deliver(parts.answer, outputs);
    }
    if (this.#awaiting) {
      if (!this.#window.empty) {
        const problem = "it answered before it had acknowledged the whole request";
        this.#fail(sequenceError(this.#line.settings.name, this.#request, problem), outputs);
        return false;
      }
      this.#awaiting = false;
      outputs.push({ kind: "apdu", apdu });
    } else outputs.push({ kind: "notification", apdu });
    return true;
  }

  #onSupervisory(frame: SFrame, now: number, outputs: LinkOutput[]): void {
    const { type, pollFinal } = frame.control;
    const before = this.#window.outstanding;
    if (!this.#acknowledge(frame, now, outputs)) return;
    this.#peerBusy = type === "RNR";
    if (!pollFinal && type !== "REJ") return;
    if (!this.#meterHasTurn) {
      this.#line.note(`${controlText(frame.control)} out of turn was dropped`, outputs);
      return;
    }
    if (this.#window.outstanding > 0) {
      // A meter ignores a single frame that it did not accept, so this RR answers an older poll.
      if (type === "RR" && before === 1 && this.#lastBurst === 1) {
        this.#line.note(`${controlText(frame.control)} does not acknowledge the last frame and was dropped`, outputs);
        return;
      }
      this.#repeat(now, outputs);
      return;
    }
    if (before === 0) this.#line.evidence.notReady++;
    this.#meterHasTurn = false;
    this.#ourTurn(now, false, outputs);
  }

  /** Whether the frame's N(R) is possible; progress if it acknowledges something. */
  #acknowledge(frame: IFrame | SFrame, now: number, outputs: LinkOutput[]): boolean {
    const count = this.#window.acknowledge(frame.control.receiveSequence);
    if (count === undefined) {
      this.#line.evidence.sequence = `it sent an impossible N(R) (${controlText(frame.control)})`;
      this.#line.note(`${controlText(frame.control)} acknowledges frames that were never sent; dropped`, outputs);
      return false;
    }
    if (count > 0) this.#moved(now);
    return true;
  }

  /** The exchange has made progress. Pushes do not count, because a meter may send any number of them. */
  #moved(now: number): void {
    this.#attempts = 0;
    this.#ready();
    this.#line.progress(now);
  }

  /** The meter lacks frames of ours, or we lack one of its: sends or polls again, within the retry limit. */
  #repeat(now: number, outputs: LinkOutput[]): void {
    this.#meterHasTurn = false;
    if (this.#segments.askAgain() || this.#tryAgain(outputs)) this.#ourTurn(now, true, outputs);
  }

  /** Counts a retry; false if it exceeded the limit and the link failed. */
  #tryAgain(outputs: LinkOutput[]): boolean {
    this.#attempts++;
    if (this.#attempts <= this.#line.settings.retries) return true;
    this.#fail(this.#exhausted(this.#attempts), outputs);
    return false;
  }

  /** The meter works on our request. */
  #ready(): void {
    this.#notReadyDue = undefined;
    this.#pause = minPauseMs;
  }

  /** We may send: segments, or a poll when an answer is awaited. `atOnce`: the poll needs no pause before it. */
  #ourTurn(now: number, atOnce: boolean, outputs: LinkOutput[]): void {
    // Sends unacknowledged segments again, with their N(S).
    this.#window.rewind();
    if (this.#window.empty && !this.#awaiting) this.rest(now);
    else if (this.#peerBusy || (this.#window.empty && !atOnce)) this.#pollLater(now, outputs);
    else if (this.#window.empty) this.#poll(now, outputs);
    else this.#sendWindow(now, outputs);
  }

  #sendWindow(now: number, outputs: LinkOutput[]): void {
    this.#beginTurn();
    const segments = this.#window.take(this.#line.parameters.windowTransmit);
    let length = 0;
    segments.forEach(({ info, segmented, sendSequence }, i) => {
      const pollFinal = i === segments.length - 1;
      const control = { type: "I", sendSequence, receiveSequence: this.#expected, pollFinal } as const;
      length += this.#line.transmit(control, outputs, info, segmented);
    });
    this.#lastBurst = segments.length;
    this.#line.awaitReply(now, length);
  }

  #poll(now: number, outputs: LinkOutput[]): void {
    this.#beginTurn();
    this.#lastBurst = 0;
    const control = { type: "RR", receiveSequence: this.#expected, pollFinal: true } as const;
    this.#line.awaitReply(now, this.#line.transmit(control, outputs));
  }

  #beginTurn(): void {
    this.#line.beginTurn();
    this.#meterHasTurn = true;
    this.#finalDue = false;
  }

  /**
   * The meter is present but not ready: polls again after a pause, for as long as a missing answer would be tolerated.
   */
  #pollLater(now: number, outputs: LinkOutput[]): void {
    const { response } = this.#line.settings.timeouts;
    this.#notReadyDue ??= now + response * (this.#line.settings.retries + 1);
    if (now >= this.#notReadyDue) {
      this.#fail(this.#exhausted(this.#line.settings.retries + 1), outputs);
      return;
    }
    this.#line.pause("pause", Math.min(now + this.#pause, this.#notReadyDue));
    this.#pause = Math.min(2 * this.#pause, maxPauseMs);
  }

  onNoReply(now: number, outputs: LinkOutput[]): void {
    if (this.#finalDue && (!this.#awaiting || !this.#window.empty)) {
      if (!this.#finalMissing)
        this.#line.note("the final bit of an answer is missing; the client stops waiting for it", outputs);
      this.#finalMissing = true;
      this.#meterHasTurn = this.#finalDue = false;
      this.#ourTurn(now, false, outputs);
      return;
    }
    if (!this.#tryAgain(outputs)) return;
    this.#line.note(
      `${prefix(this.#request)}no answer, retry ${this.#attempts} of ${this.#line.settings.retries}`,
      outputs,
    );
    this.#narrow(outputs);
    // First poll the meter for its state; if that is not answered either, send again.
    if (this.#window.outstanding > 0 && this.#attempts % 2 === 0) {
      this.#window.rewind();
      this.#sendWindow(now, outputs);
    } else this.#poll(now, outputs);
  }

  /**
   * Some meters agree to a window but accept only one of several consecutive frames: from now on send one at a time.
   */
  #narrow(outputs: LinkOutput[]): void {
    if (this.#lastBurst < 2) return;
    this.#line.parameters = { ...this.#line.parameters, windowTransmit: 1 };
    this.#line.note("no answer to several frames of a window: one frame at a time is sent from now on", outputs);
  }

  #exhausted(tries: number): DlmsError {
    const timeout = this.#awaiting ? "TIMEOUT_RESPONSE" : "TIMEOUT_LINK";
    return this.#line.unanswered({ request: this.#request, tries, timeout, part: this.#answer.length });
  }

  #beginExchange(request: string, now: number): void {
    this.#line.beginExchange(now);
    this.#request = request;
    this.#attempts = this.#content = 0;
    this.#since = now;
    this.#ready();
  }
}
