import { type DlmsError, DlmsStateError } from "../../errors";
import { isBlock, isPush, isStreamedBlock } from "../apdu-kind";
import type { LinkOutput, LinkSendOptions } from "../link";
import { longestTransfer, paceText } from "../pace";
import { Assembler, withRequestLlc } from "./assembler";
import { gone, rejected, sequenceError, tooSlow } from "./failures";
import { type HdlcControl, type HdlcFrame, controlText } from "./frame";
import type { HdlcSettings } from "./options";
import { Outbox } from "./outbox";
import { HdlcStation } from "./station";

/** Early blocks of a stream that are kept until they are awaited, and their bytes. */
const MAX_EARLY = 64;
const MAX_EARLY_BYTES = 4 * 1024 * 1024;
/** Between polls of a meter that is not ready: doubled from the first to the last, in ms. */
const minPauseMs = 50;
const maxPauseMs = 1000;

type IFrame = HdlcFrame & { readonly control: Extract<HdlcControl, { type: "I" }> };
type SFrame = HdlcFrame & { readonly control: Extract<HdlcControl, { type: "RR" | "RNR" | "REJ" }> };

/**
 * The transfer of APDUs while the link is up: windows of I frames out, segments in, RR polling, repetition. The turn
 * goes to the meter with the poll bit and comes back with the final bit.
 */
export abstract class HdlcTransfer extends HdlcStation {
  readonly #outbox = new Outbox();
  readonly #answer: Assembler;
  #expected = 0;
  protected awaiting = false;
  protected what = "request";
  /** the poll bit went out, the final bit has not come back */
  #meterHasTurn = false;
  /** an answer was complete without the final bit, which may still come */
  #finalDue = false;
  /** the meter was seen to leave out the final bit of its last frame */
  #finalMissing = false;
  #peerBusy = false;
  /** repetitions since the last progress */
  #attempts = 0;
  /** when a meter that is there, but not ready, is given up */
  #patienceDue: number | undefined;
  #pause = minPauseMs;
  #lastBurst = 0;
  /** since when the answer comes, and bytes of it that are there */
  #since = 0;
  #content = 0;
  #streaming = false;
  #early: Uint8Array[] = [];

  protected constructor(settings: HdlcSettings) {
    super(settings);
    this.#answer = new Assembler(settings.maxApdu);
  }

  protected abstract readonly up: boolean;
  /** The link is down because of this. */
  protected abstract fail(error: DlmsError, outputs: LinkOutput[]): void;

