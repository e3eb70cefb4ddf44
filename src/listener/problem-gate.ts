/** Passes one problem of each kind per minute, and counts the others. */
import type { Clock } from "../clock";
import type { DlmsError } from "../errors";
import type { ListenProblem } from "./events";

/** ms in which the same code of the same meter or peer is reported once. */
export const problemWindowMs = 60_000;
/** Limit of distinct kinds; beyond it, problems are distinguished only by their code. */
export const maxProblemKinds = 1000;

interface Kind {
  until: number;
  count: number;
  error: DlmsError;
  peer: string | null;
}

export class ProblemGate {
  readonly #clock: Clock;
  readonly #emit: (problem: ListenProblem) => void;
  readonly #kinds = new Map<string, Kind>();

  constructor(clock: Clock, emit: (problem: ListenProblem) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  /** @param address of the peer without its port, which differs for each connection */
  add(error: DlmsError, peer: string | null, address: string | null): void {
    const name = this.#name(error, address);
    const known = this.#kinds.get(name);
    if (known !== undefined) {
      known.count++;
      known.error = error;
      known.peer = peer;
      return;
    }
    this.#kinds.set(name, { until: this.#clock.now() + problemWindowMs, count: 0, error, peer });
    this.#emit({ error, count: 1, peer });
  }

  /** Reports the problems counted in past minutes. */
  sweep(): void {
    const now = this.#clock.now();
    for (const [name, kind] of this.#kinds) {
      if (kind.until > now) continue;
      if (kind.count === 0) {
        this.#kinds.delete(name);
        continue;
      }
      const { error, count, peer } = kind;
      kind.until = now + problemWindowMs;
      kind.count = 0;
      this.#emit({ error, count, peer });
    }
  }

  /** Reports the counted problems when the listener closes. */
  end(): void {
    for (const { error, count, peer } of this.#kinds.values()) if (count > 0) this.#emit({ error, count, peer });
    this.#kinds.clear();
  }

  #name(error: DlmsError, address: string | null): string {
    const { systemTitle } = error.details;
    const of = typeof systemTitle === "string" ? systemTitle : (address ?? "");
    const name = `${error.code} ${of}`;
    return this.#kinds.has(name) || this.#kinds.size < maxProblemKinds ? name : `${error.code} of others`;
  }
}
