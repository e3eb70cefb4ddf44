/** Recognizes a unit that was cut: the head of another unit lies inside it. */

/** Heads that a stream remembers: the meters behind a gateway. */
const maxHeads = 16;

interface HeadTag {
  /** place of the tag after the start of the unit */
  readonly at: number;
  readonly among: ReadonlySet<number>;
}

/**
 * The heads of the units of one stream. A head is long enough that ciphered bytes do not contain it by chance. Bytes are
 * searched once, also if they arrive one by one.
 */
export class SeenHeads {
  readonly #headBytes: number;
  readonly #tag: HeadTag | undefined;
  readonly #heads: Uint8Array[] = [];
  /** place in the stream up to which no head begins */
  #searched = 0;

  /**
   * @param headBytes length of a head
   * @param tag the byte after the head that must be one of several
   */
  constructor(headBytes: number, tag?: HeadTag) {
    this.#headBytes = headBytes;
    this.#tag = tag;
  }

  /** Remembers the head at the start of a unit. */
  add(unit: Uint8Array): void {
    const [last] = this.#heads;
    if (last !== undefined && isAt(last, unit, 0)) return;
    const known = this.#heads.findIndex((head) => isAt(head, unit, 0));
    const [head] = known < 0 ? [unit.slice(0, this.#headBytes)] : this.#heads.splice(known, 1);
    if (head !== undefined) this.#heads.unshift(head);
    this.#heads.length = Math.min(this.#heads.length, maxHeads);
    this.#searched = 0;
  }

  /**
   * The first place after the start of the view, and before `end`, where a known head begins.
   * @param position place of the view in the stream
   */
  find(view: Uint8Array, end: number, position: number): number | undefined {
    const first = this.#heads[0]?.[0];
    const last = Math.min(end, view.length - (this.#tag?.at ?? this.#headBytes - 1));
    for (let at = Math.max(1, this.#searched - position); at < last; at++) {
      // all heads of a framing begin with the same byte
      if (view[at] === first && this.#isHead(view, at)) return at;
    }
    this.#searched = Math.max(this.#searched, position + last);
    return undefined;
  }

  #isHead(view: Uint8Array, place: number): boolean {
    if (this.#tag !== undefined && !this.#tag.among.has(view[place + this.#tag.at] ?? 0)) return false;
    return this.#heads.some((head) => isAt(head, view, place));
  }
}

function isAt(head: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < head.length; i++) if (head[i] !== bytes[at + i]) return false;
  return true;
}
