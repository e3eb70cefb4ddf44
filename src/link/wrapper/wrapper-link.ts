/** The wrapper of IEC 62056-47 over a stream of bytes: TCP, TLS or a serial line. */
import { type DlmsError, DlmsTimeoutError } from "../../errors";
import {
  type LinkOutput,
  type LinkProtocol,
  type LinkSendOptions,
  noOutputs,
  type PushAddress,
  type PushMatch,
} from "../link";
import { prefix } from "../request-prefix";
import { DatagramWrapperLink } from "./datagram-wrapper-link";
import { type WrapperLinkOptions, type WrapperSettings, resolveWrapperOptions } from "./options";
import { assertOpen, WpduPort } from "./wpdu-port";
import { type ReceivedWpdu, WrapperFramer } from "./wrapper-framer";

/** Start, eight data bits, stop. */
const bitsPerByte = 10;
/** The slowest line that a whole WPDU is awaited on where the rate is not known, in bit/s (40 bytes/s) ... */
const minBaudRate = 400;
/** ... and the longest, in response time-outs: without it a WPDU of 64 KiB would be awaited for half an hour. */
const maxWpduTimeouts = 20;
/** How much slower than its rate a line may be, for pauses between its bytes. */
const slack = 1.5;

/**
 * A wrapper link over a stream, or over datagrams if the options request it.
 * @throws DlmsConfigError CONFIG_INVALID for options outside their ranges
 */
export function wrapperLink(options: WrapperLinkOptions): LinkProtocol {
  return options.datagrams === true ? new DatagramWrapperLink(options) : new WrapperLink(options);
}

type State =
  | { readonly phase: "closed" }
  | { readonly phase: "open" }
  /** Waits for an answer until `due`; `reportSilence`: without an answer the link stays up. */
  | { readonly phase: "busy"; readonly due: number; readonly reportSilence: boolean };

const closed: State = { phase: "closed" };
const open: State = { phase: "open" };

class WrapperLink implements LinkProtocol {
  readonly kind = "wrapper";
  readonly #options: WrapperLinkOptions;
  readonly #settings: WrapperSettings;
  readonly #framer: WrapperFramer;
  readonly #port: WpduPort;
  #state: State = closed;
  /** time-out of the last answer */
  #lastDue = 0;
  #lastByte = 0;
  /** when the unfinished WPDU began, and when it has to be complete */
  #began = 0;
  #wholeDue: number | undefined;

  constructor(options: WrapperLinkOptions) {
    this.#options = options;
    this.#settings = resolveWrapperOptions(options);
    this.#framer = new WrapperFramer(options);
    this.#port = new WpduPort(options);
  }

  get state(): State["phase"] {
    return this.#state.phase;
  }

