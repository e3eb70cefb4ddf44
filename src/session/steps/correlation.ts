/** Correlates answers with requests by invoke-ids, and recognizes copies and late answers. */
import type { Apdu } from "../../apdu/model";

/**
 * Ids 2 to 15 are used in rotation. Meters that do not echo the invoke-id answer with 0 or 1, so their first answer
 * reveals it: no request had that id, and no copy of an answer can have it.
 */
const firstId = 2;
const lastId = 15;
/** Maximum stale answers that are dropped while the answer to one request is awaited. */
export const maxStaleAnswers = 64;
/** Number of answers of a meter without echoed invoke-ids that are kept for comparison with later ones. */
const maxRememberedAnswers = 64;

/** Number of blocks of completed general block transfers that are kept for comparison with later ones. */
const maxRememberedBlocks = 512;

/** A completed general block transfer. */
export interface FinishedTransfer {
  /** the request that it answered */
  readonly request: Uint8Array;
  /** digests of its last blocks by their numbers */
  readonly blocks: ReadonlyMap<number, string>;
}

/** `ours`: the answer to the current request. `stale`: one to another request. `other`: the meter has its own ids. */
export type Verdict = "ours" | "stale" | "other";

/**
 * Distinguishes the answer to the current request from copies of earlier answers and from late ones. One instance
 * serves all associations of a client.
 *
 * - The invoke-id changes with every request. An answer with the id of the current request is its answer.
 * - An answer with an id that no request on this connection had is not a copy: the meter does not echo ids (`other`).
 * - Two successive requests with different ids that were answered with these ids show that the meter echoes. From then
 *   on, every answer with another id is stale.
 * - Before that, an answer with the id of an earlier request is stale too, because it may be a copy. A meter with a
 *   constant id from 2 to 15 is recognized by its silence after such an answer, or by its first answer on the next
 *   connection.
 * - If the meter has its own ids, or if the answers have none (short names, errors), only the bytes can be compared: an
 *   answer that equals an earlier one to another request needs a proof (see copied-answers.ts).
 */
export class Correlation {
  readonly #first: number;
  readonly #last: number;
  /** the id of the last request */
  #id: number;
  /** ids of the requests on this connection: bit n for id n */
  #asked = 0;
  /** ids of the requests without an answer so far, the current one included */
  #owed = 0;
  /** association requests without an answer so far; counted if the connection outlives them */
  associations = 0;
  /** The first block of a push was dropped, because it equals an earlier one: its further blocks are dropped too. */
  dropsPushBlocks = false;
  /** A copy of an answer has ended a session of this client. */
  copiesCame = false;
  /** "fail": the meter offers lists, but did not answer one as such, so a list cannot prove an answer of this meter. */
  lists: "unknown" | "answered" | "fail" = "unknown";
  #evidence: "none" | "echoes" | "own-ids" = "none";
  /** the id that the last answer and its request had in common */
  #matched: number | undefined;
  /** an id that was judged stale while the present request is awaited */
  #dropped: number | undefined;
  readonly #answers = new Map<string, string>();
  /** digests of the requests answered by the latest general blocks, by the blocks' keys */
  readonly #blocks = new Map<string, string>();

  /** @param first the ids from here to `last` are used in rotation */
  constructor(first = firstId, last = lastId) {
    this.#first = first;
    this.#id = this.#last = last;
  }

  /** The id of the current request. */
  get id(): number {
    return this.#id;
  }

  get echoes(): boolean {
    return this.#evidence === "echoes";
  }

  /** The last answer had the id of its request. */
  get agrees(): boolean {
    return this.#matched !== undefined;
  }

  get hasOwnIds(): boolean {
    return this.#evidence === "own-ids";
  }

  get anyOwed(): boolean {
    return this.#owed !== 0;
  }

  /** A new connection: no data of an earlier one can arrive on it. */
  forgetConnection(): void {
    this.#asked = this.#owed = 0;
    this.dropsPushBlocks = false;
    this.associations = 0;
    this.#evidence = "none";
    this.#matched = this.#dropped = undefined;
    this.#answers.clear();
    this.#blocks.clear();
  }

  /** The invoke-id of the next request. */
  next(): number {
    this.#id = this.#id >= this.#last ? this.#first : this.#id + 1;
    return this.#id;
  }

  /** The present request is sent, or continues with a further block. */
  sending(): void {
    this.#asked |= 1 << this.#id;
    this.#owed |= 1 << this.#id;
    this.#dropped = undefined;
  }

  /** The current request has its answer. */
  answered(): void {
    this.#owed &= ~(1 << this.#id);
  }

