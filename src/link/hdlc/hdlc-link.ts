/** The HDLC link of IEC 62056-46: connecting, the transfer phase, disconnecting. */
import { type DlmsError, DlmsStateError } from "../../errors";
import { llcLength } from "./assembler";
import type { LinkOutput, LinkProtocol, LinkSendOptions, PushAddress, PushMatch } from "../link";
import { refused, rejected } from "./failures";
import type { HdlcFrame } from "./frame";
import { HdlcFrameLine } from "./frame-line";
import { type HdlcLinkOptions, type HdlcSettings, resolveHdlcOptions } from "./options";
import { decodeParameters, defaultParameters, encodeParameters, negotiate } from "./parameters";
import { HdlcTransfer } from "./transfer";

/** Wait for the answer to a DISC, in ms; short because a missing answer is acceptable. */
const maxDiscWaitMs = 1500;

/** The SNRMs of one `open`. */
interface Connecting {
  readonly connects: number;
  /** send the SNRM without parameters, because some meters refuse one with parameters */
  readonly withoutParameters: boolean;
  readonly refusedWithoutParameters: boolean;
}

type State =
  | { readonly phase: "closed" }
  /** DISC sent to end a session that the meter may believe is open; SNRM follows */
  | ({ readonly phase: "clearing" } & Connecting)
  /** DISC was not answered, and bytes still arrive: SNRM follows when the line is quiet, or at `until` */
  | ({ readonly phase: "settling"; readonly until: number } & Connecting)
  /** SNRM sent */
  | ({ readonly phase: "connecting" } & Connecting)
  | { readonly phase: "transfer"; readonly transfer: HdlcTransfer }
  /** DISC sent because of `close` */
  | { readonly phase: "closing" };

const closed: State = { phase: "closed" };
const closing: State = { phase: "closing" };

/**
 * The HDLC link of IEC 62056-46 (normal response mode, the client being the primary station).
 * @throws DlmsConfigError CONFIG_INVALID for options outside their ranges
 */
export function hdlcLink(options: HdlcLinkOptions): HdlcLink {
  return new HdlcLink(resolveHdlcOptions(options));
}

export class HdlcLink implements LinkProtocol {
  readonly kind = "hdlc";
  readonly #settings: HdlcSettings;
  readonly #line: HdlcFrameLine;
  #state: State = closed;
  /** The meter may believe that a session of ours is still open. */
  #unsure = false;

  constructor(settings: HdlcSettings) {
    this.#settings = settings;
    this.#line = new HdlcFrameLine(settings, this);
  }

  get state(): LinkProtocol["state"] {
    switch (this.#state.phase) {
      case "clearing":
      case "settling":
      case "connecting":
        return "opening";
      case "transfer":
        return this.#state.transfer.awaiting ? "busy" : "open";
      default:
        return this.#state.phase;
    }
  }

  get deadline(): number | undefined {
    return this.#line.wait?.due;
  }

  get isIdle(): boolean {
    return this.#line.isIdle;
  }

  get bytesPerTurn(): number {
    const { maxInfoTransmit, windowTransmit } = this.#line.parameters;
    return maxInfoTransmit * windowTransmit - llcLength;
  }

  /** The parameters negotiated between both stations, from the client's view. */
  get negotiated(): HdlcSettings["proposal"] {
    return this.#line.parameters;
  }

  /** For the frame line: whether the link accepts bytes. */
  get listening(): boolean {
    return this.#state.phase !== "closed";
  }

