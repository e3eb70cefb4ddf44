import assert from "node:assert/strict";
import fc from "fast-check";
import { fromHex, toHex } from "../../../src/bytes";
import { decodeValueBytes, ElementStream, encodeValueBytes } from "../../../src/codec";
import type { DlmsValue } from "../../../src/codec/value";
import {
  type CaptureObject,
  columnKeys,
  columnScaler,
  createRowMapper,
  createRowReader,
  entriesByAge,
  entrySelection,
  lastEntries,
  momentToEpoch,
  profileColumns,
  rangeSelection,
  rangeSelectionOf,
  readCaptureObjects,
  restrictingObject,
  type RowMapperOptions,
  type ScalerUnit,
} from "../../../src/cosem";
import { describeObis } from "../../../src/names";
import { DlmsConfigError, DlmsDecodeError } from "../../../src/errors";

const capture = (classId: number, logicalName: string, attributeId = 2, dataIndex = 0): CaptureObject => ({
  classId,
  logicalName,
  attributeId,
  dataIndex,
});
const clock = capture(8, "0.0.1.0.0.255");
const energy = capture(3, "1.0.1.8.0.255");
const status = capture(1, "0.0.96.10.1.255");

const none: DlmsValue = { type: "null-data", value: null };
const u32 = (value: number): DlmsValue => ({ type: "double-long-unsigned", value });
const octets = (hex: string): DlmsValue => ({ type: "octet-string", value: fromHex(hex) });
const row = (...value: DlmsValue[]): DlmsValue => ({ type: "structure", value });
const midnight = octets("07e40106ff00000000ffc400");

function map(
  objects: readonly CaptureObject[],
  entries: readonly DlmsValue[],
  options: RowMapperOptions = {},
  scaler: ScalerUnit | undefined = { scaler: -3, unitCode: 30 },
) {
  const mapper = createRowMapper(
    profileColumns(objects, () => scaler),
    options,
  );
  return entries.map((entry) => mapper(entry));
}

