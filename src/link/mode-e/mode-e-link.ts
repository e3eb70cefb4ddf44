import { concatBytes } from "../../bytes";
import { DlmsConfigError, type DlmsError, DlmsLinkError, DlmsStateError, DlmsTimeoutError } from "../../errors";
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
import type { LineSettings, LinkOutput, LinkProtocol, LinkSendOptions, PushAddress, PushFit } from "../link";
import { shownBytes } from "../looks-like";
import {
  acknowledgeMessage,
  chooseRate,
  findIdentification,
  requestMessage,
  withEvenParity,
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
   * The line hands eight bits through (a transparent TCP gateway, an adapter that is fixed to 8N1): even parity is
   * made and taken off here, and the line is never switched to seven bits. Every other sign-on goes without parity,
   * for gateways that make it themselves and for meters that take none.
   */
  readonly softwareParity?: boolean;
  /** No sign-on: the meter is in HDLC already, at maxBaud (or startBaud). */
  readonly directHdlc?: boolean;
  /** How long the meter's optional confirmation is awaited before HDLC begins, in ms (1000). */
  readonly confirmWait?: number;
}

/** An identification has at most 5 + 16 + 2 bytes in the standard; this leaves room for echo, noise and makers. */
const maxTextBytes = 256;
/** Silence behind a confirmation that could not be read, in ms. */
const confirmGapMs = 200;
const maxClearWaitMs = 1500;

