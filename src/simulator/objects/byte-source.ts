/** Encodes long answers piece by piece, so that they never exist as a whole. */
import { ByteWriter, concatBytes, joinBytes } from "../../bytes";
import { encodeValueBytes } from "../../codec/encode";
import type { DlmsValue } from "../../codec/value";

/** Bytes that are encoded on demand, so that a long answer never exists as a whole. */
export class ByteSource {
  readonly #pieces: Iterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(pieces: Iterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.iterator]();
  }

  /** Whether all bytes have been read. */
  get exhausted(): boolean {
    this.#fill(1);
    return this.#rest.length === 0;
  }

  /** The next bytes, at most `count`. */
  take(count: number): Uint8Array {
    this.#fill(count);
    const taken = this.#rest.slice(0, count);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  /** Returns bytes to the front of the source. */
  giveBack(bytes: Uint8Array): void {
    this.#rest = concatBytes(bytes, this.#rest);
  }

  #fill(count: number): void {
    if (this.#rest.length >= count || this.#ended) return;
    const parts = [this.#rest];
    let have = this.#rest.length;
    while (have < count && !this.#ended) {
      const next = this.#pieces.next();
      if (next.done === true) this.#ended = true;
      else {
        parts.push(next.value);
        have += next.value.length;
      }
    }
    this.#rest = joinBytes(parts);
  }
}

/** Tag and count of an array. */
export function arrayHeader(count: number): Uint8Array {
  return new ByteWriter(8).u8(1).writeLength(count).toBytes();
}

/** The A-XDR encoding of a value, arrays element by element. */
export function* encodedPieces(value: DlmsValue): Generator<Uint8Array> {
  if (value.type !== "array") {
    yield encodeValueBytes(value);
    return;
  }
  yield arrayHeader(value.value.length);
  for (const element of value.value) yield encodeValueBytes(element);
}