describe("profile columns", () => {
  it("are read from capture_objects", () => {
    // one element: DLMS/COSEM selective access example {8, 0.0.1.0.0.255, 2, 0}
    const data = decodeValueBytes(fromHex("0101020412000809060000010000ff0f02120000"));
    assert.deepEqual(readCaptureObjects(data), [clock]);
  });
  it("keep the place of an object without a name, and are empty for an empty string", () => {
    const objects = decodeValueBytes(
      fromHex("0102 0204 120000 0900 0f00 120000 0204 120003 0906 0100010800ff 0f02 120000".replaceAll(" ", "")),
    );
    assert.deepEqual(readCaptureObjects(objects), [capture(0, "0.0.0.0.0.0", 0), energy]);
    assert.deepEqual(readCaptureObjects(octets("")), []);
    assert.deepEqual(readCaptureObjects(none), []);
  });
  it("refuse values that are not capture objects", () => {
    for (const wrong of [
      u32(1),
      { type: "array", value: [u32(1)] },
      { type: "array", value: [row(u32(3), octets("01"))] },
    ]) {
      assert.throws(() => readCaptureObjects(wrong as DlmsValue), DlmsDecodeError);
    }
  });

  it("are named by OBIS code, attribute and data index, as short as they stay unique", () => {
    assert.deepEqual(columnKeys([clock, energy]), ["0.0.1.0.0.255", "1.0.1.8.0.255"]);
    assert.deepEqual(columnKeys([capture(4, "1.0.1.6.0.255"), capture(4, "1.0.1.6.0.255", 5)]), [
      "1.0.1.6.0.255",
      "1.0.1.6.0.255/5",
    ]);
    assert.deepEqual(columnKeys([capture(5, "1.0.1.4.0.255", 3)]), ["1.0.1.4.0.255/3"]);
    assert.deepEqual(columnKeys([capture(151, "0.0.25.11.0.255", 2, 3), capture(151, "0.0.25.11.0.255", 2, 4)]), [
      "0.0.25.11.0.255/2.3",
      "0.0.25.11.0.255/2.4",
    ]);
    assert.deepEqual(columnKeys([energy, energy, energy]), [
      "1.0.1.8.0.255/2.0",
      "1.0.1.8.0.255/2.0#2",
      "1.0.1.8.0.255/2.0#3",
    ]);
  });

  it("are always named differently", () => {
    const object = fc.record({
      classId: fc.constantFrom(1, 3, 4),
      logicalName: fc.constantFrom("1.0.1.8.0.255", "0.0.1.0.0.255"),
      attributeId: fc.constantFrom(2, 3, 5),
      dataIndex: fc.constantFrom(0, 1, 2),
    });
    fc.assert(
      fc.property(fc.array(object), (objects) => {
        assert.equal(new Set(columnKeys(objects)).size, objects.length);
      }),
    );
  });

  it("include the place of their scaler, their meaning and their unit", () => {
    assert.deepEqual(columnScaler(energy), { classId: 3, logicalName: "1.0.1.8.0.255", attributeId: 3 });
    assert.deepEqual(columnScaler(capture(5, "1.0.1.4.0.255", 3)), {
      classId: 5,
      logicalName: "1.0.1.4.0.255",
      attributeId: 4,
    });
    assert.equal(columnScaler(clock), undefined);
    assert.equal(columnScaler(capture(4, "1.0.1.6.0.255", 5)), undefined);
    assert.deepEqual(
      profileColumns([energy], () => ({ scaler: -3, unitCode: 30 }), describeObis),
      [
        {
          key: "1.0.1.8.0.255",
          classId: 3,
          logicalName: "1.0.1.8.0.255",
          attributeId: 2,
          dataIndex: 0,
          attribute: "value",
          unit: "Wh",
          unitCode: 30,
          scaler: -3,
          label: "Active energy import (+A), total",
        },
      ],
    );
    const [time] = profileColumns([clock], () => ({ scaler: -3, unitCode: 30 }));
    assert.deepEqual([time?.unit, time?.unitCode, time?.scaler], [null, null, null]);
  });
});

