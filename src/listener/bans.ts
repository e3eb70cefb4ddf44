/** Bans addresses whose connections repeatedly brought no push. */
import type { Clock } from "../clock";

/** Connections without a push after which an address is refused. */
export const maxStrikes = 3;
/** Duration of a ban in ms; strikes expire after the same time. */
export const banMs = 60_000;
/** Limit of remembered addresses; the oldest is removed. */
export const maxBanned = 4096;

interface Strikes {
  count: number;
  at: number;
}

export class Bans {
  readonly #clock: Clock;
  readonly #strikes = new Map<string, Strikes>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns whether the address is refused from now on. */
  strike(address: string): boolean {
    const now = this.#clock.now();
    const known = this.#strikes.get(address);
    const count = known !== undefined && now - known.at < banMs ? known.count + 1 : 1;
    this.#strikes.delete(address);
    this.#strikes.set(address, { count, at: now });
    const [oldest] = this.#strikes.keys();
    if (oldest !== undefined && this.#strikes.size > maxBanned) this.#strikes.delete(oldest);
    return count === maxStrikes;
  }

  /** Clears the strikes of an address from which a push was received, because many meters may share it. */
  forgive(address: string): void {
    this.#strikes.delete(address);
  }

  refuses(address: string): boolean {
    const known = this.#strikes.get(address);
    if (known === undefined || known.count < maxStrikes) return false;
    if (this.#clock.now() - known.at < banMs) return true;
    this.#strikes.delete(address);
    return false;
  }
}