type Phase = "closed" | "clearing" | "identifying" | "confirming" | "hdlc";

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
  #phase: Phase = "closed";
  #hdlc: HdlcLink | undefined;
  /** rate of a session that the meter may believe is open */
  #unsureBaud: number | undefined;
  #baudRate: number;
  #received: Uint8Array = new Uint8Array(0);
  #bytes = 0;
  #tries = 0;
  /** it answered a DISC, so it speaks HDLC at that rate; some stay in it and take no sign-on */
  #answeredDisc = false;
  #echoing = false;
  #confirmation = "";
  /** the sign-on that is under way carries parity bits of ours */
  #parity = false;
  #due: number | undefined;
  #hardDue = 0;
  readonly #framer = new HdlcFramer();

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
    if (this.#phase === "closed") return "closed";
    return this.#hdlc ? this.#hdlc.state : "opening";
  }

  get deadline(): number | undefined {
    return this.#hdlc ? this.#hdlc.deadline : this.#due;
  }

  get atRest(): boolean {
    return this.#hdlc ? this.#hdlc.atRest : this.#phase === "closed";
  }

  /** What holds between both stations; undefined before the HDLC link is made. */
  get negotiated(): HdlcLink["negotiated"] | undefined {
    return this.#hdlc?.negotiated;
  }

  open(now: number): LinkOutput[] {
    if (this.#phase !== "closed") throw new DlmsStateError("STATE_BUSY", "mode E: the link is not closed");
    const outputs: LinkOutput[] = [];
    this.#tries = 0;
    this.#answeredDisc = this.#echoing = false;
    if (this.#options.directHdlc) this.#startHdlc(now, outputs, true);
    else if (this.#unsureBaud !== undefined) this.#clear(this.#unsureBaud, now, outputs);
    else this.#identify(now, outputs);
    return outputs;
  }

  send(apdu: Uint8Array, now: number, options?: LinkSendOptions): LinkOutput[] {
    return this.#delegate(this.#mustBeUp().send(apdu, now, options));
  }

  await(now: number, options?: LinkSendOptions): LinkOutput[] {
    return this.#delegate(this.#mustBeUp().await(now, options));
  }

  close(now: number): LinkOutput[] {
    if (this.#hdlc) return this.#delegate(this.#hdlc.close(now));
    this.#end();
    return [{ kind: "closed" }];
  }

  receive(bytes: Uint8Array, now: number): LinkOutput[] {
    const outputs: LinkOutput[] = [];
    switch (this.#phase) {
      case "hdlc":
        return this.#hdlc ? this.#delegate(this.#hdlc.receive(bytes, now)) : outputs;
      case "clearing":
        this.#onCleared(bytes, now, outputs);
        return outputs;
      case "identifying":
        this.#collect(bytes);
        this.#onIdentification(now, outputs);
        return outputs;
      case "confirming":
        this.#collect(bytes);
        this.#onConfirmation(now, outputs);
        return outputs;
      default:
        return outputs;
    }
  }

  tick(now: number): LinkOutput[] {
    if (this.#hdlc) return this.#delegate(this.#hdlc.tick(now));
    if (this.#due === undefined || now < this.#due) return [];
    const outputs: LinkOutput[] = [];
    if (this.#phase === "clearing") this.#identify(now, outputs);
    else if (this.#phase === "confirming") this.#unconfirmed(now, outputs);
    else if (this.#tries <= this.#settings.retries) {
      this.#note("the sign-on was not answered, trying again", outputs);
      // A client that ended without a word (a crash, a pulled plug) leaves the meter in HDLC, deaf to a sign-on.
      if (this.#bytes === 0 && this.#tries === 1) this.#clear(this.#baudRate, now, outputs);
      else if (this.#answeredDisc) this.#startHdlc(now, outputs, true);
      else this.#identify(now, outputs);
    } else this.#fail(this.#silent(), outputs);
    return outputs;
  }

  pushFit(address: PushAddress): PushFit {
    return this.#hdlc?.pushFit(address) ?? "none";
  }

  reset(): void {
    if (this.#hdlc || this.#phase === "confirming") this.#unsureBaud = this.#baudRate;
    this.#end();
  }

  // --- sign-on ---

  /** A meter in HDLC does not hear a sign-on: end the session that it may believe is open. */
  #clear(baudRate: number, now: number, outputs: LinkOutput[]): void {
    this.#phase = "clearing";
    this.#unsureBaud = undefined;
    this.#framer.clear();
    this.#setLine({ baudRate, dataBits: 8, parity: "none" }, outputs);
    const { client: source, server: destination } = this.#settings;
    const control = { type: "DISC", pollFinal: true } as const;
    const info = new Uint8Array(0);
    const bytes = encodeHdlcFrame({ destination, source, control, segmented: false, info });
    this.#transmit(bytes, outputs);
    const patience = Math.min(this.#settings.timeouts.response, maxClearWaitMs);
    this.#due = now + transmissionTime(bytes.length, baudRate) + patience;
  }

  #onCleared(bytes: Uint8Array, now: number, outputs: LinkOutput[]): void {
    const answer = this.#framer.push(bytes).find(({ frame }) => /^(UA|DM)$/.test(frame.control.type));
    if (!answer) return;
    outputs.push({ kind: "frame", direction: "in", bytes: answer.raw });
    this.#answeredDisc = true;
    this.#identify(now, outputs);
  }

  #identify(now: number, outputs: LinkOutput[]): void {
    this.#phase = "identifying";
    this.#tries++;
    this.#received = new Uint8Array(0);
    if (this.#tries === 1) this.#bytes = 0;
    const text = { baudRate: this.#startBaud, dataBits: 7, parity: "even" } as const;
    this.#setLine(this.#options.softwareParity ? { ...text, dataBits: 8, parity: "none" } : text, outputs);
    this.#parity = this.#options.softwareParity === true && this.#tries % 2 === 1;
    this.#transmitText(this.#request, outputs);
    const sent = now + transmissionTime(this.#request.length, this.#startBaud);
    this.#due = sent + this.#settings.timeouts.response;
    this.#hardDue = this.#due + transmissionTime(maxTextBytes, this.#startBaud);
  }

  #onIdentification(now: number, outputs: LinkOutput[]): void {
    const text = withoutParity(this.#received);
    if (text.includes(withoutParity(this.#request))) this.#echoing = true;
    const identification = findIdentification(text);
    if (!identification) {
      const silence = now + this.#interCharacter();
      // Once the identification has begun, only the gap between its characters is awaited.
      const begun = /\/[A-Za-z]/.test(text);
      this.#due = Math.min(begun ? silence : Math.max(this.#due ?? 0, silence), this.#hardDue);
      return;
    }
    outputs.push({ kind: "frame", direction: "in", bytes: this.#received });
    const rate = chooseRate(identification.baudCharacter, this.#options.maxBaud ?? Infinity);
    if (!identification.modeE) {
      const problem = `the meter identifies itself as "${identification.text}", which does not offer mode E (\\2) but mode C or older only; read it by an IEC 62056-21 reader, or look for another interface of it`;
      this.#fail(new DlmsLinkError("LINK_MODE_E", `mode E: ${problem}`, { retry: "no" }), outputs);
    } else if (!rate) {
      const problem = `the meter's baud character "${identification.baudCharacter}" is not known ("${identification.text}")`;
      this.#fail(new DlmsLinkError("LINK_MODE_E", `mode E: ${problem}`), outputs);
    } else this.#select(rate.character, rate.baudRate, identification.text, now, outputs);
  }

  #select(character: string, baudRate: number, text: string, now: number, outputs: LinkOutput[]): void {
    this.#note(`"${text}" goes on with ${baudRate} bit/s`, outputs);
    this.#phase = "confirming";
    this.#baudRate = baudRate;
    this.#received = new Uint8Array(0);
    const message = acknowledgeMessage(character);
    this.#confirmation = withoutParity(message);
    this.#transmitText(message, outputs);
    this.#setLine({ baudRate, dataBits: 8, parity: "none" }, outputs);
    this.#due = now + transmissionTime(message.length, this.#startBaud) + (this.#options.confirmWait ?? 1000);
    this.#hardDue = this.#due + 1000;
  }

  /** The confirmation is the acknowledgement once more; an echo of ours looks the same and comes before it. */
  #onConfirmation(now: number, outputs: LinkOutput[]): void {
    const text = withoutParity(this.#received);
    const seen = text.split(this.#confirmation).length - 1;
    if (seen > (this.#echoing ? 1 : 0)) {
      outputs.push({ kind: "frame", direction: "in", bytes: this.#received });
      this.#startHdlc(now, outputs, false);
      return;
    }
    // A confirmation at the old rate is noise at the new one: let it end.
    this.#due = Math.min(Math.max(this.#due ?? now, now + confirmGapMs), this.#hardDue);
  }

  /** Many meters do not confirm; a NAK and nothing else is a refusal. */
  #unconfirmed(now: number, outputs: LinkOutput[]): void {
    if (withoutParity(this.#received).trim() === "\u0015") {
      const problem = "the meter refused to go on in HDLC (NAK); it may offer mode C only";
      this.#fail(new DlmsLinkError("LINK_MODE_E", `mode E: ${problem}`), outputs);
    } else this.#startHdlc(now, outputs, false);
  }

  #startHdlc(now: number, outputs: LinkOutput[], line: boolean): void {
    if (line) this.#setLine({ baudRate: this.#baudRate, dataBits: 8, parity: "none" }, outputs);
    this.#phase = "hdlc";
    this.#due = undefined;
    this.#hdlc = hdlcLink({ ...this.#options, baudRate: this.#baudRate });
    for (const output of this.#delegate(this.#hdlc.open(now))) outputs.push(output);
  }

  /** Outputs of the HDLC link, watched for its end. */
  #delegate(outputs: LinkOutput[]): LinkOutput[] {
    for (const output of outputs) {
      if (output.kind !== "closed" && output.kind !== "failed") continue;
      // After an orderly end the meter waits for a sign-on again; after any other it may still be in HDLC.
      this.#unsureBaud = output.kind === "failed" ? this.#baudRate : undefined;
      this.#end();
    }
    return outputs;
  }

  #collect(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    const all = concatBytes(this.#received, bytes);
    this.#received = all.length > maxTextBytes ? all.slice(all.length - maxTextBytes) : all;
  }

  #interCharacter(): number {
    const { interFrame } = this.#settings.timeouts;
    return interFrame ?? 1500 + transmissionTime(2, this.#startBaud);
  }

  #silent(): DlmsError {
    const came =
      this.#bytes === 0
        ? "no byte came; check the optical head's place and direction, the start rate and the device address; a meter that is still in HDLC answers after its inactivity time-out"
        : this.#echoing && withoutParity(this.#received) === withoutParity(this.#request)
          ? "only our own bytes came back (the head echoes); check the head's place and the device address"
          : `${this.#bytes} bytes came, but no identification (${shownBytes(this.#received)}); check the start rate and parity`;
    return new DlmsTimeoutError(
      "TIMEOUT_LINK",
      `mode E: the meter did not answer the sign-on "${withoutParity(this.#request).trim()}" at ${this.#startBaud} bit/s within ${this.#settings.timeouts.response} ms, ${this.#tries} tries: ${came}`,
      { details: { bytes: this.#bytes, tries: this.#tries, first: shownBytes(this.#received) } },
    );
  }

  #setLine(settings: LineSettings, outputs: LinkOutput[]): void {
    outputs.push({ kind: "line", settings });
  }

  #transmitText(bytes: Uint8Array, outputs: LinkOutput[]): void {
    this.#transmit(this.#parity ? withEvenParity(bytes) : bytes, outputs);
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
    this.#end();
    outputs.push({ kind: "failed", error });
  }

  #end(): void {
    this.#phase = "closed";
    this.#hdlc = undefined;
    this.#due = undefined;
    this.#received = new Uint8Array(0);
  }
}
