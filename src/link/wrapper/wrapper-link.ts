import { bytesEqual } from "../../bytes";
import { type DlmsError, DlmsStateError, DlmsTimeoutError } from "../../errors";
import { isBlock, isPush, isStreamedBlock, isTakenTwice } from "../apdu-kind";
import {
  type LinkOutput,
  type LinkProtocol,
  type LinkSendOptions,
  NO_OUTPUTS,
  type PushAddress,
  type PushFit,
} from "../link";
import { DEFAULT_INTER_FRAME, type LinkTimeouts, integerWithin, resolveTimeouts } from "../timeouts";
import { type Wpdu, encodeWpdu } from "./wpdu";
import { type ReceivedWpdu, WrapperFramer } from "./wrapper-framer";

export interface WrapperLinkOptions {
  /** wPort of the client, 1..65535 */
  readonly clientSap: number;
  /** wPort of the logical device */
  readonly serverSap: number;
  readonly timeouts?: Partial<LinkTimeouts>;
  /** How often a request that changes nothing is sent again, byte for byte, when `mayResend` (0). */
  readonly retries?: number;
  /** Each `receive` is one datagram: what does not fit is dropped alone and not the end of the link. */
  readonly datagrams?: boolean;
  /** Whether an unanswered request is sent again. Default: with datagrams, which get lost; a stream never loses one. */
  readonly mayResend?: boolean;
  /** Quirk: the header's words are sent and expected low byte first. */
  readonly swappedBytes?: boolean;
  /** longest APDU that is taken, in bytes (65535) */
  readonly maxApdu?: number;
  /** bit/s of the line where it is known: how long a message may take to come in follows from it. */
  readonly baudRate?: number;
}

/** Early blocks of a stream that are kept until they are awaited. */
const MAX_EARLY = 64;
/** Own messages whose echo is still known when it comes. */
const MAX_ECHOES = 64;
/** Start, eight data bits, stop. */
const BITS_PER_BYTE = 10;
/** The slowest line that a whole WPDU is awaited on where the rate is not known, in bit/s (40 bytes/s) ... */
const SLOWEST_RATE = 400;
/** ... and the longest, in response time-outs: a WPDU of 64 KiB would be awaited for half an hour else. */
const LONGEST_WPDU = 20;
/** What a line of known rate may be slower than that, for pauses between its bytes. */
const SLACK = 1.5;

/**
 * The wrapper of IEC 62056-47 over TCP, TLS, UDP or a serial line.
 * @throws DlmsConfigError CONFIG_INVALID for options outside their ranges
 */
export function wrapperLink(options: WrapperLinkOptions): LinkProtocol {
  return new WrapperLink(options);
}

class WrapperLink implements LinkProtocol {
  readonly kind = "wrapper";
  readonly #options: WrapperLinkOptions;
  readonly #timeouts: LinkTimeouts;
  readonly #interFrame: number;
  readonly #resends: number;
  readonly #framer: WrapperFramer;
  #state: "closed" | "open" | "busy" = "closed";
  #what = "request";
  #lastSent: Uint8Array | undefined;
  /** own messages whose echo may come */
  #echoable: Uint8Array[] = [];
  #echoes = 0;
  #echoedBytes = 0;
  /** how often `#lastSent` may be sent again */
  #resendsLeft = 0;
  #sentAgain = 0;
  /** how often the request was repeated by whoever sent it */
  #repetitions = 0;
  #tellsSilence = false;
  #anonymous = false;
  /** answers that may come late, without saying what they answer */
  #owed = 0;
  #owedUntil = 0;
  /** a request that waits until they have come */
  #held: Uint8Array | undefined;
  /** An answer that may come again, since its request was sent more than once. */
  #repeatable: { apdu: Uint8Array; times: number } | undefined;
  #streaming = false;
  #early: Uint8Array[] = [];
  #responseDue = 0;
  #lastByte = 0;
  /** bound of the unfinished WPDU as a whole */
  #wholeDue: number | undefined;
  /** when the unfinished WPDU began */
  #began = 0;
  #bytesIn = 0;
  #foreign: string[] = [];

  constructor(options: WrapperLinkOptions) {
    integerWithin("client address", options.clientSap, 0, 0xffff);
    integerWithin("server address", options.serverSap, 0, 0xffff);
    this.#options = options;
    this.#timeouts = resolveTimeouts(options.timeouts);
    this.#interFrame = this.#timeouts.interFrame ?? DEFAULT_INTER_FRAME;
    const retries = integerWithin("retries", options.retries ?? 0, 0, 100);
    this.#resends = (options.mayResend ?? options.datagrams ?? false) ? retries : 0;
    this.#framer = new WrapperFramer(options);
  }