  open(now: number): LinkOutput[] {
    if (this.#state.phase !== "closed") {
      throw new DlmsStateError("STATE_BUSY", `${this.#settings.name}: the link is not closed`);
    }
    const outputs: LinkOutput[] = [];
    this.#line.clear();
    this.#line.parameters = defaultParameters;
    this.#line.beginExchange(now);
    const first: Connecting = { connects: 0, withoutParameters: false, refusedWithoutParameters: false };
    if (this.#settings.skipSetUp) this.#begin(now, outputs);
    else if (this.#unsure || this.#settings.discFirst) this.#clear(first, now, outputs);
    else this.#connect(first, now, outputs);
    return outputs;
  }

  send(apdu: Uint8Array, now: number, options: LinkSendOptions = {}): LinkOutput[] {
    return this.#transfer().send(apdu, now, options);
  }

  await(now: number, options: LinkSendOptions = {}): LinkOutput[] {
    return this.#transfer().await(now, options);
  }

  close(now: number): LinkOutput[] {
    const outputs: LinkOutput[] = [];
    if (this.#state.phase === "closed") return [{ kind: "closed" }];
    if (this.#state.phase === "closing") return [];
    if (this.#settings.skipSetUp) {
      // a link that was never set up needs no DISC
      this.#goDown();
      return [{ kind: "closed" }];
    }
    this.#state = closing;
    this.#disconnect(now, this.#settings.timeouts.close, outputs);
    return outputs;
  }

  receive(bytes: Uint8Array, now: number): LinkOutput[] {
    return this.#line.receive(bytes, now);
  }

  tick(now: number): LinkOutput[] {
    const { wait } = this.#line;
    if (!wait || now < wait.due) return [];
    const outputs: LinkOutput[] = [];
    if (wait.kind === "reply") {
      this.#line.flush(now, outputs);
      if (this.#line.wait === wait && now >= wait.due) this.#onNoReply(now, outputs);
    } else if (this.#state.phase === "settling") this.#settle(this.#state, now, outputs);
    else if (this.#state.phase === "transfer") this.#state.transfer.resume(wait.kind, now, outputs);
    return outputs;
  }

  matchPush(address: PushAddress): PushMatch {
    return this.#line.matchPush(address);
  }

  reset(): void {
    if (this.#state.phase === "transfer" || this.#state.phase === "connecting") this.#unsure = true;
    this.#goDown();
  }

  /** For the frame line: a frame of the meter to this client. */
  onFrame(frame: HdlcFrame, now: number, outputs: LinkOutput[]): void {
    const state = this.#state;
    switch (state.phase) {
      case "clearing":
      case "settling":
        if (isAnswerToDisc(frame)) this.#connect(state, now, outputs);
        else this.#line.ignore(frame, outputs);
        return;
      case "connecting":
        this.#onConnecting(state, frame, now, outputs);
        return;
      case "transfer":
        state.transfer.onFrame(frame, now, outputs);
        return;
      case "closing":
        if (isAnswerToDisc(frame)) this.#closed(true, outputs);
        else this.#line.ignore(frame, outputs);
        return;
      default:
    }
  }

  #transfer(): HdlcTransfer {
    if (this.#state.phase === "transfer") return this.#state.transfer;
    throw new DlmsStateError("STATE_CLOSED", `${this.#settings.name}: the HDLC link is not open`);
  }

  // --- connecting and disconnecting ---

  #clear(attempt: Connecting, now: number, outputs: LinkOutput[]): void {
    this.#state = { ...attempt, phase: "clearing" };
    this.#line.note("DISC first, in case the meter believes that a session is open", outputs);
    this.#disconnect(now, Math.min(this.#settings.timeouts.response, maxDiscWaitMs), outputs);
  }

  /**
   * Waits until the line is quiet, because bytes that the meter is still sending must neither count as the answer to an
   * SNRM nor collide with it.
   */
  #settle(state: Extract<State, { phase: "settling" }>, now: number, outputs: LinkOutput[]): void {
    const quiet = this.#line.quietFrom;
    if (now >= quiet || now >= state.until) {
      this.#connect(state, now, outputs);
      return;
    }
    this.#state = state;
    this.#line.pause("pause", Math.min(quiet, state.until));
  }

  #disconnect(now: number, timeoutMs: number, outputs: LinkOutput[]): void {
    this.#line.beginTurn();
    this.#line.awaitReply(now, this.#line.transmit({ type: "DISC", pollFinal: true }, outputs), timeoutMs);
  }

  #connect(attempt: Connecting, now: number, outputs: LinkOutput[]): void {
    this.#state = { ...attempt, phase: "connecting", connects: attempt.connects + 1 };
    this.#line.beginTurn();
    const info = attempt.withoutParameters ? undefined : encodeParameters(this.#settings.proposal);
    this.#line.awaitReply(now, this.#line.transmit({ type: "SNRM", pollFinal: true }, outputs, info));
  }

  #onConnecting(attempt: Connecting, frame: HdlcFrame, now: number, outputs: LinkOutput[]): void {
    const { type } = frame.control;
    if (type === "UA") this.#connected(attempt, frame, now, outputs);
    else if (type === "DM" || type === "FRMR") {
      if (!attempt.withoutParameters && !attempt.refusedWithoutParameters) {
        this.#line.note(`${type} to an SNRM with parameters, trying one without`, outputs);
        this.#connect({ ...attempt, withoutParameters: true, refusedWithoutParameters: true }, now, outputs);
      } else if (type === "FRMR") this.#fail(rejected(this.#settings.name, "connect", frame.info), outputs);
      else this.#fail(refused(this.#settings.name), outputs);
    } else this.#line.ignore(frame, outputs);
  }

  #connected({ withoutParameters }: Connecting, frame: HdlcFrame, now: number, outputs: LinkOutput[]): void {
    // An SNRM without parameters has proposed the defaults.
    const own = withoutParameters ? defaultParameters : this.#settings.proposal;
    this.#line.parameters = negotiate(own, decodeParameters(frame.info));
    this.#begin(now, outputs);
  }

  #begin(now: number, outputs: LinkOutput[]): void {
    const transfer = new HdlcTransfer(this.#line, (error, failure) => {
      this.#fail(error, failure);
    });
    this.#state = { phase: "transfer", transfer };
    this.#unsure = true;
    const { maxInfoTransmit, maxInfoReceive, windowTransmit, windowReceive } = this.#line.parameters;
    this.#line.note(
      `connected; information field ${maxInfoTransmit} out, ${maxInfoReceive} in, window ${windowTransmit} out, ${windowReceive} in`,
      outputs,
    );
    outputs.push({ kind: "opened" });
    transfer.rest(now);
  }

