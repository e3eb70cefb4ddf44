/** Reading and streaming profiles of a simulated meter. */
import assert from "node:assert/strict";
import type { ProfileProgress, ProfileRange, ProfileRow } from "../../src/client/../index";
import { type DlmsValue, encodeValueBytes } from "../../src/codec";
import { dateTimeToBytes, parseObis } from "../../src/cosem";
import { DlmsError } from "../../src/errors";
import type { Behaviour, MeterDefinition } from "../../src/simulator";
import type { SimulatedObject } from "../../src/simulator/definition/definition";
import { bench, number, register, requests } from "../support/meters";

const start = Date.UTC(2024, 0, 1);
const quarter = 900_000;
const profileName = "1.0.99.1.0.255";

const stamp = (index: number): DlmsValue => ({
  type: "octet-string",
  value: dateTimeToBytes(start + index * quarter, { offset: 60 }),
});

const column = (classId: number, logicalName: string, attributeId: number): DlmsValue => ({
  type: "structure",
  value: [
    { type: "long-unsigned", value: classId },
    { type: "octet-string", value: parseObis(logicalName) },
    { type: "integer", value: attributeId },
    { type: "long-unsigned", value: 0 },
  ],
});

/** Entry i has the time start + i quarters of an hour and the value 1000 + i, with a scaler of -1. */
function profile(count: number, sortMethod = 1): SimulatedObject[] {
  const entry = (index: number): number => (sortMethod === 2 ? count - 1 - index : index);
  return [
    {
      classId: 7,
      version: 1,
      logicalName: profileName,
      attributes: {
        3: { type: "array", value: [column(8, "0.0.1.0.0.255", 2), column(3, "1.0.1.8.0.255", 2)] },
        4: number(900),
        5: { type: "enum", value: sortMethod },
        7: number(count),
        8: number(count),
      },
      rows: {
        count: () => count,
        row: (index) => [stamp(entry(index)), number(1000 + entry(index))],
      },
    },
    register("1.0.1.8.0.255", 1),
    { classId: 8, logicalName: "0.0.1.0.0.255", attributes: { 2: stamp(count) } },
  ];
}

const times = (rows: readonly ProfileRow[]): unknown[] => rows.map((row) => row["0.0.1.0.0.255"]);
const energies = (rows: readonly ProfileRow[]): unknown[] => rows.map((row) => row["1.0.1.8.0.255"]);
const expected = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => (1000 + from + n) / 10);

function refuseSelection(selector: number, deviation?: "set" | "unset"): Behaviour {
  return {
    name: `refuses selector ${selector}`,
    request: (request) => {
      if (request.apdu !== "get-request-normal" || request.attribute.access?.selector !== selector) return undefined;
      if (deviation !== undefined) {
        const fields = request.attribute.access.parameters.value as readonly DlmsValue[];
        const bound = fields[1]?.value as Uint8Array;
        const unset = bound[9] === 0x80 && bound[10] === 0;
        if ((deviation === "set") === unset) return undefined;
      }
      return [Uint8Array.of(0xc4, 1, request.invokeId, 1, 250)];
    },
  };
}

const small: Partial<MeterDefinition> = { maxPduSize: 256 };

