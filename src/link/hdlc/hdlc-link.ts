import { type DlmsError, DlmsStateError } from "../../errors";
import type { LinkOutput, LinkProtocol } from "../link";
import type { HdlcFrame } from "./frame";
import { refused, rejected } from "./failures";
import { type HdlcLinkOptions, type HdlcSettings, resolveHdlcOptions } from "./options";
import { decodeParameters, defaultParameters, encodeParameters, negotiate } from "./parameters";
import { HdlcTransfer } from "./transfer";

/** Silence is a fine answer to a DISC, so it is not awaited for long, in ms. */
const maxDiscWaitMs = 1500;
type Phase =
  | "closed"
  /** DISC sent to end what the meter may believe is open */
  | "clearing"
  /** SNRM sent */
  | "connecting"
  | "up"
  /** DISC sent because of `close` */
  | "closing";

/**
 * The HDLC link of IEC 62056-46 (normal response mode, the client being the primary station).
 * @throws DlmsConfigError CONFIG_INVALID for options outside their ranges
 */
export function hdlcLink(options: HdlcLinkOptions): HdlcLink {
  return new HdlcLink(resolveHdlcOptions(options));
}

export class HdlcLink extends HdlcTransfer implements LinkProtocol {
  readonly kind = "hdlc";
  #phase: Phase = "closed";
  /** The meter may believe that a session of ours is still open. */
  #unsure = false;
  /** SNRM without parameters: some meters do not take one with */
  #bare = false;
  #bareRefused = false;
  #connects = 0;

  constructor(settings: HdlcSettings) {
    super(settings);
  }

  get state(): LinkProtocol["state"] {
    switch (this.#phase) {
      case "closed":
        return "closed";
      case "up":
        return this.awaiting ? "busy" : "open";
      case "closing":
        return "closing";
      default:
        return "opening";
    }
  }

  /** What holds between both stations, from the client's view. */
  get negotiated(): HdlcSettings["proposal"] {
    return this.parameters;
  }

  protected get up(): boolean {
    return this.#phase === "up";
  }

  protected get listening(): boolean {
    return this.#phase !== "closed";
  }

