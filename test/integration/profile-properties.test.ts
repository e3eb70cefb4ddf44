/** Property test of profile reading: random profiles, ranges and connection losses. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { DlmsError } from "../../src/errors";
import type { ProfileRange } from "../../src/index";
import type { Behaviour } from "../../src/simulator";
import { bench, number } from "../support/meters";
import { breaksAt, counted, energies, profileName, profileOf, stampOf } from "../support/profiles";

/** Central European time, with the change at the end of October 2024 among the rows of some cases. */
const change = Date.UTC(2024, 9, 27, 1);
const offsetAt = (ms: number): number => (ms < change ? 120 : 60);
const localText = (ms: number): string => new Date(ms + offsetAt(ms) * 60_000).toISOString().slice(0, 19);

const cases = fc.record({
  sortMethod: fc.constantFrom(1, 1, 2, 3),
  period: fc.constantFrom(60, 900, 3600, 86_400),
  count: fc.integer({ min: 0, max: 80 }),
  /** how long before the change of the clock the first row is */
  before: fc.constantFrom(0, 0.5, 3000),
  shape: fc.constantFrom("lists", "single", "general blocks", "short names"),
  maxPduSize: fc.integer({ min: 64, max: 400 }),
  refused: fc.constantFrom("nothing", "nothing", "ranges", "entries"),
  breaks: fc.array(fc.integer({ min: 3, max: 40 }), { maxLength: 3 }),
  kind: fc.constantFrom("all", "last", "entries", "instants", "local"),
  from: fc.nat(),
  length: fc.nat(),
  rowByRow: fc.boolean(),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

function refuses(selector: number): Behaviour {
  return {
    name: "refuses a selector",
    request: (request) =>
      request.apdu === "get-request-normal" && request.attribute.access?.selector === selector
        ? [Uint8Array.of(0xc4, 1, request.invokeId, 1, 250)]
        : undefined,
  };
}

/** What is asked for, and which rows of the ages 0 to count - 1 that is. */
function asked(one: Case, at: (age: number) => number): { range: ProfileRange | undefined; wanted: number[] } {
  const { count, kind } = one;
  const from = count === 0 ? 0 : one.from % count;
  const to = count === 0 ? 0 : Math.min(count - 1, from + (one.length % count));
  switch (kind) {
    case "last":
      return { range: { last: from + 1 }, wanted: counted(Math.max(0, count - from - 1), count - 1) };
    case "entries":
      return { range: { entries: [from + 1, to + 1] }, wanted: count === 0 ? [] : counted(from, to) };
    case "instants":
      return {
        range: { from: new Date(at(from)), to: new Date(at(to)) },
        wanted: count === 0 ? [] : counted(from, to),
      };
    case "local": {
      // both of two equal times of the clock are meant
      const range = { from: localText(at(from)), to: localText(at(to)) };
      const inside = (age: number): boolean => localText(at(age)) >= range.from && localText(at(age)) <= range.to;
      return { range, wanted: counted(0, count - 1).filter(inside) };
    }
    default:
      return { range: undefined, wanted: counted(0, count - 1) };
  }
}

/** If clock times occur twice, rows between them may be inside the range or outside. */
const isClear = ({ kind, before, period, count }: Case): boolean =>
  kind !== "local" || before === 3000 || count === 0 || period === 86_400;

async function readBack(one: Case): Promise<void> {
  const start = change - Math.floor(one.before * one.count) * one.period * 1000;
  const at = (age: number): number => start + age * one.period * 1000;
  const ages = counted(0, one.count - 1);
  const buffer = one.sortMethod === 2 ? ages.toReversed() : one.sortMethod === 3 ? byValue(ages) : ages;
  const rows = buffer.map((age) => [stampOf(at(age), offsetAt(at(age))), number(age)]);
  const clock = stampOf(at(one.count), offsetAt(at(one.count)));
  const objects = profileOf(rows, { sortMethod: one.sortMethod, period: one.period, clock });
  const names = one.shape === "short names" ? { referencing: "sn" as const } : {};
  const blocks = one.shape === "general blocks" ? { generalBlockTransferWindow: 1 } : {};
  const {
    client,
    clock: time,
    meter,
  } = bench(
    { objects, maxPduSize: one.maxPduSize, receivedLimit: 10_000, ...names, ...blocks },
    {
      association: { maxPduSize: one.maxPduSize, ...names },
      quirks: { noGetWithList: one.shape === "single" },
    },
  );
  if (one.refused !== "nothing" && one.shape !== "short names") meter.use(refuses(one.refused === "ranges" ? 1 : 2));
  if (one.breaks.length > 0) meter.use(breaksAt(...one.breaks));
  const { range, wanted } = asked(one, at);
  const profile = client.profile(profileName, range);
  const seen: unknown[] = [];
  const read = async (): Promise<void> => {
    if (!one.rowByRow) seen.push(...energies((await profile.toTable()).rows));
    else for await (const row of profile) seen.push(...energies([row]));
  };
  try {
    await time.runUntil(read());
    assert.deepEqual(seen, wanted);
  } catch (error) {
    // several interruptions without a row in between, or after rows that cannot be revoked; the earlier rows are right
    if ((error as DlmsError).code !== "DLMS_CONN_LOST" || one.breaks.length === 0) throw error;
    assert.deepEqual(seen, wanted.slice(0, seen.length));
  } finally {
    await time.runUntil(client.close());
  }
}

/** Some order that is neither of the two of time. */
const byValue = (ages: readonly number[]): number[] =>
  [...ages].sort((a, b) => ((a * 7) % 11) - ((b * 7) % 11) || a - b);

describe("profiles of all kinds, read in all ways, with breaks anywhere", () => {
  it("have the requested rows, each once, oldest first", async function () {
    this.timeout(120_000);
    await fc.assert(fc.asyncProperty(cases.filter(isClear), readBack), { numRuns: 1000, seed: 20241027 });
  });
});
