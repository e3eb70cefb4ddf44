/** Drives one link protocol by hand on a virtual clock. */
import { fromHex, toHex } from "../../src/bytes";
import type { DlmsError } from "../../src/errors";
import type { LinkOutput, LinkProtocol, LinkSendOptions } from "../../src/link";

/** A link under test on a virtual clock: `sent` holds its frames as hex, the other lists its outputs. */
export class LinkLine {
  now = 0;
  readonly link: LinkProtocol;
  sent: string[] = [];
  readonly apdus: string[] = [];
  readonly notifications: string[] = [];
  readonly notes: string[] = [];
  readonly lines: string[] = [];
  readonly events: string[] = [];
  failure: DlmsError | undefined;
  unanswered: DlmsError | undefined;

  constructor(link: LinkProtocol) {
    this.link = link;
  }

  open(): this {
    return this.#take(this.link.open(this.now));
  }

  send(apdu: string, options?: LinkSendOptions): this {
    return this.#take(this.link.send(fromHex(apdu), this.now, options));
  }

  await(): this {
    return this.#take(this.link.await(this.now));
  }

  close(): this {
    return this.#take(this.link.close(this.now));
  }

  receive(...hex: string[]): this {
    for (const part of hex) this.#take(this.link.receive(fromHex(part), this.now));
    return this;
  }

  pass(ms: number): this {
    this.now += ms;
    return this.#take(this.link.tick(this.now));
  }

  /** Advances the clock to the deadline and ticks. */
  timeOut(): this {
    const { deadline } = this.link;
    if (deadline === undefined) throw new Error("nothing is awaited");
    this.now = Math.max(this.now, deadline);
    return this.#take(this.link.tick(this.now));
  }

  /** The frames sent since the last call. */
  taken(): string[] {
    const { sent } = this;
    this.sent = [];
    return sent;
  }

  #take(outputs: readonly LinkOutput[]): this {
    for (const output of outputs) {
      switch (output.kind) {
        case "transmit":
          this.sent.push(toHex(output.bytes));
          break;
        case "apdu":
          this.apdus.push(toHex(output.apdu));
          break;
        case "notification":
          this.notifications.push(toHex(output.apdu));
          break;
        case "note":
          this.notes.push(output.text);
          break;
        case "line":
          this.lines.push(`${output.settings.baudRate} ${output.settings.dataBits} ${output.settings.parity}`);
          break;
        case "unanswered":
          this.unanswered = output.error;
          break;
        case "failed":
          this.failure = output.error;
          this.events.push(output.kind);
          break;
        case "opened":
        case "closed":
          this.events.push(output.kind);
          break;
        default:
      }
    }
    return this;
  }
}
