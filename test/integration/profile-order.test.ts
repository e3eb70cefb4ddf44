/** The order of profile rows, and fallbacks for incomplete meters. */
import assert from "node:assert/strict";
import type { ProfileRange, ProfileTable } from "../../src/index";
import type { Behaviour } from "../../src/simulator";
import { type Bench, bench, number, register, requests } from "../support/meters";
import { answersWith, counted, energies, profileName, profileOf, quarter, stampOf, times } from "../support/profiles";

const start = Date.UTC(2024, 0, 1);
const row = (n: number): [ReturnType<typeof stampOf>, ReturnType<typeof number>] => [
  stampOf(start + n * quarter, 60),
  number(n),
];
const oldestFirst = counted(0, 9).map(row);
const newestFirst = counted(0, 9).map((n) => row(9 - n));
const noLists = { conformance: ["get", "block-transfer-with-get-or-read", "selective-access"] as const };

async function read({ client, clock }: Bench, range?: ProfileRange): Promise<ProfileTable> {
  return clock.runUntil(client.profile(profileName, range).toTable());
}

describe("profiles without a sort_method", () => {
  const refused = answersWith(({ classId, attributeId }) => classId === 7 && attributeId === 5, { result: 3 });
  const cases: readonly [ProfileRange | undefined, readonly number[]][] = [
    [undefined, counted(0, 9)],
    [{ last: 2 }, [8, 9]],
    [{ entries: [1, 3] }, [0, 1, 2]],
    [{ from: new Date(start + 2 * quarter), to: new Date(start + 4 * quarter) }, [2, 3, 4]],
  ];
  for (const [name, rows] of Object.entries({ oldest: oldestFirst, newest: newestFirst })) {
    it(`are put in order by their times (the ${name} is first)`, async () => {
      for (const [range, wanted] of cases) {
        const bed = bench({ objects: profileOf(rows), ...noLists }, {}, [refused]);
        const table = await read(bed, range);
        assert.deepEqual(energies(table.rows), wanted, JSON.stringify(range));
        assert.match(
          table.notes.join(),
          new RegExp(`does not report its sort_method; by the times of its rows the ${name}`),
        );
        await bed.clock.runUntil(bed.client.close());
      }
    });
  }

  it("are requested again after a temporary failure", async () => {
    let failures = 1;
    const passing: Behaviour = {
      name: "fails once",
      request: (request) =>
        request.apdu === "get-request-normal" && request.attribute.attributeId === 5 && failures-- > 0
          ? [Uint8Array.of(0xc4, 1, request.invokeId, 1, 2)]
          : undefined,
    };
    const bed = bench({ objects: profileOf(newestFirst, { sortMethod: 2 }), ...noLists }, {}, [passing]);
    await read(bed);
    const table = await read(bed, { last: 2 });
    assert.deepEqual([energies(table.rows), table.selection, table.notes], [[8, 9], "entry", []]);
    await bed.clock.runUntil(bed.client.close());
  });
});

describe("profiles with a non-standard sort_method", () => {
  for (const sortMethod of [0, 7]) {
    it(`are put in order by their times (${sortMethod})`, async () => {
      for (const [range, wanted] of [
        [{ last: 3 }, [7, 8, 9]],
        [{ entries: [1, 3] }, [0, 1, 2]],
      ] as const) {
        const bed = bench({ objects: profileOf(newestFirst, { sortMethod }) });
        assert.deepEqual(energies((await read(bed, range)).rows), wanted);
        await bed.clock.runUntil(bed.client.close());
      }
    });
  }
});

