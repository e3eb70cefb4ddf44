/** Profiles by time: deviation, daylight saving and pieces. */
import assert from "node:assert/strict";
import type { DlmsValue } from "../../src/codec/value";
import type { ProfileRange, ProfileTable } from "../../src/index";
import type { Behaviour } from "../../src/simulator";
import { type Bench, bench, number } from "../support/meters";
import {
  bareStampOf,
  breaksAt,
  counted,
  energies,
  profileName,
  profileOf,
  quarter,
  stampOf,
  times,
} from "../support/profiles";

const refusal = (id: number, result: number): Uint8Array[] => [Uint8Array.of(0xc4, 1, id, 1, result)];

/** Refuses ranges: all of them, those whose bounds have a deviation, or those that are longer. */
function refusesRanges(which: "all" | "set" | { readonly longerMs: number }, result = 250): Behaviour {
  const at = (bytes: Uint8Array): number => {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return Date.UTC(view.getUint16(0), view.getUint8(2) - 1, view.getUint8(3), view.getUint8(5), view.getUint8(6));
  };
  return {
    name: "refuses ranges",
    request: (request) => {
      if (request.apdu !== "get-request-normal" || request.attribute.access?.selector !== 1) return undefined;
      const [, from, to] = request.attribute.access.parameters.value as readonly DlmsValue[];
      const [first, last] = [from?.value as Uint8Array, to?.value as Uint8Array];
      const unset = first[9] === 0x80 && first[10] === 0;
      if (which === "all" || (which === "set" && !unset)) return refusal(request.invokeId, result);
      return typeof which === "object" && at(last) - at(first) > which.longerMs
        ? refusal(request.invokeId, result)
        : undefined;
    },
  };
}

async function read({ client, clock }: Bench, range?: ProfileRange): Promise<ProfileTable> {
  const table = await clock.runUntil(client.profile(profileName, range).toTable());
  await clock.runUntil(client.close());
  return table;
}

/** Central Europe: rows of two days around midnight of a day, in winter and in summer, and a clock of the other season. */
const seasons = [
  {
    name: "winter",
    day: "2024-01-01",
    start: Date.UTC(2023, 11, 31, 23),
    offset: 60,
    now: Date.UTC(2024, 6, 1),
    then: 120,
  },
  {
    name: "summer",
    day: "2024-07-01",
    start: Date.UTC(2024, 5, 30, 22),
    offset: 120,
    now: Date.UTC(2024, 0, 1),
    then: 60,
  },
] as const;

describe("profiles by time, read in another season than they were captured in", () => {
  for (const { name, day, start, offset, now, then } of seasons) {
    const first = start - 48 * quarter;
    const rows = counted(0, 191).map((n) => [stampOf(first + n * quarter, offset), number(n)]);
    const meter = (...behaviours: Behaviour[]): Bench =>
      bench({ objects: profileOf(rows, { clock: stampOf(now, then) }) }, {}, behaviours);
    const local = { from: `${day}T00:00`, to: `${day}T23:45` };
    const dates = { from: new Date(start), to: new Date(start + 95 * quarter) };
    const wanted = counted(48, 143);

    it(`have all rows of a day of the meter's clock, and of instants (${name})`, async () => {
      for (const range of [local, dates]) {
        const table = await read(meter(), range);
        assert.deepEqual(energies(table.rows), wanted);
        assert.deepEqual([table.selection, table.notes], ["range", []]);
      }
    });

    it(`are returned even if the meter rejects a deviation, or any range (${name})`, async () => {
      for (const range of [local, dates]) {
        for (const which of ["set", "all"] as const) {
          const table = await read(meter(refusesRanges(which)), range);
          assert.deepEqual(energies(table.rows), wanted, `${JSON.stringify(range)} ${which}`);
        }
      }
    });

    it(`also in pieces (${name})`, async () => {
      for (const range of [local, dates]) {
        const table = await read(meter(refusesRanges({ longerMs: 12 * 4 * quarter })), range);
        assert.deepEqual([table.selection, energies(table.rows)], ["range", wanted]);
      }
    });
  }

  it("are placed by the daylight saving bit if the meter sends no deviation", async () => {
    const start = Date.UTC(2023, 11, 31, 23);
    const rows = counted(0, 191).map((n) => [bareStampOf(start + n * quarter, 60, false), number(n)]);
    const clock = stampOf(Date.UTC(2024, 6, 1), 120);
    (clock.value as Uint8Array)[11] = 0x80;
    const range = { from: new Date(start), to: new Date(start + 95 * quarter) };
    const table = await read(bench({ objects: profileOf(rows, { clock }) }, {}, [refusesRanges("all")]), range);
    assert.deepEqual(energies(table.rows), counted(0, 95));
  });
});

