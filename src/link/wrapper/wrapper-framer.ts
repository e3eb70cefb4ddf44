/** Cuts a byte stream into wrapper protocol data units. */
import { concatBytes } from "../../bytes";
import type { DlmsError } from "../../errors";
import { isDlmsError } from "../../errors";
import { wrapperHeaderLength, type Wpdu, type WrapperHeader, decodeWrapperHeader, headerError } from "./wpdu";

export interface ReceivedWpdu {
  readonly wpdu: Wpdu;
  readonly raw: Uint8Array;
}

export interface WrapperFramerResult {
  readonly pdus: readonly ReceivedWpdu[];
  /** The stream is no longer a valid wrapper stream; no more output before `clear`. */
  readonly error?: DlmsError;
}

export interface WrapperFramerOptions {
  readonly swappedBytes?: boolean;
  /** maximum length of an APDU (65535) */
  readonly maxApdu?: number;
}

const nothing: WrapperFramerResult = { pdus: [] };

/**
 * Cuts a stream into WPDUs, which may arrive in pieces or several at a time. The wrapper has no check sequence to
 * resynchronise by, so a wrong header ends the stream. Memory is allocated once per WPDU, for the length in its header.
 */
export class WrapperFramer {
  readonly #swapped: boolean;
  readonly #maxApdu: number;
  readonly #head = new Uint8Array(wrapperHeaderLength);
  #header: WrapperHeader | undefined;
  #body = new Uint8Array(0);
  /** received bytes of header and body */
  #have = 0;
  #error: DlmsError | undefined;

  constructor(options: WrapperFramerOptions = {}) {
    this.#swapped = options.swappedBytes ?? false;
    this.#maxApdu = options.maxApdu ?? 0xffff;
  }

  /** Bytes of an unfinished WPDU. */
  get pending(): number {
    return this.#have;
  }

  /** Missing bytes of the unfinished WPDU; undefined while its header is incomplete. */
  get missing(): number | undefined {
    return this.#header && wrapperHeaderLength + this.#header.length - this.#have;
  }

  /** The header of the unfinished WPDU, once it is complete. */
  get header(): WrapperHeader | undefined {
    return this.#header;
  }

  push(bytes: Uint8Array): WrapperFramerResult {
    if (this.#error) return { pdus: [], error: this.#error };
    const whole = this.#have === 0 ? this.#whole(bytes) : undefined;
    if (whole) return { pdus: [whole] };
    let pdus: ReceivedWpdu[] | undefined;
    let at = 0;
    while (at < bytes.length) {
      at += this.#header ? this.#takeBody(bytes, at) : this.#takeHead(bytes, at);
      const error = this.#error as DlmsError | undefined;
      if (error) return { pdus: pdus ?? [], error };
      const pdu = this.#complete();
      if (pdu) (pdus ??= []).push(pdu);
    }
    return pdus ? { pdus } : nothing;
  }

  /** Fast path for the usual case: one WPDU and nothing else. It is returned as views of the received bytes. */
  #whole(bytes: Uint8Array): ReceivedWpdu | undefined {
    if (bytes.length < wrapperHeaderLength || !this.#isVersion(bytes) || Buffer.isBuffer(bytes)) return undefined;
    const { source, destination, length } = decodeWrapperHeader(bytes, this.#swapped);
    if (length !== bytes.length - wrapperHeaderLength || length > this.#maxApdu) return undefined;
    const apdu = new Uint8Array(bytes.buffer, bytes.byteOffset + wrapperHeaderLength, length);
    return { wpdu: { source, destination, apdu }, raw: bytes };
  }

  #isVersion(bytes: Uint8Array): boolean {
    return bytes[0] === (this.#swapped ? 1 : 0) && bytes[1] === (this.#swapped ? 0 : 1);
  }

  clear(): void {
    this.#header = undefined;
    this.#have = 0;
    this.#error = undefined;
  }

  #takeHead(bytes: Uint8Array, at: number): number {
    const count = Math.min(wrapperHeaderLength - this.#have, bytes.length - at);
    for (let i = 0; i < count; i++) this.#head[this.#have + i] = bytes[at + i] ?? 0;
    this.#have += count;
    const version = this.#have >= 2 ? (this.#head[0] ?? 0) * 256 + (this.#head[1] ?? 0) : undefined;
    // Two bytes reveal a wrong version; other framings may never send eight.
    if (version !== undefined && version !== (this.#swapped ? 0x0100 : 0x0001)) {
      this.#error = headerError(
        concatBytes(this.#head.subarray(0, this.#have), bytes.subarray(at + count, at + count + 16)),
        "no header of version 1",
      );
    } else if (this.#have === wrapperHeaderLength) this.#startBody();
    return count;
  }

  #startBody(): void {
    try {
      this.#header = decodeWrapperHeader(this.#head, this.#swapped);
      if (this.#header.length > this.#maxApdu) {
        throw headerError(this.#head, `length ${this.#header.length} is above the limit of ${this.#maxApdu}`);
      }
      this.#body = new Uint8Array(this.#header.length);
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      this.#error = error;
    }
  }

  #takeBody(bytes: Uint8Array, at: number): number {
    const from = this.#have - wrapperHeaderLength;
    const count = Math.min(this.#body.length - from, bytes.length - at);
    if (count < 32) for (let i = 0; i < count; i++) this.#body[from + i] = bytes[at + i] ?? 0;
    else this.#body.set(bytes.subarray(at, at + count), from);
    this.#have += count;
    return count;
  }

  #complete(): ReceivedWpdu | undefined {
    const header = this.#header;
    if (!header || this.#have < wrapperHeaderLength + header.length) return undefined;
    this.#header = undefined;
    this.#have = 0;
    const { source, destination } = header;
    return { wpdu: { source, destination, apdu: this.#body }, raw: concatBytes(this.#head, this.#body) };
  }
}