describe("profile rows", () => {
  it("have dates, scaled values and text", () => {
    const serial: DlmsValue = { type: "octet-string", value: new TextEncoder().encode("A1") };
    assert.deepEqual(map([clock, energy, status], [row(midnight, u32(1005), serial)]), [
      { "0.0.1.0.0.255": "2020-01-06T00:00:00+01:00", "1.0.1.8.0.255": 1.005, "0.0.96.10.1.255": "A1" },
    ]);
  });

  it("fill nulls from the previous row, and the time from the period in seconds", () => {
    const rows = map(
      [clock, energy, status],
      [
        row(midnight, u32(1000), u32(7)),
        row(none, none, u32(8)),
        row(none, u32(3000), none),
        row(octets("07e40106ff05000000ffc400"), none, none),
        row(none, none, none),
      ],
      { capturePeriod: 900 },
    );
    assert.deepEqual(
      rows.map((r) => Object.values(r)),
      [
        ["2020-01-06T00:00:00+01:00", 1, 7],
        ["2020-01-06T00:15:00+01:00", 1, 8],
        ["2020-01-06T00:30:00+01:00", 3, 8],
        ["2020-01-06T05:00:00+01:00", 3, 8],
        ["2020-01-06T05:15:00+01:00", 3, 8],
      ],
    );
  });

  it("treat an empty string in place of a time as null", () => {
    const empty = [octets(""), { type: "visible-string", value: "" }, { type: "utf8-string", value: "" }] as const;
    for (const absent of empty) {
      const rows = map([clock, energy], [row(midnight, u32(1000)), row(absent, u32(2000)), row(absent, u32(3000))], {
        capturePeriod: 3600,
      });
      assert.deepEqual(
        rows.map((r) => Object.values(r)),
        [
          ["2020-01-06T00:00:00+01:00", 1],
          ["2020-01-06T01:00:00+01:00", 2],
          ["2020-01-06T02:00:00+01:00", 3],
        ],
      );
      assert.deepEqual(map([clock], [row(midnight), row(absent)])[1], { "0.0.1.0.0.255": null });
      const unix = capture(1, "0.0.1.1.0.255");
      assert.deepEqual(map([unix], [row(u32(1577836800)), row(absent)], { capturePeriod: 60 })[1], {
        "0.0.1.1.0.255": 1577836860,
      });
    }
  });

  it("show a capture time that is an empty string as null", () => {
    const captured = capture(4, "1.0.1.6.0.255", 5);
    assert.deepEqual(map([captured], [row(midnight), row(octets(""))])[1], { "1.0.1.6.0.255/5": null });
  });

  it("leave a null time null without a period, and in the first row", () => {
    const keys = (rows: Record<string, unknown>[]) => rows.map((r) => r["0.0.1.0.0.255"]);
    assert.deepEqual(keys(map([clock], [row(midnight), row(none)])), ["2020-01-06T00:00:00+01:00", null]);
    assert.deepEqual(keys(map([clock], [row(none), row(none)], { capturePeriod: 60 })), [null, null]);
    assert.deepEqual(map([energy], [row(none), row(u32(1000))]), [{ "1.0.1.8.0.255": null }, { "1.0.1.8.0.255": 1 }]);
    const wildcard = octets("ffffffffffffff0000800000");
    assert.deepEqual(keys(map([clock], [row(wildcard), row(none)], { capturePeriod: 60 }))[1], null);
  });

  it("count back when the newest row is first", () => {
    const rows = map([clock], [row(midnight), row(none)], { capturePeriod: 3600, newestFirst: true });
    assert.deepEqual(rows[1], { "0.0.1.0.0.255": "2020-01-05T23:00:00+01:00" });
  });

  it("return Date or epoch as configured, also for filled times", () => {
    const rows = map([clock], [row(midnight), row(none)], { capturePeriod: 3600, dates: "epoch" });
    assert.deepEqual(
      rows.map((r) => r["0.0.1.0.0.255"]),
      [Date.UTC(2020, 0, 5, 23), Date.UTC(2020, 0, 6, 0)],
    );
  });

  it("fill a unix clock by the period", () => {
    const unix = capture(1, "0.0.1.1.0.255");
    assert.deepEqual(map([unix], [row(u32(1577836800)), row(none), row(none)], { capturePeriod: 900 }), [
      { "0.0.1.1.0.255": 1577836800 },
      { "0.0.1.1.0.255": 1577837700 },
      { "0.0.1.1.0.255": 1577838600 },
    ]);
  });

  it("fill a microsecond clock by the period, and leave it null without one", () => {
    const micro = capture(1, "0.0.1.2.0.255");
    const big = (value: bigint): DlmsValue => ({ type: "long64-unsigned", value });
    assert.deepEqual(map([micro], [row(big(1577836800000000n)), row(none)], { capturePeriod: 900 })[1], {
      "0.0.1.2.0.255": 1577837700000000,
    });
    assert.deepEqual(map([micro], [row(big(1577836800000000n)), row(none)])[1], { "0.0.1.2.0.255": null });
  });

  it("add deltas up, and have no value for one without a base", () => {
    const delta = (value: number): DlmsValue => ({ type: "delta-long", value });
    assert.deepEqual(
      map([energy], [row(delta(5)), row(u32(1000)), row(delta(5)), row(delta(-10)), row(none)]).map(
        (r) => r["1.0.1.8.0.255"],
      ),
      [null, 1, 1.005, 0.995, 0.995],
    );
  });

  it("keep 64 bits", () => {
    const big: DlmsValue = { type: "long64-unsigned", value: 18446744073709551615n };
    assert.deepEqual(map([energy], [row(big)]), [{ "1.0.1.8.0.255": "18446744073709551.615" }]);
    assert.deepEqual(map([energy], [row(u32(4294967295))], {}, { scaler: 7, unitCode: 30 }), [
      { "1.0.1.8.0.255": "42949672950000000" },
    ]);
  });

  it("show the element that a data index names", () => {
    const lte = capture(151, "0.0.25.11.0.255", 2, 3);
    assert.deepEqual(map([lte], [row({ type: "unsigned", value: 17 })]), [{ "0.0.25.11.0.255": 17 }]);
  });

  it("scale the cells of a register table, all of them or the one that a data index names", () => {
    const wattHours = () => ({ scaler: -3, unitCode: 30 });
    const tables = [capture(61, "1.0.98.10.0.255", 2), capture(61, "1.0.98.10.1.255", 2, 3)];
    const columns = profileColumns(tables, wattHours);
    assert.deepEqual(
      columns.map(({ unit, scaler }) => [unit, scaler]),
      [
        ["Wh", -3],
        ["Wh", -3],
      ],
    );
    const cells: DlmsValue = { type: "array", value: [u32(12345), u32(5)] };
    assert.deepEqual(createRowMapper(columns)(row(cells, u32(12345))), {
      "1.0.98.10.0.255": [12.345, 0.005],
      "1.0.98.10.1.255": 12.345,
    });
    assert.equal(columnScaler(capture(3, "1.0.1.8.0.255", 2, 1)), undefined);
  });

  it("never shift: another number of values than columns is an error", () => {
    assert.throws(() => map([clock, energy], [row(midnight)]), DlmsDecodeError);
    assert.throws(() => map([energy], [row(u32(1), u32(2))]), /1 values are expected by capture_objects, got 2/);
    assert.deepEqual(map([energy], [u32(1000)]), [{ "1.0.1.8.0.255": 1 }]);
  });

  it("do not depend on the rows being decoded one by one or at once", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.option(fc.nat(0xffffffff), { nil: null })), { maxLength: 20 }),
        (list) => {
          const entries = list.map(([timed, value]) =>
            row(timed ? midnight : none, value === null ? none : u32(value)),
          );
          const bytes = encodeValueBytes({ type: "array", value: entries });
          const decoded = decodeValueBytes(bytes);
          assert.equal(decoded.type, "array");
          assert.deepEqual(
            map([clock, energy], decoded.value as DlmsValue[], { capturePeriod: 60 }),
            map([clock, energy], entries, { capturePeriod: 60 }),
          );
        },
      ),
    );
  });
});

