import type { Apdu } from "../apdu";
import type { Clock, TimerHandle } from "../clock";
import { DlmsTimeoutError } from "../errors";

/** Something that reached a simulated meter. */
export type ReceivedItem = { /** rises by one */ readonly sequence: number } & (
  | { readonly kind: "connected" }
  | { readonly kind: "closed" }
  /** `frame`: "WPDU", or the HDLC frame type */
  | { readonly kind: "frame"; readonly frame: string; readonly bytes: Uint8Array; readonly client: number }
  /** A request, out of its protection; `bytes` are plain. */
  | { readonly kind: "apdu"; readonly apdu: Apdu; readonly bytes: Uint8Array; readonly client: number }
  /** A function of the definition or a behaviour threw, or gave what cannot be sent; the meter answered with a fault. */
  | { readonly kind: "fault"; readonly problem: string }
  | { readonly kind: "nonsense"; readonly bytes: Uint8Array; readonly problem: string; readonly client: number }
);

/** Without the number that the log gives. */
export type ReceivedEvent = ReceivedItem extends infer Item
  ? Item extends ReceivedItem
    ? Omit<Item, "sequence">
    : never
  : never;

export interface WaitOptions {
  /** in ms (10000) */
  readonly timeoutMs?: number;
  /** Look at items from this number on; default: all that are kept. */
  readonly since?: number;
}

interface Waiter {
  readonly predicate: (item: ReceivedItem) => boolean;
  readonly done: (item: ReceivedItem) => void;
}

/** Bytes that all items together may have, for each item of the limit: 4 MB for the usual 1,000. */
const bytesPerItem = 4096;

const sizeOf = (item: ReceivedItem): number => ("bytes" in item ? item.bytes.length : 0);

/** What reached a meter, newest last; a bounded number of items and bytes is kept. */
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

  add(event: ReceivedEvent): void {
    const item: ReceivedItem = { ...event, sequence: this.#next };
    this.#next += 1;
    this.#items.push(item);
    this.#bytes += sizeOf(item);
    if (this.#items.length >= 2 * this.#maxItems || this.#bytes > bytesPerItem * this.#maxItems) this.#cut();
    for (const waiter of [...this.#waiters]) if (waiter.predicate(item)) waiter.done(item);
  }

  /** In large steps, so that a full log costs no copy for each item: to the limit, and to half of the bytes. */
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

  /** The first item that fits, among those kept or still to come. Rejects with TIMEOUT_RESPONSE. */
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
        const text = `simulated meter: nothing that fits came within ${timeoutMs} ms; ${this.#items.length} items did`;
        reject(new DlmsTimeoutError("TIMEOUT_RESPONSE", text));
      }, timeoutMs);
      this.#waiters.add(waiter);
    });
  }
}
