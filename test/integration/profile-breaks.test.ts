/** Profile reading across lost connections. */
import assert from "node:assert/strict";
import type { DlmsValue } from "../../src/codec/value";
import { type Bench, bench, number } from "../support/meters";
import {
  bareStampOf,
  breaksAt,
  counted,
  energies,
  nothing,
  type ProfileFacts,
  profileName,
  profileOf,
  quarter,
  stampOf,
} from "../support/profiles";

const start = Date.UTC(2024, 0, 1);
const ordinary = counted(0, 199).map((n) => [stampOf(start + n * quarter, 60), number(n)]);

function meter(rows: readonly (readonly DlmsValue[])[], facts: ProfileFacts = {}, idle?: number): Bench {
  const timeouts = idle === undefined ? {} : { timeouts: { idle } };
  return bench({ objects: profileOf(rows, facts) }, { association: { maxPduSize: 256 }, ...timeouts });
}

async function table({ client, clock }: Bench): Promise<{ values: unknown[]; notes: string }> {
  const { rows, notes } = await clock.runUntil(client.profile(profileName).toTable());
  await clock.runUntil(client.close());
  return { values: energies(rows), notes: notes.join("\n") };
}

describe("profiles whose connection breaks", () => {
  it("resume when the profile was the first request to the meter", async () => {
    const line = meter(ordinary);
    line.meter.use(breaksAt(9));
    const { values, notes } = await table(line);
    assert.deepEqual(values, counted(0, 199));
    assert.match(notes, /broke after \d+ rows; went on by time/);
  });

  it("resume after every lost connection as long as rows arrive in between", async () => {
    const line = meter(ordinary);
    line.meter.use(breaksAt(7, 16, 25, 34));
    const { values, notes } = await table(line);
    assert.deepEqual(values, counted(0, 199));
    assert.equal(notes.match(/went on by time/g)?.length, 4);
  });

  it("end with the error when no more rows arrive", async () => {
    const line = meter(ordinary);
    // each connection lasts for the association, the columns, the scalers and one block
    line.meter.use(breaksAt(6, ...counted(7, 60)));
    const { client, clock } = line;
    await assert.rejects(clock.runUntil(client.profile(profileName).toTable()), { code: "DLMS_CONN_LOST" });
    await clock.runUntil(client.close());
  });

  it("have every row of an event log with several rows in one second", async () => {
    const rows = counted(0, 99).map((n) => [stampOf(start + Math.floor(n / 10) * 1000, 60), number(n)]);
    for (const frame of counted(5, 12)) {
      const line = meter(rows, { period: 0 });
      line.meter.use(breaksAt(frame));
      const { values } = await table(line);
      assert.deepEqual(values, counted(0, 99), `broken at frame ${frame}`);
    }
  });

  it("restart when the meter sorts its rows by value", async () => {
    const values = counted(0, 99).map((n) => (n * 37) % 100);
    const rows = values.map((n) => [stampOf(start + n * quarter, 60), number(n)]);
    const line = meter(rows, { sortMethod: 3 });
    line.meter.use(breaksAt(6));
    assert.deepEqual((await table(line)).values, counted(0, 99));
  });

  it("restart in the night in which a clock without deviation is set back", async () => {
    const first = Date.UTC(2024, 9, 26, 22);
    const end = Date.UTC(2024, 9, 27, 1);
    const rows = counted(0, 59).map((n) => {
      const at = first + n * quarter;
      return [bareStampOf(at, at < end ? 120 : 60), number(n)];
    });
    for (const frame of counted(4, 8)) {
      const line = meter(rows, { clock: bareStampOf(first, 120) });
      line.meter.use(breaksAt(frame));
      assert.deepEqual((await table(line)).values, counted(0, 59), `broken at frame ${frame}`);
    }
  });

  it("restart when a clock set back has put rows before the break", async () => {
    const rows = counted(0, 99).map((n) => [stampOf(start + (n < 50 ? n : n - 20) * quarter, 60), number(n)]);
    const line = meter(rows);
    line.meter.use(breaksAt(8));
    const { values, notes } = await table(line);
    assert.deepEqual(values, counted(0, 99));
    assert.match(notes, /85 rows were found of 100 in use; restarted/);
  });

  it("resume when the meter has discarded the transfer", async () => {
    const line = meter(ordinary);
    const { client, clock } = line;
    await clock.runUntil(client.open());
    let forgotten = 0;
    line.meter.use({
      name: "forgets the transfer",
      request: (request) =>
        request.apdu === "get-request-next" && ++forgotten % 6 === 0
          ? [Uint8Array.of(0xc4, 2, request.invokeId, 1, 0, 0, 0, 0, 1, 16)]
          : undefined,
    });
    const { values, notes } = await table(line);
    assert.deepEqual(values, counted(0, 199));
    assert.match(notes, /no-long-get-in-progress \(16\).*went on by time/);
    assert.equal(client.statistics.associations, 1);
  });

  it("contain every row without a time exactly once", async () => {
    const rows = counted(0, 99).map((n) => [n % 7 === 3 ? nothing : stampOf(start + n * quarter, 60), number(n)]);
    for (const frame of counted(5, 9)) {
      const line = meter(rows, { period: 0 });
      line.meter.use(breaksAt(frame));
      assert.deepEqual((await table(line)).values, counted(0, 99), `broken at frame ${frame}`);
    }
  });

  it("have the requested entries although earlier ones have later times", async () => {
    // the clock was ahead by six years when the first two were captured
    const ahead = Date.UTC(2030, 0, 1);
    const rows = counted(0, 79).map((n) => [stampOf(n < 2 ? ahead + n * quarter : start + n * quarter, 60), number(n)]);
    for (const range of [{ entries: [3, 80] as const }, { last: 78 }]) {
      for (const frame of counted(5, 10)) {
        const line = meter(rows);
        line.meter.use(breaksAt(frame));
        const table = await line.clock.runUntil(line.client.profile(profileName, range).toTable());
        assert.deepEqual(energies(table.rows), counted(2, 79), `${JSON.stringify(range)}, broken at frame ${frame}`);
        await line.clock.runUntil(line.client.close());
      }
    }
  });

  it("continue after the interruption when the meter has overwritten the last row", async () => {
    let oldest = 0;
    const [profile, ...rest] = profileOf(ordinary);
    assert.ok(profile !== undefined);
    const ring = { ...profile, rows: { count: () => 200 - oldest, row: (n: number) => ordinary[n + oldest] ?? [] } };
    const { client, clock, meter } = bench({ objects: [ring, ...rest] }, { association: { maxPduSize: 256 } });
    let count = 0;
    meter.use({
      name: "breaks, and loses the oldest entries",
      frameOut: (bytes) => {
        if (++count !== 7) return [{ kind: "send", bytes }];
        oldest = 100;
        return [{ kind: "close", reason: "cable" }];
      },
    });
    const range = { from: new Date(start), to: new Date(start + 199 * quarter) };
    const table = await clock.runUntil(client.profile(profileName, range).toTable());
    const seen = energies(table.rows) as number[];
    const gap = seen.findIndex((value, index) => index > 0 && value !== (seen[index - 1] ?? 0) + 1);
    assert.deepEqual(seen.slice(gap), counted(100, 199));
    assert.match(table.notes.join(), /the meter no longer has the last row before the interruption/);
    await clock.runUntil(client.close());
  });
});
