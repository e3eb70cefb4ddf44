/** Remembers accepted pushes, so that all clients of one line may accept the same message. */
import { createHash } from "node:crypto";

/**
 * Clients of one line hear a push at the same time. This is the maximum time until all of them have handled it, in ms.
 */
const maxSameTimeMs = 5000;
const maxHeardPushes = 256;

/**
 * Pushes that a client of this process accepted within the last seconds. Other clients that hear the same bytes accept
 * them too.
 */
export class HeardPushes {
  readonly #heard = new Map<string, { readonly at: number; readonly order: number }>();

  /** @param order position in the order of this process: after every association that has begun */
  add(content: Uint8Array, now: number, order: number): void {
    this.#drop(now);
    this.#heard.set(digestOf(content), { at: now, order });
    const oldest = this.#heard.size > maxHeardPushes ? this.#heard.keys().next() : undefined;
    if (oldest?.done === false) this.#heard.delete(oldest.value);
  }

  /** Whether a client accepted the push within that time, and after the association of the calling client began. */
  has(content: Uint8Array, now: number, since: number): boolean {
    this.#drop(now);
    const heard = this.#heard.get(digestOf(content));
    return heard !== undefined && heard.order > since;
  }

  #drop(now: number): void {
    for (const [digest, { at }] of this.#heard) {
      if (Math.abs(now - at) <= maxSameTimeMs) return;
      this.#heard.delete(digest);
    }
  }
}

const digestOf = (content: Uint8Array): string => createHash("sha256").update(content).digest("base64");
