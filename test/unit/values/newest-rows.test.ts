/** Readings of what is new: every row is sent, also when the clock changes. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ProfileRow } from "../../../src/cosem";
import { type NewestRows, newRowsOf, rangeOfNew, rowMoment } from "../../../src/values";
import { clock, clockKey, columnsOf, energy, energyKey } from "./columns";

const columns = columnsOf(clock, energy);
const quarter = 900_000;
const change = Date.UTC(2024, 9, 27, 1);
const offsetAt = (ms: number): number => (ms < change ? 120 : 60);

/** The time of the meter's clock, with its offset or without. */
function stamp(ms: number, bare: boolean): string {
  const offset = offsetAt(ms);
  return `${new Date(ms + offset * 60_000).toISOString().slice(0, 19)}${bare ? "" : `+0${offset / 60}:00`}`;
}

/** What a meter sends for a range: rows whose time, as it is written, lies in it. */
function select(rows: readonly ProfileRow[], range: ReturnType<typeof rangeOfNew>): readonly ProfileRow[] {
  if (range === undefined) return rows;
  const { from } = range;
  const ms = typeof from === "number" ? from : Date.parse(`${from}Z`);
  return rows.filter((row) => (rowMoment(row, columns[0])?.ms ?? 0) >= ms);
}

/** Reads what is new, as JSON keeps it between. */
function read(
  buffer: readonly ProfileRow[],
  newest: NewestRows | undefined,
  now: number,
): readonly [readonly ProfileRow[], NewestRows | undefined] {
  const kept = newest === undefined ? undefined : (JSON.parse(JSON.stringify(newest)) as NewestRows);
  const rows = select(buffer, rangeOfNew(kept, now));
  const result = newRowsOf(columns, rows, kept);
  return [result.fresh.map((index) => rows[index] ?? {}), result.newest];
}

describe("new rows", () => {
  it("are all rows at first, and none when nothing has been captured since", () => {
    const buffer = [0, 1, 2].map((n) => ({ [clockKey]: stamp(change + n * quarter, false), [energyKey]: n }));
    const [first, newest] = read(buffer, undefined, change);
    assert.deepEqual(first, buffer);
    assert.deepEqual(read(buffer, newest, change)[0], []);
  });

  it("are both of two equal rows, and a third one later", () => {
    const row = { [clockKey]: stamp(change, false), [energyKey]: 1 };
    const [first, newest] = read([row, row], undefined, change);
    assert.equal(first.length, 2);
    assert.deepEqual(read([row, row, row], newest, change)[0], [row]);
  });

  it("come when a clock that was far ahead has been set right", () => {
    const row = (ms: number, n: number): ProfileRow => ({ [clockKey]: stamp(ms, false), [energyKey]: n });
    const ahead = row(change + 20 * 365 * 96 * quarter, 0);
    const [, newest] = read([ahead], undefined, change);
    assert.deepEqual(read([ahead, row(change, 1)], newest, change)[0], [row(change, 1)]);
  });

  it("keep few fingerprints: those of two hours", () => {
    const buffer = Array.from({ length: 1000 }, (_, n) => ({
      [clockKey]: stamp(change + n * quarter, false),
      [energyKey]: n,
    }));
    const [, newest] = read(buffer, undefined, change);
    assert.equal(newest?.sent.length, 9);
  });

  it("are each sent once, whenever they are read, with offset and without, through the change of the clock, clock settings and gaps", () => {
    const step = fc.record({
      event: fc.constantFrom("row", "row", "row", "row", "gap", "set-back", "set-ahead", "twice"),
      read: fc.boolean(),
      /** the state of what was sent was not kept: the process was killed */
      killed: fc.constantFrom(false, false, false, true),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 120 }), fc.boolean(), fc.nat(80), (steps, bare, before) => {
        let time = change - before * quarter;
        let shift = 0;
        const buffer: ProfileRow[] = [];
        const sent = new Map<number, number>();
        let newest: NewestRows | undefined;
        let killed = false;
        const readNow = (isKilled: boolean): void => {
          const [rows, next] = read(buffer, newest, time);
          for (const row of rows) sent.set(Number(row[energyKey]), (sent.get(Number(row[energyKey])) ?? 0) + 1);
          if (!isKilled) newest = next;
          killed ||= isKilled;
        };
        for (const one of steps) {
          time += one.event === "gap" ? 40 * quarter : one.event === "twice" ? 0 : quarter;
          if (one.event === "set-back") shift -= 3 * 60_000;
          if (one.event === "set-ahead") shift += 3 * 60_000;
          shift = Math.max(-30 * 60_000, Math.min(30 * 60_000, shift));
          buffer.push({ [clockKey]: stamp(time + shift, bare), [energyKey]: buffer.length });
          if (one.read) readNow(one.killed);
        }
        readNow(false);
        assert.deepEqual(
          buffer.map((_, n) => sent.get(n) ?? 0).filter((count) => (killed ? count < 1 : count !== 1)),
          [],
        );
      }),
      { numRuns: 500 },
    );
  });
});