describe("profile selection", () => {
  it("by range has the bytes of the published examples", () => {
    // gosem: range descriptor of one hour with two selected columns
    const { selector, parameters } = rangeSelection("2020-01-01T10:00:00Z", "2020-01-01T11:00:00Z", {
      weekday: true,
      columns: [clock, capture(1, "0.0.96.10.7.255")],
    });
    assert.equal(selector, 1);
    assert.equal(
      toHex(encodeValueBytes(parameters)),
      "0204020412000809060000010000ff0f02120000090c07e40101030a000000000000090c07e40101030b000000000000" +
        "0102020412000809060000010000ff0f02120000020412000109060000600a07ff0f02120000",
    );
  });
  it("by range leaves the weekday open, and the deviation if configured", () => {
    const bounds = (options: object) => {
      const { parameters } = rangeSelection("2020-01-01T10:00:00+01:00", new Date(Date.UTC(2020, 0, 1, 10)), options);
      return (parameters.value as DlmsValue[]).slice(1, 3).map((v) => toHex(v.value as Uint8Array));
    };
    assert.deepEqual(bounds({}), ["07e40101ff0a000000ffc400", "07e40101ff0a000000000000"]);
    assert.deepEqual(bounds({ offset: 60 }), ["07e40101ff0a000000ffc400", "07e40101ff0b000000ffc400"]);
    assert.deepEqual(bounds({ offset: 60, unspecifiedDeviation: true }), [
      "07e40101ff0a000000800000",
      "07e40101ff0b000000800000",
    ]);
    assert.deepEqual(bounds({ timeZone: "Europe/Vienna" }), ["07e40101ff0a000000ffc400", "07e40101ff0b000000ffc400"]);
  });
  it("by range uses seconds for a unix clock", () => {
    const unix = capture(1, "0.0.1.1.0.255");
    const { parameters } = rangeSelection("2020-01-01T00:00:00Z", "2020-01-01T01:00:00+01:00", { restricting: unix });
    assert.deepEqual((parameters.value as DlmsValue[]).slice(1, 3), [u32(1577836800), u32(1577836800)]);
    assert.throws(() => rangeSelection("1969-01-01", "2020-01-01", { restricting: unix }), DlmsConfigError);
  });
  it("by range uses microseconds for a high-resolution clock", () => {
    const micro = capture(1, "0.0.1.2.0.255");
    const { parameters } = rangeSelection("2020-01-01T00:00:00Z", new Date(1577836800000), { restricting: micro });
    const bound = { type: "long64-unsigned", value: 1577836800000000n };
    assert.deepEqual((parameters.value as DlmsValue[]).slice(1, 3), [bound, bound]);
    assert.throws(() => rangeSelection(-1, 5, { restricting: micro }), DlmsConfigError);
  });
  it("by range takes other bounds as they are", () => {
    assert.equal(rangeSelectionOf(energy, u32(1), u32(5)).parameters.type, "structure");
  });
  it("refuses a value that is not a time", () => {
    assert.throws(() => rangeSelection("now", "later"), DlmsConfigError);
  });
  it("finds the column of time", () => {
    assert.deepEqual(restrictingObject([energy, clock]), clock);
    assert.deepEqual(restrictingObject([energy, capture(1, "0.1.1.1.0.255")]), capture(1, "0.1.1.1.0.255"));
    assert.equal(restrictingObject([energy, capture(8, "0.0.1.0.0.255", 4)]), undefined);
  });
  it("understands moments of a meter", () => {
    assert.equal(momentToEpoch("2020-01-01T00:00:00+01:00"), Date.UTC(2019, 11, 31, 23));
    assert.equal(momentToEpoch("2020-01-01T00:00:00", { offset: 60 }), Date.UTC(2019, 11, 31, 23));
    assert.equal(momentToEpoch("2020-07-01T00:00:00", { timeZone: "Europe/Vienna" }), Date.UTC(2020, 5, 30, 22));
    assert.equal(momentToEpoch("2020-01-01T00:00:00+02:00", { offset: 60 }), Date.UTC(2019, 11, 31, 22));
    assert.equal(momentToEpoch(5), 5);
    assert.equal(momentToEpoch(new Date(7)), 7);
  });

  it("by entry has the bytes of the standard's form", () => {
    const { selector, parameters } = entrySelection({ from: 1, to: 10 });
    assert.equal(selector, 2);
    assert.equal(toHex(encodeValueBytes(parameters)), "02040600000001060000000a120001120000");
    assert.throws(() => entrySelection({ from: -1, to: 0 }), DlmsConfigError);
    assert.throws(() => entrySelection({ from: 1, to: 1.5 }), DlmsConfigError);
  });

  it("determines the last entries by the sort method", () => {
    assert.deepEqual(lastEntries(10, { sortMethod: 1, entriesInUse: 100 }), { from: 91, to: 100 });
    assert.deepEqual(lastEntries(10, { sortMethod: 2, entriesInUse: 100 }), { from: 1, to: 10 });
    assert.deepEqual(lastEntries(10, { sortMethod: 1, entriesInUse: 4 }), { from: 1, to: 4 });
    assert.deepEqual(lastEntries(10, { sortMethod: 2, entriesInUse: 4 }), { from: 1, to: 4 });
    assert.equal(lastEntries(10, { sortMethod: 1, entriesInUse: 0 }), "none");
    assert.equal(lastEntries(0, { sortMethod: 1, entriesInUse: 9 }), "none");
    assert.equal(lastEntries(10, { sortMethod: 3, entriesInUse: 100 }), "unordered");
  });
  it("counts entries from the oldest", () => {
    assert.deepEqual(entriesByAge(1, 3, { sortMethod: 1, entriesInUse: 10 }), { from: 1, to: 3 });
    assert.deepEqual(entriesByAge(1, 3, { sortMethod: 2, entriesInUse: 10 }), { from: 8, to: 10 });
    assert.deepEqual(entriesByAge(8, 99, { sortMethod: 2, entriesInUse: 10 }), { from: 1, to: 3 });
    assert.equal(entriesByAge(11, 12, { sortMethod: 1, entriesInUse: 10 }), "none");
  });
});