  send(apdu: Uint8Array, now: number, options: LinkSendOptions = {}): LinkOutput[] {
    this.#mustBeUp();
    const outputs: LinkOutput[] = [];
    if (!this.awaiting && this.#outbox.empty) this.beginExchange(options.what ?? "request", now);
    this.#early = [];
    this.#streaming = false;
    this.awaiting ||= options.expectAnswer !== false;
    this.#outbox.add(withRequestLlc(apdu), this.parameters.maxInfoTransmit);
    // Half duplex: while it is the meter's turn, what is to be sent waits for the final bit, or for its time-out.
    if (!this.#meterHasTurn) this.#ourTurn(now, false, outputs);
    return outputs;
  }

  await(now: number, options: LinkSendOptions = {}): LinkOutput[] {
    this.#mustBeUp();
    const early = this.#early.shift();
    if (early) return [{ kind: "apdu", apdu: early }];
    const outputs: LinkOutput[] = [];
    this.beginExchange(options.what ?? this.what, now);
    this.awaiting = true;
    if (this.#meterHasTurn) this.awaitReply(now, 0);
    else this.#ourTurn(now, true, outputs);
    return outputs;
  }

  protected onSessionFrame(frame: HdlcFrame, now: number, outputs: LinkOutput[]): void {
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
        this.fail(gone(this.settings.name, this.what, frame.control.type), outputs);
        return;
      case "FRMR":
        this.fail(rejected(this.settings.name, this.what, frame.info), outputs);
        return;
      default:
        this.ignore(frame, outputs);
    }
  }

  #onInformation(frame: IFrame, now: number, outputs: LinkOutput[]): void {
    if (frame.control.sendSequence !== this.#expected) {
      this.#onOutOfSequence(frame, now, outputs);
      return;
    }
    if (!this.#acknowledge(frame, now, outputs)) return;
    this.#expected = (this.#expected + 1) & 7;
    this.evidence.sequence = undefined;
    let apdu: Uint8Array | undefined;
    const error = this.attempt(() => {
      apdu = this.#answer.add(frame.info, frame.segmented);
    });
    if (error) {
      this.fail(error, outputs);
      return;
    }
    const push = apdu === undefined ? this.#answer.isPush : isPush(apdu);
    if (!push) this.#moved(now);
    if (!this.#keepsPace(push ? 0 : frame.info.length, now, outputs)) return;
    if (frame.control.pollFinal || (apdu && this.#finalMissing)) this.#meterHasTurn = false;
    if (apdu && !this.#deliver(apdu, outputs)) return;
    if (!this.#meterHasTurn) this.#ourTurn(now, frame.info.length > 0 && !push, outputs);
    else if (apdu && !this.awaiting) {
      this.#finalDue = true;
      this.awaitReply(now, 0, this.settings.interFrame);
    }
  }

  /** Whether the segments bring enough; false when they did not and the link failed. */
  #keepsPace(length: number, now: number, outputs: LinkOutput[]): boolean {
    this.#content += length;
    const taken = now - this.#since;
    if (!this.awaiting || taken <= longestTransfer(this.#content, this.settings.timeouts.response)) return true;
    this.fail(tooSlow(this.settings.name, this.what, paceText(this.#content, taken), this.#content), outputs);
    return false;
  }

  #onOutOfSequence(frame: IFrame, now: number, outputs: LinkOutput[]): void {
    const { sendSequence, pollFinal } = frame.control;
    const window = this.parameters.windowReceive;
    const behind = (this.#expected - sendSequence) & 7;
    const ahead = (sendSequence - this.#expected) & 7;
    if (behind <= window && (ahead >= window || behind <= ahead)) {
      this.note(`a late duplicate was dropped (${controlText(frame.control)})`, outputs);
      return;
    }
    this.note(`a frame is missing: ${controlText(frame.control)} came, N(S) ${this.#expected} was due`, outputs);
    if (!this.#acknowledge(frame, now, outputs)) return;
    this.evidence.sequence = `it sent N(S) ${sendSequence} where ${this.#expected} was due`;
    if (pollFinal && this.#meterHasTurn) this.#repeat(now, outputs);
  }

  /** Hand out a complete APDU; false when it ended the link. */
  #deliver(apdu: Uint8Array, outputs: LinkOutput[]): boolean {
    if (isPush(apdu)) outputs.push({ kind: "notification", apdu });
    else if (this.awaiting) {
      if (!this.#outbox.empty) {
        const problem = "it answered before it had acknowledged the whole request";
        this.fail(sequenceError(this.settings.name, this.what, problem), outputs);
        return false;
      }
      this.awaiting = false;
      this.#streaming = isStreamedBlock(apdu);
      outputs.push({ kind: "apdu", apdu });
    } else if (this.#streaming && isBlock(apdu) && this.#keepsEarly(apdu)) this.#early.push(apdu);
    else outputs.push({ kind: "notification", apdu });
    return true;
  }

  #keepsEarly(apdu: Uint8Array): boolean {
    if (this.#early.length >= MAX_EARLY) return false;
    return this.#early.reduce((sum, { length }) => sum + length, apdu.length) <= MAX_EARLY_BYTES;
  }

  #onSupervisory(frame: SFrame, now: number, outputs: LinkOutput[]): void {
    const { type, pollFinal } = frame.control;
    const before = this.#outbox.outstanding;
    if (!this.#acknowledge(frame, now, outputs)) return;
    this.#peerBusy = type === "RNR";
    if (!pollFinal && type !== "REJ") return;
    if (!this.#meterHasTurn) {
      this.note(`${controlText(frame.control)} out of turn was dropped`, outputs);
      return;
    }
    if (this.#outbox.outstanding > 0) {
      // A single frame that a meter did not take is met with silence, so this RR answers an older poll.
      if (type === "RR" && before === 1 && this.#lastBurst === 1) {
        this.note(`${controlText(frame.control)} does not acknowledge the last frame and was dropped`, outputs);
        return;
      }
      this.#repeat(now, outputs);
      return;
    }
    if (before === 0) this.evidence.notReady++;
    this.#meterHasTurn = false;
    this.#ourTurn(now, false, outputs);
  }

  /** Whether the frame's N(R) is possible; progress if it acknowledges something. */
  #acknowledge(frame: IFrame | SFrame, now: number, outputs: LinkOutput[]): boolean {
    const count = this.#outbox.acknowledge(frame.control.receiveSequence);
    if (count === undefined) {
      this.evidence.sequence = `it sent an impossible N(R) (${controlText(frame.control)})`;
      this.note(`${controlText(frame.control)} acknowledges what was never sent; dropped`, outputs);
      return false;
    }
    if (count > 0) this.#moved(now);
    return true;
  }

  /** The exchange came on: pushes between do not count, since a meter may have any number of them. */
  #moved(now: number): void {
    this.#attempts = 0;
    this.#ready();
    this.progress(now);
  }

  /** The meter is missing frames of ours, or we one of its: send or ask again, bounded. */
  #repeat(now: number, outputs: LinkOutput[]): void {
    this.#meterHasTurn = false;
    if (this.#tryAgain(outputs)) this.#ourTurn(now, true, outputs);
  }

  /** Count a repetition; false when it was one too many and the link failed. */
  #tryAgain(outputs: LinkOutput[]): boolean {
    this.#attempts++;
    if (this.#attempts <= this.settings.retries) return true;
    this.fail(this.exhausted(this.#attempts), outputs);
    return false;
  }

  /** The meter works on our request. */
  #ready(): void {
    this.#patienceDue = undefined;
    this.#pause = minPauseMs;
  }

  /** We may send: segments, or a poll when an answer is awaited. `atOnce`: the poll needs no pause before it. */
  #ourTurn(now: number, atOnce: boolean, outputs: LinkOutput[]): void {
    // What was sent and not acknowledged by now goes again, with its N(S).
    this.#outbox.rewind();
    if (this.#outbox.empty && !this.awaiting) this.idle(now);
    else if (this.#peerBusy || (this.#outbox.empty && !atOnce)) this.#pollLater(now, outputs);
    else if (this.#outbox.empty) this.poll(now, outputs);
    else this.#sendWindow(now, outputs);
  }

  #sendWindow(now: number, outputs: LinkOutput[]): void {
    this.#beginTurn();
    const segments = this.#outbox.take(this.parameters.windowTransmit);
    let length = 0;
    segments.forEach(({ info, segmented, sendSequence }, i) => {
      const pollFinal = i === segments.length - 1;
      const control = { type: "I", sendSequence, receiveSequence: this.#expected, pollFinal } as const;
      length += this.transmit(control, outputs, info, segmented);
    });
    this.#lastBurst = segments.length;
    this.awaitReply(now, length);
  }

  protected poll(now: number, outputs: LinkOutput[]): void {
    this.#beginTurn();
    this.#lastBurst = 0;
    const control = { type: "RR", receiveSequence: this.#expected, pollFinal: true } as const;
    this.awaitReply(now, this.transmit(control, outputs));
  }

  #beginTurn(): void {
    this.beginTurn();
    this.#meterHasTurn = true;
    this.#finalDue = false;
  }

  /** The meter is there but not ready: ask again in a while, for as long as silence would be borne too. */
  #pollLater(now: number, outputs: LinkOutput[]): void {
    const { response } = this.settings.timeouts;
    this.#patienceDue ??= now + response * (this.settings.retries + 1);
    if (now >= this.#patienceDue) {
      this.fail(this.exhausted(this.settings.retries + 1), outputs);
      return;
    }
    this.wait = { kind: "pause", due: Math.min(now + this.#pause, this.#patienceDue) };
    this.#pause = Math.min(2 * this.#pause, maxPauseMs);
  }

  protected idle(now: number): void {
    const { keepAlive } = this.settings;
    this.wait = keepAlive > 0 ? { kind: "idle", due: now + keepAlive } : undefined;
  }

  protected noReplyInSession(now: number, outputs: LinkOutput[]): void {
    if (this.#finalDue && (!this.awaiting || !this.#outbox.empty)) {
      if (!this.#finalMissing) this.note("the final bit of an answer is missing; not awaited any longer", outputs);
      this.#finalMissing = true;
      this.#meterHasTurn = this.#finalDue = false;
      this.#ourTurn(now, false, outputs);
      return;
    }
    if (!this.#tryAgain(outputs)) return;
    this.note(`${this.what}: no answer, repetition ${this.#attempts} of ${this.settings.retries}`, outputs);
    // First ask where the meter stands; if that is not answered either, send again.
    if (this.#outbox.outstanding > 0 && this.#attempts % 2 === 0) {
      this.#outbox.rewind();
      this.#sendWindow(now, outputs);
    } else this.poll(now, outputs);
  }

  protected exhausted(tries: number): DlmsError {
    return this.evidence.failure({
      what: this.what,
      name: this.settings.name,
      awaited: this.settings.timeouts.response,
      tries,
      timeout: this.up && this.awaiting ? "TIMEOUT_RESPONSE" : "TIMEOUT_LINK",
      part: this.#answer.length,
      report: this.framer.report,
    });
  }

  protected beginExchange(what: string, now: number): void {
    this.dropStale(now);
    this.what = what;
    this.#attempts = this.#content = 0;
    this.#since = now;
    this.#ready();
    this.evidence.begin();
    this.framer.clearReport();
  }

  #mustBeUp(): void {
    if (!this.up) throw new DlmsStateError("STATE_CLOSED", `${this.settings.name}: the HDLC link is not open`);
  }

  protected ignore(frame: HdlcFrame, outputs: LinkOutput[]): void {
    this.note(`${controlText(frame.control)} was not expected and is ignored`, outputs);
  }

  /** Both sides count from 0 again after UA. */
  protected forget(): void {
    this.clearLine();
    this.#outbox.reset();
    this.#answer.reset();
    this.#expected = 0;
    this.#attempts = this.#lastBurst = 0;
    this.#ready();
    this.awaiting = this.#meterHasTurn = this.#finalDue = this.#finalMissing = this.#peerBusy = false;
    this.#streaming = false;
    this.#early = [];
  }
}
