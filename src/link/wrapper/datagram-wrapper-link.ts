/** The wrapper of IEC 62056-47 over datagrams (UDP), which may be lost, duplicated or late. */
import { bytesEqual } from "../../bytes";
import type { DlmsError } from "../../errors";
import { isTakenTwice } from "../apdu-kind";
import {
  type LinkOutput,
  type LinkProtocol,
  type LinkSendOptions,
  noOutputs,
  type PushAddress,
  type PushMatch,
} from "../link";
import { prefix } from "../request-prefix";
import { type WrapperLinkOptions, type WrapperSettings, resolveWrapperOptions } from "./options";
import { wrapperHeaderLength } from "./wpdu";
import { assertOpen, WpduPort } from "./wpdu-port";
import { type ReceivedWpdu, WrapperFramer } from "./wrapper-framer";

type State =
  | { readonly phase: "closed" }
  | { readonly phase: "open" }
  /** The request waits until late answers to the previous one have arrived, or until `due`. */
  | { readonly phase: "held"; readonly due: number; readonly request: Uint8Array; readonly reportSilence: boolean }
  /** Waits for an answer until `due`; then `request` is sent again, `resends` times at most. */
  | {
      readonly phase: "busy";
      readonly due: number;
      readonly request: Uint8Array | undefined;
      readonly resends: number;
      readonly reportSilence: boolean;
    };

const closed: State = { phase: "closed" };
const open: State = { phase: "open" };

export class DatagramWrapperLink implements LinkProtocol {
  readonly kind = "wrapper";
  readonly #settings: WrapperSettings;
  readonly #framer: WrapperFramer;
  readonly #port: WpduPort;
  #state: State = closed;
  /** time-out of the last answer */
  #lastDue = 0;
  /** how often the link sent the current request again, and how often its caller did */
  #resent = 0;
  #retried = 0;
  #uncorrelated = false;
  /** number of possible late answers that do not identify their request, and until when they may arrive */
  #owed = 0;
  #owedUntil = 0;
  /** an answer that may arrive again, because its request was sent more than once */
  #repeatable: { readonly apdu: Uint8Array; times: number } | undefined;

  constructor(options: WrapperLinkOptions) {
    this.#settings = resolveWrapperOptions(options);
    this.#framer = new WrapperFramer(options);
    this.#port = new WpduPort(options);
  }

  get state(): LinkProtocol["state"] {
    return this.#state.phase === "held" ? "busy" : this.#state.phase;
  }

  get deadline(): number | undefined {
    return this.#state.phase === "closed" || this.#state.phase === "open" ? undefined : this.#state.due;
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
    const bytes = this.#port.encode(apdu);
    if (options.expectAnswer === false) {
      this.#port.transmit(bytes, outputs);
      return outputs;
    }
    const { isRetry = false, uncorrelated = false, reportSilence = false } = options;
    this.#retried = isRetry ? this.#retried + 1 : 0;
    this.#uncorrelated = uncorrelated;
    this.#resent = 0;
    if (!isRetry && this.#owed > 0 && now < this.#owedUntil) {
      this.#state = { phase: "held", due: this.#owedUntil, request: bytes, reportSilence };
      const text = `${prefix(this.#port.request)}waits for late answers to the previous request, which could be mistaken for its own`;
      outputs.push({ kind: "note", text });
    } else this.#begin(bytes, reportSilence, now, outputs);
    return outputs;
  }

