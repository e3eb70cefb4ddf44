/** A session that opens an association with a meter when it is asked for something, and keeps it. */
export interface Occupant {
  /** Ends the association, while nothing is asked. Never rejects; bounded. */
  giveUp(): Promise<void>;
}

interface Waiter {
  readonly occupant: Occupant;
  enter(): void;
}

/**
 * Whose turn it is with one meter: sessions with different settings for the same meter are open one after the other,
 * never beside each other. Who came first is first; the one that is open stays open until another one wants to be.
 */
export class MeterTurn {
  #resident: Occupant | undefined;
  /** requests of the resident that are under way */
  #inside = 0;
  #leaving = false;
  readonly #waiting: Waiter[] = [];

  /** Resolves when this one may ask the meter; `exit` has to follow. Rejects with the signal's reason. */
  enter(occupant: Occupant, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal?.reason as Error);
      };
      const waiter: Waiter = {
        occupant,
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

  exit(): void {
    this.#inside--;
    this.#advance();
  }

  #advance(): void {
    for (let next = this.#waiting[0]; next !== undefined && !this.#leaving; next = this.#waiting[0]) {
      if (this.#resident !== undefined && this.#resident !== next.occupant) {
        if (this.#inside > 0) return;
        this.#leave(this.#resident);
        return;
      }
      this.#resident = next.occupant;
      this.#inside++;
      this.#waiting.shift();
      next.enter();
    }
  }

  #leave(resident: Occupant): void {
    this.#leaving = true;
    void resident.giveUp().finally(() => {
      this.#leaving = false;
      this.#resident = undefined;
      this.#advance();
    });
  }
}

/** The turns of many meters by where they are: each is there as long as a session has it. */
export class MeterTurns {
  readonly #turns = new Map<string, WeakRef<MeterTurn>>();
  #pruneAt = 64;

  of(place: string): MeterTurn {
    const known = this.#turns.get(place)?.deref();
    if (known !== undefined) return known;
    const turn = new MeterTurn();
    this.#turns.set(place, new WeakRef(turn));
    if (this.#turns.size > this.#pruneAt) this.#prune();
    return turn;
  }

  #prune(): void {
    for (const [place, turn] of this.#turns) if (turn.deref() === undefined) this.#turns.delete(place);
    this.#pruneAt = Math.max(64, 2 * this.#turns.size);
  }
}
