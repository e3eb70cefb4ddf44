/** Shared vectors of COSEM values. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fromHex } from "../../src/bytes";
import { decodeValueBytes } from "../../src/codec";
import type { DlmsValue } from "../../src/codec/value";
import {
  captureObjectValue,
  createRowMapper,
  dateTimeFromBytes,
  findUnit,
  obisDotted,
  parseObis,
  presentAttribute,
  presentDateTime,
  profileColumns,
  rangeSelection,
  readCaptureObjects,
  readScalerUnit,
} from "../../src/cosem";

interface Vector {
  readonly id: string;
  readonly category: string;
  readonly hex: string;
  readonly source: string;
  readonly negative: boolean;
  readonly expected: Record<string, unknown>;
  readonly decoded: Record<string, unknown>;
}

const file = resolve(__dirname, "../../../shared/vectors/vectors.json");
const missing = !existsSync(file);
const loaded: unknown = missing ? [] : JSON.parse(readFileSync(file, "utf8"));
const vectors = (Array.isArray(loaded) ? loaded : (loaded as { vectors: unknown }).vectors) as readonly Vector[];

const of = (category: string): readonly Vector[] => vectors.filter((v) => v.category === category);
const byId = (id: string): Vector => {
  const found = vectors.find((v) => v.id === id);
  assert.ok(found, `vector ${id}`);
  return found;
};

describe(`COSEM values of the vector collection${missing ? " (skipped: the collection is not beside this repository)" : ""}`, () => {
  for (const vector of of("date-time")) {
    it(`${vector.id} (${vector.source})`, () => {
      const bytes = fromHex(vector.hex);
      const parts = dateTimeFromBytes(bytes);
      const { value, dateTime } = presentDateTime(parts);
      const raw = (vector.decoded["value"] as Record<string, unknown>) ?? {};
      for (const key of ["year", "month", "day", "weekday", "hour", "minute", "second", "hundredths", "deviation", "status"] as const) {
        assert.equal(parts[key], raw[key], key);
      }
      const { iso, valid, status, weekday } = vector.expected;
      if (iso !== undefined) assert.equal(value, iso);
      if (valid === false) assert.equal(typeof value, "object");
      if (status !== undefined) assert.equal(dateTime.status, status);
      if (weekday !== undefined) assert.equal(parts.weekday, weekday);
    });
  }

  for (const vector of of("types")) {
    const { value: expected, values } = vector.expected;
    const wanted = values ?? expected;
    if (wanted === undefined || wanted === "see decoded" || vector.negative) continue;
    it(`${vector.id} (${vector.source})`, () => {
      const data = decodeValueBytes(fromHex(vector.hex));
      const shown = presentAttribute(data, { classId: 1, attributeId: 2 }, undefined).value;
      if (vector.id === "t-gosem-record") {
        assert.deepEqual(shown, [[60226, "2020-03-16T00:00:00", "0", 33426304, 3105]]);
        return;
      }
      // The collection writes all 64-bit numbers as text, we only those beyond 2^53.
      const relaxed = (v: unknown): unknown =>
        Array.isArray(v) ? v.map(relaxed) : typeof v === "string" && /^-?\d{1,15}$/.test(v) ? Number(v) : v;
      const strict = vector.id.startsWith("t-bits");
      assert.deepEqual(strict ? shown : relaxed(shown), strict ? wanted : relaxed(wanted));
    });
  }

  if (!missing) {
    const clock = { classId: 8, logicalName: "0.0.1.0.0.255", attributeId: 2, dataIndex: 0 };
    const plain = (logicalName: string) => ({ classId: 1, logicalName, attributeId: 2, dataIndex: 0 });
    const energy = (logicalName: string) => ({ classId: 3, logicalName, attributeId: 2, dataIndex: 0 });

    it("lp-24h: a day of load profile", () => {
      const data = decodeValueBytes(fromHex(byId("lp-24h").hex));
      const map = createRowMapper(
        profileColumns([clock, plain("0.0.96.10.7.255"), energy("1.0.1.8.0.255")], () => ({ scaler: -3, unitCode: 30 })),
        { capturePeriod: 3600, timeZone: "Europe/Madrid" },
      );
      const rows = (data.value as DlmsValue[]).map(map);
      assert.equal(rows.length, 24);
      assert.deepEqual(rows[0], {
        "0.0.1.0.0.255": "2018-02-12T00:00:00+01:00",
        "0.0.96.10.7.255": 0,
        "1.0.1.8.0.255": 100,
      });
      assert.deepEqual(rows[23], {
        "0.0.1.0.0.255": "2018-02-12T23:00:00+01:00",
        "0.0.96.10.7.255": 0,
        "1.0.1.8.0.255": 109.568,
      });
    });

    it("lp-null-compaction: times that are left out", () => {
      const vector = byId("lp-null-compaction");
      const data = decodeValueBytes(fromHex(vector.hex));
      const columns = profileColumns(
        [clock, plain("0.0.96.10.1.255"), energy("1.0.1.8.0.255"), energy("1.0.2.8.0.255")],
        () => ({ scaler: 0, unitCode: 30 }),
      );
      const map = createRowMapper(columns, { capturePeriod: Number(vector.expected["capturePeriodMinutes"]) * 60 });
      const rows = (data.value as DlmsValue[]).map(map);
      assert.equal(rows.length, vector.expected["rows"]);
      assert.deepEqual(
        rows.map((row) => row["0.0.1.0.0.255"]),
        [
          "2019-12-31T23:00:00+01:00",
          "2020-01-01T00:00:00+01:00",
          "2020-01-01T01:00:00+01:00",
          "2020-01-01T02:00:00+01:00",
        ],
      );
      assert.deepEqual(Object.values(rows[3] ?? {}).slice(1), [6, 1517, 1620]);
    });

    it("capture-object: one capture object definition", () => {
      const item = decodeValueBytes(fromHex(byId("capture-object").hex));
      const [object] = readCaptureObjects({ type: "array", value: [item] });
      assert.ok(object);
      assert.deepEqual(object, clock);
      assert.deepEqual(captureObjectValue(object, parseObis(object.logicalName)), item);
    });

    it("sel-range-columns: a range with selected columns", () => {
      const expected = decodeValueBytes(fromHex(byId("sel-range-columns").hex));
      const { parameters } = rangeSelection("2020-01-01T10:00:00Z", "2020-01-01T11:00:00Z", {
        weekday: true,
        columns: [clock, plain("0.0.96.10.7.255")],
      });
      assert.deepEqual(parameters, expected);
    });

    it("lte-qos: a structure of class LTE monitoring", () => {
      const data = decodeValueBytes(fromHex(byId("lte-qos").hex));
      assert.deepEqual(presentAttribute(data, { classId: 151, version: 0, attributeId: 2 }, undefined).value, {
        t3402: 720,
        t3412: 3240,
        rsrq: 18,
        rsrp: 30,
        qRxlevMin: -64,
      });
    });

    it("gsm-cell-zero: cell_info of class GSM diagnostic", () => {
      const data = decodeValueBytes(fromHex(byId("gsm-cell-zero").hex));
      const shown = presentAttribute(data, { classId: 47, version: 1, attributeId: 6 }, undefined).value;
      assert.deepEqual(Object.values(shown as object), [0, 0, 0, 0, 0, 0, 0]);
    });
  }

  /** The names of OBIS codes of the Nordic lists in the source's own tests. */
  const nordic: Readonly<Record<string, string>> = {
    "1.7.0": "active_power_import",
    "2.7.0": "active_power_export",
    "3.7.0": "reactive_power_import",
    "4.7.0": "reactive_power_export",
    "31.7.0": "current_l1",
    "51.7.0": "current_l2",
    "71.7.0": "current_l3",
    "32.7.0": "voltage_l1",
    "52.7.0": "voltage_l2",
    "72.7.0": "voltage_l3",
    "1.8.0": "active_power_import_total",
    "2.8.0": "active_power_export_total",
    "3.8.0": "reactive_power_import_total",
    "4.8.0": "reactive_power_export_total",
  };

  for (const vector of of("data-notification/nordic").filter((v) => v.id.includes("aidon"))) {
    it(`${vector.id}: values scaled as the source says (${vector.source})`, () => {
      const expected = vector.expected["fromSourceTests"] as Record<string, unknown>;
      // LLC, tag, long invoke id and an empty date-time lie before the list.
      const data = decodeValueBytes(fromHex(vector.hex.slice(2 * (3 + 1 + 4 + 1))));
      let compared = 0;
      for (const element of data.value as DlmsValue[]) {
        const [code, value, third] = element.value as DlmsValue[];
        assert.ok(code?.value instanceof Uint8Array && value);
        const obis = obisDotted(code.value);
        const name = nordic[obis.split(".").slice(2, 5).join(".")];
        const scalerUnit = third === undefined ? undefined : readScalerUnit(third);
        if (name === undefined || scalerUnit === undefined || expected[name] === undefined) continue;
        assert.ok(findUnit(scalerUnit.unitCode));
        const shown = presentAttribute(value, { classId: 3, attributeId: 2 }, scalerUnit).value;
        assert.equal(shown, expected[name], name);
        compared++;
      }
      assert.ok(compared > 0);
    });
  }

  if (missing) it("needs the collection", function () { this.skip(); });
});
