/** Client and meter of the security tests. */
import { fromHex } from "../../../src/bytes";
import type { ConnectOptions, SecurityOptions } from "../../../src/client/options/options";
import { type InvocationCounterStore, memoryCounterStore } from "../../../src/security";
import type { Behaviour, MeterDefinition } from "../../../src/simulator";
import type { SimulatedAssociation } from "../../../src/simulator/definition/definition";
import { type Bench, bench, registers } from "../../support/meters";

/** Keys that occur nowhere else. */
export const keys = {
  encryptionKey: fromHex("4a1f7c3b90d2e6586b7f0c915de3a24b"),
  authenticationKey: fromHex("c37e05b1928d4f6ae0179b5cd8f2463a"),
} as const;
export const clientTitle = fromHex("4d4d4d0000000a01");

/** A store that records its calls. */
export interface WatchedStore extends InvocationCounterStore {
  readonly used: number[];
  readonly raised: number[];
}

export function watchedStore(start = 1): WatchedStore {
  const inner = memoryCounterStore(start);
  const used: number[] = [];
  const raised: number[] = [];
  return {
    used,
    raised,
    mark: () => inner.mark?.() ?? Promise.resolve(undefined),
    reserve: async (count) => {
      const first = await inner.reserve(count);
      for (let n = 0; n < count; n++) used.push(first + n);
      return first;
    },
    raiseTo: async (atLeast) => {
      raised.push(atLeast);
      await inner.raiseTo(atLeast);
    },
  };
}

export const account: SimulatedAssociation = {
  client: 1,
  mechanism: "hls-gmac",
  policy: "authenticated-encrypted",
  ...keys,
};

export interface Secured extends Bench {
  readonly store: WatchedStore;
}

/** A client that associates with HLS GMAC, authenticated and encrypted, and the meter that accepts it. */
export function secured(
  change: {
    readonly account?: Partial<SimulatedAssociation>;
    readonly meter?: Partial<MeterDefinition>;
    readonly security?: Partial<SecurityOptions>;
    readonly client?: Partial<ConnectOptions>;
    readonly behaviours?: readonly Behaviour[];
    readonly store?: WatchedStore;
  } = {},
): Secured {
  const store = change.store ?? watchedStore();
  const made = bench(
    {
      associations: [{ client: 16 }, { ...account, ...change.account }],
      objects: registers(5),
      ...change.meter,
    },
    {
      client: { sap: 1, systemTitle: clientTitle },
      auth: { mechanism: "hls-gmac" },
      security: {
        suite: 0,
        policy: "authenticated-encrypted",
        ...keys,
        invocationCounter: store,
        ...change.security,
      },
      // as if random, so that the challenge is not the meter's
      random: counting(),
      ...change.client,
    },
    change.behaviours,
  );
  return { ...made, store };
}

/** As if random, and the same each time. */
export function counting(): (count: number) => Uint8Array {
  let next = 0;
  return (count) => Uint8Array.from({ length: count }, () => (next += 37) & 0xff);
}
