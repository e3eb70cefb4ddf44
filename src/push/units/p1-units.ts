/** Cuts text telegrams (P1) out of a stream. */
import { concatBytes, latin1 } from "../../bytes";
import { DlmsLinkError, DlmsPushError } from "../../errors";
import type { BufferedFraming } from "./buffered-units";
import { cutError } from "./limits";
import { SeenHeads } from "./seen-heads";
import { StreamBuffer } from "./stream-buffer";
import { noNotes, type UnitSink } from "./unit";

/** Maximum bytes of one text telegram; those of DSMR 5 have about 2000. */
export const maxTelegramBytes = 16_384;
const slash = 0x2f;
const bang = 0x21;
/** "/", three letters of the maker, a digit or a letter. */
const identification = /^\/[A-Za-z]{3}[0-9A-Za-z]/;
const identificationBytes = 5;
const crcDigits = 4;
const generalGlo = Uint8Array.of(0xdb);

/** CRC-16/ARC, as DSMR 5 P1 asks for: from "/" to "!", both included. */
export function crc16Arc(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc;
}

/**
 * Text telegrams (P1 of DSMR, IEC 62056-21 mode D), and Elgama's form: the identification, an empty line, and the content
 * of a general-glo-ciphering without its tag.
 */
export class P1Units implements BufferedFraming {
  readonly framing = "p1";
  readonly buffer = new StreamBuffer(maxTelegramBytes);
  /** telegrams without a CRC are accepted if the user chose the framing */
  readonly #withoutCrc: boolean;
  readonly #heads = new SeenHeads(identificationBytes);
  /** place in the stream before which the text does not end */
  #searched = 0;

  constructor(withoutCrc: boolean) {
    this.#withoutCrc = withoutCrc;
  }

  get begun(): boolean {
    return this.buffer.length > 8;
  }

  skipByte(): void {
    this.buffer.skip(1);
  }

  end(sink: UnitSink): void {
    if (!this.begun) return;
    sink.problems.push(
      new DlmsPushError("PUSH_INCOMPLETE", "incomplete push: the stream ended inside a text telegram"),
    );
  }

  cut(_now: number | undefined, sink: UnitSink): boolean {
    const { view } = this.buffer;
    if (view.length === 0) return false;
    if (view[0] !== slash) return this.#skipTo(view.indexOf(slash));
    if (view.length < identificationBytes) return false;
    if (!identification.test(latin1(view.subarray(0, identificationBytes))))
      return this.#skipTo(view.indexOf(slash, 1));
    const head = headLength(view);
    if (head !== undefined && view.length > head && isBinary(view[head])) return this.#ciphered(view, head, sink);
    const { position } = this.buffer;
    const end = textEnd(view, Math.max(1, this.#searched - position));
    if (end === "wait") {
      this.#searched = position + view.length;
      return false;
    }
    if (end === undefined) return this.#skipTo(view.indexOf(slash, 1));
    return this.#telegram(view, end, sink);
  }

  #skipTo(at: number): boolean {
    this.buffer.skip(at < 0 ? this.buffer.length : at);
    return true;
  }

  /** The telegram from "/" to the "!" at `end`, with its CRC. */
  #telegram(view: Uint8Array, end: number, sink: UnitSink): boolean {
    if (view.length < end + 2) return false;
    const behind = latin1(view.subarray(end + 1, end + 1 + crcDigits));
    const digits = /^[0-9A-Fa-f]*/.exec(behind)?.[0].length ?? 0;
    if (digits > 0 && digits < crcDigits && view.length < end + 1 + crcDigits) return false;
    const hasCrc = digits > 0;
    const text = view.slice(0, end + 1);
    const isRight = hasCrc && digits === crcDigits && Number.parseInt(behind, 16) === crc16Arc(text);
    const next = isRight ? -1 : nextIdentification(text);
    if (next > 0) {
      sink.problems.push(cutError("a P1 telegram", next));
      return this.#skipTo(next);
    }
    this.buffer.skip(end + 1 + digits);
    const isUnchecked = !hasCrc && this.#withoutCrc && /^[\r\n/]/.test(behind);
    if (!isRight && !isUnchecked) {
      const problem = hasCrc
        ? `its CRC is ${behind.replace(/[^\x20-\x7e]/g, "?")}, the text gives ${crcText(text)}`
        : "it has no CRC";
      sink.problems.push(
        new DlmsLinkError("LINK_FCS", `P1 telegram of ${text.length} bytes: ${problem}; it was dropped`),
      );
      return true;
    }
    const bytes = text.length + digits;
    const link = { framing: "p1", source: null, destination: null, frames: 1, bytes } as const;
    sink.units.push({ kind: "text", text, link, notes: hasCrc ? noNotes : ["the telegram has no CRC"] });
    return true;
  }

  /** Elgama: title length, title, length and content after the identification, then "!". */
  #ciphered(view: Uint8Array, head: number, sink: UnitSink): boolean {
    const title = view[head] ?? 0;
    const at = head + 1 + title;
    const form = view[at];
    if (form === undefined) return false;
    const extra = form < 0x80 ? 0 : form & 0x7f;
    if (extra > 2 || (form >= 0x80 && extra === 0)) return this.#skipTo(view.indexOf(slash, 1));
    if (view.length < at + 1 + extra) return false;
    let length = extra === 0 ? form : 0;
    for (let i = 1; i <= extra; i++) length = length * 256 + (view[at + i] ?? 0);
    const end = at + 1 + extra + length;
    if (length < 5 || end > maxTelegramBytes) return this.#skipTo(view.indexOf(slash, 1));
    this.#heads.add(view);
    const next = this.#heads.find(view, end, this.buffer.position);
    if (next !== undefined) {
      sink.problems.push(cutError("a P1 telegram", next));
      return this.#skipTo(next);
    }
    if (view.length < end) return false;
    const apdu = concatBytes(generalGlo, view.subarray(head, end));
    this.buffer.skip(view[end] === bang ? end + 1 : end);
    const link = { framing: "p1", source: null, destination: null, frames: 1, bytes: end } as const;
    sink.units.push({ kind: "apdu", apdu, link, notes: noNotes });
    return true;
  }
}

const crcText = (text: Uint8Array): string => crc16Arc(text).toString(16).toUpperCase().padStart(4, "0");

/** Valid title lengths of a general-glo content: zero or eight bytes. */
const isBinary = (byte: number | undefined): boolean => byte === 0 || byte === 8;

/** The end of the empty line after the identification; undefined if it has not been received (yet). */
function headLength(view: Uint8Array): number | undefined {
  const lineEnd = view.indexOf(0x0a);
  if (lineEnd < 0 || view[lineEnd + 1] !== 0x0d || view[lineEnd + 2] !== 0x0a) return undefined;
  return lineEnd + 3;
}

/** The position of an identification after the first one; -1 if absent. */
function nextIdentification(text: Uint8Array): number {
  let at = text.indexOf(slash, 1);
  while (at > 0 && !identification.test(latin1(text.subarray(at, at + identificationBytes))))
    at = text.indexOf(slash, at + 1);
  return at;
}

/** The position of the "!" at the beginning of a line; undefined if non-text bytes precede it. */
function textEnd(view: Uint8Array, from: number): number | "wait" | undefined {
  for (let i = from; i < view.length; i++) {
    const byte = view[i] ?? 0;
    if (byte === bang && view[i - 1] === 0x0a) return i;
    const isText = (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09;
    if (!isText || (byte === slash && view[i - 1] === 0x0a)) return undefined;
  }
  return view.length >= maxTelegramBytes ? undefined : "wait";
}
