/** Runs one client session on a disturbed line and checks every value. */
import assert from "node:assert/strict";
import { DlmsClient } from "../../../src/client";
import { SharedLines } from "../../../src/driver/shared-line";
import type { ConnectOptions } from "../../../src/client/options/options";
import { isDlmsError } from "../../../src/errors";
import { createMeter } from "../../../src/simulator";
import { profileName } from "../../support/profiles";
import { VirtualClock } from "../../support/virtual-clock";
import { Seeded } from "../seeded";
import { type Kind, response } from "./kinds";
import { type LineFault, MutatingLine } from "./mutating-line";

/** The longest virtual time that one read, list, profile or object list may take, in ms. */
const bound = 600_000;
/** A refused secret rests for this long, in ms; the line is healthy then, so the next read must succeed. */
const rest = 301_000;

const dataRef = (n: number) => ({ classId: 1, logicalName: `0.0.96.1.${n}.255`, attributeId: 2 });
const registerRef = (n: number) => ({ classId: 3, logicalName: `1.0.2.8.${n}.255`, attributeId: 2 });
const refs = [0, 1, 2, 3, 4, 5].map(dataRef).concat([0, 1, 2].map(registerRef));

interface Work {
  readonly name: string;
  readonly run: (client: DlmsClient) => Promise<unknown>;
}

const reading = (n: number): Work => ({
  name: `read ${n}`,
  run: async (client) => (await client.read(refs[n] ?? dataRef(0))).value,
});
const list = (which: readonly number[]): Work => ({
  name: `list ${which.join(" ")}`,
  run: async (client) => {
    const outcomes = await client.readMany(which.map((n) => refs[n] ?? dataRef(0)));
    return outcomes.map((outcome) => (outcome.ok ? outcome.value.value : { code: outcome.error.code }));
  },
});
const profile: Work = {
  name: "profile",
  run: async (client) => {
    const rows: unknown[] = [];
    for await (const row of client.profile(profileName)) rows.push(row);
    return rows;
  },
};
const objectList: Work = { name: "object list", run: async (client) => (await client.browse()).objects };

/** Every kind of work in a session, in a fixed order. */
const works: readonly Work[] = [
  ...refs.map((_, n) => reading(n)),
  list([0, 1, 2, 3]),
  list([3, 7, 4, 0]),
  list([8, 6, 5]),
  profile,
  objectList,
];

/** Promises settle in one turn of the event loop: no thread and no socket is involved. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function within<T>(clock: VirtualClock, promise: Promise<T>, limit: number): Promise<T> {
  let done = false;
  const end = (): void => {
    done = true;
  };
  promise.then(end, end);
  const until = clock.now() + limit;
  await turn();
  for (let idle = 0; !done;) {
    const wait = clock.nextIn;
    if (wait === undefined) {
      assert.ok(++idle < 4, "hangs: no timer is left that could end it");
    } else {
      idle = 0;
      assert.ok(clock.now() + wait <= until, `takes longer than ${limit} ms`);
      clock.tick(wait);
    }
    await turn();
  }
  return promise;
}

async function pass(clock: VirtualClock, ms: number): Promise<void> {
  const until = clock.now() + ms;
  for (let wait = clock.nextIn; wait !== undefined && clock.now() + wait <= until; wait = clock.nextIn) {
    clock.tick(wait);
    await turn();
  }
  clock.tick(until - clock.now());
  await turn();
}

export interface SessionResult {
  readonly right: number;
  readonly codes: readonly string[];
  readonly hits: ReadonlyMap<LineFault, number>;
  /** ms of virtual time */
  readonly slowest: number;
}

interface Bench {
  readonly clock: VirtualClock;
  readonly line: MutatingLine;
  readonly client: () => DlmsClient;
}

function benchFor(kind: Kind, random: Seeded, faults: readonly LineFault[], rate: number): Bench {
  const clock = new VirtualClock();
  const meter = createMeter(kind.meter, { clock });
  const port = kind.port?.(meter, clock) ?? meter.transport();
  const inner = kind.datagrams === true ? ({ ...port, kind: "udp" } as const) : port;
  const latency = random.pick([0, 5, 40]);
  const line = new MutatingLine(inner, clock, random, { faults, rate, latency, response });
  const lines = new SharedLines();
  const options: ConnectOptions = {
    ...kind.client(),
    transport: line.transport,
    clock,
    random: (count) => random.bytes(count),
  };
  return { clock, line, client: () => new DlmsClient(options, { lines }) };
}

const expected = new Map<string, readonly unknown[]>();

/** The values of an undisturbed session. */
async function rightValues(kind: Kind): Promise<readonly unknown[]> {
  const known = expected.get(kind.name);
  if (known !== undefined) return known;
  const { clock, client: make } = benchFor(kind, new Seeded(1), [], 0);
  const client = make();
  const values: unknown[] = [];
  for (const work of works) values.push(await within(clock, work.run(client), bound));
  await within(clock, client.close(), bound);
  expected.set(kind.name, values);
  return values;
}

/** Some items of a list may be errors; the others keep their places. */
function isRight(value: unknown, right: unknown): boolean {
  if (Array.isArray(value) && Array.isArray(right) && value.length === right.length) {
    return value.every((one, n) => isErrorCode(one) || sameValue(one, right[n]));
  }
  return sameValue(value, right);
}

const isErrorCode = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).join() === "code";

function sameValue(value: unknown, right: unknown): boolean {
  try {
    assert.deepStrictEqual(value, right);
    return true;
  } catch {
    return false;
  }
}

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 300) ?? "undefined";

/** One session on a disturbed line. Throws for a wrong value, a foreign error, a hang and a leaked timer. */
export async function runSession(kind: Kind, seed: number): Promise<SessionResult> {
  const right = await rightValues(kind);
  const random = new Seeded(seed);
  const unjudged = kind.unjudged !== undefined && random.chance(0.3) ? kind.unjudged : [];
  const rate = random.pick([0.03, 0.08, 0.2, 0.5]);
  const { clock, line, client: make } = benchFor(kind, random, [...kind.judged, ...unjudged], rate);
  const client = make();
  const codes: string[] = [];
  let good = 0;
  let slowest = 0;
  const attempt = async (by: DlmsClient, which: number, mustBeRight: boolean): Promise<string | undefined> => {
    const work = works[which];
    if (work === undefined) throw new Error(`no work ${which}`);
    const start = clock.now();
    try {
      const value = await within(clock, work.run(by), bound);
      if (mustBeRight && !isRight(value, right[which])) {
        throw new Error(`${work.name}: wrong value ${shown(value)}, right is ${shown(right[which])}`);
      }
      good++;
      return undefined;
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      codes.push(error.code);
      return error.code;
    } finally {
      slowest = Math.max(slowest, clock.now() - start);
    }
  };
  for (let left = 3 + random.below(8); left > 0; left--) {
    await attempt(client, random.below(works.length), unjudged.length === 0);
    if (random.chance(0.4)) await pass(clock, random.pick([1, 60, 700, 3000]));
  }
  line.heal();
  await within(clock, client.close(), bound);
  await pass(clock, rest);
  const after = make();
  const failed = await attempt(after, random.below(refs.length), true);
  assert.equal(failed, undefined, "the first read on the healthy line fails");
  await within(clock, after.close(), bound);
  await pass(clock, rest);
  assert.equal(clock.pending, 0, "timers are left behind after the close");
  return { right: good, codes, hits: line.hits, slowest };
}
