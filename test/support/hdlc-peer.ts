/**
 * A small HDLC secondary station for tests of the link: written from IEC 62056-46 alone, without the code under test,
 * so that it does not repeat a mistake of that code. Frames are plain hex texts.
 */

/** CRC-16/X.25, bit by bit. */
function crc(bytes: readonly number[]): number {
  let value = 0xffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const mix = (value ^ (byte >> bit)) & 1;
      value >>= 1;
      if (mix === 1) value ^= 0x8408;
    }
  }
  return ~value & 0xffff;
}

const bytesOf = (hex: string): number[] =>
  (hex.replace(/\s/g, "").match(/../g) ?? []).map((pair) => parseInt(pair, 16));
const hexOf = (bytes: readonly number[]): string => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Builds a frame from its parts, flags included, all in hex. */
export function hdlcFrame(destination: string, source: string, control: number, info = "", segmented = false): string {
  const data = bytesOf(info);
  const addresses = [...bytesOf(destination), ...bytesOf(source)];
  const length = 2 + addresses.length + 1 + 2 + (data.length > 0 ? data.length + 2 : 0);
  const bytes = [0xa0 | (segmented ? 8 : 0) | (length >> 8), length & 0xff, ...addresses, control];
  const check = (): void => {
    const value = crc(bytes);
    bytes.push(value & 0xff, value >> 8);
  };
  if (data.length > 0) {
    check();
    bytes.push(...data);
  }
  check();
  return `7e${hexOf(bytes)}7e`;
}

export interface PeerFrame {
  readonly destination: string;
  readonly source: string;
  readonly control: number;
  readonly info: number[];
  readonly segmented: boolean;
}

export interface HdlcPeerOptions {
  /** hex of the address fields (1/17 and 16) */
  readonly server?: string;
  readonly client?: string;
  /** parameters of the UA: octets and frames, as the meter sees them */
  readonly maxTransmit?: number;
  readonly maxReceive?: number;
  readonly windowTransmit?: number;
  readonly windowReceive?: number;
  /** the answer to an APDU, in hex */
  readonly answer: (apdu: string) => readonly string[];
}

/** The secondary station: takes bytes and returns the frames that answer them. */
export class HdlcPeer {
  readonly #options: Required<HdlcPeerOptions>;
  #buffer: number[] = [];
  #connected = false;
  /** next N(S) to send, and next N(S) expected */
  #expected = 0;
  #base = 0;
  #sent = 0;
  #queue: { info: number[]; segmented: boolean }[] = [];
  #request: number[] = [];
  /** received APDUs */
  readonly received: string[] = [];

  constructor(options: HdlcPeerOptions) {
    this.#options = {
      server: "0223",
      client: "21",
      maxTransmit: 128,
      maxReceive: 128,
      windowTransmit: 1,
      windowReceive: 1,
      ...options,
    };
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** The line was silent: drops an unfinished frame. */
  silence(): void {
    this.#buffer = [];
  }

