/** A bounded number of shared meters that come and go with messages. */
import { type Clock, type TimerHandle, type Waiting, WaitList } from "../clock";
import { DlmsStateError } from "../errors";
import type { SharedMeter } from "./shared-meter";

export interface PoolLimits {
  /** sessions at one time, 1.. */
  readonly size: number;
  /** ms after which an idle session is released; 0 = at once */
  readonly idleMs: number;
  /** requests that may wait for a session */
  readonly queue: number;
}

/** A session that is kept open until the lease is released. */
export interface Lease {
  readonly session: SharedMeter;
  release(): void;
}

interface Entry {
  readonly key: string;
  readonly session: SharedMeter;
  leases: number;
  idle: TimerHandle | undefined;
  /** released just now: gone from the pool when that is done */
  leaving: boolean;
}

interface Request {
  readonly key: string;
  readonly make: () => SharedMeter;
  /** requests of other meters that were served past it, because their sessions were in the pool */
  overtaken: number;
}

type Waiter = Waiting<Request, Lease>;

/** Requests that may overtake one that waits for a session. */
const maxOvertakes = 20;

const user = { id: "pool", meterChanged: (): void => undefined };

/**
 * Sessions with meters that come and go with messages: one for each key, no more than a limit at a time. A session
 * stays for a while after its last request; when a place is wanted, the one that rested longest goes first.
 */
export class MeterPool {
  readonly #limits: PoolLimits;
  readonly #clock: Clock;
  /** in the order of use: the first has rested longest */
  readonly #entries = new Map<string, Entry>();
  readonly #waiting = new WaitList<Request, Lease>();
  readonly #releases = new Set<Promise<void>>();
  #closed = false;

  constructor(limits: PoolLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * The session of a key, made when there is none. Waits for a place when all are taken.
   * @throws DlmsStateError STATE_QUEUE_FULL, STATE_CLOSED; or the signal's reason
   */
  acquire(key: string, make: () => SharedMeter, signal: AbortSignal): Promise<Lease> {
    if (this.#closed) return Promise.reject(closedError());
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#waiting.size >= this.#limits.queue) {
      const text = `${this.#limits.queue} requests wait for one of ${this.#limits.size} sessions; ask less often, or raise poolSize of the meter`;
      return Promise.reject(new DlmsStateError("STATE_QUEUE_FULL", text));
    }
    const lease = this.#waiting.wait({ key, make, overtaken: 0 }, { signal });
    this.#pump();
    return lease;
  }

  /** Releases all sessions and refuses the waiting requests. Never rejects; bounded as the sessions' releases are. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.refuseAll(closedError());
    for (const entry of [...this.#entries.values()]) this.#evict(entry);
    await Promise.all([...this.#releases]);
  }

  /**
   * Serves the waiting requests in order; a request whose session is in the pool may overtake. A meter that is asked
   * without a pause would keep its session: after `maxOvertakes` its requests wait too, until the session is released.
   */
  #pump(): void {
    const left: Waiter[] = [];
    const leaver = this.#overdue();
    for (const waiter of this.#waiting) {
      const entry = this.#entries.get(waiter.item.key);
      if (entry !== undefined && !entry.leaving && entry !== leaver) {
        waiter.grant(this.#lease(entry));
        for (const one of left) one.item.overtaken++;
      } else if (entry === undefined && this.#entries.size < this.#limits.size) this.#begin(waiter);
      else left.push(waiter);
    }
    this.#makeRoom(left.length);
  }

  /** The session that has to make room when a request was overtaken too often: the one that has been used longest. */
  #overdue(): Entry | undefined {
    const entries = [...this.#entries.values()];
    if (entries.length < this.#limits.size || entries.some(({ leaving }) => leaving)) return undefined;
    const isLate = (one: Request): boolean => one.overtaken >= maxOvertakes && !this.#entries.has(one.key);
    return this.#waiting.first(isLate) === undefined ? undefined : entries[0];
  }

  #begin(waiter: Waiter): void {
    try {
      const { key, make } = waiter.item;
      const session = make();
      const entry: Entry = { key, session, leases: 0, idle: undefined, leaving: false };
      this.#entries.set(entry.key, entry);
      session.addUser(user);
      waiter.grant(this.#lease(entry));
    } catch (error) {
      waiter.refuse(error);
    }
  }

  #makeRoom(wanted: number): void {
    let leaving = [...this.#entries.values()].filter((entry) => entry.leaving).length;
    for (const entry of [...this.#entries.values()]) {
      if (leaving >= wanted) return;
      if (entry.leases > 0 || entry.leaving) continue;
      leaving++;
      this.#evict(entry);
    }
  }

  #lease(entry: Entry): Lease {
    this.#clock.clearTimeout(entry.idle);
    entry.idle = undefined;
    entry.leases++;
    let held = true;
    return {
      session: entry.session,
      release: () => {
        if (!held) return;
        held = false;
        this.#released(entry);
      },
    };
  }

  #released(entry: Entry): void {
    if (--entry.leases > 0 || entry.leaving) return;
    this.#entries.delete(entry.key);
    this.#entries.set(entry.key, entry);
    if (this.#limits.idleMs === 0) this.#evict(entry);
    else {
      entry.idle = this.#clock.setTimeout(() => {
        this.#evict(entry);
      }, this.#limits.idleMs);
    }
    this.#pump();
  }

  #evict(entry: Entry): void {
    if (entry.leaving) return;
    entry.leaving = true;
    this.#clock.clearTimeout(entry.idle);
    const gone = entry.session.removeUser(user.id).then(() => {
      this.#releases.delete(gone);
      this.#entries.delete(entry.key);
      if (!this.#closed) this.#pump();
    });
    this.#releases.add(gone);
  }
}

function closedError(): DlmsStateError {
  return new DlmsStateError("STATE_CLOSED", "the meter's node was closed by a deploy; send the message again");
}
