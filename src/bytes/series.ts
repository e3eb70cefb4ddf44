/** Messages that arrive in pieces, by sender, each with a limit on bytes and age. */
import { GrowingBuffer } from "./growing-buffer";

export interface SeriesLimits {
  /** bytes of one message (65536) */
  readonly maxBytes?: number;
  /** unfinished messages at a time; beyond it the oldest is dropped (8) */
  readonly maxOpen?: number;
  /** ms after which an unfinished message is dropped (30000) */
  readonly maxAgeMs?: number;
}

/** An unfinished message that was dropped. */
export interface DroppedSeries {
  readonly sender: string;
  readonly pieces: number;
  readonly bytes: number;
  /** "expected block 2, got block 3" */
  readonly why: string;
}

interface Series {
  readonly buffer: GrowingBuffer;
  readonly since: number | undefined;
  next: number;
}

const defaults = { maxBytes: 65_536, maxOpen: 8, maxAgeMs: 30_000 } as const satisfies SeriesLimits;
/** Maximum number of dropped messages that are kept until they are reported. */
const maxDropped = 64;
/** Maximum number of consecutive empty pieces. */
const maxEmpty = 8;

export class UnfinishedSeries {
  readonly #limits: Required<SeriesLimits>;
  readonly #open = new Map<string, Series>();
  #dropped: DroppedSeries[] = [];

  constructor(limits: SeriesLimits = {}) {
    this.#limits = { ...defaults, ...limits };
  }

  get size(): number {
    return this.#open.size;
  }

  /** Bytes of all unfinished messages. */
  get bytes(): number {
    let sum = 0;
    for (const { buffer } of this.#open.values()) sum += buffer.length;
    return sum;
  }

  /** The number that the next piece of a sender must have; undefined if no message has begun. */
  next(sender: string): number | undefined {
    return this.#open.get(sender)?.next;
  }

  /** Number of pieces received of a sender's unfinished message. */
  pieces(sender: string): number {
    return this.#open.get(sender)?.buffer.pieces ?? 0;
  }

  /** Starts a message with its first piece. An unfinished one of the same sender is dropped. */
  begin(sender: string, piece: Uint8Array, next: number, now: number | undefined): void {
    this.drop(sender, "the next message began");
    const [oldest] = this.#open.keys();
    if (oldest !== undefined && this.#open.size >= this.#limits.maxOpen) {
      this.drop(oldest, `more than ${this.#limits.maxOpen} senders had unfinished messages`);
    }
    this.#open.set(sender, { buffer: new GrowingBuffer(this.#limits.maxBytes, maxEmpty), since: now, next });
    this.append(sender, piece, next);
  }

  /** Adds a piece to the unfinished message. False if the message was dropped. */
  append(sender: string, piece: Uint8Array, next: number): boolean {
    const series = this.#open.get(sender);
    if (series === undefined) return false;
    const refusal = series.buffer.add(piece);
    if (refusal !== undefined) {
      const why =
        refusal === "too-long" ? `more than ${this.#limits.maxBytes} bytes` : "too many empty pieces in a row";
      this.drop(sender, why);
      return false;
    }
    series.next = next;
    return true;
  }

  /** The whole message; undefined if none has begun. */
  take(sender: string): Uint8Array | undefined {
    const series = this.#open.get(sender);
    this.#open.delete(sender);
    return series?.buffer.take();
  }

  drop(sender: string, why: string): void {
    const series = this.#open.get(sender);
    if (series === undefined) return;
    this.#open.delete(sender);
    if (this.#dropped.length === maxDropped) this.#dropped.shift();
    this.#dropped.push({ sender, pieces: series.buffer.pieces, bytes: series.buffer.length, why });
  }

  /** Drops messages older than the limit. Without a time only the other limits apply. */
  expire(now: number | undefined): void {
    if (now === undefined || this.#open.size === 0) return;
    const { maxAgeMs } = this.#limits;
    for (const [sender, { since }] of this.#open) {
      if (since !== undefined && Math.abs(now - since) > maxAgeMs) {
        this.drop(sender, `it was not complete after ${maxAgeMs / 1000} s`);
      }
    }
  }

  dropAll(why: string): void {
    for (const sender of [...this.#open.keys()]) this.drop(sender, why);
  }

  /** The messages dropped since the last call. */
  takeDropped(): readonly DroppedSeries[] {
    if (this.#dropped.length === 0) return this.#dropped;
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }
}
