/**
 * The wPort pair of a wrapper link, over a stream or datagrams: frames requests, sorts received APDUs, and records them
 * for the error after a time-out.
 */
import { bytesEqual } from "../../bytes";
import { DlmsStateError, DlmsTimeoutError } from "../../errors";
import { isPush } from "../apdu-kind";
import type { LinkOutput, PushAddress, PushMatch } from "../link";
import { prefix } from "../request-prefix";
import { silentAfterAnswers } from "../silent-meter";
import type { WrapperLinkOptions } from "./options";
import { type Wpdu, encodeWpdu } from "./wpdu";
import type { ReceivedWpdu } from "./wrapper-framer";

/** Number of own messages whose echo is recognized. */
const maxEchoes = 64;
/** Other pairs of ports that an error names. */
const maxForeign = 4;

/** How often a request was sent, for its time-out message. */
export interface SendCount {
  readonly times: number;
  /** the link may send requests again, but not this one */
  readonly onceOnly: boolean;
}

export class WpduPort {
  readonly #options: WrapperLinkOptions;
  #request = "";
  /** own messages whose echo may arrive */
  #echoable: Uint8Array[] = [];
  #echoes = 0;
  #echoedBytes = 0;
  #bytesIn = 0;
  /** the meter has answered since the link is open */
  #answered = false;
  #foreign: string[] = [];

  constructor(options: WrapperLinkOptions) {
    this.#options = options;
  }

  /** name of the current request, for errors and notes */
  get request(): string {
    return this.#request;
  }

  beginRequest(name = ""): void {
    this.#request = name;
  }

  /** A further APDU of the request is awaited; `name`: the request, if it changes. */
  continueRequest(name = this.#request): void {
    this.#request = name;
  }

  encode(apdu: Uint8Array): Uint8Array {
    const { clientSap, serverSap, swappedBytes } = this.#options;
    return encodeWpdu({ source: clientSap, destination: serverSap, apdu }, swappedBytes);
  }

  transmit(bytes: Uint8Array, outputs: LinkOutput[]): void {
    if (this.#echoable.length === maxEchoes) this.#echoable.shift();
    this.#echoable.push(bytes);
    outputs.push({ kind: "transmit", bytes }, { kind: "frame", direction: "out", bytes });
  }

  /** An answer is awaited from now on; `pending` bytes of an unfinished message may belong to it. */
  beginWait(pending: number): void {
    this.#bytesIn = pending;
    this.#foreign = [];
    this.#echoes = this.#echoedBytes = 0;
  }

  count(bytes: number): void {
    this.#bytesIn += bytes;
  }

  /** Delivers the awaited APDU. */
  deliver(apdu: Uint8Array, outputs: LinkOutput[]): void {
    this.#echoable = [];
    this.#answered = true;
    outputs.push({ kind: "apdu", apdu });
  }

  reset(): void {
    this.#answered = false;
    this.#echoable = [];
  }

  /**
   * An APDU from the meter to this client that is not a push; pushes, echoes and messages of other users are handled
   * here.
   */
  accept({ wpdu, raw }: ReceivedWpdu, outputs: LinkOutput[]): Uint8Array | undefined {
    outputs.push({ kind: "frame", direction: "in", bytes: raw });
    const { apdu } = wpdu;
    if (this.#isEcho(raw)) {
      this.#echoes++;
      this.#echoedBytes += raw.length;
      outputs.push({ kind: "note", text: "the line echoes: the echo of our own message was dropped" });
    } else if (!this.isOurs(wpdu)) {
      // A push may have a special client address (broadcast, pre-established), so the ports need not be ours.
      if (isPush(apdu)) outputs.push({ kind: "notification", apdu, address: addressOf(wpdu) });
      else this.#dropForeign(wpdu, outputs);
    } else if (apdu.length === 0) outputs.push({ kind: "note", text: "an empty message was dropped" });
    else if (isPush(apdu)) return this.#answerBehind(apdu, outputs);
    else return apdu;
    return undefined;
  }

  #answerBehind(apdu: Uint8Array, outputs: LinkOutput[]): Uint8Array | undefined {
    const parts = this.#options.partPushes?.(apdu);
    outputs.push({ kind: "notification", apdu: parts?.pushes ?? apdu });
    return parts?.answer;
  }

  isOurs({ source, destination }: Pick<Wpdu, "source" | "destination">): boolean {
    return source === this.#options.serverSap && destination === this.#options.clientSap;
  }

  matchPush(address: PushAddress): PushMatch {
    const { serverSap, clientSap } = this.#options;
    if (address.server.logical !== serverSap) return "none";
    return address.client === clientSap ? "exact" : "meter";
  }

  /** The error for a request without an answer, from the evidence since `beginWait`. */
  unanswered(response: number, { times, onceOnly }: SendCount): DlmsTimeoutError {
    const { serverSap, clientSap } = this.#options;
    const tries = times > 1 ? `, sent ${times} times` : onceOnly ? ", sent once only" : "";
    return new DlmsTimeoutError(
      "TIMEOUT_RESPONSE",
      `${prefix(this.#request)}server ${serverSap} did not answer client ${clientSap} within ${response} ms${tries}: ${this.#receivedInstead()}`,
      { details: { bytes: this.#bytesIn, tries: times, echoes: this.#echoes, others: this.#foreign } },
    );
  }

  #receivedInstead(): string {
    if (this.#echoes > 0 && this.#bytesIn === this.#echoedBytes) {
      return "only our own message was received (the line echoes); the meter itself was silent: check server address and wiring";
    }
    if (this.#foreign.length > 0) {
      return `only messages for other addresses were received (${this.#foreign.join(", ")}); check client and server address`;
    }
    if (this.#bytesIn > 0) {
      return `${this.#bytesIn} bytes received, but no answer; the meter may be busy, or the request too large for it`;
    }
    return this.#answered
      ? silentAfterAnswers
      : "no bytes received; check the server address and the client address, and whether the meter serves another client";
  }

  /** Compared by bytes, because client and server may have the same number. No meter sends the request back. */
  #isEcho(raw: Uint8Array): boolean {
    const at = this.#echoable.findIndex((sent) => bytesEqual(sent, raw));
    if (at < 0) return false;
    // echoes arrive in the order of sending
    this.#echoable.splice(0, at + 1);
    return true;
  }

  #dropForeign({ source, destination }: Wpdu, outputs: LinkOutput[]): void {
    const ports = `from ${source} to ${destination}`;
    if (this.#foreign.length < maxForeign && !this.#foreign.includes(ports)) this.#foreign.push(ports);
    const { serverSap, clientSap } = this.#options;
    outputs.push({
      kind: "note",
      text: `a message ${ports} was dropped, expected one from ${serverSap} to ${clientSap}`,
    });
  }
}

/** @throws DlmsStateError STATE_CLOSED for a link that is not open */
export function assertOpen({ phase }: { readonly phase: string }): void {
  if (phase === "closed") throw new DlmsStateError("STATE_CLOSED", "wrapper: the link is not open");
}

function addressOf({ source, destination }: Wpdu): PushAddress {
  return { server: { logical: source }, client: destination };
}
