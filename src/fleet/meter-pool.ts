/** A bounded number of shared meters that are created and released with messages. */
import { type Clock, type TimerHandle, WaitList } from "../clock";
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
  /** being released; leaves the pool afterwards */
  leaving: boolean;
}

interface Request {
  readonly make: () => SharedMeter;
  /** number of requests that had overtaken others when this request arrived */
  readonly since: number;
}

type Requests = WaitList<Request, Lease>;

/** Requests that may overtake one that waits for a session. */
const maxOvertakes = 20;

const user = { id: "pool", meterChanged: (): void => undefined };

/**
 * Sessions with meters that messages describe: one for each key, up to a limit. A session stays for a while after its
 * last request; when another key needs a place, the session that was idle longest ends first.
 */
export class MeterPool {
  readonly #limits: PoolLimits;
  readonly #clock: Clock;
  /** in the order of use: the first has been idle longest */
  readonly #entries = new Map<string, Entry>();
  /** the waiting requests of each key; the keys in the order of their first request */
  readonly #line = new Map<string, Requests>();
  #waiting = 0;
  /** number of requests that overtook others because their sessions were in the pool */
  #overtakes = 0;
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
    return this.#waiting;
  }

  /**
   * The session of a key, created if needed. Waits for a place when the pool is full.
   * @throws DlmsStateError STATE_QUEUE_FULL, STATE_CLOSED; or the signal's reason
   */
  acquire(key: string, make: () => SharedMeter, signal: AbortSignal): Promise<Lease> {
    if (this.#closed) return Promise.reject(closedError());
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#waiting >= this.#limits.queue) {
      const { queue, size } = this.#limits;
      const text =
        `too many requests: ${queue} wait for one of ${size} sessions (poolSize); ask less often, raise poolSize of ` +
        "the meter, so that more meters are asked at a time, or raise its queueLimit, so that more requests may wait";
      return Promise.reject(new DlmsStateError("STATE_QUEUE_FULL", text));
    }
    const lease = this.#wait(key, make, signal);
    this.#pump();
    return lease;
  }

  #wait(key: string, make: () => SharedMeter, signal: AbortSignal): Promise<Lease> {
    const requests: Requests = this.#line.get(key) ?? new WaitList();
    this.#line.set(key, requests);
    this.#waiting++;
    const left = (): void => {
      this.#left(key, requests, 1);
    };
    return requests.wait({ make, since: this.#overtakes }, { signal, left });
  }

  /** Removes requests that no longer wait. */
  #left(key: string, requests: Requests, count: number): void {
    this.#waiting -= count;
    if (requests.size === 0) this.#line.delete(key);
  }

  /** Releases all sessions and refuses the waiting requests. Never rejects; bounded as the sessions' releases are. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const requests of this.#line.values()) requests.refuseAll(closedError());
    this.#line.clear();
    this.#waiting = 0;
    for (const entry of [...this.#entries.values()]) this.#evict(entry);
    await Promise.all([...this.#releases]);
  }

  /**
   * Serves the waiting meters in order; requests whose session is in the pool may overtake. A meter that is asked
   * without a pause would keep its session: after `maxOvertakes` its requests wait too, until the session is released.
   * The time that it takes grows with the number of sessions, not with that of the requests.
   */
  #pump(): void {
    const leaver = this.#overdue();
    for (const entry of [...this.#entries.values()]) {
      if (entry.leaving || entry === leaver) continue;
      const [first] = this.#line.keys();
      const served = this.#serve(entry);
      if (first !== entry.key) this.#overtakes += served;
    }
    while (this.#entries.size < this.#limits.size) {
      const key = this.#next();
      if (key === undefined) break;
      this.#begin(key);
    }
    this.#makeRoom(this.#line.size);
  }

  /** The meter that has waited longest for a place. */
  #next(): string | undefined {
    for (const key of this.#line.keys()) if (!this.#entries.has(key)) return key;
    return undefined;
  }

  /** The session to release when a request was overtaken too often: the session in use for the longest time. */
  #overdue(): Entry | undefined {
    const next = this.#entries.size < this.#limits.size ? undefined : this.#next();
    const oldest = next === undefined ? undefined : this.#line.get(next)?.first();
    if (oldest === undefined || this.#overtakes - oldest.item.since < maxOvertakes) return undefined;
    const entries = [...this.#entries.values()];
    return entries.some(({ leaving }) => leaving) ? undefined : entries[0];
  }

  /** Returns how many requests were granted. */
  #serve(entry: Entry): number {
    const requests = this.#line.get(entry.key);
    if (requests === undefined) return 0;
    const count = requests.size;
    for (const waiter of requests) waiter.grant(this.#lease(entry));
    this.#left(entry.key, requests, count);
    return count;
  }

  #begin(key: string): void {
    const requests = this.#line.get(key);
    const waiter = requests?.first();
    if (requests === undefined || waiter === undefined) return;
    try {
      const session = waiter.item.make();
      const entry: Entry = { key, session, leases: 0, idle: undefined, leaving: false };
      this.#entries.set(key, entry);
      session.addUser(user);
      this.#serve(entry);
    } catch (error) {
      waiter.refuse(error);
      this.#left(key, requests, 1);
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
  return new DlmsStateError("STATE_CLOSED", "the meter's node was closed by a deploy; send the message again", {
    retry: "same-session",
  });
}