describe("profiles by time at the end of daylight saving", () => {
  // rows 8 to 11 are the hour from 2 to 3 with daylight saving, 12 to 15 the same hour without
  const start = Date.UTC(2024, 9, 26, 22);
  const end = Date.UTC(2024, 9, 27, 1);
  const offsetAt = (ms: number): number => (ms < end ? 120 : 60);
  const withDeviation = counted(0, 59).map((n) => {
    const at = start + n * quarter;
    return [stampOf(at, offsetAt(at)), number(n)];
  });
  const bare = counted(0, 59).map((n) => {
    const at = start + n * quarter;
    return [bareStampOf(at, offsetAt(at), at < end), number(n)];
  });

  it("keep both hours when the bounds are times of the meter's clock", async () => {
    for (const rows of [withDeviation, bare]) {
      const table = await read(bench({ objects: profileOf(rows, { clock: stampOf(start, 120) }) }), {
        from: "2024-10-27T02:00",
        to: "2024-10-27T02:45",
      });
      assert.deepEqual(energies(table.rows), counted(8, 15));
    }
  });

  it("begin in the first of two equal hours, and continue through the second", async () => {
    const { client, clock } = bench({ objects: profileOf(withDeviation, { clock: stampOf(start, 120) }) }, {}, [
      refusesRanges("all"),
    ]);
    const range = { from: "2024-10-27T02:30", to: "2024-10-27T04:00" };
    const table = await clock.runUntil(client.profile(profileName, range).toTable());
    assert.deepEqual(energies(table.rows), counted(10, 20));
    await clock.runUntil(client.close());
  });

  it("use the configured zone: from the earlier of two equal times to the later", async () => {
    const values = { timeZone: "Europe/Vienna" };
    const objects = profileOf(bare, { clock: bareStampOf(start, 120) });
    const table = await read(bench({ objects }, { values }, [refusesRanges("all")]), {
      from: "2024-10-27T02:30",
      to: "2024-10-27T02:30",
    });
    assert.deepEqual(energies(table.rows), counted(10, 14));
  });

  it("contain each row once when they are read in pieces", async () => {
    const first = end - 96 * quarter;
    const rows = counted(0, 191).map((n) => {
      const at = first + n * quarter;
      return [bareStampOf(at, offsetAt(at), at < end), number(n)];
    });
    const values = { timeZone: "Europe/Vienna" };
    const objects = profileOf(rows, { clock: bareStampOf(first, 120) });
    const short = refusesRanges({ longerMs: 12 * 4 * quarter });
    const range = { from: first, to: first + 191 * quarter };
    const table = await read(bench({ objects }, { values }, [short]), range);
    assert.deepEqual(energies(table.rows), counted(0, 191));
  });

  it("place rows whose time is an empty octet-string by the period, in ranges and after a break", async () => {
    const first = Date.UTC(2024, 0, 1);
    const empty: DlmsValue = { type: "octet-string", value: new Uint8Array(0) };
    const rows = counted(0, 95).map((n) => [n % 4 === 0 ? stampOf(first + n * quarter, 0) : empty, number(n)]);
    const objects = profileOf(rows, { clock: stampOf(first, 0) });
    // the meter does not find rows by a time that they do not have
    const range = { from: new Date(first + 10 * quarter), to: new Date(first + 21 * quarter) };
    const some = await read(bench({ objects }, {}, [refusesRanges("all")]), range);
    assert.deepEqual(energies(some.rows), counted(10, 21));
    assert.deepEqual(times(some.rows).slice(0, 2), ["2024-01-01T02:30:00Z", "2024-01-01T02:45:00Z"]);
    const broken = bench({ objects }, { association: { maxPduSize: 256 } }, [breaksAt(7), refusesRanges("all")]);
    const all = await read(broken);
    assert.deepEqual(energies(all.rows), counted(0, 95));
    assert.match(all.notes.join("\n"), /went on by time/);
  });

  it("have no rows if the buffer is an empty octet-string", async () => {
    const objects = profileOf([], { clock: stampOf(0, 0) });
    const emptyBuffer: Behaviour = {
      name: "empty octet-string",
      request: (request) =>
        request.apdu === "get-request-normal" && request.attribute.classId === 7
          ? [Uint8Array.of(0xc4, 1, request.invokeId, 0, 9, 0)]
          : undefined,
    };
    const table = await read(bench({ objects }, {}, [emptyBuffer]));
    assert.deepEqual([table.rows, table.notes], [[], []]);
  });

  it("keep a row without a time at its place, in pieces too", async () => {
    const first = Date.UTC(2024, 0, 1);
    const rows = counted(0, 191).map((n) => [
      n % 24 === 0 ? ({ type: "null-data", value: null } as const) : stampOf(first + n * quarter, 0),
      number(n),
    ]);
    const objects = profileOf(rows, { clock: stampOf(first, 0) });
    const { client, clock } = bench({ objects });
    const table = await clock.runUntil(client.profile(profileName).toTable());
    assert.deepEqual([energies(table.rows), times(table.rows)[0]], [counted(0, 191), null]);
    await clock.runUntil(client.close());
  });
});