describe("rows straight from the bytes", () => {
  const big: DlmsValue = { type: "long64-unsigned", value: 9_007_199_254_740_993n };
  const cell = fc.oneof(
    fc.constant(none),
    fc.nat(0xffffffff).map(u32),
    fc.integer({ min: -0x8000, max: 0x7fff }).map((value): DlmsValue => ({ type: "long", value })),
    fc.integer({ min: -100, max: 100 }).map((value): DlmsValue => ({ type: "delta-integer", value })),
    fc.nat(255).map((value): DlmsValue => ({ type: "delta-unsigned", value })),
    fc.constant(big),
    fc.constant(octets("4142")),
    fc.constant<DlmsValue>({ type: "float32", value: 1.5 }),
    fc.constant<DlmsValue>({ type: "visible-string", value: "x" }),
    fc.constant(row(u32(1), none)),
  );
  const time = fc.oneof(
    { weight: 3, arbitrary: fc.constant(none) },
    fc.constant(midnight),
    fc.constant<DlmsValue>({ type: "date-time", value: fromHex("07e40229ff173b0000ffc480") }),
    fc.constant(octets("07e4ffffff00000000800000")),
    fc.constant(octets("0102")),
  );
  const objects = [clock, energy, status, capture(1, "0.0.1.1.0.255"), capture(3, "1.0.2.8.0.255", 3)];
  const entries = fc.array(fc.tuple(time, cell, cell, cell, cell), { maxLength: 20 });

  it("equal those of the values for every cut into pieces", () => {
    fc.assert(
      fc.property(
        entries,
        fc.constantFrom(-3, 0, 2),
        fc.nat(900),
        fc.integer({ min: 1, max: 40 }),
        (list, scaler, capturePeriod, size) => {
          const columns = profileColumns(objects, () => ({ scaler, unitCode: 30 }));
          const rows = list.map((values) => row(...values));
          const mapper = createRowMapper(columns, { capturePeriod });
          const expected = rows.map((entry) => mapper(entry));
          const bytes = encodeValueBytes({ type: "array", value: rows });
          const stream = new ElementStream(createRowReader(columns, { capturePeriod }));
          const got: unknown[] = [];
          for (let at = 0; at < bytes.length; at += size)
            got.push(...stream.push(bytes.subarray(at, at + size)).elements);
          stream.finish();
          assert.deepEqual(got, expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("of a compact-array are those of its values", () => {
    const columns = profileColumns([clock, energy], () => ({ scaler: -1, unitCode: 30 }));
    // structure {octet-string, double-long-unsigned}, two elements of 13 + 4 bytes
    const bytes = fromHex("130202090622" + "0c07e40106ff00000000ffc400000003e9" + "0c07e40106ff000f0000ffc400000003ea");
    const stream = new ElementStream(createRowReader(columns));
    assert.deepEqual(stream.push(bytes).elements, [
      { "0.0.1.0.0.255": "2020-01-06T00:00:00+01:00", "1.0.1.8.0.255": 100.1 },
      { "0.0.1.0.0.255": "2020-01-06T00:15:00+01:00", "1.0.1.8.0.255": 100.2 },
    ]);
  });

  it("refuse an entry with another number of values, and locate an invalid value", () => {
    const columns = profileColumns([clock, energy]);
    const read = (hex: string): unknown => new ElementStream(createRowReader(columns)).push(fromHex(hex)).elements;
    assert.throws(() => read("01010203000000"), { code: "DLMS_DECODE_VALUE" });
    assert.throws(() => read("010102020008"), { code: "DLMS_DECODE_TAG", message: /data\[0\]\[1\]/ });
  });
});
