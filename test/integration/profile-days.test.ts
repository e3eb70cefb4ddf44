/** Profiles by day and month of the meter, and after a time. */
import assert from "node:assert/strict";
import { DlmsConfigError } from "../../src/errors";
import type { ProfileRange, ProfileTable } from "../../src/index";
import type { Behaviour } from "../../src/simulator";
import { bench, number } from "../support/meters";
import { bareStampOf, counted, energies, profileName, profileOf, quarter, stampOf, times } from "../support/profiles";

const hour = 4 * quarter;
/** Central European time of 2024. */
const spring = Date.UTC(2024, 2, 31, 1);
const autumn = Date.UTC(2024, 9, 27, 1);
const offsetAt = (ms: number): number => (ms >= spring && ms < autumn ? 120 : 60);
const localDay = (ms: number): string => new Date(ms + offsetAt(ms) * 60_000).toISOString().slice(0, 10);

const refusesRanges: Behaviour = {
  name: "refuses ranges",
  request: (request) =>
    request.apdu === "get-request-normal" && request.attribute.access?.selector === 1
      ? [Uint8Array.of(0xc4, 1, request.invokeId, 1, 250)]
      : undefined,
};

interface Meter {
  /** instants of the rows */
  readonly rows: readonly number[];
  readonly now: number;
  readonly bare?: boolean;
  readonly timeZone?: string;
  readonly refusesRanges?: boolean;
  readonly clock?: "none";
}

async function read(meter: Meter, range: ProfileRange): Promise<ProfileTable> {
  const stamp = (ms: number): ReturnType<typeof stampOf> =>
    meter.bare === true ? bareStampOf(ms, offsetAt(ms), offsetAt(ms) === 120) : stampOf(ms, offsetAt(ms));
  const rows = meter.rows.map((ms, n) => [stamp(ms), number(n)]);
  const objects = profileOf(rows, { clock: stamp(meter.now) });
  const { client, clock } = bench(
    { objects: meter.clock === "none" ? objects.slice(0, -1) : objects },
    meter.timeZone === undefined ? {} : { values: { timeZone: meter.timeZone } },
    meter.refusesRanges === true ? [refusesRanges] : [],
  );
  // the computer's clock is right; its zone is not used
  clock.block(meter.now - clock.wallTime());
  try {
    return await clock.runUntil(client.profile(profileName, range).toTable());
  } finally {
    await clock.runUntil(client.close());
  }
}

const quarters = (from: number, count: number): number[] => counted(0, count - 1).map((n) => from + n * quarter);

describe("days and months of the meter", () => {
  for (const [name, change] of [
    ["beginning", spring],
    ["end", autumn],
  ] as const) {
    const rows = quarters(change - 40 * hour, 4 * 80);
    const day = localDay(change);
    const dayBefore = localDay(change - 24 * hour);
    const of = (wanted: string): number[] => rows.flatMap((ms, n) => (localDay(ms) === wanted ? [n] : []));

    for (const meter of [{}, { bare: true, timeZone: "Europe/Vienna" }, { refusesRanges: true }, { bare: true }]) {
      it(`at the ${name} of daylight saving: ${JSON.stringify(meter)}`, async () => {
        for (const hours of [2, 6, 20]) {
          const now = change + hours * hour;
          assert.deepEqual(energies((await read({ rows, now, ...meter }, "today")).rows), of(localDay(now)));
          assert.deepEqual(energies((await read({ rows, now, ...meter }, "yesterday")).rows), of(dayBefore));
        }
        const next = change + 28 * hour;
        assert.deepEqual(energies((await read({ rows, now: next, ...meter }, "yesterday")).rows), of(day));
      });
    }

    it(`has ${name === "end" ? 100 : 92} quarters of an hour at the ${name} of daylight saving`, async () => {
      const { rows: found } = await read({ rows, now: change + 20 * hour }, "today");
      assert.equal(found.length, name === "end" ? 100 : 92);
    });
  }

  it("cover a month from its first midnight to the last row before the next", async () => {
    const rows = counted(0, 150).map((n) => Date.UTC(2024, 7, 31, 22) + n * 12 * hour);
    const now = Date.UTC(2024, 9, 31, 12);
    const months = rows.map((ms) => localDay(ms).slice(0, 7));
    for (const [range, month] of [
      ["this-month", "2024-10"],
      ["last-month", "2024-09"],
    ] as const) {
      const wanted = months.flatMap((one, n) => (one === month ? [n] : []));
      assert.deepEqual(energies((await read({ rows, now }, range)).rows), wanted);
    }
  });

  it("need the meter's time: without it the error asks for the time zone", async () => {
    await assert.rejects(
      read({ rows: quarters(autumn, 4), now: autumn, clock: "none" }, "today"),
      (error) => error instanceof DlmsConfigError && /set the time zone/.test(error.message),
    );
    const zoned = { rows: quarters(autumn, 4), now: autumn, clock: "none", timeZone: "Europe/Vienna" } as const;
    assert.deepEqual(energies((await read(zoned, "today")).rows), [0, 1, 2, 3]);
  });

  it("are refused in another spelling", async () => {
    await assert.rejects(read({ rows: [], now: autumn }, "tomorrow" as ProfileRange), DlmsConfigError);
  });
});

describe("rows after a time", () => {
  const rows = quarters(autumn - 3 * hour, 6 * 4);

  for (const meter of [{}, { refusesRanges: true }, { bare: true, timeZone: "Europe/Vienna" }]) {
    it(`begin after the row at that instant: ${JSON.stringify(meter)}`, async () => {
      for (const n of counted(0, rows.length - 1)) {
        const after = new Date(rows[n] ?? 0);
        const table = await read({ rows, now: autumn + 6 * hour, ...meter }, { after });
        assert.deepEqual(energies(table.rows), counted(n + 1, rows.length - 1));
      }
    });

    it(`go on from the time as the last row gave it: ${JSON.stringify(meter)}`, async () => {
      const all = await read({ rows, now: autumn + 6 * hour, ...meter }, { from: new Date(0) });
      for (const [n, after] of times(all.rows).entries()) {
        const table = await read({ rows, now: autumn + 6 * hour, ...meter }, { after: String(after) });
        assert.deepEqual(energies(table.rows), counted(n + 1, rows.length - 1));
      }
    });
  }

  it("all arrive, some twice, if neither offset nor zone distinguishes two equal hours", async () => {
    const meter = { rows, now: autumn + 6 * hour, bare: true };
    const all = await read(meter, { from: new Date(0) });
    for (const [n, after] of times(all.rows).entries()) {
      const found = new Set(energies((await read(meter, { after: String(after) })).rows));
      assert.deepEqual(
        counted(n + 1, rows.length - 1).filter((one) => !found.has(one)),
        [],
        `after row ${n}, ${String(after)}`,
      );
    }
  });

  it("end before a time if one is named", async () => {
    const range = { after: new Date(rows[3] ?? 0), to: new Date(rows[6] ?? 0) };
    assert.deepEqual(energies((await read({ rows, now: autumn + 6 * hour }, range)).rows), [4, 5, 6]);
  });
});