  receive(bytes: Uint8Array): string[] {
    this.#buffer.push(...bytes);
    const replies: string[] = [];
    for (let frame = this.#next(); frame; frame = this.#next()) replies.push(...this.#onFrame(frame));
    return replies;
  }

  #next(): PeerFrame | undefined {
    for (let at = 0; at + 3 <= this.#buffer.length; at++) {
      if (this.#buffer[at] !== 0x7e || (this.#buffer[at + 1]! & 0xf0) !== 0xa0) continue;
      const length = ((this.#buffer[at + 1]! & 7) << 8) | this.#buffer[at + 2]!;
      const frame = this.#buffer.slice(at + 1, at + 1 + length);
      if (frame.length < length) {
        // An unfinished frame does not hide the next frame, unless its header is wrong: continue the search.
        continue;
      }
      const parsed = this.#parse(frame);
      if (!parsed) continue;
      this.#buffer.splice(0, at + 1 + length);
      return parsed;
    }
    return undefined;
  }

  #parse(frame: number[]): PeerFrame | undefined {
    const check = crc(frame.slice(0, -2));
    if (frame.length < 7 || frame.at(-2) !== (check & 0xff) || frame.at(-1) !== check >> 8) return undefined;
    const field = (at: number): number => frame.findIndex((byte, i) => i >= at && (byte & 1) === 1) + 1;
    const first = field(2);
    const second = field(first);
    return {
      destination: hexOf(frame.slice(2, first)),
      source: hexOf(frame.slice(first, second)),
      control: frame[second]!,
      info: frame.slice(second + 3, -2),
      segmented: (frame[0]! & 8) !== 0,
    };
  }

  #reply(control: number, info = "", segmented = false): string {
    return hdlcFrame(this.#options.client, this.#options.server, control, info, segmented);
  }

  #onFrame(frame: PeerFrame): string[] {
    if (frame.destination !== this.#options.server || frame.source !== this.#options.client) return [];
    switch (frame.control) {
      case 0x93:
        return this.#connect();
      case 0x53: {
        const was = this.#connected;
        this.#connected = false;
        return [this.#reply(was ? 0x73 : 0x1f)];
      }
      default:
    }
    if (!this.#connected) return (frame.control & 0x10) !== 0 ? [this.#reply(0x1f)] : [];
    if ((frame.control & 1) === 0) return this.#onInformation(frame);
    if ((frame.control & 0x0f) === 0x01) {
      this.#acknowledge(frame.control >> 5);
      return (frame.control & 0x10) !== 0 ? this.#turn() : [];
    }
    return [];
  }

  #connect(): string[] {
    this.#connected = true;
    this.#expected = this.#base = this.#sent = 0;
    this.#queue = [];
    this.#request = [];
    const two = (value: number): string => value.toString(16).padStart(4, "0");
    const { maxTransmit, maxReceive, windowTransmit, windowReceive } = this.#options;
    return [
      this.#reply(
        0x73,
        `818014 0502${two(maxTransmit)} 0602${two(maxReceive)} 0704000000${two(windowTransmit).slice(2)} 0804000000${two(windowReceive).slice(2)}`,
      ),
    ];
  }

  #acknowledge(receiveSequence: number): void {
    const count = (receiveSequence - this.#base) & 7;
    if (count > this.#sent) return;
    this.#queue.splice(0, count);
    this.#base = receiveSequence;
    this.#sent = 0;
  }

  #onInformation(frame: PeerFrame): string[] {
    this.#acknowledge(frame.control >> 5);
    if (((frame.control >> 1) & 7) === this.#expected) {
      this.#expected = (this.#expected + 1) & 7;
      this.#request.push(...frame.info);
      if (!frame.segmented) this.#complete();
    }
    return (frame.control & 0x10) !== 0 ? this.#turn() : [];
  }

  #complete(): void {
    const request = hexOf(this.#request);
    this.#request = [];
    if (!request.startsWith("e6e600")) return;
    this.received.push(request.slice(6));
    for (const apdu of this.#options.answer(request.slice(6))) {
      const bytes = bytesOf(`e6e700${apdu}`);
      for (let at = 0; at < bytes.length; at += this.#options.maxTransmit) {
        const end = at + this.#options.maxTransmit;
        this.#queue.push({ info: bytes.slice(at, end), segmented: end < bytes.length });
      }
    }
  }

  /** Sends as many frames as the window allows, the last one with F; else RR. */
  #turn(): string[] {
    const part = this.#queue.slice(0, this.#options.windowTransmit);
    this.#sent = part.length;
    if (part.length === 0) return [this.#reply((this.#expected << 5) | 0x11)];
    return part.map(({ info, segmented }, i) => {
      const final = i === part.length - 1 ? 0x10 : 0;
      const control = (this.#expected << 5) | final | (((this.#base + i) & 7) << 1);
      return this.#reply(control, hexOf(info), segmented);
    });
  }
}
