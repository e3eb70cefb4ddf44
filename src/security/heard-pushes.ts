import { createHash } from "node:crypto";

/** Clients of one line hear a push at the same time; handling it takes at most this long, in ms. */
const sameTimeMs = 5000;
const mostHeard = 256;

/** Pushes that a client of this process has accepted just now. Other clients that hear the same bytes take them too. */
export class HeardPushes {
  readonly #heard = new Map<string, { readonly at: number; readonly order: number }>();

  /** @param order later than that of every association that has begun */
  add(content: Uint8Array, now: number, order: number): void {
    this.#drop(now);
    this.#heard.set(digestOf(content), { at: now, order });
    const oldest = this.#heard.size > mostHeard ? this.#heard.keys().next() : undefined;
    if (oldest?.done === false) this.#heard.delete(oldest.value);
  }

  /** Whether it was accepted at the same time, and after the association that asks had begun. */
  has(content: Uint8Array, now: number, since: number): boolean {
    this.#drop(now);
    const heard = this.#heard.get(digestOf(content));
    return heard !== undefined && heard.order > since;
  }

  #drop(now: number): void {
    for (const [digest, { at }] of this.#heard) {
      if (Math.abs(now - at) <= sameTimeMs) return;
      this.#heard.delete(digest);
    }
  }
}

const digestOf = (content: Uint8Array): string => createHash("sha256").update(content).digest("base64");
