/** Random streams: several meters, framings and securities, cut anywhere, with noise and damaged pushes between. */
import assert from "node:assert/strict";
import { PushDecoder, type PushDecoderOptions } from "../../../src/push";
import {
  dataNotification,
  double32,
  gak,
  gbek,
  generalGlo,
  guek,
  hdlcFrames,
  item,
  mbus,
  structure,
  wrapped,
} from "../../support/pushes";
import { random } from "../../support/random";

const titles = ["4d4d4d0000000001", "4b464d0000000002", "5341470000000003"];
const controls = [0x10, 0x20, 0x30, 0x70, undefined] as const;
const options: PushDecoderOptions = {
  keys: { encryptionKey: guek, authenticationKey: gak, broadcastKey: gbek },
  // each meter sends pushes with a tag and others without
  withoutAuthenticationKey: "mark",
};

type Framing = "hdlc" | "mbus" | "wrapper" | "apdu" | "p1";
/** Sources on a wrapper connection: logical devices behind a gateway. */
const sources = [1, 2, 27];
/** Bytes of the CRC of a telegram and of its last line end. */
const telegramTail = 6;
/** Bytes that a cut takes away at least: a whole head of the next unit. */
const minCut = 12;

class Stream {
  readonly pieces: Buffer[] = [];
  readonly wanted: number[] = [];
  readonly #framing: Framing;
  readonly #next: (below: number) => number;
  #counter = 0;
  #authenticated: Buffer | undefined;
  #isCut = false;

  constructor(framing: Framing, seed: number) {
    this.#framing = framing;
    this.#next = random(seed);
    // a cut shows by the head of a sender that was there before
    if (framing === "apdu" || framing === "wrapper") for (let i = 0; i < 3; i++) this.#first(i);
    const count = 3 + this.#next(12);
    for (let i = 0; i < count; i++) this.#add();
  }

  /** All bytes in pieces of random lengths. */
  *cut(): Generator<Uint8Array> {
    const bytes = Buffer.concat(this.pieces);
    for (let at = 0; at < bytes.length;) {
      const length = 1 + this.#next(this.#next(2) === 0 ? 8 : 400);
      yield bytes.subarray(at, at + length);
      at += length;
    }
  }

  #add(): void {
    const isChecked = this.#framing === "hdlc" || this.#framing === "mbus" || this.#framing === "p1";
    const kinds = ["whole", "whole", "whole", "noise", "cut"];
    if (this.#framing !== "p1") kinds.push("again");
    if (isChecked) kinds.push("damaged");
    if (this.#framing === "hdlc") kinds.push("interleaved", "segment lost");
    const drawn = kinds[this.#next(kinds.length)] ?? "whole";
    // noise may complete a unit that was cut, so that only a part of the next head is inside it
    const kind = drawn === "noise" && this.#isCut && !isChecked ? "whole" : drawn;
    this.#isCut = kind === "cut";
    const { apdu, value } = this.#push();
    if (kind === "whole") this.#emit(this.#framed(apdu), [value]);
    else if (kind === "noise") this.#emit(this.#noise(), []);
    else if (kind === "again") this.#emit(this.#authenticated ?? this.#noise(), []);
    else if (kind === "damaged") this.#emit(this.#damaged(this.#framed(apdu)), []);
    else if (kind === "cut") this.#emit(this.#cut(this.#framed(apdu)), []);
    else if (kind === "interleaved") this.#interleaved(apdu, value);
    else this.#segmentLost(apdu);
  }

  /** The first push of a meter. */
  #first(meter: number): void {
    const value = ++this.#counter;
    const apdu = generalGlo(energy(value), { counter: value, title: titles[meter] ?? "" });
    this.#emit(this.#framing === "wrapper" ? wrapped(apdu, sources[meter]) : apdu, [value]);
  }

  #emit(bytes: Buffer, values: readonly number[]): void {
    this.pieces.push(bytes);
    this.wanted.push(...values);
  }