describe("profiles by time of a meter whose rows have no deviation", () => {
  // rows of one season, the clock of the other, which gives its deviation; both have the daylight saving bit
  for (const { name, start, offset, now, then } of seasons) {
    it(`have the rows between two instants, and the second time at once (${name})`, async () => {
      const rows = counted(0, 31).map((n) => [bareStampOf(start + n * quarter, offset, offset === 120), number(n)]);
      const clock = stampOf(now, then);
      (clock.value as Uint8Array)[11] = then === 120 ? 0x80 : 0;
      const { client, clock: time, meter } = bench({ objects: profileOf(rows, { clock }) });
      const range = { from: new Date(start + 16 * quarter), to: new Date(start + 23 * quarter) };
      for (const asks of [2, 1]) {
        await time.runUntil(client.profile(profileName).columns());
        meter.forgetReceived();
        const table = await time.runUntil(client.profile(profileName, range).toTable());
        assert.deepEqual(energies(table.rows), counted(16, 23));
        const buffers = meter.received.filter(
          (item) =>
            item.kind === "apdu" && item.apdu.apdu === "get-request-normal" && item.apdu.attribute.classId === 7,
        );
        assert.equal(buffers.length, asks);
      }
      await time.runUntil(client.close());
    });
  }

  // rows 12 to 15 are the hour from 2 to 3 with daylight saving, 16 to 19 the same hour without
  const first = Date.UTC(2024, 9, 26, 21);
  const change = Date.UTC(2024, 9, 27, 1);
  const offsetAt = (ms: number): number => (ms < change ? 120 : 60);
  const bounds: readonly [string, ProfileRange, readonly number[]][] = [
    ["from in the first hour", { from: new Date(change - 3 * quarter) }, counted(13, 31)],
    ["from in the second hour", { from: new Date(change + quarter) }, counted(17, 31)],
    ["to in the first hour", { from: new Date(first), to: new Date(change - 3 * quarter) }, counted(0, 13)],
    ["to in the second hour", { from: new Date(first), to: new Date(change + quarter) }, counted(0, 17)],
    ["across", { from: new Date(change - quarter), to: new Date(change + quarter) }, counted(15, 17)],
    ["a time that comes twice", { from: "2024-10-27T02:30", to: "2024-10-27T02:30" }, counted(14, 18)],
  ];
  for (const [name, range, wanted] of bounds) {
    it(`with a configured zone are exact in repeated hours: ${name}`, async () => {
      const rows = counted(0, 31).map((n) => {
        const at = first + n * quarter;
        return [bareStampOf(at, offsetAt(at), at < change), number(n)];
      });
      const objects = profileOf(rows, { clock: bareStampOf(first, 120, true) });
      for (const behaviours of [[], [refusesRanges("set")]]) {
        const meter = bench({ objects }, { values: { timeZone: "Europe/Berlin" } }, behaviours);
        assert.deepEqual(energies((await read(meter, range)).rows), wanted);
      }
    });
  }
});

