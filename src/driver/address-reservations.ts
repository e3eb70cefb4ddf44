import { type Clock, systemClock } from "../clock";
import { DlmsStateError } from "../errors";

/**
 * Whom a user of a line speaks to, and as whom. A meter knows its clients by these alone: to it, two users with the same
 * address are one, whose frames and invoke-ids go on from each other, so that one would be given the other's answers.
 */
export interface LinkAddress {
  /** mode E only precedes HDLC */
  readonly framing: "hdlc" | "wrapper";
  readonly server: { readonly logical: number; readonly physical: number | undefined };
  /** client SAP */
  readonly client: number;
}

export interface PlaceOptions {
  /** how long to wait for it, ms */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

interface Placed {
  readonly address?: LinkAddress;
}

interface Waiting<U> {
  readonly user: U;
  readonly key: string;
  grant(): void;
  refuse(error: Error): void;
}

/** One place for each address of a line; who finds it taken waits behind those who came before. */
export class LinePlaces<U extends Placed> {
  readonly #endpoint: string;
  readonly #holders = new Map<string, U>();
  readonly #waiting: Waiting<U>[] = [];

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  /**
   * Undefined when the place was free, or the user needs none. Rejects with the signal's reason, with STATE_CLOSED when
   * the user leaves, and with STATE_BUSY when the place was not given up in time: its holder may keep it for hours.
   */
  take(user: U, options: PlaceOptions): Promise<void> | undefined {
    const { address } = user;
    if (address === undefined) return undefined;
    const key = addressKey(address);
    const holder = this.#holders.get(key);
    if (holder !== undefined && holder !== user) return this.#wait(user, key, address, options);
    this.#holders.set(key, user);
    return undefined;
  }

  /** Give the place up, or stop waiting for one. */
  leave(user: U): void {
    const { address } = user;
    if (address === undefined) return;
    const at = this.#waiting.findIndex((one) => one.user === user);
    this.#waiting[at]?.refuse(new DlmsStateError("STATE_CLOSED", "the line was left before its address was free"));
    const key = addressKey(address);
    if (this.#holders.get(key) !== user) return;
    this.#holders.delete(key);
    // given to the next in the same turn, so that whoever comes back at once is behind those who wait
    this.#waiting.find((one) => one.key === key)?.grant();
  }

  #wait(user: U, key: string, address: LinkAddress, options: PlaceOptions): Promise<void> {
    const { timeoutMs, signal, clock = systemClock } = options;
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const settled = (): void => {
        clock.clearTimeout(timer);
        signal?.removeEventListener("abort", aborted);
        this.#waiting.splice(this.#waiting.indexOf(one), 1);
      };
      const one: Waiting<U> = {
        user,
        key,
        grant: () => {
          settled();
          this.#holders.set(key, user);
          resolve();
        },
        refuse: (error) => {
          settled();
          reject(error);
        },
      };
      const aborted = (): void => {
        one.refuse(signal?.reason as Error);
      };
      this.#waiting.push(one);
      signal?.addEventListener("abort", aborted, { once: true });
      const timer = clock.setTimeout(() => {
        one.refuse(this.#taken(address, timeoutMs));
      }, timeoutMs);
    });
  }

  #taken({ server, client }: LinkAddress, timeoutMs: number): DlmsStateError {
    const { logical, physical } = server;
    const name = physical === undefined ? `${logical}` : `${logical}/${physical}`;
    return new DlmsStateError(
      "STATE_BUSY",
      `connect to server ${name} on ${this.#endpoint} as client ${client}: another session of this process has the same ` +
        `meter open under the same client address, and kept it for the ${timeoutMs} ms that were waited; use one ` +
        "dlms-meter for all nodes, or close the other session",
      { details: { server: name, client, waitedMs: timeoutMs } },
    );
  }
}

/** A physical address of 0 is what goes on the line where an address has two parts and the second is not set. */
export function addressKey({ framing, server, client }: LinkAddress): string {
  return `${framing} ${server.logical}/${server.physical ?? 0} ${client}`;
}