  /** A push of one of the meters whose energy is its number in the stream. */
  #push(): { readonly apdu: Buffer; readonly value: number } {
    const value = ++this.#counter;
    const plain = energy(value);
    if (this.#framing === "p1") return { apdu: telegram(value), value };
    const control = controls[this.#next(this.#framing === "apdu" ? controls.length - 1 : controls.length)];
    if (control === undefined) return { apdu: plain, value };
    const title = titles[this.#next(titles.length)] ?? "";
    const apdu = generalGlo(plain, { control, counter: value, title, ...(control === 0x70 && { key: gbek }) });
    return { apdu, value };
  }

  #framed(apdu: Buffer): Buffer {
    const size = 20 + this.#next(200);
    const framed =
      this.#framing === "hdlc"
        ? Buffer.concat(hdlcFrames(apdu, size))
        : this.#framing === "mbus"
          ? mbus(apdu, size)
          : this.#framing === "wrapper"
            ? wrapped(apdu, sources[this.#next(sources.length)])
            : apdu;
    const isAuthenticated = apdu[0] === 0xdb && ((apdu[11] ?? 0) & 0x10) !== 0;
    this.#authenticated = isAuthenticated ? framed : undefined;
    return framed;
  }

  #noise(): Buffer {
    this.#authenticated = undefined;
    return Buffer.from(Array.from({ length: 1 + this.#next(40) }, () => this.#next(256)));
  }

  #damaged(bytes: Buffer): Buffer {
    this.#authenticated = undefined;
    const damaged = Buffer.from(bytes);
    // the CRC of a telegram does not cover its own digits in lower case, nor the line end after them
    const checked = damaged.length - (this.#framing === "p1" ? telegramTail : 0);
    let at = this.#next(checked);
    // a flag may be shared with the frame before or after it
    while (this.#framing === "hdlc" && damaged[at] === 0x7e) at = this.#next(damaged.length);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << this.#next(8));
    return damaged;
  }

  #cut(bytes: Buffer): Buffer {
    this.#authenticated = undefined;
    // without its last flag a frame is whole: the next one may share its own
    const isChecked = this.#framing === "hdlc" || this.#framing === "mbus";
    return bytes.subarray(0, this.#next(bytes.length - (isChecked ? 1 : minCut)));
  }

  #segmentLost(apdu: Buffer): void {
    this.#authenticated = undefined;
    const frames = hdlcFrames(apdu, 25);
    frames.splice(this.#next(frames.length), 1);
    this.#emit(Buffer.concat(frames), []);
  }

  /** Segments of two meters in turn; the shorter one ends first. */
  #interleaved(apdu: Buffer, value: number): void {
    this.#authenticated = undefined;
    const other = this.#push();
    const first = hdlcFrames(apdu, 25, "03");
    const second = hdlcFrames(other.apdu, 25, "05");
    const frames: Buffer[] = [];
    for (let i = 0; i < Math.max(first.length, second.length); i++) {
      frames.push(...[first[i], second[i]].filter((frame) => frame !== undefined));
    }
    this.#emit(Buffer.concat(frames), first.length <= second.length ? [value, other.value] : [other.value, value]);
  }
}

const energy = (value: number): Buffer =>
  dataNotification(
    structure(item("1.0.1.8.0.255", double32(value), 0, 30), item("1.0.1.7.0.255", double32(value), 0, 27)),
    value,
  );

/** A P1 telegram with its CRC-16/ARC. */
function telegram(value: number): Buffer {
  const text = Buffer.from(
    `/ISK5\\2M550T\r\n\r\n1-0:1.8.0(${(value / 1000).toFixed(3)}*kWh)\r\n1-0:32.7.0(230.1*V)\r\n!`,
  );
  let crc = 0;
  for (const byte of text) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return Buffer.concat([text, Buffer.from(`${crc.toString(16).toUpperCase().padStart(4, "0")}\r\n`)]);
}

describe("random streams of pushes", () => {
  for (const framing of ["hdlc", "mbus", "wrapper", "apdu", "p1"] as const) {
    it(`deliver each complete push once and in order: ${framing}`, () => {
      for (let seed = 1; seed <= 150; seed++) {
        const stream = new Stream(framing, seed);
        const decoder = new PushDecoder({ ...options, framing });
        const pushes = [...stream.cut()].flatMap((piece) => decoder.add(piece));
        pushes.push(...decoder.end());
        const values = pushes.map((push) => push.values["1.0.1.8.0.255"]);
        assert.deepEqual(values, stream.wanted, `seed ${seed}`);
      }
    });
  }
});
