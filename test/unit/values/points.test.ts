/** Forms for databases. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  lineProtocol,
  pointsOfProfile,
  pointsOfValues,
  type ShownTable,
  tableOfProfile,
  tableOfValues,
} from "../../../src/values";
import { clock, clockKey, columnsOf, energy, energyKey, power, powerKey } from "./columns";

const table: ShownTable = {
  columns: columnsOf(clock, energy, power),
  rows: [
    { [clockKey]: "2024-02-10T01:00:00+01:00", [energyKey]: 9207, [powerKey]: null },
    { [clockKey]: "2024-02-10T01:15:00+01:00", [energyKey]: 9207.5, [powerKey]: 12 },
  ],
};
const voltage = { logicalName: "1.0.32.7.0.255", classId: 3, attributeId: 2, unit: "V", scaler: -1 };

describe("TABLE", () => {
  it("has a row for each value of a profile, with its short key and unit", () => {
    const [first, second, third] = tableOfProfile("m1", table);
    assert.deepEqual(first, {
      time: "2024-02-10T01:00:00+01:00",
      meter: "m1",
      logicalName: "1.0.1.8.0.255",
      name: "energy_import",
      value: 9207,
      unit: "Wh",
    });
    assert.equal(second?.value, null);
    assert.equal(third?.time, "2024-02-10T01:15:00+01:00");
  });

  it("has a row for each value of a list, by the name in the list or the short key", () => {
    const rows = tableOfValues("m1", "2024-02-10T00:00:00Z", [
      { ...voltage, value: 231.2 },
      { ...voltage, name: "U1", value: 231.2 },
    ]);
    assert.deepEqual(
      rows.map(({ name, value, unit }) => [name, value, unit]),
      [
        ["voltage_l1", 231.2, "V"],
        ["U1", 231.2, "V"],
      ],
    );
  });
});

describe("INFLUX", () => {
  it("has a point for each row and unit; a null is no field", () => {
    const { points, leftOut } = pointsOfProfile(table, "1.0.99.1.0.255", { meter: "m1" });
    const tags = { meter: "m1", profile: "1.0.99.1.0.255" };
    assert.equal(leftOut, 0);
    assert.deepEqual(points, [
      {
        measurement: "meter",
        tags: { ...tags, unit: "Wh" },
        fields: { energy_import: 9207 },
        timestamp: new Date("2024-02-10T00:00:00Z"),
      },
      {
        measurement: "meter",
        tags: { ...tags, unit: "Wh" },
        fields: { energy_import: 9207.5 },
        timestamp: new Date("2024-02-10T00:15:00Z"),
      },
      {
        measurement: "meter",
        tags: { ...tags, unit: "W" },
        fields: { power_import: 12 },
        timestamp: new Date("2024-02-10T00:15:00Z"),
      },
    ]);
  });

  it("leaves out rows without an instant, and counts them", () => {
    const rows = [
      { [clockKey]: "2024-02-10T01:00:00", [energyKey]: 1 },
      { [clockKey]: null, [energyKey]: 2 },
    ];
    const result = pointsOfProfile({ ...table, rows }, "1.0.99.1.0.255", { meter: "m1" });
    assert.deepEqual(result, { points: [], leftOut: 2 });
  });

  it("marks differences by a tag, so that they do not replace the register's states", () => {
    const columns = table.columns.map((one) => (one.key === energyKey ? { ...one, difference: true as const } : one));
    const { points } = pointsOfProfile({ ...table, columns }, "1.0.99.1.0.255", { meter: "m1" });
    assert.equal(points[0]?.tags.value, "difference");
  });

  it("keeps a serial number of digits as text, and a scaled number beyond 2^53 as number", () => {
    const values = [
      { ...voltage, name: "large", value: "18446744073709551615" },
      {
        name: "serial",
        logicalName: "0.0.96.1.0.255",
        classId: 1,
        attributeId: 2,
        unit: null,
        scaler: null,
        value: "1234567890123456",
      },
    ];
    const fields = Object.assign(
      {},
      ...pointsOfValues(new Date(0), values, { meter: "m" }).map((one) => one.fields),
    ) as object;
    assert.deepEqual(fields, { large: Number("18446744073709551615"), serial: "1234567890123456" });
  });
});

describe("LINE", () => {
  it("is line protocol with floats and times in ms", () => {
    const { points } = pointsOfProfile(table, "1.0.99.1.0.255", { meter: "m1" });
    assert.equal(
      lineProtocol(points),
      [
        "meter,meter=m1,profile=1.0.99.1.0.255,unit=Wh energy_import=9207 1707523200000",
        "meter,meter=m1,profile=1.0.99.1.0.255,unit=Wh energy_import=9207.5 1707524100000",
        "meter,meter=m1,profile=1.0.99.1.0.255,unit=W power_import=12 1707524100000",
      ].join("\n"),
    );
    assert.match(lineProtocol(points, "ns"), /1707523200000000000$/m);
  });

  it("escapes what separates, in tags, names and texts", () => {
    const time = new Date(1.5);
    const point = {
      measurement: "a b,c",
      tags: { "t g": "x=1, y\\", empty: "" },
      fields: { "f d": 'say "hi"\\\nnow' },
      timestamp: time,
    };
    assert.equal(lineProtocol([point]), 'a\\ b\\,c,t\\ g=x\\=1\\,\\ y f\\ d="say \\"hi\\"\\\\ now" 1');
  });

  it("has one line for each point, whatever the texts contain", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), (meter, value) => {
        const [point] = pointsOfValues(new Date(0), [{ ...voltage, name: "n", value, scaler: null }], { meter });
        assert.ok(point !== undefined);
        assert.equal(lineProtocol([point, point]).split(/[\r\n]/).length, 2);
      }),
    );
  });
});