  get state(): "closed" | "open" | "busy" {
    return this.#state;
  }

  get deadline(): number | undefined {
    if (this.#state !== "busy") return undefined;
    if (this.#held) return this.#owedUntil;
    if (this.#framer.pending === 0) return this.#responseDue;
    const silence = this.#lastByte + this.#interFrame;
    // a header that is never complete must not put the time-out off
    const whole = this.#wholeDue ?? this.#responseDue + this.#interFrame;
    return Math.min(silence, this.#mayBeAnswer ? whole : this.#responseDue);
  }

  /** Whether the unfinished WPDU may be the answer, and began in time: messages for others do not put the time-out off. */
  get #mayBeAnswer(): boolean {
    const { header } = this.#framer;
    return this.#began <= this.#responseDue && (header === undefined || this.#isOurs(header));
  }

  open(_now: number): LinkOutput[] {
    this.reset();
    this.#state = "open";
    return [{ kind: "opened" }];
  }

  send(apdu: Uint8Array, now: number, options: LinkSendOptions = {}): LinkOutput[] {
    if (this.#state === "closed") throw new DlmsStateError("STATE_CLOSED", "wrapper: the link is not open");
    const outputs: LinkOutput[] = [];
    this.#what = options.what ?? "request";
    this.#early = [];
    this.#streaming = false;
    if (this.#state === "open") this.#forgetUnfinished(now, outputs);
    const bytes = encodeWpdu(
      { source: this.#options.clientSap, destination: this.#options.serverSap, apdu },
      this.#options.swappedBytes,
    );
    if (options.expectAnswer === false) {
      this.#transmit(bytes, outputs);
      return outputs;
    }
    this.#tellsSilence = options.silence === "tell";
    this.#resendsLeft = isTakenTwice(apdu) && !this.#tellsSilence ? this.#resends : 0;
    this.#repetitions = options.repetition === true ? this.#repetitions + 1 : 0;
    this.#anonymous = options.anonymous === true;
    this.#sentAgain = 0;
    this.#lastSent = bytes;
    if (options.repetition !== true && this.#owed > 0 && now < this.#owedUntil) {
      this.#state = "busy";
      this.#held = bytes;
      const text = `${this.#what}: waits for late answers to the request before, which could be taken for its own`;
      outputs.push({ kind: "note", text });
    } else this.#begin(bytes, now, outputs);
    return outputs;
  }

  /** A request goes out, and its answer is awaited. */
  #begin(bytes: Uint8Array, now: number, outputs: LinkOutput[]): void {
    this.#held = undefined;
    if (this.#repetitions === 0) this.#owed = 0;
    if (this.#anonymous) {
      this.#owed++;
      this.#owedUntil = now + this.#timeouts.response;
    }
    this.#transmit(bytes, outputs);
    this.#startWait(now);
  }

  #transmit(bytes: Uint8Array, outputs: LinkOutput[]): void {
    if (this.#echoable.length === MAX_ECHOES) this.#echoable.shift();
    this.#echoable.push(bytes);
    outputs.push({ kind: "transmit", bytes }, { kind: "frame", direction: "out", bytes });
  }

  await(now: number, options: LinkSendOptions = {}): LinkOutput[] {
    if (this.#state === "closed") throw new DlmsStateError("STATE_CLOSED", "wrapper: the link is not open");
    this.#what = options.what ?? this.#what;
    const early = this.#early.shift();
    if (early) return [{ kind: "apdu", apdu: early }];
    // There is no request that could be sent again.
    this.#lastSent = undefined;
    this.#tellsSilence = options.silence === "tell";
    const due = this.#responseDue;
    this.#startWait(now);
    if (options.sameWait === true) this.#responseDue = due;
    return [];
  }

  close(_now: number): LinkOutput[] {
    this.reset();
    return [{ kind: "closed" }];
  }

  receive(bytes: Uint8Array, now: number): LinkOutput[] {
    if (this.#state === "closed") return NO_OUTPUTS;
    this.#bytesIn += bytes.length;
    this.#lastByte = now;
    const before = this.#framer.missing;
    const pending = this.#framer.pending > 0;
    const { pdus, error } = this.#framer.push(bytes);
    const outputs = pdus.length > 0 || error || this.#options.datagrams ? [] : NO_OUTPUTS;
    for (const pdu of pdus) this.#onPdu(pdu, now, outputs);
    if (error) {
      if (!this.#options.datagrams) return this.#fail(error, outputs);
      outputs.push({ kind: "note", text: `datagram dropped: ${error.message}` });
      this.#framer.clear();
    } else if (this.#options.datagrams && this.#framer.pending > 0) {
      outputs.push({ kind: "note", text: `datagram dropped: cut after ${this.#framer.pending} bytes` });
      this.#framer.clear();
    }
    if (!pending || pdus.length > 0) this.#began = now;
    const { missing } = this.#framer;
    if (missing === undefined) this.#wholeDue = undefined;
    else if (before === undefined || pdus.length > 0) {
      this.#wholeDue = now + this.#wholeTime(missing);
    }
    return outputs;
  }

  tick(now: number): LinkOutput[] {
    const due = this.deadline;
    if (due === undefined || now < due) return [];
    if (this.#held) {
      const outputs: LinkOutput[] = [];
      this.#begin(this.#held, now, outputs);
      return outputs;
    }
    if (this.#framer.pending > 0 && (this.#mayBeAnswer || now < this.#responseDue)) {
      return this.#fail(this.#interrupted(now), []);
    }
    if (this.#lastSent && this.#resendsLeft > 0) {
      this.#resendsLeft--;
      this.#sentAgain++;
      this.#startWait(now);
      const text = `${this.#what}: no answer, sent again (${this.#sentAgain} of ${this.#resends})`;
      const outputs: LinkOutput[] = [{ kind: "note", text }];
      this.#transmit(this.#lastSent, outputs);
      return outputs;
    }
    const error = this.#unanswered();
    if (!this.#tellsSilence) return this.#fail(error, []);
    this.#state = "open";
    return [{ kind: "unanswered", error }];
  }

  reset(): void {
    this.#state = "closed";
    this.#framer.clear();
    this.#early = [];
    this.#streaming = false;
    this.#lastSent = undefined;
    this.#repeatable = undefined;
    this.#wholeDue = undefined;
    this.#held = undefined;
    this.#echoable = [];
    this.#owed = this.#repetitions = 0;
  }

  pushFit(address: PushAddress): PushFit {
    const { serverSap, clientSap } = this.#options;
    if (this.#state === "closed" || address.server.logical !== serverSap) return "none";
    return address.client === clientSap ? "exact" : "meter";
  }

  #startWait(now: number): void {
    this.#state = "busy";
    this.#responseDue = now + this.#timeouts.response;
    if (this.#sentAgain === 0) {
      this.#bytesIn = this.#framer.pending;
      this.#foreign = [];
      this.#echoes = this.#echoedBytes = 0;
    }
  }

  /** How long the rest of a WPDU may take to come in, in ms. */
  #wholeTime(missing: number): number {
    const { response } = this.#timeouts;
    const { baudRate } = this.#options;
    const bits = missing * BITS_PER_BYTE * 1000;
    const transfer =
      baudRate === undefined ? Math.min(bits / SLOWEST_RATE, LONGEST_WPDU * response) : (SLACK * bits) / baudRate;
    return response + this.#interFrame + transfer;
  }

  /** The rest of a WPDU that began long ago will not come: it must not swallow the answer. */
  #forgetUnfinished(now: number, outputs: LinkOutput[]): void {
    if (this.#framer.pending === 0 || now - this.#lastByte < this.#interFrame) return;
    outputs.push({ kind: "note", text: `${this.#framer.pending} bytes of an unfinished message dropped` });
    this.#framer.clear();
    this.#wholeDue = undefined;
  }

  #onPdu({ wpdu, raw }: ReceivedWpdu, now: number, outputs: LinkOutput[]): void {
    outputs.push({ kind: "frame", direction: "in", bytes: raw });
    const { apdu } = wpdu;
    if (this.#isEcho(raw)) {
      this.#echoes++;
      this.#echoedBytes += raw.length;
      outputs.push({ kind: "note", text: "the line echoes: the echo of our own message was dropped" });
    } else if (!this.#isOurs(wpdu)) {
      // A push may go to the client of its own kind (broadcast, pre-established), so the ports need not be ours.
      if (isPush(apdu)) outputs.push({ kind: "notification", apdu, address: addressOf(wpdu) });
      else this.#dropForeign(wpdu, outputs);
    } else if (apdu.length === 0) outputs.push({ kind: "note", text: "an empty message was dropped" });
    else if (isPush(apdu)) outputs.push({ kind: "notification", apdu });
    else if (this.#held) this.#dropLate(now, outputs);
    else if (this.#isRepeated(apdu)) outputs.push({ kind: "note", text: "a repeated answer was dropped" });
    else if (this.#state === "busy") this.#deliver(apdu, outputs);
    else if (this.#streaming && isBlock(apdu) && this.#early.length < MAX_EARLY) this.#early.push(apdu);
    else outputs.push({ kind: "notification", apdu });
  }

  /** Told by its bytes, since client and server may have the same number. No meter says what it was asked. */
  #isEcho(raw: Uint8Array): boolean {
    const at = this.#echoable.findIndex((sent) => bytesEqual(sent, raw));
    if (at < 0) return false;
    // an echo comes in the order in which it was sent
    this.#echoable.splice(0, at + 1);
    return true;
  }

  /** An answer to the request before the one that waits. */
  #dropLate(now: number, outputs: LinkOutput[]): void {
    outputs.push({ kind: "note", text: "a late answer to an earlier request was dropped" });
    this.#owed--;
    if (this.#held && this.#owed <= 0) this.#begin(this.#held, now, outputs);
  }

  #deliver(apdu: Uint8Array, outputs: LinkOutput[]): void {
    this.#state = "open";
    this.#echoable = [];
    if (this.#owed > 0) this.#owed--;
    this.#streaming = isStreamedBlock(apdu);
    if (this.#sentAgain > 0) this.#repeatable = { apdu, times: this.#sentAgain };
    outputs.push({ kind: "apdu", apdu });
  }

  /** A request that was sent n times may be answered n times; the later ones must not answer the next request. */
  #isRepeated(apdu: Uint8Array): boolean {
    if (!this.#repeatable || this.#repeatable.times === 0 || !bytesEqual(this.#repeatable.apdu, apdu)) return false;
    this.#repeatable.times--;
    return true;
  }

  #isOurs({ source, destination }: Pick<Wpdu, "source" | "destination">): boolean {
    return source === this.#options.serverSap && destination === this.#options.clientSap;
  }

  #dropForeign(wpdu: Wpdu, outputs: LinkOutput[]): void {
    const ports = `from ${wpdu.source} to ${wpdu.destination}`;
    if (this.#foreign.length < 4 && !this.#foreign.includes(ports)) this.#foreign.push(ports);
    const { serverSap, clientSap } = this.#options;
    outputs.push({
      kind: "note",
      text: `a message ${ports} was dropped, awaited is one from ${serverSap} to ${clientSap}`,
    });
  }

  #interrupted(now: number): DlmsError {
    const { pending, missing } = this.#framer;
    const silent = now - this.#lastByte;
    const rest = missing === undefined ? "its header is not complete" : `${missing} more bytes were expected`;
    const why =
      silent < this.#interFrame
        ? `the answer came too slowly, ${rest} after ${pending} bytes in ${Math.round((now - this.#began) / 1000)} s; check the line, or raise the time-out`
        : `the answer stopped after ${pending} bytes, ${rest} and nothing came for ${Math.round(silent)} ms; check the line, or raise the time-out between bytes`;
    return new DlmsTimeoutError("TIMEOUT_INTERFRAME", `${this.#what}: ${why}`, {
      details: { bytes: pending, missing: missing ?? null },
    });
  }

  #unanswered(): DlmsError {
    const { serverSap, clientSap } = this.#options;
    const times = 1 + this.#sentAgain + this.#repetitions;
    const once = this.#resends > 0 && this.#lastSent !== undefined ? ", sent once only" : "";
    const tries = times > 1 ? `, sent ${times} times` : once;
    const came =
      this.#echoes > 0 && this.#bytesIn === this.#echoedBytes
        ? "only our own message came back (the line echoes); the meter itself was silent: check server address and wiring"
        : this.#foreign.length > 0
          ? `only messages for other addresses came (${this.#foreign.join(", ")}); check client and server address`
          : this.#bytesIn > 0
            ? `${this.#bytesIn} bytes came, but no answer; the meter may be busy, or the request too large for it`
            : "no byte came; check the server address and the client address, and whether the meter serves another client";
    return new DlmsTimeoutError(
      "TIMEOUT_RESPONSE",
      `${this.#what}: server ${serverSap} did not answer client ${clientSap} within ${this.#timeouts.response} ms${tries}: ${came}`,
      { details: { bytes: this.#bytesIn, tries: times, echoes: this.#echoes, others: this.#foreign } },
    );
  }

  #fail(error: DlmsError, outputs: LinkOutput[]): LinkOutput[] {
    this.reset();
    outputs.push({ kind: "failed", error });
    return outputs;
  }
}

function addressOf({ source, destination }: Wpdu): PushAddress {
  return { server: { logical: source }, client: destination };
}