  #onNoReply(now: number, outputs: LinkOutput[]): void {
    const state = this.#state;
    switch (state.phase) {
      case "clearing":
        this.#settle({ ...state, phase: "settling", until: now + this.#settings.timeouts.response }, now, outputs);
        return;
      case "connecting":
        if (state.connects > this.#settings.retries) {
          const exchange = { request: "connect", tries: state.connects, timeout: "TIMEOUT_LINK", part: 0 } as const;
          this.#fail(this.#line.unanswered(exchange), outputs);
          // Every other attempt omits the parameters, because some meters do not answer an SNRM that has them.
        } else
          this.#clear(
            { ...state, withoutParameters: state.refusedWithoutParameters || !state.withoutParameters },
            now,
            outputs,
          );
        return;
      case "transfer":
        state.transfer.onNoReply(now, outputs);
        return;
      case "closing":
        this.#closed(false, outputs);
        return;
      default:
    }
  }

  // --- the end ---

  #closed(answered: boolean, outputs: LinkOutput[]): void {
    if (!answered) this.#line.note("DISC was not answered", outputs);
    this.#unsure = !answered;
    this.#goDown();
    outputs.push({ kind: "closed" });
  }

  #fail(error: DlmsError, outputs: LinkOutput[]): void {
    // A meter that reports that it is disconnected needs no DISC before the next SNRM.
    if (error.is("LINK_DISCONNECTED")) this.#unsure = false;
    this.#goDown();
    outputs.push({ kind: "failed", error });
  }

  #goDown(): void {
    this.#state = closed;
    this.#line.clear();
  }
}

/** UA and DM both mean that the meter is disconnected now. */
function isAnswerToDisc(frame: HdlcFrame): boolean {
  return frame.control.type === "UA" || frame.control.type === "DM";
}
