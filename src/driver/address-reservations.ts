/** Which user of a shared line may speak to which link address: one user per address at a time. */
import { type Clock, systemClock, WaitList } from "../clock";
import { DlmsStateError } from "../errors";

/**
 * The server address that a user of a line sends to, and the client address that it sends from. A meter distinguishes
 * its clients by these addresses alone: two users with equal addresses would receive each other's answers.
 */
export interface LinkAddress {
  /** mode E only precedes HDLC */
  readonly framing: "hdlc" | "wrapper";
  readonly server: { readonly logical: number; readonly physical: number | undefined };
  /** client SAP */
  readonly client: number;
}

export interface ReservationOptions {
  /** how long to wait for the address, ms */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

interface Addressed {
  readonly address?: LinkAddress;
}

interface Request<U> {
  readonly user: U;
  readonly key: string;
}

/** At most one user for each link address of a line. A user that finds its address taken waits, first come first served. */
export class AddressReservations<U extends Addressed> {
  readonly #endpoint: string;
  readonly #holders = new Map<string, U>();
  readonly #waiting = new WaitList<Request<U>>();

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  /**
   * Undefined when the address was free, or the user needs none. Rejects with the signal's reason, with STATE_CLOSED
   * when the user leaves, and with STATE_BUSY when the holder did not leave in time: it may stay for hours.
   */
  reserve(user: U, options: ReservationOptions): Promise<void> | undefined {
    const { address } = user;
    if (address === undefined) return undefined;
    const key = addressKey(address);
    const holder = this.#holders.get(key);
    if (holder === undefined || holder === user) {
      this.#holders.set(key, user);
      return undefined;
    }
    const { timeoutMs, signal, clock = systemClock } = options;
    const error = (): Error => this.#taken(address, timeoutMs);
    return this.#waiting.wait({ user, key }, { signal, timeout: { clock, ms: timeoutMs, error } });
  }

  /** Frees the user's address, or ends its wait for one. */
  free(user: U): void {
    const { address } = user;
    if (address === undefined) return;
    this.#waiting
      .first((one) => one.user === user)
      ?.refuse(new DlmsStateError("STATE_CLOSED", "the line was left before its address was free"));
    const key = addressKey(address);
    if (this.#holders.get(key) !== user) return;
    this.#holders.delete(key);
    // reserved for the next within the same call: a user that returns at once must not overtake those that wait
    const next = this.#waiting.first((one) => one.key === key);
    if (next === undefined) return;
    this.#holders.set(key, next.item.user);
    next.grant();
  }

  #taken({ server, client }: LinkAddress, timeoutMs: number): DlmsStateError {
    const { logical, physical } = server;
    const name = physical === undefined ? `${logical}` : `${logical}/${physical}`;
    return new DlmsStateError(
      "STATE_BUSY",
      `connect to server ${name} on ${this.#endpoint} as client ${client}: another session of this process has the same ` +
        `meter open under the same client address, and kept it for the ${timeoutMs} ms that this client waited; use one ` +
        "dlms-meter for all nodes, or close the other session",
      { details: { server: name, client, waitedMs: timeoutMs } },
    );
  }
}

/** No physical address and 0 are equal: an address of two parts is sent with 0 where the second is not set. */
export function addressKey({ framing, server, client }: LinkAddress): string {
  return `${framing} ${server.logical}/${server.physical ?? 0} ${client}`;
}