  /** The present request got no answer. A meter with a constant id only shows which answers were dropped. */
  silent(): void {
    if (this.#dropped !== undefined && !this.echoes) this.#evidence = "own-ids";
    this.#dropped = undefined;
  }

  /** Judge an answer by its id, and learn from it. */
  judge(received: number): Verdict {
    const id = received & 0x0f;
    if (id === this.#id) {
      if (this.#matched !== undefined && this.#matched !== id) this.#evidence = "echoes";
      this.#matched = id;
      return "ours";
    }
    if (this.isStale(id)) {
      this.#owed &= ~(1 << id);
      this.#dropped = id;
      return "stale";
    }
    this.#evidence = "own-ids";
    this.#matched = undefined;
    return "other";
  }

  /** Whether this is the id of the current request. */
  isOurs(received: number): boolean {
    return (received & 0x0f) === this.#id;
  }

  /** Whether this is the id of the current request, or may be one because the meter is known to use its own ids. */
  isUsual(received: number): boolean {
    return this.isOurs(received) || (this.hasOwnIds && !this.isStale(received));
  }

  /** Whether a request on this connection had this id. */
  wasAsked(received: number): boolean {
    return isIn(this.#asked, received & 0x0f);
  }

  /** Whether an answer with this id belongs to another request than the current one. */
  isStale(received: number): boolean {
    const id = received & 0x0f;
    if (id === this.#id) return false;
    if (this.#evidence === "echoes") return true;
    return isIn(this.#evidence === "none" ? this.#asked : this.#owed, id);
  }

  /** Records an answer to an earlier request; false if none with this id is outstanding. */
  takeOwed(received: number): boolean {
    const id = received & 0x0f;
    const due = isIn(this.#owed, id);
    this.#owed &= ~(1 << id);
    return due;
  }

  /**
   * Keeps an answer. Returns the request of an earlier equal answer; undefined for a new answer. Answers and requests
   * are compared without their ids.
   * @param answer its digest
   */
  remember(request: string, answer: string): string | undefined {
    const earlier = this.#answers.get(answer);
    keepLatest(this.#answers, answer, request, maxRememberedAnswers);
    return earlier;
  }

  /** Records a completed general block transfer. */
  finished({ request, blocks }: FinishedTransfer): void {
    const asked = requestDigest(request);
    for (const [blockNumber, key] of blocks)
      keepLatest(this.#blocks, blockKey(blockNumber, key), asked, maxRememberedBlocks);
  }

  /** Whether a block is a copy of one of the latest transfers, or equals it. */
  isFinishedBlock(blockNumber: number, data: Uint8Array): boolean {
    return this.#blocks.size > 0 && this.requestOfBlock(blockNumber, digest(data)) !== undefined;
  }

  /**
   * The request whose answer had a block with this digest, as `requestDigest` returns it; undefined for a new block.
   */
  requestOfBlock(blockNumber: number, key: string): string | undefined {
    return this.#blocks.get(blockKey(blockNumber, key));
  }
}

const blockKey = (blockNumber: number, key: string): string => `${blockNumber} ${key}`;

/** Sets an entry as the latest one, and removes the oldest beyond the limit. */
function keepLatest(map: Map<string, string>, key: string, value: string, most: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}

const isIn = (ids: number, id: number): boolean => ((ids >> id) & 1) === 1;

/** The invoke-id of an answer; undefined if it has none. */
export function invokeIdOf(apdu: Apdu): number | undefined {
  if ("invokeId" in apdu) return apdu.invokeId;
  return apdu.apdu === "access-response" ? apdu.longInvokeId : undefined;
}

/** A part of an APDU. */
export interface Place {
  readonly from: number;
  readonly to: number;
}

const noId: Place = { from: 0, to: 0 };
/** C0 to C7: tag, choice, invoke-id */
const shortId: Place = { from: 2, to: 3 };
/** D9, DA: tag and four bytes */
const longId: Place = { from: 1, to: 5 };

/** Where an APDU has its invoke-id. */
export function placeOfId([tag = 0]: Uint8Array): Place {
  if (tag >= 0xc0 && tag <= 0xc7) return shortId;
  return tag === 0xd9 || tag === 0xda ? longId : noId;
}

/** An APDU as a text, a character for each byte. */
export function textWithoutId(bytes: Uint8Array): string {
  const { from, to } = placeOfId(bytes);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  return text.slice(0, from) + text.slice(to);
}

/** An APDU with its invoke-id set to 0. */
export function withoutId(bytes: Uint8Array): Uint8Array {
  const { from, to } = placeOfId(bytes);
  return bytes.slice().fill(0, from, to);
}

/** Digest of a request, or of the beginning of an answer, without its invoke-id. */
export const requestDigest = (bytes: Uint8Array): string => digest(bytes, placeOfId(bytes));

/** FNV-1a and the length, without the bytes at `left`. Two answers that share it cost an exchange, no more. */
export function digest(bytes: Uint8Array, left?: Place): string {
  const { length } = bytes;
  const from = left?.from ?? length;
  const to = left?.to ?? length;
  let hash = 0x811c9dc5;
  for (let i = 0; i < length; i++) {
    if (i < from || i >= to) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  }
  return `${length}/${hash >>> 0}`;
}
