/** Statistics of a listener. */
import type { ErrorCode } from "../errors";
import type { PushFraming } from "../push";
import type { ListenState, SerialLine } from "./events";
import type { NoiseHint } from "./noise";

/** A sender whose pushes cannot be deciphered. */
export interface UnknownTitle {
  /** system title, 16 hex digits */
  readonly title: string;
  readonly count: number;
  /** ISO time of the last push */
  readonly last: string;
}

export interface ListenerFacts {
  readonly state: ListenState;
  readonly bytes: number;
  /** whole APDUs and telegrams, also those that were refused */
  readonly units: number;
  readonly pushes: number;
  /** pushes that were received twice and reported once */
  readonly repeated: number;
  /** refused or dropped items, by error code */
  readonly refused: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly dropped: {
    /** datagrams of peers that sent more than they may */
    readonly messages: number;
    /** pushes that an iterator was too slow for */
    readonly queue: number;
    /** connections that were refused or ended because of a limit or a ban */
    readonly connections: number;
  };
  /** open connections, or peers of a UDP port */
  readonly connections: number;
  /** meters that have pushed: by system title, number or peer */
  readonly meters: number;
  /** senders without a key, most recent ones (64 at most) */
  readonly unknown: readonly UnknownTitle[];
  /** pushes per second over the last minute */
  readonly perSecond: number;
  /** framing of the last push */
  readonly framing: PushFraming | null;
  /** ISO */
  readonly lastPushAt: string | null;
  /** settings of the serial line that are being tried or in use */
  readonly line: SerialLine | null;
  /** why bytes arrive without any push */
  readonly hint: NoiseHint | null;
}

/** Limit of remembered titles without a key. */
export const maxUnknownTitles = 64;

export class UnknownTitles {
  readonly #titles = new Map<string, { count: number; at: number }>();

  add(title: string, at: number): void {
    const count = (this.#titles.get(title)?.count ?? 0) + 1;
    this.#titles.delete(title);
    this.#titles.set(title, { count, at });
    const [oldest] = this.#titles.keys();
    if (oldest !== undefined && this.#titles.size > maxUnknownTitles) this.#titles.delete(oldest);
  }

  remove(title: string): void {
    this.#titles.delete(title);
  }

  list(): UnknownTitle[] {
    return [...this.#titles]
      .map(([title, { count, at }]) => ({ title, count, last: new Date(at).toISOString() }))
      .reverse();
  }
}

const slots = 60;

/** Pushes of the last minute, counted by second. */
export class PushRate {
  readonly #counts = new Uint32Array(slots);
  #second = 0;
  readonly #since: number;

  constructor(now: number) {
    this.#since = this.#second = Math.floor(now / 1000);
  }

  add(now: number): void {
    this.#move(now);
    const slot = this.#second % slots;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
  }

  perSecond(now: number): number {
    this.#move(now);
    const seconds = Math.min(slots, this.#second - this.#since + 1);
    return Math.round((this.#counts.reduce((sum, count) => sum + count, 0) / seconds) * 100) / 100;
  }

  #move(now: number): void {
    const second = Math.floor(now / 1000);
    const steps = Math.min(slots, second - this.#second);
    for (let step = 1; step <= steps; step++) this.#counts[(this.#second + step) % slots] = 0;
    this.#second = Math.max(second, this.#second);
  }
}
