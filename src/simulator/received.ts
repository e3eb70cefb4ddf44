/** The bounded log of everything that a simulated meter received. */
import type { Apdu } from "../apdu";
import type { Clock, TimerHandle } from "../clock";
import { DlmsTimeoutError } from "../errors";

/** An event on a simulated meter. */
export type ReceivedItem = { /** consecutive number */ readonly sequence: number } & (
  | { readonly kind: "connected" }
  | { readonly kind: "closed" }
  /** `frame`: "WPDU", or the HDLC frame type */
  | { readonly kind: "frame"; readonly frame: string; readonly bytes: Uint8Array; readonly client: number }
  /** A deciphered request; `bytes` are plain. */
  | { readonly kind: "apdu"; readonly apdu: Apdu; readonly bytes: Uint8Array; readonly client: number }
  /** The meter has sent a push to a push target: all frames of it. */
  | { readonly kind: "pushed"; readonly setup: string; readonly bytes: Uint8Array }
  /** Code of the definition or a behaviour failed or returned an invalid value; the meter answered with a fault. */
  | { readonly kind: "fault"; readonly problem: string }
  | { readonly kind: "nonsense"; readonly bytes: Uint8Array; readonly problem: string; readonly client: number }
);

/** An event before the log numbers it. */
export type ReceivedEvent = ReceivedItem extends infer Item
  ? Item extends ReceivedItem
    ? Omit<Item, "sequence">
    : never
  : never;

export interface WaitOptions {
  /** in ms (10000) */
  readonly timeoutMs?: number;
  /** First item to consider, by number; default: the oldest in the log. */
  readonly since?: number;
}

interface Waiter {
  readonly predicate: (item: ReceivedItem) => boolean;
  readonly done: (item: ReceivedItem) => void;
}

/** The log keeps at most this many bytes times its item limit: 4 MB for the usual 1,000. */
const bytesPerItem = 4096;

const sizeOf = (item: ReceivedItem): number => ("bytes" in item ? item.bytes.length : 0);

/** Events on a meter, newest last, bounded in items and bytes. */
export class ReceivedLog {
  readonly #maxItems: number;
  #bytes = 0;
  readonly #clock: Clock;
  #items: ReceivedItem[] = [];
  #next = 1;
  readonly #waiters = new Set<Waiter>();

  constructor(maxItems: number, clock: Clock) {
    this.#maxItems = maxItems;
    this.#clock = clock;
  }

  get items(): readonly ReceivedItem[] {
    return this.#items;
  }

  clear(): void {
    this.#items = [];
    this.#bytes = 0;
  }

  add(event: ReceivedEvent): ReceivedItem {
    const item: ReceivedItem = { ...event, sequence: this.#next };
    this.#next += 1;
    this.#items.push(item);
    this.#bytes += sizeOf(item);
    if (this.#items.length >= 2 * this.#maxItems || this.#bytes > bytesPerItem * this.#maxItems) this.#cut();
    for (const waiter of [...this.#waiters]) if (waiter.predicate(item)) waiter.done(item);
    return item;
  }

  /** Drops many items at once, down to the item limit and half of the bytes, so that adding stays cheap. */
  #cut(): void {
    let from = this.#items.length;
    let bytes = 0;
    for (let item = this.#items[from - 1]; item !== undefined; item = this.#items[from - 1]) {
      const next = bytes + sizeOf(item);
      const full = this.#items.length - from >= this.#maxItems || 2 * next > bytesPerItem * this.#maxItems;
      if (full && from < this.#items.length) break;
      bytes = next;
      from--;
    }
    this.#items = this.#items.slice(from);
    this.#bytes = bytes;
  }

  /** Resolves with the first matching item, past or future. Rejects with TIMEOUT_RESPONSE. */
  waitFor(predicate: (item: ReceivedItem) => boolean, options: WaitOptions = {}): Promise<ReceivedItem> {
    const { timeoutMs = 10_000, since = 0 } = options;
    const fits = (item: ReceivedItem): boolean => item.sequence >= since && predicate(item);
    const known = this.#items.find(fits);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      let timer: TimerHandle | undefined = undefined;
      const waiter: Waiter = {
        predicate: fits,
        done: (item) => {
          this.#clock.clearTimeout(timer);
          this.#waiters.delete(waiter);
          resolve(item);
        },
      };
      timer = this.#clock.setTimeout(() => {
        this.#waiters.delete(waiter);
        const count = this.#items.length;
        const text = `simulated meter: no matching event within ${timeoutMs} ms; the log holds ${count} items`;
        reject(new DlmsTimeoutError("TIMEOUT_RESPONSE", text));
      }, timeoutMs);
      this.#waiters.add(waiter);
    });
  }
}
