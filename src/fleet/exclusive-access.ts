/** Exclusive access to meters: sessions that a meter cannot tell apart, or does not serve together, take turns. */
import { WaitList } from "../clock";

/** A client with access to a meter. It keeps the access between requests until another client asks for it. */
export interface Holder {
  /** Ends the association; called while no request is under way. Never rejects; bounded. */
  release(): Promise<void>;
}

/** The scope that a holder needs exclusively. Holders whose scopes do not overlap have access at the same time. */
export interface Scope {
  /** which meter; absent: every meter of the endpoint */
  readonly server?: string;
  /** link addresses between which the meter does not distinguish its users; absent: every client */
  readonly clients?: readonly number[];
  /** scopes of one owner on one meter exclude each other, whatever their clients: many meters serve one at a time */
  readonly owner?: object;
}

export interface EndpointScope extends Scope {
  readonly endpoint: string;
}

/** Access to the meters of a scope. */
export interface ExclusiveAccess {
  /** Resolves when the holder may ask the meter; `exit` has to follow. Rejects with the signal's reason. */
  enter(holder: Holder, signal?: AbortSignal): Promise<void>;
  exit(holder: Holder): void;
  /** The holder has closed everything; without effect while it asks. */
  released(holder: Holder): void;
}

interface Grant {
  readonly scopes: readonly Scope[];
  /** requests in progress */
  requests: number;
  releasing: boolean;
}

interface Request {
  readonly holder: Holder;
  readonly scopes: readonly Scope[];
}

function exclude(a: Scope, b: Scope): boolean {
  if (a.server !== undefined && b.server !== undefined && a.server !== b.server) return false;
  if (a.owner !== undefined && a.owner === b.owner) return true;
  if (a.clients === undefined || b.clients === undefined) return true;
  return a.clients.some((client) => b.clients?.includes(client));
}

const conflict = (some: readonly Scope[], others: readonly Scope[]): boolean =>
  some.some((one) => others.some((other) => exclude(one, other)));

const everything: readonly Scope[] = [{}];

/**
 * Access at one endpoint. Holders with conflicting scopes take turns, first come, first served; a holder keeps its
 * access until another one asks for it.
 */
export class EndpointAccess implements ExclusiveAccess {
  readonly #grants = new Map<Holder, Grant>();
  readonly #waiting = new WaitList<Request>();

  enter(holder: Holder, signal?: AbortSignal, scopes = everything): Promise<void> {
    const left = (): void => {
      this.#advance();
    };
    const entered = this.#waiting.wait({ holder, scopes }, { signal, left });
    this.#advance();
    return entered;
  }

  exit(holder: Holder): void {
    const grant = this.#grants.get(holder);
    if (grant !== undefined) grant.requests--;
    this.#advance();
  }

  released(holder: Holder): void {
    const grant = this.#grants.get(holder);
    if (grant === undefined || grant.requests > 0 || grant.releasing) return;
    this.#grants.delete(holder);
    this.#advance();
  }

  /** Grants access to every waiter that conflicts neither with a current holder nor with an earlier waiter. */
  #advance(): void {
    const before = new Map<Holder, readonly Scope[]>();
    for (const waiting of this.#waiting) {
      const { holder, scopes } = waiting.item;
      if (before.has(holder)) continue;
      const isBehind = [...before.values()].some((earlier) => conflict(earlier, scopes));
      if (isBehind || !this.#isFree(holder, scopes)) {
        before.set(holder, scopes);
        continue;
      }
      const grant = this.#grants.get(holder) ?? { scopes, requests: 0, releasing: false };
      grant.requests++;
      this.#grants.set(holder, grant);
      waiting.grant();
    }
  }

  /** Whether no holder conflicts. Idle holders that do are asked to release. */
  #isFree(holder: Holder, scopes: readonly Scope[]): boolean {
    let free = this.#grants.get(holder)?.releasing !== true;
    for (const [other, grant] of this.#grants) {
      if (other === holder || !conflict(grant.scopes, scopes)) continue;
      free = false;
      if (grant.requests === 0 && !grant.releasing) this.#withdraw(other, grant);
    }
    return free;
  }

  #withdraw(holder: Holder, grant: Grant): void {
    grant.releasing = true;
    void holder.release().finally(() => {
      this.#grants.delete(holder);
      this.#advance();
    });
  }
}

/** Access at many endpoints. An endpoint is kept as long as its access object is referenced. */
export class AccessRegistry {
  readonly #endpoints = new Map<string, WeakRef<EndpointAccess>>();
  #pruneAt = 64;

  /** Access to everything at one endpoint. */
  at(endpoint: string): EndpointAccess {
    const known = this.#endpoints.get(endpoint)?.deref();
    if (known !== undefined) return known;
    const access = new EndpointAccess();
    this.#endpoints.set(endpoint, new WeakRef(access));
    if (this.#endpoints.size > this.#pruneAt) this.#prune();
    return access;
  }

  /** Access to all scopes together. */
  to(scopes: readonly EndpointScope[]): ExclusiveAccess {
    // always in the same order, because two clients that need the same two endpoints would otherwise wait for each
    // other
    const endpoints = [...new Set(scopes.map(({ endpoint }) => endpoint))].sort();
    return inSequence(
      endpoints.map((endpoint) => {
        const access = this.at(endpoint);
        const here = scopes.filter((scope) => scope.endpoint === endpoint);
        return {
          enter: (holder, signal) => access.enter(holder, signal, here),
          exit: (holder) => {
            access.exit(holder);
          },
          released: (holder) => {
            access.released(holder);
          },
        };
      }),
    );
  }

  #prune(): void {
    for (const [endpoint, access] of this.#endpoints) {
      if (access.deref() === undefined) this.#endpoints.delete(endpoint);
    }
    this.#pruneAt = Math.max(64, 2 * this.#endpoints.size);
  }
}

/** Acquires several accesses in order. An empty list grants access at once. */
function inSequence(parts: readonly ExclusiveAccess[]): ExclusiveAccess {
  const reversed = [...parts].reverse();
  return {
    enter: async (holder, signal) => {
      const entered: ExclusiveAccess[] = [];
      try {
        for (const part of parts) {
          await part.enter(holder, signal);
          entered.unshift(part);
        }
      } catch (error) {
        for (const part of entered) part.exit(holder);
        throw error;
      }
    },
    exit: (holder) => {
      for (const part of reversed) part.exit(holder);
    },
    released: (holder) => {
      for (const part of reversed) part.released(holder);
    },
  };
}

/** Does the work while no other client has access. */
export async function withExclusiveAccess<T>(
  access: ExclusiveAccess,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  // it keeps nothing open after the work
  const holder: Holder = { release: () => Promise.resolve() };
  await access.enter(holder, signal);
  try {
    return await work();
  } finally {
    access.exit(holder);
    access.released(holder);
  }
}
