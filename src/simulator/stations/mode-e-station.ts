/** The sign-on of IEC 62056-21 mode E on the side of a simulated meter. */
import { isWithinOffer } from "../../link";
import { latin1 } from "../../bytes";
import type { MeterDefinition } from "../definition/definition";
import type { Station } from "./station";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const maxLineCharacters = 80;
const ack = "\u0006";

/**
 * The sign-on of IEC 62056-21 mode E before HDLC: request, identification with `\\2`, acknowledgement, confirmation.
 * The transport sets the line speed; the parity bit of received bytes is masked.
 */
export class ModeEStation implements Station {
  readonly #hdlc: Station;
  readonly #options: NonNullable<MeterDefinition["modeE"]>;
  #text = "";
  #binary = false;

  constructor(hdlc: Station, options: NonNullable<MeterDefinition["modeE"]>) {
    this.#hdlc = hdlc;
    this.#options = options;
  }

  receive(bytes: Uint8Array): readonly Uint8Array[] {
    if (this.#binary && !this.#signsOnAgain(bytes)) return this.#hdlc.receive(bytes);
    const answers: Uint8Array[] = [];
    for (const [index, byte] of bytes.entries()) {
      this.#text = (this.#text + String.fromCharCode(byte & 0x7f)).slice(-maxLineCharacters);
      if (!this.#text.endsWith("\r\n")) continue;
      const line = this.#text.slice(0, -2);
      this.#text = "";
      for (const answer of this.#line(line)) answers.push(answer);
      if (this.#isBinary()) return [...answers, ...this.#hdlc.receive(bytes.subarray(index + 1))];
    }
    return answers;
  }

  notify(apdu: Uint8Array, client: number): readonly Uint8Array[] {
    return this.#binary ? this.#hdlc.notify(apdu, client) : [];
  }

  reset(): void {
    this.#text = "";
    this.#binary = false;
    this.#hdlc.reset();
  }

  /** The client lost the session and signs on again on the same line. */
  #signsOnAgain(bytes: Uint8Array): boolean {
    const text = latin1(bytes.subarray(0, maxLineCharacters).map((byte) => byte & 0x7f));
    if (!text.startsWith("/?") || !text.endsWith("!\r\n")) return false;
    this.reset();
    return true;
  }

  #isBinary(): boolean {
    return this.#binary;
  }

  #line(line: string): Uint8Array[] {
    const { address, identification = "SIM5", offersBinary = true, confirms = true } = this.#options;
    const request = /\/\?([^!]*)!$/.exec(line);
    if (request !== null) {
      const asked = request[1] ?? "";
      if (asked !== "" && asked !== address) return [];
      return [ascii(`/${identification}${offersBinary ? "\\2" : ""}SIMULATED\r\n`)];
    }
    // a client on a line with a fixed rate may choose a lower rate than the meter offers
    const [, chosen = ""] = new RegExp(`${ack}2(.)2$`).exec(line) ?? [];
    if (!offersBinary || !isWithinOffer(chosen, identification.slice(3, 4))) return [];
    this.#binary = true;
    return confirms ? [ascii(`${ack}2${chosen}2\r\n`)] : [];
  }
}