  open(now: number): LinkOutput[] {
    if (this.#phase !== "closed")
      throw new DlmsStateError("STATE_BUSY", `${this.settings.name}: the link is not closed`);
    const outputs: LinkOutput[] = [];
    this.forget();
    this.parameters = defaultParameters;
    this.beginExchange("connect", now);
    this.#connects = 0;
    this.#bare = this.#bareRefused = false;
    if (this.#unsure || this.settings.discFirst) this.#clear(now, outputs);
    else this.#connect(now, outputs);
    return outputs;
  }

  close(now: number): LinkOutput[] {
    const outputs: LinkOutput[] = [];
    if (this.#phase === "closed") return [{ kind: "closed" }];
    if (this.#phase === "closing") return [];
    this.#phase = "closing";
    this.#disconnect(now, this.settings.timeouts.close, outputs);
    return outputs;
  }

  tick(now: number): LinkOutput[] {
    const { wait } = this;
    if (!wait || now < wait.due) return [];
    const outputs: LinkOutput[] = [];
    if (wait.kind === "reply") {
      // The frame that has begun will not end; what is behind its first byte may be a frame nevertheless.
      this.accept(this.framer.flush(), now, outputs);
      if (this.wait === wait && now >= wait.due) this.#noReply(now, outputs);
    } else {
      if (wait.kind === "idle") this.beginExchange("keep-alive", now);
      this.poll(now, outputs);
    }
    return outputs;
  }

  reset(): void {
    if (this.#phase === "up" || this.#phase === "connecting") this.#unsure = true;
    this.#phase = "closed";
    this.forget();
  }

  protected onFrame(frame: HdlcFrame, now: number, outputs: LinkOutput[]): void {
    switch (this.#phase) {
      case "clearing":
        if (isAnswerToDisc(frame)) this.#connect(now, outputs);
        else this.ignore(frame, outputs);
        return;
      case "connecting":
        this.#onConnecting(frame, now, outputs);
        return;
      case "closing":
        if (isAnswerToDisc(frame)) this.#closed(true, outputs);
        else this.ignore(frame, outputs);
        return;
      case "up":
        this.onSessionFrame(frame, now, outputs);
        return;
      default:
    }
  }

  // --- connecting and disconnecting ---

  #clear(now: number, outputs: LinkOutput[]): void {
    this.#phase = "clearing";
    this.note("DISC first, in case the meter believes that a session is open", outputs);
    this.#disconnect(now, Math.min(this.settings.timeouts.response, maxDiscWaitMs), outputs);
  }

  #disconnect(now: number, patience: number, outputs: LinkOutput[]): void {
    this.beginTurn();
    this.awaitReply(now, this.transmit({ type: "DISC", pollFinal: true }, outputs), patience);
  }

  #connect(now: number, outputs: LinkOutput[]): void {
    this.#phase = "connecting";
    this.#connects++;
    this.beginTurn();
    const info = this.#bare ? undefined : encodeParameters(this.settings.proposal);
    this.awaitReply(now, this.transmit({ type: "SNRM", pollFinal: true }, outputs, info));
  }

  #onConnecting(frame: HdlcFrame, now: number, outputs: LinkOutput[]): void {
    const { type } = frame.control;
    if (type === "UA") this.#connected(frame, now, outputs);
    else if (type === "DM" || type === "FRMR") {
      if (!this.#bare && !this.#bareRefused) {
        this.note(`${type} to an SNRM with parameters, trying one without`, outputs);
        this.#bare = this.#bareRefused = true;
        this.#connect(now, outputs);
      } else if (type === "FRMR") this.fail(rejected(this.settings.name, this.what, frame.info), outputs);
      else this.fail(refused(this.settings.name), outputs);
    } else this.ignore(frame, outputs);
  }

  #connected(frame: HdlcFrame, now: number, outputs: LinkOutput[]): void {
    // An SNRM without parameters has proposed the defaults.
    const own = this.#bare ? defaultParameters : this.settings.proposal;
    this.parameters = negotiate(own, decodeParameters(frame.info));
    this.#phase = "up";
    this.#unsure = true;
    const { maxInfoTransmit, maxInfoReceive, windowTransmit, windowReceive } = this.parameters;
    this.note(
      `connected; information field ${maxInfoTransmit} out, ${maxInfoReceive} in, window ${windowTransmit} out, ${windowReceive} in`,
      outputs,
    );
    outputs.push({ kind: "opened" });
    this.idle(now);
  }

  #closed(answered: boolean, outputs: LinkOutput[]): void {
    if (!answered) this.note("DISC was not answered", outputs);
    this.#unsure = !answered;
    this.#phase = "closed";
    this.forget();
    outputs.push({ kind: "closed" });
  }

  // --- the session ---

  #noReply(now: number, outputs: LinkOutput[]): void {
    switch (this.#phase) {
      case "clearing":
        this.#connect(now, outputs);
        return;
      case "closing":
        this.#closed(false, outputs);
        return;
      case "connecting":
        if (this.#connects > this.settings.retries) this.fail(this.exhausted(this.#connects), outputs);
        else {
          // Every other try goes without parameters: some meters meet those with silence.
          this.#bare = this.#bareRefused || !this.#bare;
          this.#clear(now, outputs);
        }
        return;
      case "up":
        this.noReplyInSession(now, outputs);
        return;
      default:
    }
  }

  protected fail(error: DlmsError, outputs: LinkOutput[]): void {
    // A meter that says that it is disconnected needs no DISC before the next SNRM.
    if (error.code === "DLMS_LINK_DISCONNECTED") this.#unsure = false;
    this.#phase = "closed";
    this.forget();
    outputs.push({ kind: "failed", error });
  }
}

/** UA and DM both say that the meter is disconnected now. */
function isAnswerToDisc(frame: HdlcFrame): boolean {
  return frame.control.type === "UA" || frame.control.type === "DM";
}
