/** Addresses whose connections brought no push again and again: refused for a while. */
import type { Clock } from "../clock";

/** Connections without a push after which an address is refused. */
export const maxStrikes = 3;
/** ms for which it is refused, and after which strikes are forgotten. */
export const banMs = 60_000;
/** Addresses that are remembered; the oldest goes. */
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

  /** A push came from there: many meters may share the address. */
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