describe("profiles by time of a unix clock", () => {
  const unix = (ms: number): DlmsValue => number(ms / 1000);
  it("begin and end with its count, however far the bounds reach", async () => {
    const start = Date.UTC(2024, 0, 1);
    const [profile, ...rest] = profileOf(counted(0, 9).map((n) => [unix(start + n * quarter), number(n)]));
    assert.ok(profile !== undefined);
    const columns = profile.attributes[3] as DlmsValue & { value: DlmsValue[] };
    const [, energy] = columns.value;
    const clock: DlmsValue = {
      type: "structure",
      value: [
        { type: "long-unsigned", value: 1 },
        { type: "octet-string", value: Uint8Array.of(0, 0, 1, 1, 0, 255) },
        { type: "integer", value: 2 },
        { type: "long-unsigned", value: 0 },
      ],
    };
    const attributes = { ...profile.attributes, 3: { type: "array", value: [clock, energy] } as DlmsValue };
    const counter = { classId: 1, logicalName: "0.0.1.1.0.255", attributes: { 2: unix(start) } };
    const objects = [{ ...profile, attributes }, ...rest, counter];
    for (const range of [{ from: "1970-01-01T00:00:00" }, { from: 0, to: Date.UTC(2200, 0, 1) }]) {
      assert.deepEqual(energies((await read(bench({ objects }), range)).rows), counted(0, 9));
    }
  });
});

describe("profiles by time in pieces", () => {
  it("have every row once when the pieces are shorter than the night", async () => {
    const end = Date.UTC(2024, 9, 27, 1);
    const first = end - 60 * 60_000;
    for (const period of [60, 600]) {
      const rows = counted(0, 159).map((n) => {
        const at = first + n * period * 1000;
        return [bareStampOf(at, at < end ? 120 : 60, at < end), number(n)];
      });
      const objects = profileOf(rows, { clock: bareStampOf(first, 120, true), period });
      const short = refusesRanges({ longerMs: 8 * 3_600_000 });
      const meter = bench({ objects }, { values: { timeZone: "Europe/Vienna" } }, [short]);
      const table = await read(meter, { from: first, to: first + 159 * period * 1000 });
      assert.deepEqual(energies(table.rows), counted(0, 159), String(period));
    }
  });

  const start = Date.UTC(2024, 0, 1);
  const all = counted(0, 191).map((n) => ({ n, row: [stampOf(start + n * quarter, 0), number(n)] }));

  it("leave out a piece for which the meter has no rows", async () => {
    const kept = all.filter(({ n }) => n < 60 || n > 130);
    const objects = profileOf(
      kept.map(({ row }) => row),
      { clock: stampOf(start, 0) },
    );
    const empty: Behaviour = {
      name: "refuses where there are none",
      request: (request) => {
        if (request.apdu !== "get-request-normal" || request.attribute.access?.selector !== 1) return undefined;
        const [, from, to] = request.attribute.access.parameters.value as readonly DlmsValue[];
        const bound = (one: DlmsValue | undefined): number => {
          const bytes = one?.value as Uint8Array;
          return Date.UTC(2024, (bytes[2] ?? 1) - 1, bytes[3], bytes[5], bytes[6]);
        };
        const inside = kept.some(({ n }) => {
          const at = start + n * quarter;
          return at >= bound(from) && at <= bound(to);
        });
        return inside ? undefined : refusal(request.invokeId, 11);
      },
    };
    const short = refusesRanges({ longerMs: 12 * 4 * quarter }, 14);
    const table = await read(bench({ objects }, {}, [empty, short]), { from: start, to: start + 191 * quarter });
    assert.deepEqual(
      energies(table.rows),
      kept.map(({ n }) => n),
    );
    assert.match(table.notes.join(), /refused the selection \(11\) for a piece of the range/);
  });

  it("are used for a range without an end too", async () => {
    const objects = profileOf(
      all.map(({ row }) => row),
      { clock: stampOf(start + 192 * quarter, 0) },
    );
    const short = refusesRanges({ longerMs: 12 * 4 * quarter }, 14);
    const table = await read(bench({ objects }, {}, [short]), { from: start + 10 * quarter });
    assert.deepEqual([table.selection, energies(table.rows)], ["range", counted(10, 191)]);
  });
});