describe("profiles of a simulated meter", () => {
  it("are tables with named columns, units and scaled values", async () => {
    const { client, clock } = bench({ objects: profile(3) });
    const table = await clock.runUntil(client.profile(profileName).toTable());
    assert.deepEqual(table.rows, [
      { "0.0.1.0.0.255": "2024-01-01T01:00:00+01:00", "1.0.1.8.0.255": 100 },
      { "0.0.1.0.0.255": "2024-01-01T01:15:00+01:00", "1.0.1.8.0.255": 100.1 },
      { "0.0.1.0.0.255": "2024-01-01T01:30:00+01:00", "1.0.1.8.0.255": 100.2 },
    ]);
    assert.deepEqual(
      table.columns.map((one) => [one.key, one.unit, one.scaler]),
      [
        ["0.0.1.0.0.255", null, null],
        ["1.0.1.8.0.255", "Wh", -1],
      ],
    );
    assert.equal(table.selection, "all");
    assert.deepEqual(table.notes, []);
    await clock.runUntil(client.close());
  });

  it("take two requests besides the blocks the first time, none later", async () => {
    const { client, clock } = bench({ objects: profile(3) });
    await clock.runUntil(client.open());
    const before = client.statistics.roundTrips;
    await clock.runUntil(client.profile(profileName).toTable());
    const first = client.statistics.roundTrips;
    await clock.runUntil(client.profile(profileName).toTable());
    assert.deepEqual([first - before, client.statistics.roundTrips - first], [3, 1]);
    await clock.runUntil(client.close());
  });

  it("by time include both ends in every notation of the bounds", async () => {
    const { client, clock } = bench({ objects: profile(20) });
    const from = start + 4 * quarter;
    const to = start + 6 * quarter;
    const ranges = [
      { from, to },
      { from: new Date(from), to: new Date(to) },
      { from: "2024-01-01T02:00:00+01:00", to: "2024-01-01T02:30:00+01:00" },
      { from: "2024-01-01T02:00", to: "2024-01-01T02:30" },
    ];
    for (const range of ranges) {
      const table = await clock.runUntil(client.profile(profileName, range).toTable());
      assert.deepEqual(energies(table.rows), expected(4, 6));
      assert.equal(table.selection, "range");
    }
    await clock.runUntil(client.close());
  });

  it("without an end continue to the newest", async () => {
    const { client, clock } = bench({ objects: profile(20) });
    const table = await clock.runUntil(client.profile(profileName, { from: start + 18 * quarter }).toTable());
    assert.deepEqual(energies(table.rows), expected(18, 19));
    await clock.runUntil(client.close());
  });

  for (const sortMethod of [1, 2]) {
    const order = sortMethod === 1 ? "oldest first" : "newest first";
    it(`by number count from the oldest, in a buffer that has the ${order}`, async () => {
      const { client, clock } = bench({ objects: profile(20, sortMethod) });
      const entries = await clock.runUntil(client.profile(profileName, { entries: [3, 5] }).toTable());
      assert.deepEqual([entries.selection, energies(entries.rows)], ["entry", expected(2, 4)]);
      const last = await clock.runUntil(client.profile(profileName, { last: 2 }).toTable());
      assert.deepEqual([last.selection, energies(last.rows)], ["entry", expected(18, 19)]);
      const all = await clock.runUntil(client.profile(profileName).toTable());
      assert.deepEqual(energies(all.rows), expected(0, 19));
      const more = await clock.runUntil(client.profile(profileName, { last: 50 }).toTable());
      assert.deepEqual(energies(more.rows), expected(0, 19));
      await clock.runUntil(client.close());
    });

    it(`fall back to the whole buffer when the meter refuses entries (${order})`, async () => {
      const { client, clock } = bench({ objects: profile(20, sortMethod), ...small }, {}, [refuseSelection(2)]);
      const last = await clock.runUntil(client.profile(profileName, { last: 2 }).toTable());
      assert.deepEqual([last.selection, energies(last.rows)], ["all", expected(18, 19)]);
      assert.match(last.notes.join(), /refused the selection \(250\), reading the whole buffer/);
      const entries = await clock.runUntil(client.profile(profileName, { entries: [3, 5] }).toTable());
      assert.deepEqual([entries.selection, energies(entries.rows)], ["all", expected(2, 4)]);
      await clock.runUntil(client.close());
    });
  }

  it("retry without the deviation when the meter refuses bounds with one", async () => {
    const { client, clock } = bench({ objects: profile(20) }, {}, [refuseSelection(1, "set")]);
    const range = { from: start + 4 * quarter, to: start + 6 * quarter };
    const table = await clock.runUntil(client.profile(profileName, range).toTable());
    assert.deepEqual([table.selection, energies(table.rows)], ["range", expected(4, 6)]);
    assert.match(table.notes.join(), /deviation unspecified/);
    await clock.runUntil(client.close());
  });

  it("are filtered by the client when the meter rejects every range", async () => {
    const { client, clock } = bench({ objects: profile(20), ...small }, {}, [refuseSelection(1)]);
    const range = { from: start + 4 * quarter, to: start + 6 * quarter };
    const table = await clock.runUntil(client.profile(profileName, range).toTable());
    assert.deepEqual([table.selection, energies(table.rows)], ["all", expected(4, 6)]);
    assert.equal(table.notes.length, 2);
    await clock.runUntil(client.close());
  });

  it("are read in the same association when the meter answers a selector with an exception", async () => {
    const exception: Behaviour = {
      name: "exception for selectors",
      request: (request) =>
        request.apdu === "get-request-normal" && request.attribute.access !== undefined
          ? [Uint8Array.of(0xd8, 1, 2)]
          : undefined,
    };
    const { client, clock, meter } = bench({ objects: profile(20) }, {}, [exception]);
    const range = { from: start + 4 * quarter, to: start + 6 * quarter };
    const table = await clock.runUntil(client.profile(profileName, range).toTable());
    assert.deepEqual([table.selection, energies(table.rows)], ["all", expected(4, 6)]);
    assert.match(table.notes[0] ?? "", /refused the selection \(exception 1, 2\), asking with the deviation/);
    const last = await clock.runUntil(client.profile(profileName, { last: 2 }).toTable());
    assert.deepEqual([last.selection, energies(last.rows)], ["all", expected(18, 19)]);
    assert.equal(client.statistics.associations, 1);
    assert.ok(requests(meter).length < 12);
    await clock.runUntil(client.close());
  });

  it("end with the exception after a bounded number of requests when the meter answers exceptions only", async () => {
    const exception: Behaviour = {
      name: "exception for the buffer",
      request: (request) =>
        request.apdu === "get-request-normal" && request.attribute.classId === 7 && request.attribute.attributeId === 2
          ? [Uint8Array.of(0xd8, 1, 2)]
          : undefined,
    };
    const { client, clock, meter } = bench({ objects: profile(20) }, {}, [exception]);
    const range = { from: start + 4 * quarter, to: start + 6 * quarter };
    await assert.rejects(clock.runUntil(client.profile(profileName, range).toTable()), { code: "DLMS_EXCEPTION" });
    assert.ok(requests(meter).length < 20, String(requests(meter).length));
    const energy = { classId: 3, logicalName: "1.0.1.8.0.255", attributeId: 2 };
    assert.equal((await clock.runUntil(client.read(energy))).value, 0.1);
    await clock.runUntil(client.close());
  });

  for (const sortMethod of [1, 2]) {
    it(`omit entries that a meter sends beyond the accepted selection (sort method ${sortMethod})`, async () => {
      let ignore = true;
      const { client, clock, meter } = bench({ objects: profile(20, sortMethod) });
      meter.use({
        name: "sends the whole buffer whatever is selected",
        request: (request) => {
          if (request.apdu !== "get-request-normal" || request.attribute.access === undefined || !ignore)
            return undefined;
          const entry = (index: number): number => (sortMethod === 2 ? 19 - index : index);
          const rows = Array.from({ length: 20 }, (_, index): DlmsValue => ({
            type: "structure",
            value: [stamp(entry(index)), number(1000 + entry(index))],
          }));
          return [Uint8Array.of(0xc4, 1, request.invokeId, 0, ...encodeValueBytes({ type: "array", value: rows }))];
        },
      });
      const wanted: readonly [ProfileRange, number, number][] = [
        [{ last: 2 }, 18, 19],
        [{ entries: [3, 5] }, 2, 4],
        [{ from: start + 4 * quarter, to: start + 6 * quarter }, 4, 6],
      ];
      for (const [range, from, to] of wanted) {
        const table = await clock.runUntil(client.profile(profileName, range).toTable());
        assert.deepEqual(energies(table.rows), expected(from, to), JSON.stringify(range));
        assert.match(table.notes.join(), /rows that were not requested are left out/);
      }
      ignore = false;
      const table = await clock.runUntil(client.profile(profileName, { last: 2 }).toTable());
      assert.deepEqual([energies(table.rows), table.notes], [expected(18, 19), []]);
      await clock.runUntil(client.close());
    });
  }

  it("with a unix clock are selected by time too, in seconds", async () => {
    const seconds = (index: number): number => (start + index * quarter) / 1000;
    const [buffer, ...others] = profile(20);
    assert.ok(buffer !== undefined);
    const captured: DlmsValue = {
      type: "array",
      value: [column(1, "0.0.1.1.0.255", 2), column(3, "1.0.1.8.0.255", 2)],
    };
    const objects: SimulatedObject[] = [
      {
        ...buffer,
        attributes: { ...buffer.attributes, 3: captured },
        rows: { count: () => 20, row: (index) => [number(seconds(index)), number(1000 + index)] },
      },
      ...others,
    ];
    const range = { from: start + 4 * quarter, to: start + 6 * quarter };
    for (const behaviours of [[], [refuseSelection(1)]]) {
      const { client, clock } = bench({ objects, ...small }, {}, behaviours);
      const table = await clock.runUntil(client.profile(profileName, range).toTable());
      assert.deepEqual(energies(table.rows), expected(4, 6));
      assert.equal(table.selection, behaviours.length === 0 ? "range" : "all");
      await clock.runUntil(client.close());
    }
  });

  it("stream block by block with progress, and pause the meter while no rows are taken", async () => {
    const { client, clock, meter } = bench({ objects: profile(400) }, { association: { maxPduSize: 256 } });
    await clock.runUntil(client.profile(profileName).columns());
    meter.forgetReceived();
    const progress: ProfileProgress[] = [];
    const rows: ProfileRow[] = [];
    const reader = client.profile(profileName, undefined, { onProgress: (one) => progress.push(one) });
    const iterator = reader[Symbol.asyncIterator]();
    const first = await clock.runUntil(iterator.next());
    assert.equal(first.done, false);
    await clock.tickAsync(10_000);
    const asked = requests(meter).length;
    assert.ok(asked <= 2, `${asked} requests for one row`);
    rows.push(first.value);
    for (
      let one = await clock.runUntil(iterator.next());
      one.done !== true;
      one = await clock.runUntil(iterator.next())
    ) {
      rows.push(one.value);
    }
    assert.deepEqual(energies(rows), expected(0, 399));
    assert.equal(progress.at(-1)?.rows, 400);
    assert.equal(progress.at(-1)?.blocks, requests(meter).length);
    await clock.runUntil(client.close());
    assert.equal(clock.pending, 0);
  });

  it("release the meter when the consumer leaves or drops them", async () => {
    const { client, clock, meter } = bench({ objects: profile(400) }, { association: { maxPduSize: 256 } });
    const leaving = client.profile(profileName)[Symbol.asyncIterator]();
    await clock.runUntil(leaving.next());
    await leaving.return?.();
    assert.equal(
      (await clock.runUntil(client.read({ classId: 3, logicalName: "1.0.1.8.0.255", attributeId: 2 }))).value,
      0.1,
    );
    const forgetting = client.profile(profileName)[Symbol.asyncIterator]();
    await clock.runUntil(forgetting.next());
    const waiting = client.read({ classId: 3, logicalName: "1.0.1.8.0.255", attributeId: 2 });
    await clock.tickAsync(60_000);
    assert.equal((await clock.runUntil(waiting)).value, 0.1);
    assert.ok(requests(meter).length < 40);
    await clock.runUntil(client.close());
    assert.equal(clock.pending, 0);
  });

  it("stop at the next block when they are aborted", async () => {
    const slow: Behaviour = { name: "slow", frameOut: (bytes) => [{ kind: "send", bytes, delayMs: 100 }] };
    const { client, clock, meter } = bench({ objects: profile(400) }, { association: { maxPduSize: 256 } }, [slow]);
    await clock.runUntil(client.profile(profileName).columns());
    meter.forgetReceived();
    const abort = new AbortController();
    const table = client.profile(profileName, undefined, { signal: abort.signal }).toTable();
    table.catch(() => undefined);
    await clock.tickAsync(350);
    const reason = new Error("enough");
    abort.abort(reason);
    await assert.rejects(table, (error) => error === reason);
    await clock.tickAsync(5000);
    assert.equal(requests(meter).length, 4);
    await clock.runUntil(client.close());
  });

  it("resume by time after a lost connection, with every row once", async () => {
    const { client, clock, meter } = bench({ objects: profile(100) }, { association: { maxPduSize: 256 } });
    await clock.runUntil(client.profile(profileName).columns());
    let blocks = 0;
    meter.use({
      name: "breaks in the fourth block",
      frameOut: (bytes) => (++blocks === 4 ? [{ kind: "close", reason: "cable" }] : [{ kind: "send", bytes }]),
    });
    const table = await clock.runUntil(client.profile(profileName).toTable());
    assert.deepEqual(energies(table.rows), expected(0, 99));
    assert.equal(new Set(times(table.rows)).size, 100);
    assert.match(table.notes.join(), /the connection broke after \d+ rows; went on by time/);
    assert.equal(client.statistics.associations, 2);
    await clock.runUntil(client.close());
  });

  it("of a long range are read in pieces if the meter accepts only short ones", async () => {
    const short: Behaviour = {
      name: "no range of more than a day",
      request: (request) => {
        if (request.apdu !== "get-request-normal" || request.attribute.access?.selector !== 1) return undefined;
        const [, from, to] = request.attribute.access.parameters.value as readonly DlmsValue[];
        const at = (bound: DlmsValue | undefined): number => {
          const b = bound?.value as Uint8Array;
          return Date.UTC((b[0] ?? 0) * 256 + (b[1] ?? 0), (b[2] ?? 1) - 1, b[3], b[5], b[6], b[7]);
        };
        return at(to) - at(from) <= 86_400_000 ? undefined : [Uint8Array.of(0xc4, 1, request.invokeId, 1, 14)];
      },
    };
    const { client, clock } = bench({ objects: profile(500) }, {}, [short]);
    const range = { from: start, to: start + 400 * quarter };
    const table = await clock.runUntil(client.profile(profileName, range).toTable());
    assert.deepEqual([table.selection, energies(table.rows)], ["range", expected(0, 400)]);
    assert.match(table.notes.join(), /asking for the range in pieces/);
    await clock.runUntil(client.close());
  });

  it("report how many rows without a time a range leaves out; a resume leaves out none", async () => {
    const [one, ...rest] = profile(100);
    const all = one?.rows;
    assert.ok(one !== undefined && all !== undefined);
    const nothing: DlmsValue = { type: "null-data", value: null };
    const gaps: SimulatedObject = {
      ...one,
      attributes: { ...one.attributes, 4: number(0) },
      rows: { ...all, row: (index) => (index % 50 === 7 ? [nothing, number(1000 + index)] : all.row(index)) },
    };
    const { client, clock, meter } = bench({ objects: [gaps, ...rest] }, { association: { maxPduSize: 256 } });
    meter.use(refuseSelection(1), refuseSelection(2));
    const range = { from: start + 4 * quarter, to: start + 60 * quarter };
    const filtered = await clock.runUntil(client.profile(profileName, range).toTable());
    assert.deepEqual(energies(filtered.rows), [...expected(4, 6), ...expected(8, 56), ...expected(58, 60)]);
    assert.match(filtered.notes.join(), /2 rows have no known time and may belong to another period; left out/);
    let blocks = 0;
    meter.use({
      name: "breaks in the fourth block",
      frameOut: (bytes) => (++blocks === 4 ? [{ kind: "close", reason: "cable" }] : [{ kind: "send", bytes }]),
    });
    const resumed = await clock.runUntil(client.profile(profileName).toTable());
    // rows after the previous last row are new, with a time or without
    assert.deepEqual(energies(resumed.rows), expected(0, 99));
    await clock.runUntil(client.close());
  });

  it("of the last n are n after a resume too, although rows were captured in between", async () => {
    let count = 100;
    const [one, ...rest] = profile(200);
    assert.ok(one?.rows !== undefined);
    const growing: SimulatedObject = {
      ...one,
      attributes: { ...one.attributes, 7: () => number(count) },
      rows: { ...one.rows, count: () => count },
    };
    const { client, clock, meter } = bench({ objects: [growing, ...rest] }, { association: { maxPduSize: 256 } });
    await clock.runUntil(client.profile(profileName).columns());
    let blocks = 0;
    meter.use({
      name: "breaks in the fourth block, and takes two more entries",
      frameOut: (bytes) => {
        if (++blocks !== 4) return [{ kind: "send", bytes }];
        count = 102;
        return [{ kind: "close", reason: "cable" }];
      },
    });
    const table = await clock.runUntil(client.profile(profileName, { last: 60 }).toTable());
    assert.deepEqual(energies(table.rows), expected(40, 99));
    await clock.runUntil(client.close());
  });

  it("without a time restart after a lost connection, and note it", async () => {
    const timeless = profile(100).map((object) =>
      object.classId === 7
        ? {
            ...object,
            attributes: { ...object.attributes, 3: { type: "array", value: [column(3, "1.0.1.8.0.255", 2)] } as const },
            rows: { count: () => 100, row: (index: number) => [number(1000 + index)] },
          }
        : object,
    );
    const { client, clock, meter } = bench({ objects: timeless }, { association: { maxPduSize: 256 } });
    await clock.runUntil(client.profile(profileName).columns());
    let blocks = 0;
    meter.use({
      name: "breaks in the second block",
      frameOut: (bytes) => (++blocks === 2 ? [{ kind: "close", reason: "cable" }] : [{ kind: "send", bytes }]),
    });
    const table = await clock.runUntil(client.profile(profileName).toTable());
    assert.deepEqual(energies(table.rows), expected(0, 99));
    assert.match(table.notes.join(), /broke after \d+ rows; restarted/);
    await clock.runUntil(client.close());
  });

  it("end with an access error for a missing object", async () => {
    const { client, clock } = bench();
    await assert.rejects(clock.runUntil(client.profile("1.0.99.2.0.255").toTable()), (error: unknown) => {
      assert.ok(error instanceof DlmsError);
      assert.equal(error.code, "DLMS_ACCESS_OBJECT_UNDEFINED");
      assert.match(error.message, /Profile generic 1-0:99\.2\.0\*255\/3 capture_objects/);
      return true;
    });
    await clock.runUntil(client.close());
  });

  it("reject an impossible range before any request", () => {
    const { client } = bench();
    for (const range of [{ last: 0 }, { entries: [2, 1] }, { entries: [0, 1] }, {}]) {
      assert.throws(() => client.profile(profileName, range as never), { code: "DLMS_CONFIG_INVALID" });
    }
    const circular: { last?: unknown } = {};
    circular.last = circular;
    const hostile = { toString: () => assert.fail("asked for its text") };
    const dates = [
      { from: Object.create(null) as unknown },
      { from: hostile },
      { from: "yesterday" },
      { from: Number.NaN },
      { from: {} },
      { from: 0, to: "x" },
    ];
    for (const range of [...dates, { entries: [1, 5e9] }, circular]) {
      assert.throws(() => client.profile(profileName, range as never), { code: "DLMS_CONFIG_INVALID" });
    }
    assert.throws(() => client.profile("nonsense"), { code: "DLMS_CONFIG_INVALID" });
  });
});