describe("profiles that are kept by value", () => {
  const byValue = [2, 0, 3, 1].map(row);

  it("arrive oldest first for any requested part", async () => {
    const cases: readonly [ProfileRange | undefined, readonly number[]][] = [
      [undefined, [0, 1, 2, 3]],
      [{ last: 2 }, [2, 3]],
      [{ entries: [1, 2] }, [0, 1]],
    ];
    for (const [range, wanted] of cases) {
      const bed = bench({ objects: profileOf(byValue, { sortMethod: 3 }) });
      const table = await read(bed, range);
      assert.deepEqual(energies(table.rows), wanted);
      assert.match(table.notes.join(), /keeps its rows by value; they were sorted by time/);
      await bed.clock.runUntil(bed.client.close());
    }
  });

  it("keep the order of the meter without a time column, and note it", async () => {
    const rows = [2, 0, 3, 1].map((n) => [number(n)]);
    const bed = bench({ objects: profileOf(rows, { sortMethod: 3, timeless: true }) });
    const table = await read(bed);
    assert.deepEqual(energies(table.rows), [2, 0, 3, 1]);
    assert.match(table.notes.join(), /in the meter's order/);
    await bed.clock.runUntil(bed.client.close());
  });
});

describe("profiles of incomplete meters", () => {
  const helpers: Readonly<Record<string, (one: { classId: number; attributeId: number }) => boolean>> = {
    clock: ({ classId }) => classId === 8,
    capture_period: ({ classId, attributeId }) => classId === 7 && attributeId === 4,
    sort_method: ({ classId, attributeId }) => classId === 7 && attributeId === 5,
    entries_in_use: ({ classId, attributeId }) => classId === 7 && attributeId === 7,
    scaler_unit: ({ classId, attributeId }) => classId === 3 && attributeId === 3,
  };
  for (const [name, hit] of Object.entries(helpers)) {
    for (const [how, definition] of Object.entries({ "one by one": noLists, "in lists": {} })) {
      it(`are read though ${name} is answered with an exception (${how})`, async () => {
        const ranges: ProfileRange[] = [{ last: 2 }, { from: new Date(start + 8 * quarter) }];
        for (const range of ranges) {
          const exception = answersWith(hit, { exception: [1, 2] });
          const bed = bench({ objects: profileOf(oldestFirst), ...definition }, {}, [exception]);
          const table = await read(bed, range);
          assert.deepEqual(energies(table.rows), [8, 9], JSON.stringify(range));
          await bed.clock.runUntil(bed.client.close());
        }
      });
    }
  }

  it("are scaled as soon as the meter returns the scaler", async () => {
    let failures = 2;
    const busy: Behaviour = {
      name: "is busy at first",
      request: (request) =>
        request.apdu === "get-request-normal" && request.attribute.classId === 3 && failures-- > 0
          ? [Uint8Array.of(0xd8, 2, 1)]
          : undefined,
    };
    const [profile, , clock] = profileOf(oldestFirst);
    assert.ok(profile !== undefined && clock !== undefined);
    const bed = bench({ objects: [profile, register("1.0.1.8.0.255", 1, -1), clock], ...noLists }, {}, [busy]);
    let values: unknown[] = [];
    for (let reading = 0; reading < 4; reading++) values = energies((await read(bed, { last: 2 })).rows);
    assert.deepEqual(values, [0.8, 0.9]);
    await bed.clock.runUntil(bed.client.close());
  });

  it("are read as a whole when fewer of the last entries arrive than the meter reports", async () => {
    const bed = bench({ objects: profileOf(counted(0, 49).map(row), { inUse: 60 }) });
    const table = await read(bed, { last: 20 });
    assert.deepEqual([energies(table.rows), table.selection], [counted(30, 49), "all"]);
    assert.match(table.notes.join(), /of 20 entries that are in use the meter sent 10/);
    await bed.clock.runUntil(bed.client.close());
  });

  it("carry a note that values are shown without their scaler", async () => {
    const refused = answersWith(({ attributeId, classId }) => classId === 3 && attributeId === 3, { result: 3 });
    const bed = bench({ objects: profileOf(oldestFirst), ...noLists }, {}, [refused]);
    for (let time = 0; time < 2; time++) {
      const table = await read(bed);
      if (time === 0) assert.match(table.notes.join(), /1-0:1\.8\.0\*255 are shown without scaler and unit/);
      assert.equal(table.columns[1]?.unit, null);
    }
    await bed.clock.runUntil(bed.client.close());
  });

  it("are read as a whole when fewer entries exist than the meter reports", async () => {
    const bed = bench({ objects: profileOf(oldestFirst, { inUse: 100 }) });
    const table = await read(bed, { last: 2 });
    assert.deepEqual([energies(table.rows), table.selection], [[8, 9], "all"]);
    await bed.clock.runUntil(bed.client.close());
  });

  it("report a missing time column for a range by time", async () => {
    const rows = counted(0, 3).map((n) => [number(n)]);
    const bed = bench({ objects: profileOf(rows, { timeless: true }) });
    await assert.rejects(read(bed, { from: new Date(start) }), /no column with the time: ask for the last rows/);
    await bed.clock.runUntil(bed.client.close());
  });
});

describe("profiles take", () => {
  for (const [sortMethod, later] of [
    [1, ["get-request-normal", "get-request-normal"]],
    [2, ["get-request-normal"]],
  ] as const) {
    it(`two requests besides the blocks for the last n the first time (sort method ${sortMethod})`, async () => {
      const rows = sortMethod === 1 ? oldestFirst : newestFirst;
      const { client, clock, meter } = bench({ objects: profileOf(rows, { sortMethod }) });
      await clock.runUntil(client.open());
      meter.forgetReceived();
      const first = await clock.runUntil(client.profile(profileName, { last: 2 }).toTable());
      assert.deepEqual(energies(first.rows), [8, 9]);
      assert.deepEqual(requests(meter), ["get-request-with-list", "get-request-normal", "get-request-normal"]);
      meter.forgetReceived();
      const again = await clock.runUntil(client.profile(profileName, { last: 2 }).toTable());
      assert.deepEqual([energies(again.rows), requests(meter)], [[8, 9], later]);
      await clock.runUntil(client.close());
    });
  }
});

describe("profiles by the value of a column", () => {
  it("are selected by the meter, with bounds just as they were given", async () => {
    const { client, clock, meter } = bench({ objects: profileOf(oldestFirst) });
    const range = { column: "1-0:1.8.0", least: number(3), most: number(5) };
    meter.use({
      name: "selects by value",
      request: (request) => {
        if (request.apdu !== "get-request-normal" || request.attribute.access === undefined) return undefined;
        const { selector, parameters } = request.attribute.access;
        const [object, least, most] = parameters.value as readonly { value: unknown }[];
        const [classId, name] = object?.value as readonly { value: unknown }[];
        assert.deepEqual(
          [selector, classId?.value, Buffer.from(name?.value as Uint8Array).toString("hex")],
          [1, 3, "0100010800ff"],
        );
        assert.deepEqual([least, most], [range.least, range.most]);
        // no rows: an empty array
        return [Uint8Array.of(0xc4, 1, request.invokeId, 0, 1, 0)];
      },
    });
    const table = await clock.runUntil(client.profile(profileName, range).toTable());
    assert.deepEqual([table.rows, table.selection], [[], "range"]);
    await clock.runUntil(client.close());
  });

  it("are refused for a missing column, and for bounds that are not values", async () => {
    const { client, clock } = bench({ objects: profileOf(oldestFirst) });
    const wrong = { column: "1-0:2.8.0", least: number(0), most: number(1) };
    await assert.rejects(clock.runUntil(client.profile(profileName, wrong).toTable()), /is no column of this profile/);
    assert.throws(() => client.profile(profileName, { ...wrong, least: 5 as never }), { name: "DlmsConfigError" });
    await clock.runUntil(client.close());
  });
});

describe("profiles taken row by row", () => {
  const long = counted(0, 199).map(row);
  const small = { association: { maxPduSize: 256 } };

  it("serve several calls of next in their order", async () => {
    const { client, clock } = bench({ objects: profileOf(oldestFirst) });
    const rows = client.profile(profileName)[Symbol.asyncIterator]();
    const both = await clock.runUntil(Promise.all([rows.next(), rows.next()]));
    assert.deepEqual(times(both.map(({ value }) => value ?? {})), [
      "2024-01-01T01:00:00+01:00",
      "2024-01-01T01:15:00+01:00",
    ]);
    await rows.return?.();
    await clock.runUntil(client.close());
  });

  it("end a pending call of next when the consumer leaves", async () => {
    const { client, clock } = bench({ objects: profileOf(long) }, small);
    const rows = client.profile(profileName)[Symbol.asyncIterator]();
    const waiting = rows.next();
    await rows.return?.();
    assert.deepEqual(await clock.runUntil(waiting), { value: undefined, done: true });
    assert.deepEqual(await clock.runUntil(rows.next()), { value: undefined, done: true });
    await clock.runUntil(client.close());
  });

  it("release the meter at once when they are aborted while the consumer holds them", async () => {
    const { client, clock } = bench({ objects: profileOf(long) }, small);
    const controller = new AbortController();
    const rows = client.profile(profileName, undefined, { signal: controller.signal })[Symbol.asyncIterator]();
    await clock.runUntil(rows.next());
    const other = client.read({ classId: 3, logicalName: "1.0.1.8.0.255", attributeId: 2 });
    controller.abort(new Error("enough"));
    const before = clock.now();
    assert.equal((await clock.runUntil(other)).value, 1);
    assert.ok(clock.now() - before < 1000);
    await clock.runUntil(client.close());
  });

  it("report how they were selected, and the fallback for rejected requests", async () => {
    const refused: Behaviour = {
      name: "refuses selections",
      request: (request) =>
        request.apdu === "get-request-normal" && request.attribute.access !== undefined
          ? [Uint8Array.of(0xc4, 1, request.invokeId, 1, 250)]
          : undefined,
    };
    const { client, clock } = bench({ objects: profileOf(oldestFirst) }, {}, [refused]);
    const profile = client.profile(profileName, { last: 3 });
    const rows: unknown[] = [];
    const all = async (): Promise<void> => {
      for await (const one of profile) rows.push(one);
    };
    await clock.runUntil(all());
    assert.equal(rows.length, 3);
    assert.equal(profile.selection, "all");
    assert.match(profile.notes.join(), /reading the whole buffer/);
    await clock.runUntil(client.close());
  });

  for (const [name, definition, options] of [
    ["by short names", { referencing: "sn", maxPduSize: 128 }, { referencing: "sn", maxPduSize: 128 }],
    ["in general blocks", { generalBlockTransferWindow: 1 }, { maxPduSize: 256 }],
  ] as const) {
    it(`are delivered while the meter still sends (${name})`, async () => {
      const { client, clock, meter } = bench({ objects: profileOf(long), ...definition }, { association: options });
      await clock.runUntil(client.profile(profileName).columns());
      meter.forgetReceived();
      const rows = client.profile(profileName)[Symbol.asyncIterator]();
      await clock.runUntil(rows.next());
      const before = requests(meter).length;
      let count = 1;
      while ((await clock.runUntil(rows.next())).done !== true) count++;
      assert.equal(count, 200);
      assert.ok(
        before < requests(meter).length / 2,
        `${before} of ${requests(meter).length} requests for the first row`,
      );
      await clock.runUntil(client.close());
    });
  }

  it("are not disturbed by a progress listener that throws", async () => {
    const { client, clock } = bench({ objects: profileOf(long) }, small);
    const onProgress = (): void => {
      throw new Error("not my day");
    };
    const table = await clock.runUntil(client.profile(profileName, undefined, { onProgress }).toTable());
    assert.deepEqual([table.rows.length, client.statistics.associations], [200, 1]);
    await clock.runUntil(client.close());
  });
});
