/** The use within each interval. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ProfileRow } from "../../../src/cosem";
import { differencesOf, isCumulative, type UnknownUse } from "../../../src/values";
import { subtractDecimals } from "../../../src/values/decimal";
import { clock, clockKey, columnsOf, energy, energyKey, power, powerKey, status, statusKey } from "./columns";

const quarter = 900_000;
const start = Date.UTC(2024, 0, 1);
const at = (n: number): string => new Date(start + n * quarter).toISOString().replace(".000Z", "Z");
const columns = columnsOf(clock, energy);

/** Rows at quarters of an hour. */
const rowsOf = (states: readonly (readonly [n: number, state: unknown])[]): ProfileRow[] =>
  states.map(([n, state]) => ({ [clockKey]: at(n), [energyKey]: state }));

const uses = (rows: readonly ProfileRow[]): unknown[] => rows.map((row) => row[energyKey]);

function reasonsOf(states: readonly (readonly [number, unknown])[]): (UnknownUse | undefined)[] {
  const rows = rowsOf(states);
  const { unknown } = differencesOf(columns, rows, { capturePeriod: 900 });
  return rows.map((_, row) => unknown.find((one) => one.row === row)?.reason);
}

describe("differences", () => {
  it("are the exact use within each interval, and null in the first row", () => {
    const { rows, keys, notes } = differencesOf(
      columns,
      rowsOf([
        [0, 0.1],
        [1, 0.3],
        [2, "9007199254740993.25"],
      ]),
      { capturePeriod: 900 },
    );
    assert.deepEqual(uses(rows), [null, 0.2, "9007199254740992.95"]);
    assert.deepEqual(keys, [energyKey]);
    assert.match(notes[0] ?? "", /use of 1\.0\.1\.8\.0\.255 in row 1, 2024-01-01T00:00:00Z is not known/);
  });

  it("begin at the row before, if it is given", () => {
    const [before, ...rows] = rowsOf([
      [0, 5],
      [1, 8],
    ]);
    const result = differencesOf(columns, rows, { capturePeriod: 900, before });
    assert.deepEqual(uses(result.rows), [3]);
    assert.deepEqual(result.notes, []);
  });

  for (const [what, states, reasons] of [
    [
      "after missing rows",
      [
        [0, 1],
        [1, 2],
        [3, 9],
        [4, 10],
      ],
      ["first", undefined, "gap", undefined],
    ],
    [
      "after a reset or a roll-over",
      [
        [0, 99_990],
        [1, 5],
        [2, 9],
      ],
      ["first", "fell", undefined],
    ],
    [
      "where a fall turns out to be an error",
      [
        [0, 100],
        [1, 0],
        [2, 101],
        [3, 102],
      ],
      ["first", "fell", "returned", undefined],
    ],
    [
      "without a number",
      [
        [0, 1],
        [1, null],
        [2, 3],
        [3, 4],
      ],
      ["first", "no-value", "no-value", undefined],
    ],
    [
      "where the clock was set back",
      [
        [4, 1],
        [5, 2],
        [4, 3],
        [5, 4],
      ],
      ["first", undefined, "time", undefined],
    ],
  ] as const) {
    it(`are null ${what}, with the reason`, () => {
      assert.deepEqual(reasonsOf(states as readonly (readonly [number, unknown])[]), reasons);
    });
  }

  it("are null for a row that the meter marks as not valid, and for the row after it", () => {
    const rows = [0, 0, 4, 0x80, 0].map((mark, n) => ({ [clockKey]: at(n), [statusKey]: mark, [energyKey]: n * 10 }));
    const result = differencesOf(columnsOf(clock, status, energy), rows, { capturePeriod: 900 });
    assert.deepEqual(uses(result.rows), [null, 10, null, null, 10]);
  });

  it("of a profile without a fixed period are those of consecutive rows, however far apart", () => {
    const states = [
      [0, 1],
      [3000, 50],
      [5800, 70],
    ] as const;
    assert.deepEqual(uses(differencesOf(columns, rowsOf(states)).rows), [null, 49, 20]);
  });

  it("leave other columns as they are", () => {
    const rows = [1, 2].map((n) => ({ [clockKey]: at(n), [powerKey]: 7, [energyKey]: n }));
    const result = differencesOf(columnsOf(clock, power, energy), rows, { capturePeriod: 900 });
    assert.deepEqual(
      result.rows.map((row) => row[powerKey]),
      [7, 7],
    );
  });

  it("go through both changes of the clock by the offset", () => {
    const texts = ["2024-10-27T02:45:00+02:00", "2024-10-27T02:00:00+01:00", "2024-10-27T02:15:00+01:00"];
    const rows = texts.map((time, n) => ({ [clockKey]: time, [energyKey]: n }));
    assert.deepEqual(uses(differencesOf(columns, rows, { capturePeriod: 900 }).rows), [null, 1, 1]);
  });

  it("of times without an offset are null where the clock goes back: the hour may be either", () => {
    const texts = ["2024-10-27T02:45:00", "2024-10-27T02:00:00", "2024-10-27T02:15:00"];
    const rows = texts.map((time, n) => ({ [clockKey]: time, [energyKey]: n }));
    assert.deepEqual(uses(differencesOf(columns, rows, { capturePeriod: 900 }).rows), [null, null, 1]);
  });

  it("add up to the register's change between two rows without a null between them, and are never negative", () => {
    const step = fc.record({
      use: fc.integer({ min: 0, max: 5000 }),
      event: fc.constantFrom("none", "none", "none", "none", "missing", "reset", "null"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(0, -1, -3), (steps, scaler) => {
        let state = 0;
        let n = 0;
        const used: (number | undefined)[] = [];
        const states: [number, unknown][] = [];
        for (const { use, event } of steps) {
          n += event === "missing" ? 3 : 1;
          const isFall = event === "reset" && state > 0;
          const own = event === "reset" ? 0 : use;
          state = event === "reset" ? 0 : state + use;
          states.push([n, event === "null" ? null : state / 10 ** -scaler]);
          used.push(event === "none" || (event === "reset" && !isFall) ? own : undefined);
        }
        const { rows, unknown } = differencesOf(columns, rowsOf(states), { capturePeriod: 900 });
        const unknownRows = new Set(unknown.map(({ row }) => row));
        for (const [row, value] of uses(rows).entries()) {
          assert.equal(value === null, unknownRows.has(row));
          if (value === null) continue;
          assert.ok(typeof value === "number" && value >= 0);
          assert.equal(value, subtractDecimals(states[row]?.[1], states[row - 1]?.[1]));
          assert.notEqual(used[row], undefined, "a gap, a reset or a missing value has no use");
          assert.equal(Math.round(value * 10 ** -scaler), used[row]);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("columns that count up", () => {
  const column = (logicalName: string, unitCode: number | null = 30, classId = 3, attributeId = 2) => ({
    ...{ logicalName, unitCode, classId, attributeId },
    dataIndex: 0,
  });
  it("are energies, volumes and masses", () => {
    for (const name of [
      "1.0.1.8.0.255",
      "1.0.2.8.2.255",
      "1.0.5.8.0.255",
      "1.0.21.8.0.255",
      "7.0.3.0.0.255",
      "8.0.1.0.0.255",
      "6.0.1.0.0.255",
    ]) {
      assert.equal(isCumulative(column(name)), true, name);
    }
    assert.equal(isCumulative(column("0.1.24.2.1.255", 13, 4)), true);
  });
  it("are no powers, maxima, net energies, interval energies, values of a billing period, times or temperatures", () => {
    for (const name of [
      "1.0.1.7.0.255",
      "1.0.1.6.0.255",
      "1.0.16.8.0.255",
      "1.0.1.29.0.255",
      "1.0.1.8.0.101",
      "7.0.41.0.0.255",
      "1.0.12.8.0.255",
    ]) {
      assert.equal(isCumulative(column(name)), false, name);
    }
    assert.equal(isCumulative(column("0.1.24.2.1.255", 9, 4)), false);
    assert.equal(isCumulative(column("1.0.1.8.0.255", 30, 4, 5)), false);
  });
});
