/** Somebody who has a meter for itself while it asks, and keeps it until another one wants it. */
export interface Occupant {
  /** Ends the association, while nothing is asked. Never rejects; bounded. */
  giveUp(): Promise<void>;
}

/** What an occupant needs for itself. Two that claim nothing in common are there side by side. */
export interface Claim {
  /** which meter; absent: every meter of the endpoint */
  readonly server?: string;
  /** link addresses that the meter would take for one link, whoever uses them; absent: every client */
  readonly clients?: readonly number[];
  /** claims of one owner on one meter are never granted side by side, whatever the clients: many meters serve one */
  readonly owner?: object;
}

export interface PlacedClaim extends Claim {
  readonly endpoint: string;
}

/** The way to a meter, as a session sees it. */
export interface Turn {
  /** Resolves when this one may ask the meter; `exit` has to follow. Rejects with the signal's reason. */
  enter(occupant: Occupant, signal?: AbortSignal): Promise<void>;
  exit(occupant: Occupant): void;
  /** It has nothing open any more; without effect while it asks. */
  left(occupant: Occupant): void;
}

interface Resident {
  readonly claims: readonly Claim[];
  /** requests that are under way */
  inside: number;
  leaving: boolean;
}

interface Waiter {
  readonly occupant: Occupant;
  readonly claims: readonly Claim[];
  enter(): void;
}

function exclude(a: Claim, b: Claim): boolean {
  if (a.server !== undefined && b.server !== undefined && a.server !== b.server) return false;
  if (a.owner !== undefined && a.owner === b.owner) return true;
  if (a.clients === undefined || b.clients === undefined) return true;
  return a.clients.some((client) => b.clients?.includes(client));
}

const conflict = (some: readonly Claim[], others: readonly Claim[]): boolean =>
  some.some((one) => others.some((other) => exclude(one, other)));

const everything: readonly Claim[] = [{}];

/**
 * Whose turn it is at one endpoint: those whose claims exclude each other are there one after the other, never side by
 * side. Who came first is first; the one that is there stays until another one wants to be.
 */
export class MeterTurn implements Turn {
  readonly #residents = new Map<Occupant, Resident>();
  readonly #waiting: Waiter[] = [];

  enter(occupant: Occupant, signal?: AbortSignal, claims = everything): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal?.reason as Error);
        this.#advance();
      };
      const waiter: Waiter = {
        occupant,
        claims,
        enter: () => {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiter);
      this.#advance();
    });
  }

  exit(occupant: Occupant): void {
    const resident = this.#residents.get(occupant);
    if (resident !== undefined) resident.inside--;
    this.#advance();
  }

  left(occupant: Occupant): void {
    const resident = this.#residents.get(occupant);
    if (resident === undefined || resident.inside > 0 || resident.leaving) return;
    this.#residents.delete(occupant);
    this.#advance();
  }

  /** Lets in whom nobody excludes: neither one who is there, nor one who came before and waits. */
  #advance(): void {
    const before = new Map<Occupant, readonly Claim[]>();
    for (const waiter of [...this.#waiting]) {
      const { occupant, claims } = waiter;
      if (before.has(occupant)) continue;
      const outrun = [...before.values()].some((earlier) => conflict(earlier, claims));
      if (outrun || !this.#free(occupant, claims)) {
        before.set(occupant, claims);
        continue;
      }
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      const resident = this.#residents.get(occupant) ?? { claims, inside: 0, leaving: false };
      resident.inside++;
      this.#residents.set(occupant, resident);
      waiter.enter();
    }
  }

  /** Whether nobody is in the way. Who rests there is asked to go. */
  #free(occupant: Occupant, claims: readonly Claim[]): boolean {
    let free = this.#residents.get(occupant)?.leaving !== true;
    for (const [other, resident] of this.#residents) {
      if (other === occupant || !conflict(resident.claims, claims)) continue;
      free = false;
      if (resident.inside === 0 && !resident.leaving) this.#dismiss(other, resident);
    }
    return free;
  }

  #dismiss(occupant: Occupant, resident: Resident): void {
    resident.leaving = true;
    void occupant.giveUp().finally(() => {
      this.#residents.delete(occupant);
      this.#advance();
    });
  }
}

/** The turns at many endpoints: each is there as long as somebody has it. */
export class MeterTurns {
  readonly #turns = new Map<string, WeakRef<MeterTurn>>();
  #pruneAt = 64;

  /** Everything at one endpoint. */
  of(endpoint: string): MeterTurn {
    const known = this.#turns.get(endpoint)?.deref();
    if (known !== undefined) return known;
    const turn = new MeterTurn();
    this.#turns.set(endpoint, new WeakRef(turn));
    if (this.#turns.size > this.#pruneAt) this.#prune();
    return turn;
  }

  /** The turn with all that is claimed. */
  at(claims: readonly PlacedClaim[]): Turn {
    // always in the same order: two who want the same two places would else wait for each other
    const endpoints = [...new Set(claims.map(({ endpoint }) => endpoint))].sort();
    return allOf(
      endpoints.map((endpoint) => {
        const turn = this.of(endpoint);
        const here = claims.filter((claim) => claim.endpoint === endpoint);
        return {
          enter: (occupant, signal) => turn.enter(occupant, signal, here),
          exit: (occupant) => {
            turn.exit(occupant);
          },
          left: (occupant) => {
            turn.left(occupant);
          },
        };
      }),
    );
  }

  #prune(): void {
    for (const [endpoint, turn] of this.#turns) if (turn.deref() === undefined) this.#turns.delete(endpoint);
    this.#pruneAt = Math.max(64, 2 * this.#turns.size);
  }
}

/** One after the other; none at all is everybody's. */
function allOf(turns: readonly Turn[]): Turn {
  const back = [...turns].reverse();
  return {
    enter: async (occupant, signal) => {
      const entered: Turn[] = [];
      try {
        for (const turn of turns) {
          await turn.enter(occupant, signal);
          entered.unshift(turn);
        }
      } catch (error) {
        for (const turn of entered) turn.exit(occupant);
        throw error;
      }
    },
    exit: (occupant) => {
      for (const turn of back) turn.exit(occupant);
    },
    left: (occupant) => {
      for (const turn of back) turn.left(occupant);
    },
  };
}

/** Of this process: a meter does not know which node, message or dialog somebody comes from. */
export const processTurns = new MeterTurns();

/** Does something while nobody else is there. */
export async function alone<T>(turn: Turn, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  // it goes without being asked
  const occupant: Occupant = { giveUp: () => Promise.resolve() };
  await turn.enter(occupant, signal);
  try {
    return await work();
  } finally {
    turn.exit(occupant);
    turn.left(occupant);
  }
}