describe("profiles by short names", () => {
  it("are requested in blocks when the request exceeds the PDU size of the meter", async () => {
    const { client, clock, meter } = bench(
      { referencing: "sn", maxPduSize: 50, objects: profile(40) },
      { association: { referencing: "sn" } },
    );
    const from = new Date(start + 4 * quarter);
    const to = new Date(start + 8 * quarter);
    const { rows, selection } = await clock.runUntil(client.profile(profileName, { from, to }).toTable());
    assert.deepEqual(energies(rows), expected(4, 8));
    assert.equal(selection, "range");
    const kinds = meter.received.flatMap((item) =>
      item.kind === "apdu" && item.apdu.apdu === "read-request" ? (item.apdu.variables[0]?.kind ?? []) : [],
    );
    assert.ok(kinds.filter((kind) => kind === "read-data-block-access").length > 1, kinds.join());
    assert.ok(!kinds.includes("parameterized-access"));
    await clock.runUntil(client.close());
  });
});

describe("browsing a simulated meter", () => {
  it("lists its objects", async () => {
    const { client, clock } = bench({ objects: profile(3) });
    const directory = await clock.runUntil(client.browse());
    const found = directory.objects.map((one) => `${one.objectType} ${one.logicalName}`);
    assert.ok(found.includes(`PROFILE_GENERIC ${profileName}`));
    assert.ok(found.includes("REGISTER 1.0.1.8.0.255"));
    await clock.runUntil(client.close());
  });
});
