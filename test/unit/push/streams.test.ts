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

type Framing = "hdlc" | "mbus" | "wrapper" | "apdu";

class Stream {
  readonly pieces: Buffer[] = [];
  readonly wanted: number[] = [];
  readonly #framing: Framing;
  readonly #next: (below: number) => number;
  #counter = 0;
  #authenticated: Buffer | undefined;

  constructor(framing: Framing, seed: number) {
    this.#framing = framing;
    this.#next = random(seed);
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
    const isChecked = this.#framing === "hdlc" || this.#framing === "mbus";
    const kinds = ["whole", "whole", "whole", "noise", "again"];
    if (isChecked) kinds.push("damaged", "cut");
    if (this.#framing === "hdlc") kinds.push("interleaved", "segment lost");
    const kind = kinds[this.#next(kinds.length)] ?? "whole";
    const { apdu, value } = this.#push();
    if (kind === "whole") this.#emit(this.#framed(apdu), [value]);
    else if (kind === "noise") this.#emit(this.#noise(), []);
    else if (kind === "again") this.#emit(this.#authenticated ?? this.#noise(), []);
    else if (kind === "damaged") this.#emit(this.#damaged(this.#framed(apdu)), []);
    else if (kind === "cut") this.#emit(this.#cut(this.#framed(apdu)), []);
    else if (kind === "interleaved") this.#interleaved(apdu, value);
    else this.#segmentLost(apdu);
  }

  #emit(bytes: Buffer, values: readonly number[]): void {
    this.pieces.push(bytes);
    this.wanted.push(...values);
  }

  /** A push of one of the meters whose energy is its number in the stream. */
  #push(): { readonly apdu: Buffer; readonly value: number } {
    const value = ++this.#counter;
    const plain = dataNotification(
      structure(item("1.0.1.8.0.255", double32(value), 0, 30), item("1.0.1.7.0.255", double32(value), 0, 27)),
      value,
    );
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
            ? wrapped(apdu)
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
    let at = this.#next(damaged.length);
    // a flag may be shared with the frame before or after it
    while (this.#framing === "hdlc" && damaged[at] === 0x7e) at = this.#next(damaged.length);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << this.#next(8));
    return damaged;
  }

  #cut(bytes: Buffer): Buffer {
    this.#authenticated = undefined;
    // without its last flag a frame is whole: the next one may share its own
    return bytes.subarray(0, this.#next(bytes.length - 1));
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

describe("random streams of pushes", () => {
  for (const framing of ["hdlc", "mbus", "wrapper", "apdu"] as const) {
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
