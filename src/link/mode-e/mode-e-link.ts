/** The mode E link: sign-on in text (IEC 62056-21), then HDLC at the rate that the meter offers. */
import { concatBytes, withEvenParity } from "../../bytes";
import { DlmsConfigError, type DlmsError, DlmsStateError } from "../../errors";
import {
  type HdlcLink,
  type HdlcLinkOptions,
  HdlcFramer,
  encodeHdlcFrame,
  hdlcLink,
  resolveHdlcOptions,
  type HdlcSettings,
} from "../hdlc";
import { transmissionTime } from "../hdlc/options";
import type { LineSettings, LinkOutput, LinkProtocol, LinkSendOptions, PushAddress, PushMatch } from "../link";
import {
  type SignOn,
  hdlcRefused,
  modeENotOffered,
  readoutInstead,
  signOnUnanswered,
  unknownBaudCharacter,
  withBytesBefore,
} from "./failures";
import {
  acknowledgeMessage,
  chooseRate,
  findIdentification,
  isReadout,
  requestMessage,
  withoutParity,
} from "./sign-on";

export interface ModeELinkOptions extends Omit<HdlcLinkOptions, "baudRate"> {
  /** device address between "/?" and "!", for lines with several meters ("") */
  readonly deviceAddress?: string;
  /** bit/s of the sign-on (300) */
  readonly startBaud?: number;
  /** upper bound of the rate that the meter offers; for a gateway of fixed rate: that rate (no bound) */
  readonly maxBaud?: number;
  /**
   * The line transmits eight bits unchanged (a transparent TCP gateway, an adapter fixed to 8N1): the link adds and
   * removes even parity itself and never switches the line to seven bits. Every other sign-on omits parity, for
   * gateways that add it themselves and for meters that do not accept it.
   */
  readonly softwareParity?: boolean;
  /** Continue in HDLC although the identification has no `\2` (false). */
  readonly unannounced?: boolean;
  /** No sign-on: the meter is in HDLC already, at maxBaud (or startBaud). */
  readonly directHdlc?: boolean;
  /** Wait for the meter's optional confirmation before HDLC begins, in ms (1000). */
  readonly confirmWait?: number;
}

/** An identification has at most 5 + 16 + 2 bytes in the standard; this leaves room for echo, noise and makers. */
const maxTextBytes = 256;
/** Silence after a confirmation that could not be read, in ms. */
const confirmGapMs = 200;
/** Wait for the answer to a DISC, in ms; short because a meter that may still be in HDLC often does not answer. */
const maxClearWaitMs = 1500;

/** Waits for text: the text received so far, and the end of the wait. */
interface TextWait {
  readonly received: Uint8Array;
  readonly due: number;
  /** each byte extends `due`, up to this time */
  readonly hardDue: number;
}

type State =
  | { readonly phase: "closed" }
  /** DISC sent to end a session that the meter may believe is open; a sign-on follows */
  | { readonly phase: "clearing"; readonly signOn: SignOn; readonly framer: HdlcFramer; readonly due: number }
  /** sign-on sent; `parity`: with parity bits that were added here */
  | ({ readonly phase: "identifying"; readonly signOn: SignOn; readonly parity: boolean } & TextWait)
  /** acknowledgement sent; the meter may confirm it by the same text */
  | ({ readonly phase: "confirming"; readonly echoing: boolean; readonly confirmation: string } & TextWait)
  /** the sign-on is over; the HDLC link has the line */
  | { readonly phase: "hdlc"; readonly hdlc: HdlcLink };

type Identifying = Extract<State, { phase: "identifying" }>;
type Confirming = Extract<State, { phase: "confirming" }>;

const closed: State = { phase: "closed" };
const noBytes = new Uint8Array(0);

/**
 * IEC 62056-21 mode E: sign-on in text at a low rate, then HDLC at the rate that the meter offers.
 * @throws DlmsConfigError CONFIG_INVALID for options outside their ranges
 */
export function modeELink(options: ModeELinkOptions): LinkProtocol {
  return new ModeELink(options);
}

class ModeELink implements LinkProtocol {
  readonly kind = "hdlc-mode-e";
  readonly #options: ModeELinkOptions;
  readonly #settings: HdlcSettings;
  readonly #request: Uint8Array;
  readonly #startBaud: number;
  #state: State = closed;
  /** Rate of a session that the meter may believe is open. */
  #unsureBaud: number | undefined;
  /** Rate of HDLC: the highest allowed until the meter has offered one. */
  #baudRate: number;
  /** Bytes received between the acknowledgement and HDLC: evidence if HDLC gets no answer. */
  #before: Uint8Array = noBytes;