  get deadline(): number | undefined {
    const state = this.#state;
    if (state.phase !== "busy") return undefined;
    if (this.#framer.pending === 0) return state.due;
    const { interFrame } = this.#settings;
    // a header that is never completed must not extend the time-out
    const whole = this.#wholeDue ?? state.due + interFrame;
    return Math.min(this.#lastByte + interFrame, this.#mayBeAnswer(state.due) ? whole : state.due);
  }

  open(_now: number): LinkOutput[] {
    this.reset();
    this.#state = open;
    return [{ kind: "opened" }];
  }

  send(apdu: Uint8Array, now: number, options: LinkSendOptions = {}): LinkOutput[] {
    assertOpen(this.#state);
    const outputs: LinkOutput[] = [];
    this.#port.beginRequest(options.request);
    if (this.#state.phase === "open") this.#forgetUnfinished(now, outputs);
    this.#port.transmit(this.#port.encode(apdu), outputs);
    if (options.expectAnswer !== false) this.#wait(now + this.#settings.timeouts.response, options);
    return outputs;
  }

  await(now: number, options: LinkSendOptions = {}): LinkOutput[] {
    assertOpen(this.#state);
    this.#port.continueRequest(options.request);
    this.#wait(options.sameWait === true ? this.#lastDue : now + this.#settings.timeouts.response, options);
    return [];
  }

  close(_now: number): LinkOutput[] {
    this.reset();
    return [{ kind: "closed" }];
  }

  receive(bytes: Uint8Array, now: number): LinkOutput[] {
    if (this.#state.phase === "closed") return noOutputs;
    this.#port.count(bytes.length);
    this.#lastByte = now;
    const before = this.#framer.missing;
    const pending = this.#framer.pending > 0;
    const { pdus, error } = this.#framer.push(bytes);
    const outputs = pdus.length > 0 || error ? [] : noOutputs;
    for (const pdu of pdus) this.#onPdu(pdu, outputs);
    if (error) return this.#fail(error, outputs);
    if (!pending || pdus.length > 0) this.#began = now;
    const { missing } = this.#framer;
    if (missing === undefined) this.#wholeDue = undefined;
    else if (before === undefined || pdus.length > 0) this.#wholeDue = now + this.#wholeTime(missing);
    return outputs;
  }

  tick(now: number): LinkOutput[] {
    const state = this.#state;
    const { deadline } = this;
    if (state.phase !== "busy" || deadline === undefined || now < deadline) return [];
    if (this.#framer.pending > 0 && (this.#mayBeAnswer(state.due) || now < state.due)) {
      return this.#fail(this.#interrupted(now), []);
    }
    const { response } = this.#settings.timeouts;
    const error = this.#port.unanswered(response, { times: 1, onceOnly: false });
    if (!state.reportSilence) return this.#fail(error, []);
    this.#state = open;
    return [{ kind: "unanswered", error }];
  }

  reset(): void {
    this.#state = closed;
    this.#framer.clear();
    this.#port.reset();
    this.#wholeDue = undefined;
  }

  matchPush(address: PushAddress): PushMatch {
    return this.#state.phase === "closed" ? "none" : this.#port.matchPush(address);
  }

  #wait(due: number, { reportSilence = false }: LinkSendOptions): void {
    this.#lastDue = due;
    this.#state = { phase: "busy", due, reportSilence };
    this.#port.beginWait(this.#framer.pending);
  }

  /**
   * Whether the unfinished WPDU may be the answer, and began in time: messages for other users do not extend the
   * time-out.
   */
  #mayBeAnswer(due: number): boolean {
    const { header } = this.#framer;
    return this.#began <= due && (header === undefined || this.#port.isOurs(header));
  }

  /** Maximum transmission time of the rest of a WPDU, in ms. */
  #wholeTime(missing: number): number {
    const { response } = this.#settings.timeouts;
    const { baudRate } = this.#options;
    const bits = missing * bitsPerByte * 1000;
    const transfer =
      baudRate === undefined ? Math.min(bits / minBaudRate, maxWpduTimeouts * response) : (slack * bits) / baudRate;
    return response + this.#settings.interFrame + transfer;
  }

  /** Discards the rest of a WPDU that began long ago: it will not arrive, and must not swallow the answer. */
  #forgetUnfinished(now: number, outputs: LinkOutput[]): void {
    if (this.#framer.pending === 0 || now - this.#lastByte < this.#settings.interFrame) return;
    outputs.push({ kind: "note", text: `${this.#framer.pending} bytes of an unfinished message dropped` });
    this.#framer.clear();
    this.#wholeDue = undefined;
  }

  #onPdu(received: ReceivedWpdu, outputs: LinkOutput[]): void {
    const apdu = this.#port.accept(received, outputs);
    if (!apdu) return;
    if (this.#state.phase === "busy") {
      this.#state = open;
      this.#port.deliver(apdu, outputs);
    } else outputs.push({ kind: "notification", apdu });
  }

  #interrupted(now: number): DlmsError {
    const { pending, missing } = this.#framer;
    const silent = now - this.#lastByte;
    const rest = missing === undefined ? "its header is not complete" : `${missing} more bytes were expected`;
    const why =
      silent < this.#settings.interFrame
        ? `the answer arrived too slowly, ${rest} after ${pending} bytes in ${Math.round((now - this.#began) / 1000)} s; check the line, or raise the time-out`
        : `the answer stopped after ${pending} bytes, ${rest} and nothing was received for ${Math.round(silent)} ms; check the line, or raise the time-out between bytes`;
    return new DlmsTimeoutError("TIMEOUT_INTERFRAME", `${prefix(this.#port.request)}${why}`, {
      details: { bytes: pending, missing: missing ?? null },
    });
  }

  #fail(error: DlmsError, outputs: LinkOutput[]): LinkOutput[] {
    this.reset();
    outputs.push({ kind: "failed", error });
    return outputs;
  }
}
