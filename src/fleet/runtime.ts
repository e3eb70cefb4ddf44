/**
 * The composition root: the parts that all meters of a program, or of one Node-RED, share. None of it is module-level.
 */
import { join } from "node:path";
import { toHex } from "../bytes";
import {
  type Account,
  type AccountGuard,
  accountOf,
  type ConnectOptions,
  type CounterFileSystem,
  DlmsClient,
  fileReceivedCounters,
  MemoryAccountGuard,
  namedCounterStore,
  processLines,
  realFileSystem,
  type SharedLines,
} from "../client";
import { type Clock, systemClock } from "../clock";
import {
  type InvocationCounterStore,
  keyFingerprintAside,
  processKeyName,
  type RandomSource,
  type ReceivedCounterStore,
  systemRandom,
} from "../security";
import { AccessRegistry } from "./exclusive-access";
import type { MeterSettings } from "./meter-options";

export interface RuntimeParts {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** where counters are kept */
  readonly files: CounterFileSystem;
  /** default: the lines of this process, which `connect` uses too. @internal */
  readonly lines: SharedLines;
}

/** How a shared meter makes its clients and asks for its secret. */
export interface GuardedClient {
  readonly secret: { readonly guard: AccountGuard; readonly account: Account };
  makeClient(): DlmsClient;
}

/** The account whose failures a meter with these settings counts. */
export const secretOf = ({ connect }: MeterSettings): Account => accountOf(connect);

export class Runtime {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** @internal */
  readonly lines: SharedLines;
  /** shared, because a meter cannot distinguish requests of nodes, messages and dialogs */
  readonly access = new AccessRegistry();
  /** shared, because a meter counts the failures of all nodes, messages and dialogs together */
  readonly guard: MemoryAccountGuard;
  readonly #files: CounterFileSystem;
  readonly #counters = new Map<string, InvocationCounterStore>();
  readonly #received = new Map<string, ReceivedCounterStore>();

  constructor({ clock, random, files, lines }: RuntimeParts) {
    this.clock = clock;
    this.random = random;
    this.lines = lines;
    this.guard = new MemoryAccountGuard(clock);
    this.#files = files;
  }

  /**
   * The invocation counter of one key under one system title, in a file of a folder. The file's name is a costly hash of
   * the two, worked out when the counter is used first, without holding up the event loop. One store for each: two
   * would issue values unaware of each other.
   */
  keyCounterStore(folder: string, systemTitle: Uint8Array, key: Uint8Array): InvocationCounterStore {
    const { clock } = this;
    const title = toHex(systemTitle);
    const path = async (): Promise<string> =>
      join(folder, `counter-${title}-${await keyFingerprintAside(systemTitle, key)}.json`);
    return known(this.#counters, `${folder} ${title} ${processKeyName(key)}`, () =>
      namedCounterStore(path, { clock, fs: this.#files }),
    );
  }

  /** The received counters in a file. */
  receivedCounters(file: string): ReceivedCounterStore {
    const { clock } = this;
    return known(this.#received, file, () => fileReceivedCounters(file, { clock, fs: this.#files }));
  }

  /** The options with this runtime's guard. @param owner the node that the secret is sent for, or "dialog" */
  guarded({ connect }: MeterSettings, owner: string): ConnectOptions {
    return { ...connect, accountGuard: this.guard.ownedBy(owner) };
  }

  /** The parts that a shared meter needs before it may send the secret of these settings. */
  guardedClient(settings: MeterSettings, owner: string): GuardedClient {
    const options = this.guarded(settings, owner);
    const { lines } = this;
    return {
      secret: { guard: this.guard, account: secretOf(settings) },
      makeClient: () => new DlmsClient(options, { lines }),
    };
  }
}

export function createRuntime(parts: Partial<RuntimeParts> = {}): Runtime {
  return new Runtime({
    clock: systemClock,
    random: systemRandom,
    files: realFileSystem,
    lines: processLines,
    ...parts,
  });
}

function known<T>(all: Map<string, T>, key: string, make: () => T): T {
  const one = all.get(key) ?? make();
  all.set(key, one);
  return one;
}