  constructor(options: ModeELinkOptions) {
    this.#options = options;
    this.#settings = resolveHdlcOptions(options);
    this.#request = requestMessage(options.deviceAddress ?? "");
    this.#startBaud = options.startBaud ?? 300;
    this.#baudRate = options.maxBaud ?? this.#startBaud;
    for (const [name, value] of [
      ["modeEStartBaud", this.#startBaud],
      ["baudRate", this.#baudRate],
    ] as const) {
      if (!(Number.isInteger(value) && value >= 300)) {
        throw new DlmsConfigError("CONFIG_INVALID", `${name}: expected at least 300 bit/s for mode E, got ${value}`);
      }
    }
  }

  get state(): LinkProtocol["state"] {
    switch (this.#state.phase) {
      case "closed":
        return "closed";
      case "hdlc":
        return this.#state.hdlc.state;
      default:
        return "opening";
    }
  }

  get deadline(): number | undefined {
    switch (this.#state.phase) {
      case "closed":
        return undefined;
      case "hdlc":
        return this.#state.hdlc.deadline;
      default:
        return this.#state.due;
    }
  }

  get bytesPerTurn(): number | undefined {
    return this.#hdlc?.bytesPerTurn;
  }

  get isIdle(): boolean {
    return this.#state.phase === "hdlc" ? this.#state.hdlc.isIdle : this.#state.phase === "closed";
  }

  /** The negotiated parameters; undefined before the HDLC link is created. */
  get negotiated(): HdlcLink["negotiated"] | undefined {
    return this.#hdlc?.negotiated;
  }

  get #hdlc(): HdlcLink | undefined {
    return this.#state.phase === "hdlc" ? this.#state.hdlc : undefined;
  }

  open(now: number): LinkOutput[] {
    if (this.#state.phase !== "closed") throw new DlmsStateError("STATE_BUSY", "mode E: the link is not closed");
    const outputs: LinkOutput[] = [];
    this.#before = noBytes;
    const signOn: SignOn = { tries: 0, bytes: 0, first: noBytes, answeredDisc: false, echoing: false };
    if (this.#options.directHdlc) this.#startHdlc(now, outputs, true);
    else if (this.#unsureBaud !== undefined) this.#clear(signOn, this.#unsureBaud, now, outputs);
    else this.#identify(signOn, now, outputs);
    return outputs;
  }

  send(apdu: Uint8Array, now: number, options?: LinkSendOptions): LinkOutput[] {
    return this.#delegate(this.#mustBeUp().send(apdu, now, options));
  }

  await(now: number, options?: LinkSendOptions): LinkOutput[] {
    return this.#delegate(this.#mustBeUp().await(now, options));
  }

  close(now: number): LinkOutput[] {
    if (this.#state.phase === "hdlc") return this.#delegate(this.#state.hdlc.close(now));
    this.#state = closed;
    return [{ kind: "closed" }];
  }

  receive(bytes: Uint8Array, now: number): LinkOutput[] {
    const state = this.#state;
    const outputs: LinkOutput[] = [];
    switch (state.phase) {
      case "hdlc":
        return this.#delegate(state.hdlc.receive(bytes, now));
      case "clearing":
        this.#onCleared(state.signOn, state.framer.push(bytes), now, outputs);
        return outputs;
      case "identifying": {
        const before = state.signOn;
        const first = before.bytes === 0 ? bytes.slice(0, maxTextBytes) : before.first;
        const signOn = { ...before, bytes: before.bytes + bytes.length, first };
        this.#onIdentification({ ...state, signOn, received: collected(state.received, bytes) }, now, outputs);
        return outputs;
      }
      case "confirming":
        this.#onConfirmation({ ...state, received: collected(state.received, bytes) }, now, outputs);
        return outputs;
      default:
        return outputs;
    }
  }

  tick(now: number): LinkOutput[] {
    const state = this.#state;
    if (state.phase === "hdlc") return this.#delegate(state.hdlc.tick(now));
    if (state.phase === "closed" || now < state.due) return [];
    const outputs: LinkOutput[] = [];
    if (state.phase === "clearing") this.#identify(state.signOn, now, outputs);
    else if (state.phase === "confirming") this.#unconfirmed(state, now, outputs);
    else this.#unidentified(state, now, outputs);
    return outputs;
  }

  matchPush(address: PushAddress): PushMatch {
    return this.#hdlc?.matchPush(address) ?? "none";
  }

  reset(): void {
    const { phase } = this.#state;
    if (phase === "hdlc" || phase === "confirming") this.#unsureBaud = this.#baudRate;
    this.#state = closed;
  }

  // --- sign-on ---

  /** A meter in HDLC ignores a sign-on: ends the session that the meter may consider open. */
  #clear(signOn: SignOn, baudRate: number, now: number, outputs: LinkOutput[]): void {
    this.#unsureBaud = undefined;
    this.#setLine({ baudRate, dataBits: 8, parity: "none" }, outputs);
    const { client: source, server: destination } = this.#settings;
    const control = { type: "DISC", pollFinal: true } as const;
    const bytes = encodeHdlcFrame({ destination, source, control, segmented: false, info: noBytes });
    this.#transmit(bytes, outputs);
    const waitMs = Math.min(this.#settings.timeouts.response, maxClearWaitMs);
    const due = now + transmissionTime(bytes.length, baudRate) + waitMs;
    this.#state = { phase: "clearing", signOn, framer: new HdlcFramer(), due };
  }

  #onCleared(signOn: SignOn, frames: ReturnType<HdlcFramer["push"]>, now: number, outputs: LinkOutput[]): void {
    const answer = frames.find(({ frame }) => /^(UA|DM)$/.test(frame.control.type));
    if (!answer) return;
    outputs.push({ kind: "frame", direction: "in", bytes: answer.raw });
    this.#identify({ ...signOn, answeredDisc: true }, now, outputs);
  }

  #identify(before: SignOn, now: number, outputs: LinkOutput[]): void {
    const signOn = { ...before, tries: before.tries + 1 };
    const { softwareParity } = this.#options;
    const text = { baudRate: this.#startBaud, dataBits: 7, parity: "even" } as const;
    this.#setLine(softwareParity ? { ...text, dataBits: 8, parity: "none" } : text, outputs);
    const parity = softwareParity === true && signOn.tries % 2 === 1;
    this.#transmitText(this.#request, parity, outputs);
    const sent = now + transmissionTime(this.#request.length, this.#startBaud);
    const due = sent + this.#settings.timeouts.response;
    const hardDue = due + transmissionTime(maxTextBytes, this.#startBaud);
    this.#state = { phase: "identifying", signOn, parity, received: noBytes, due, hardDue };
  }

  #onIdentification(wait: Identifying, now: number, outputs: LinkOutput[]): void {
    const text = withoutParity(wait.received);
    const echoing = wait.signOn.echoing || text.includes(withoutParity(this.#request));
    const state = { ...wait, signOn: { ...wait.signOn, echoing } };
    const identification = findIdentification(text);
    if (!identification) {
      const silence = now + this.#interCharacter();
      // Once the identification has begun, only the gap between its characters is awaited.
      const begun = /\/[A-Za-z]/.test(text);
      this.#state = { ...state, due: Math.min(begun ? silence : Math.max(wait.due, silence), wait.hardDue) };
      return;
    }
    outputs.push({ kind: "frame", direction: "in", bytes: wait.received });
    const rate = chooseRate(identification.baudCharacter, this.#options.maxBaud ?? Infinity);
    if (isReadout(identification.behind)) this.#fail(readoutInstead(state.received, "identified"), outputs);
    else if (!identification.modeE && this.#options.unannounced !== true)
      this.#fail(modeENotOffered(identification), outputs);
    else if (!rate) this.#fail(unknownBaudCharacter(identification), outputs);
    else {
      this.#note(`"${identification.text}" continues with ${rate.baudRate} bit/s`, outputs);
      const behind = state.received.subarray(state.received.length - identification.behind.length);
      this.#select(rate, { ...state, received: behind }, now, outputs);
    }
  }

  #select(
    rate: { character: string; baudRate: number },
    before: Identifying,
    now: number,
    outputs: LinkOutput[],
  ): void {
    const { character, baudRate } = rate;
    this.#baudRate = baudRate;
    const message = acknowledgeMessage(character);
    this.#transmitText(message, before.parity, outputs);
    this.#setLine({ baudRate, dataBits: 8, parity: "none" }, outputs);
    const due = now + transmissionTime(message.length, this.#startBaud) + (this.#options.confirmWait ?? 1000);
    this.#state = {
      phase: "confirming",
      echoing: before.signOn.echoing,
      confirmation: withoutParity(message),
      received: before.received,
      due,
      hardDue: due + 1000,
    };
  }

  /** The confirmation repeats the acknowledgement; an echo of ours looks the same and precedes it. */
  #onConfirmation(state: Confirming, now: number, outputs: LinkOutput[]): void {
    const { received, confirmation, echoing } = state;
    const seen = withoutParity(received).split(confirmation).length - 1;
    if (seen > (echoing ? 1 : 0)) {
      outputs.push({ kind: "frame", direction: "in", bytes: received });
      this.#startHdlc(now, outputs, false);
      return;
    }
    if (isReadout(withoutParity(received))) {
      outputs.push({ kind: "frame", direction: "in", bytes: received });
      this.#fail(readoutInstead(received, "selected"), outputs);
      return;
    }
    // A confirmation at the old rate is noise at the new one: wait until it has ended.
    this.#state = { ...state, due: Math.min(Math.max(state.due, now + confirmGapMs), state.hardDue) };
  }

  /** Many meters do not confirm; only a NAK alone is a refusal. */
  #unconfirmed({ received }: Confirming, now: number, outputs: LinkOutput[]): void {
    if (withoutParity(received).trim() === "\u0015") {
      this.#fail(hdlcRefused(), outputs);
      return;
    }
    this.#before = received;
    this.#startHdlc(now, outputs, false);
  }

  #unidentified({ signOn, received }: Identifying, now: number, outputs: LinkOutput[]): void {
    if (signOn.tries > this.#settings.retries) {
      const { response } = this.#settings.timeouts;
      const asked = { request: this.#request, baudRate: this.#startBaud, waitMs: response };
      this.#fail(signOnUnanswered(signOn, received, asked), outputs);
      return;
    }
    this.#note("the sign-on was not answered, retrying", outputs);
    // A client that ended without a DISC (a crash, a pulled plug) leaves the meter in HDLC, deaf to a sign-on.
    if (signOn.bytes === 0 && signOn.tries === 1) this.#clear(signOn, this.#baudRate, now, outputs);
    // A meter that answered the DISC uses HDLC at that rate; some stay in HDLC and accept no sign-on.
    else if (signOn.answeredDisc) this.#startHdlc(now, outputs, true);
    else this.#identify(signOn, now, outputs);
  }

  #startHdlc(now: number, outputs: LinkOutput[], line: boolean): void {
    if (line) this.#setLine({ baudRate: this.#baudRate, dataBits: 8, parity: "none" }, outputs);
    const hdlc = hdlcLink({ ...this.#options, baudRate: this.#baudRate });
    this.#state = { phase: "hdlc", hdlc };
    for (const output of this.#delegate(hdlc.open(now))) outputs.push(output);
  }

  /** Outputs of the HDLC link, watched for its end. */
  #delegate(given: LinkOutput[]): LinkOutput[] {
    const outputs = this.#before.length === 0 ? given : given.map((output) => this.#withEvidence(output));
    for (const output of outputs) {
      if (output.kind === "opened") this.#before = noBytes;
      if (output.kind !== "closed" && output.kind !== "failed") continue;
      // After an orderly end the meter waits for a sign-on again; after any other it may still be in HDLC.
      this.#unsureBaud = output.kind === "failed" ? this.#baudRate : undefined;
      this.#state = closed;
    }
    return outputs;
  }

  /** An HDLC link that was never set up: the bytes between the acknowledgement and its first frame explain why. */
  #withEvidence(output: LinkOutput): LinkOutput {
    if (output.kind !== "failed" || !output.error.is("TIMEOUT_LINK")) return output;
    return { ...output, error: withBytesBefore(output.error, this.#before) };
  }

  #interCharacter(): number {
    const { interFrame } = this.#settings.timeouts;
    return interFrame ?? 1500 + transmissionTime(2, this.#startBaud);
  }

  #setLine(settings: LineSettings, outputs: LinkOutput[]): void {
    outputs.push({ kind: "line", settings });
  }

  #transmitText(bytes: Uint8Array, parity: boolean, outputs: LinkOutput[]): void {
    this.#transmit(parity ? withEvenParity(bytes) : bytes, outputs);
  }

  #transmit(bytes: Uint8Array, outputs: LinkOutput[]): void {
    outputs.push({ kind: "transmit", bytes }, { kind: "frame", direction: "out", bytes });
  }

  #note(text: string, outputs: LinkOutput[]): void {
    outputs.push({ kind: "note", text: `mode E: ${text}` });
  }

  #mustBeUp(): HdlcLink {
    if (this.#hdlc) return this.#hdlc;
    throw new DlmsStateError("STATE_CLOSED", `mode E: the link is not open (${this.state})`);
  }

  #fail(error: DlmsError, outputs: LinkOutput[]): void {
    this.#state = closed;
    outputs.push({ kind: "failed", error });
  }
}

/** The end of the received text: noise before an identification must not fill the memory. */
function collected(received: Uint8Array, bytes: Uint8Array): Uint8Array {
  const all = concatBytes(received, bytes);
  return all.length > maxTextBytes ? all.slice(all.length - maxTextBytes) : all;
}