  await(now: number, options: LinkSendOptions = {}): LinkOutput[] {
    assertOpen(this.#state);
    this.#port.continueRequest(options.request);
    const due = options.sameWait === true ? this.#lastDue : now + this.#settings.timeouts.response;
    this.#wait(due, { request: undefined, resends: 0, reportSilence: options.reportSilence === true });
    return [];
  }

  close(_now: number): LinkOutput[] {
    this.reset();
    return [{ kind: "closed" }];
  }

  receive(bytes: Uint8Array, now: number): LinkOutput[] {
    if (this.#state.phase === "closed") return noOutputs;
    this.#port.count(bytes.length);
    const { pdus, error } = this.#framer.push(bytes);
    const outputs: LinkOutput[] = [];
    for (const pdu of pdus) this.#onPdu(pdu, now, outputs);
    const { pending } = this.#framer;
    if (error) outputs.push({ kind: "note", text: `datagram dropped: ${error.message}` });
    else if (pending > 0) outputs.push({ kind: "note", text: `datagram dropped: cut after ${pending} bytes` });
    this.#framer.clear();
    return outputs;
  }

  tick(now: number): LinkOutput[] {
    const state = this.#state;
    if (state.phase === "closed" || state.phase === "open" || now < state.due) return [];
    const outputs: LinkOutput[] = [];
    if (state.phase === "held") this.#begin(state.request, state.reportSilence, now, outputs);
    else if (state.request && state.resends > 0) {
      this.#resent++;
      this.#wait(now + this.#settings.timeouts.response, { ...state, resends: state.resends - 1 });
      const text = `${prefix(this.#port.request)}no answer, retry (${this.#resent} of ${this.#settings.retries})`;
      outputs.push({ kind: "note", text });
      this.#port.transmit(state.request, outputs);
    } else this.#unanswered(state, outputs);
    return outputs;
  }

  reset(): void {
    this.#state = closed;
    this.#framer.clear();
    this.#port.reset();
    this.#repeatable = undefined;
    this.#owed = this.#retried = 0;
  }

  matchPush(address: PushAddress): PushMatch {
    return this.#state.phase === "closed" ? "none" : this.#port.matchPush(address);
  }

  /** Sends a request and waits for its answer. */
  #begin(request: Uint8Array, reportSilence: boolean, now: number, outputs: LinkOutput[]): void {
    const { response } = this.#settings.timeouts;
    if (this.#retried === 0) this.#owed = 0;
    if (this.#uncorrelated) {
      this.#owed++;
      this.#owedUntil = now + response;
    }
    this.#port.transmit(request, outputs);
    const mayResend = !reportSilence && isTakenTwice(request.subarray(wrapperHeaderLength));
    this.#wait(now + response, { request, resends: mayResend ? this.#settings.retries : 0, reportSilence });
  }

  #wait(due: number, wait: Omit<Extract<State, { phase: "busy" }>, "phase" | "due">): void {
    this.#lastDue = due;
    const { request, resends, reportSilence } = wait;
    this.#state = { phase: "busy", due, request, resends, reportSilence };
    if (this.#resent === 0) this.#port.beginWait(0);
  }

  #unanswered(state: Extract<State, { phase: "busy" }>, outputs: LinkOutput[]): void {
    const error: DlmsError = this.#port.unanswered(this.#settings.timeouts.response, {
      times: 1 + this.#resent + this.#retried,
      onceOnly: this.#settings.retries > 0 && state.request !== undefined,
    });
    if (state.reportSilence) {
      this.#state = open;
      outputs.push({ kind: "unanswered", error });
    } else {
      this.reset();
      outputs.push({ kind: "failed", error });
    }
  }

  #onPdu(received: ReceivedWpdu, now: number, outputs: LinkOutput[]): void {
    const apdu = this.#port.accept(received, outputs);
    if (!apdu) return;
    const state = this.#state;
    if (state.phase === "held") this.#dropLate(state, now, outputs);
    else if (this.#isRepeated(apdu)) outputs.push({ kind: "note", text: "a repeated answer was dropped" });
    else if (state.phase === "busy") this.#deliver(apdu, outputs);
    else outputs.push({ kind: "notification", apdu });
  }

  /** An answer to the request before the held one. */
  #dropLate(held: Extract<State, { phase: "held" }>, now: number, outputs: LinkOutput[]): void {
    outputs.push({ kind: "note", text: "a late answer to an earlier request was dropped" });
    this.#owed--;
    if (this.#owed <= 0) this.#begin(held.request, held.reportSilence, now, outputs);
  }

  #deliver(apdu: Uint8Array, outputs: LinkOutput[]): void {
    this.#state = open;
    if (this.#owed > 0) this.#owed--;
    if (this.#resent > 0) this.#repeatable = { apdu, times: this.#resent };
    this.#port.deliver(apdu, outputs);
  }

  /** A request that was sent n times may be answered n times; the later answers must not answer the next request. */
  #isRepeated(apdu: Uint8Array): boolean {
    if (!this.#repeatable || this.#repeatable.times === 0 || !bytesEqual(this.#repeatable.apdu, apdu)) return false;
    this.#repeatable.times--;
    return true;
  }
}
