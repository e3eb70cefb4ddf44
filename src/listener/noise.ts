/** Explains why bytes arrive without any push: statistics of a stream without a unit, and their meaning. */
import { evenParity, latin1 } from "../bytes";

export type NoiseKind = "http" | "tls" | "text" | "mbus" | "signal" | "parity" | "seven-bits" | "speed" | "foreign";

export interface NoiseHint {
  readonly kind: NoiseKind;
  /** half a sentence: the likely cause and what to try */
  readonly text: string;
}

const sampleBytes = 128;

const texts = {
  http: "a web browser or an HTTP client has connected, which is no meter: give the port to meters only",
  tls: "the peer speaks TLS: give the port a certificate (transport.tls), or set the meter to plain TCP",
  text: "this is text: choose framing P1 for a telegram, or check what is connected",
  mbus: "this looks like wired M-Bus: choose framing M-Bus, and check the parity (8E1 or 8N1)",
  signal:
    "only 00 and FF are received: the signal is inverted, the interface has no supply, or nothing drives the line",
  parity: "every byte has even parity: the meter sends 7E1, so set the serial port to 7E1",
  "seven-bits": "no byte is above 7F: the serial port drops the eighth bit, so set it to 8N1 or 8E1",
  speed: "check baud rate, parity and whether the signal is inverted",
  foreign: "check which device sends to this port, and the framing",
} as const satisfies Record<NoiseKind, string>;

const hintOf = (kind: NoiseKind): NoiseHint => ({ kind, text: texts[kind] });

/** Detects from the first bytes of a connection that the peer uses another protocol. */
export function foreignProtocol(first: Uint8Array): NoiseHint | undefined {
  const text = latin1(first.subarray(0, 12));
  if (/^(GET|POST|PUT|HEAD|OPTIONS|DELETE|PATCH|CONNECT|TRACE) |^PRI \* /.test(text)) return hintOf("http");
  if (/^SSH-\d/.test(text)) return { kind: "foreign", text: "the peer speaks SSH, which is no meter" };
  const [type, major, minor = 9, , , handshake] = first;
  return type === 0x16 && major === 3 && minor <= 4 && handshake === 1 ? hintOf("tls") : undefined;
}

export class NoiseStatistics {
  readonly #sample: number[] = [];
  #bytes = 0;
  #flat = 0;
  #high = 0;
  #odd = 0;
  /** of wired M-Bus: start sequences, and single E5 */
  #starts = 0;
  #acknowledgements = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get first(): Uint8Array {
    return Uint8Array.from(this.#sample.slice(0, 16));
  }

  add(bytes: Uint8Array): void {
    const before = this.#sample.length;
    for (const byte of bytes.subarray(0, sampleBytes - before)) this.#sample.push(byte);
    this.#bytes += bytes.length;
    for (const [at, byte] of bytes.entries()) {
      if (byte === 0 || byte === 0xff) this.#flat++;
      if (byte > 0x7f) this.#high++;
      if (evenParity(byte) !== byte) this.#odd++;
      if (byte === 0xe5) this.#acknowledgements++;
      if (byte === 0x68 && bytes[at + 3] === 0x68 && bytes[at + 1] === bytes[at + 2]) this.#starts++;
    }
  }

  /** @param serial the bytes arrive over a serial line, whose settings may be wrong */
  hint(serial: boolean): NoiseHint {
    const sample = Uint8Array.from(this.#sample);
    const foreign = serial ? undefined : foreignProtocol(sample);
    if (foreign !== undefined) return foreign;
    const share = (count: number): number => (this.#bytes === 0 ? 0 : count / this.#bytes);
    if (share(this.#flat) > 0.9) return hintOf("signal");
    if (this.#starts > 0 || share(this.#acknowledgements) > 0.05) return hintOf("mbus");
    const seven = latin1(sample.map((byte) => byte & 0x7f));
    const isText = /\/[A-Za-z]{3}[0-9A-Za-z]|\d-\d:\d+\.\d+\.\d+/.test(seven);
    if (share(this.#high) > 0.1 && this.#odd <= this.#bytes / 50) return hintOf("parity");
    if (isText) return hintOf("text");
    if (this.#high === 0) return isPrintable(sample) ? hintOf("text") : hintOf(serial ? "seven-bits" : "foreign");
    return hintOf(serial ? "speed" : "foreign");
  }
}

const isPrintable = (bytes: Uint8Array): boolean =>
  bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0d || byte === 0x0a || byte === 0x09);
