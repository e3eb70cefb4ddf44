/** Profiles of meters that refuse scaler_unit and store it in a scaler profile (IS 15959, SPODES). */
import assert from "node:assert/strict";
import { fromHex } from "../../src/bytes";
import { decodeValueBytes } from "../../src/codec";
import { obisDotted, type ProfileRow, readCaptureObjects } from "../../src/cosem";
import type { SimulatedObject } from "../../src/simulator/definition/definition";
import { bench, number, requests } from "../support/meters";
import { breaksAt, counted } from "../support/profiles";

interface ScalerVector {
  readonly name: string;
  readonly profile: string;
  readonly objects: string;
  readonly buffer: string;
  readonly scalers: string;
  readonly scalerObjects: string;
  readonly scalerBuffer: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly units: Readonly<Record<string, string | null>>;
}

const clock = "0.0.1.0.0.255";
/** Made after the lists of IS 15959 and the capture lists of SPODES meters; values are invented. */
const vectors: readonly ScalerVector[] = [
  {
    name: "block load survey of a single-phase meter (IS 15959)",
    profile: "1.0.99.1.0.255",
    objects:
      "0105020412000809060000010000ff0f021200000204120003090601000c1b00ff0f02120000020412000309060100011d00ff0f02120000020412000309060100091d00ff0f021200000204120003090601000b1b00ff0f02120000",
    buffer:
      "01020205090c07e8020905001e0000800000125ba0060000019f06000001b01200b50205090c07e802090501000000800000125b5f060000018e06000001a11200b0",
    scalers: "1.0.94.91.4.255",
    scalerObjects:
      "01040204120003090601000c1b00ff0f03120000020412000309060100011d00ff0f03120000020412000309060100091d00ff0f031200000204120003090601000b1b00ff0f03120000",
    scalerBuffer: "0101020402020ffe162302020f00161e02020f00161f02020ffe1621",
    rows: [
      {
        [clock]: "2024-02-09T00:30:00",
        "1.0.12.27.0.255": 234.56,
        "1.0.1.29.0.255": 415,
        "1.0.9.29.0.255": 432,
        "1.0.11.27.0.255": 1.81,
      },
      {
        [clock]: "2024-02-09T01:00:00",
        "1.0.12.27.0.255": 233.91,
        "1.0.1.29.0.255": 398,
        "1.0.9.29.0.255": 417,
        "1.0.11.27.0.255": 1.76,
      },
    ],
    units: { "1.0.12.27.0.255": "V", "1.0.1.29.0.255": "Wh", "1.0.9.29.0.255": "VAh", "1.0.11.27.0.255": "A" },
  },
  {
    name: "billing profile, in another order, with maxima and their times (IS 15959)",
    profile: "1.0.98.1.0.255",
    objects:
      "0109020412000309060000000102ff0f021200000204120003090601000d0000ff0f02120000020412000309060100010800ff0f02120000020412000309060100010801ff0f02120000020412000409060100010600ff0f02120000020412000409060100010600ff0f05120000020412000409060100090600ff0f02120000020412000409060100090600ff0f051200000204120003090600005e5b0dff0f02120000",
    buffer:
      "01010209090c07e8030105000000008000001003db060012d687060005464e0600001018090c07e8021106131e00008000000600001124090c07e8021106131e0000800000060000a320",
    scalers: "1.0.94.91.6.255",
    scalerObjects:
      "0106020412000309060100010800ff0f03120000020412000309060100010801ff0f031200000204120003090601000d0000ff0f03120000020412000409060100010600ff0f03120000020412000409060100090600ff0f031200000204120003090600005e5b0dff0f03120000",
    scalerBuffer: "0101020602020f01161e02020f01161e02020ffd16ff02020f00161b02020f00161c02020f001606",
    rows: [
      {
        "0.0.0.1.2.255": "2024-03-01T00:00:00",
        "1.0.13.0.0.255": 0.987,
        "1.0.1.8.0.255": 12345670,
        "1.0.1.8.1.255": 3456780,
        "1.0.1.6.0.255": 4120,
        "1.0.1.6.0.255/5": "2024-02-17T19:30:00",
        "1.0.9.6.0.255": 4388,
        "1.0.9.6.0.255/5": "2024-02-17T19:30:00",
        "0.0.94.91.13.255": 41760,
      },
    ],
    units: { "1.0.1.8.0.255": "Wh", "1.0.1.6.0.255": "W", "1.0.9.6.0.255": "VA", "1.0.1.6.0.255/5": null },
  },
  {
    name: "instantaneous profile (IS 15959)",
    profile: "1.0.94.91.0.255",
    objects:
      "010c020412000809060000010000ff0f021200000204120003090601000c0700ff0f021200000204120003090601000b0700ff0f021200000204120003090601005b0700ff0f021200000204120003090601000d0700ff0f021200000204120003090601000e0700ff0f02120000020412000309060100090700ff0f02120000020412000309060100010700ff0f02120000020412000309060100010800ff0f02120000020412000409060100010600ff0f02120000020412000409060100010600ff0f051200000204120001090600005e5b00ff0f02120000",
    buffer:
      "0101020c090c07e80209050f2907008000001209081200bb12000010fc2a12138606000001b106000001a9060001583b0600000bc2090c07e802030614000000800000060000000e",
    scalers: "1.0.94.91.3.255",
    scalerObjects:
      "01090204120003090601000c0700ff0f031200000204120003090601000b0700ff0f031200000204120003090601005b0700ff0f031200000204120003090601000d0700ff0f031200000204120003090601000e0700ff0f03120000020412000309060100090700ff0f03120000020412000309060100010700ff0f03120000020412000309060100010800ff0f03120000020412000409060100010600ff0f03120000",
    scalerBuffer:
      "0101020902020fff162302020ffe162102020ffe162102020ffd16ff02020ffe162c02020f00161c02020f00161b02020f01161e02020f00161b",
    rows: [
      {
        [clock]: "2024-02-09T15:41:07",
        "1.0.12.7.0.255": 231.2,
        "1.0.11.7.0.255": 1.87,
        "1.0.91.7.0.255": 0,
        "1.0.13.7.0.255": -0.982,
        "1.0.14.7.0.255": 49.98,
        "1.0.9.7.0.255": 433,
        "1.0.1.7.0.255": 425,
        "1.0.1.8.0.255": 881230,
        "1.0.1.6.0.255": 3010,
        "1.0.1.6.0.255/5": "2024-02-03T20:00:00",
        "0.0.94.91.0.255": 14,
      },
    ],
    units: { "1.0.12.7.0.255": "V", "1.0.14.7.0.255": "Hz", "1.0.1.7.0.255": "W" },
  },
  {
    name: "load profile whose scaler profile captures the clock too (SPODES)",
    profile: "1.0.99.1.0.255",
    objects:
      "0105020412000809060000010000ff0f02120000020412000309060100011d00ff0f02120000020412000309060100021d00ff0f02120000020412000309060100031d00ff0f02120000020412000309060100041d00ff0f02120000",
    buffer:
      "01020205090c07e70b1401061e00008000000600064ab9060000000006000181cd06000000780205090c07e70b140107000000800000060006f15906000000000600018a920600000000",
    scalers: "1.0.94.7.4.255",
    scalerObjects:
      "0105020412000809060000010000ff0f02120000020412000309060100021d00ff0f03120000020412000309060100011d00ff0f03120000020412000309060100031d00ff0f03120000020412000309060100041d00ff0f03120000",
    scalerBuffer: "01010205090c076e081f070000ff0080000002020ffd161e02020ffd161e02020ffd162002020ffd1620",
    rows: [
      {
        [clock]: "2023-11-20T06:30:00",
        "1.0.1.29.0.255": 412.345,
        "1.0.2.29.0.255": 0,
        "1.0.3.29.0.255": 98.765,
        "1.0.4.29.0.255": 0.12,
      },
      {
        [clock]: "2023-11-20T07:00:00",
        "1.0.1.29.0.255": 455.001,
        "1.0.2.29.0.255": 0,
        "1.0.3.29.0.255": 101.01,
        "1.0.4.29.0.255": 0,
      },
    ],
    units: { "1.0.1.29.0.255": "Wh", "1.0.4.29.0.255": "varh" },
  },
];

const value = (hex: string) => decodeValueBytes(fromHex(hex));

function profileGeneric(logicalName: string, objects: string, buffer: string): SimulatedObject {
  return {
    classId: 7,
    version: 1,
    logicalName,
    attributes: { 2: value(buffer), 3: value(objects), 4: number(1800), 5: { type: "enum", value: 1 }, 7: number(1) },
  };
}

/** The captured registers exist, but this client may not read their scaler_unit. */
function registersOf(objects: string): SimulatedObject[] {
  const captured = readCaptureObjects(value(objects)).filter(({ attributeId }) => attributeId === 2);
  return captured.map(({ classId, logicalName }) => ({
    classId,
    logicalName: obisDotted(logicalName),
    attributes: { 2: number(1), 3: number(0) },
    denied: [3],
  }));
}

function meterOf(one: ScalerVector): SimulatedObject[] {
  return [
    profileGeneric(one.profile, one.objects, one.buffer),
    profileGeneric(one.scalers, one.scalerObjects, one.scalerBuffer),
    ...registersOf(one.objects),
  ];
}

describe("profiles of a meter that refuses the scaler_unit of its registers", () => {
  for (const one of vectors) {
    it(`are scaled by the scaler profile: ${one.name}`, async () => {
      const { client, clock: time } = bench({ objects: meterOf(one) });
      const { rows, columns, notes } = await time.runUntil(client.profile(one.profile).toTable());
      assert.deepEqual(rows, one.rows);
      for (const [key, unit] of Object.entries(one.units)) {
        assert.equal(columns.find((column) => column.key === key)?.unit, unit, key);
      }
      assert.match(notes.join(), /does not give the scaler_unit of .*; it was taken from the scaler profile 1-0:94\./);
      await time.runUntil(client.close());
    });
  }

  const [survey] = vectors;
  assert.ok(survey);
  const loads = (definition: readonly SimulatedObject[]) => bench({ objects: definition });

  it("ask for it once in an association", async () => {
    const { client, clock: time, meter } = loads(meterOf(survey));
    await time.runUntil(client.profile(survey.profile).toTable());
    meter.forgetReceived();
    const again = await time.runUntil(client.profile(survey.profile).toTable());
    assert.deepEqual(again.rows, survey.rows);
    assert.deepEqual(requests(meter), ["get-request-normal"]);
    await time.runUntil(client.close());
  });

  it("are scaled by it if the register was read before", async () => {
    const { client, clock: time } = loads(meterOf(survey));
    await time.runUntil(client.read({ classId: 3, logicalName: "1.0.12.27.0.255", attributeId: 2 }));
    const { rows } = await time.runUntil(client.profile(survey.profile).toTable());
    assert.deepEqual(rows, survey.rows);
    await time.runUntil(client.close());
  });

  const answering = (scalerUnit: string): SimulatedObject[] =>
    registersOf(survey.objects).map((object) => ({
      ...object,
      attributes: { ...object.attributes, 3: value(scalerUnit) },
      denied: [],
    }));
  for (const [name, scalerUnit] of [
    ["null-data", "00"],
    ["an empty octet-string", "0900"],
    ["a number", "120064"],
  ] as const) {
    it(`are scaled by it if the scaler_unit is ${name}, also after a single read`, async () => {
      const { client, clock: time } = loads([
        profileGeneric(survey.profile, survey.objects, survey.buffer),
        profileGeneric(survey.scalers, survey.scalerObjects, survey.scalerBuffer),
        ...answering(scalerUnit),
      ]);
      const voltage = { classId: 3, logicalName: "1.0.12.27.0.255", attributeId: 2 };
      await time.runUntil(client.readMany([voltage]));
      const { rows } = await time.runUntil(client.profile(survey.profile).toTable());
      assert.deepEqual(rows, survey.rows);
      await time.runUntil(client.close());
    });
  }

  it("are raw, with a note, if a scaler_unit is something else and there is no scaler profile", async () => {
    const { client, clock: time } = loads([
      profileGeneric(survey.profile, survey.objects, survey.buffer),
      ...answering("120064"),
    ]);
    const { rows, notes } = await time.runUntil(client.profile(survey.profile).toTable());
    assert.equal(rows[0]?.["1.0.12.27.0.255"], 23456);
    assert.match(notes.join(), /1-0:12\.27\.0\*255 are shown without scaler and unit: the meter sent something else/);
    // a single value fails in that case, also after the profile
    await assert.rejects(time.runUntil(client.read({ classId: 3, logicalName: "1.0.12.27.0.255", attributeId: 2 })), {
      code: "DLMS_DECODE_VALUE",
    });
    await time.runUntil(client.close());
  });

  it("have no note if a scaler_unit is null-data and there is no scaler profile", async () => {
    const { client, clock: time } = loads([
      profileGeneric(survey.profile, survey.objects, survey.buffer),
      ...answering("00"),
    ]);
    const { rows, notes } = await time.runUntil(client.profile(survey.profile).toTable());
    assert.equal(rows[0]?.["1.0.12.27.0.255"], 23456);
    assert.deepEqual(notes, []);
    await time.runUntil(client.close());
  });

  const row = survey.scalerBuffer.slice(4);
  for (const [name, change] of [
    ["captures attribute 2 of the registers", { scalerObjects: survey.scalerObjects.replaceAll("0f03", "0f02") }],
    ["is a structure without an array around it", { scalerBuffer: row }],
    ["is an array of the scaler_units", { scalerBuffer: `01${row.slice(2)}` }],
  ] as const) {
    it(`are scaled by it if the scaler profile ${name}`, async () => {
      const { client, clock: time } = loads(meterOf({ ...survey, ...change }));
      const { rows, notes } = await time.runUntil(client.profile(survey.profile).toTable());
      assert.deepEqual(rows, survey.rows);
      assert.match(notes.join(), /it was taken from the scaler profile 1-0:94\.91\.4/);
      await time.runUntil(client.close());
    });
  }

  for (const [name, scalerBuffer] of [
    ["is empty", "0100"],
    ["has fewer values than columns", "0101020102020ffe1623"],
    ["has something else than scalers", "01010204120001120001120001120001"],
    ["is an empty octet-string", "0900"],
  ] as const) {
    it(`are raw, with a note, if the scaler profile ${name}`, async () => {
      const { client, clock: time } = loads(meterOf({ ...survey, scalerBuffer }));
      const { rows, notes } = await time.runUntil(client.profile(survey.profile).toTable());
      assert.equal(rows[0]?.["1.0.12.27.0.255"], 23456);
      assert.match(notes.join(), /values of 1-0:12\.27\.0\*255 are shown without scaler and unit/);
      assert.match(notes.join(), /the scaler profile 1-0:94\.91\.4\*255 is not used/);
      await time.runUntil(client.close());
    });
  }

  it("do not read it if the registers return their scaler_unit", async () => {
    const {
      client,
      clock: time,
      meter,
    } = loads([
      profileGeneric(survey.profile, survey.objects, survey.buffer),
      profileGeneric(survey.scalers, survey.scalerObjects, survey.scalerBuffer),
      ...registersOf(survey.objects).map((object) => ({
        ...object,
        attributes: { ...object.attributes, 3: value("02020ffe1623") },
        denied: [],
      })),
    ]);
    const { notes } = await time.runUntil(client.profile(survey.profile).toTable());
    assert.deepEqual(notes, []);
    // association; columns, scalers, rows
    assert.deepEqual(requests(meter), ["aarq", "get-request-with-list", "get-request-with-list", "get-request-normal"]);
    await time.runUntil(client.close());
  });
});

describe("a load profile with time marks (SL7000, ACE6000)", () => {
  it("has a note that its rows have no time, and why", async () => {
    const objects =
      "0106020412000809060000010000ff0f02120000020412000109060000600a01ff0f02120000020412000109060000600a02ff0f02120000020412000109060000600a03ff0f02120000020412000309060100011d00ff0f02120000020412000309060100031d00ff0f02120000";
    const buffer =
      "010402060202090c07e50b03ffffffffff8000000406000000001202001200650206000000001201f21200630206000000001201f9120061020600000000120208120064";
    const definition = [profileGeneric("0.0.99.1.0.255", objects, buffer), ...registersOf(objects)];
    const { client, clock: time } = bench({ objects: definition });
    const { rows, notes } = await time.runUntil(client.profile("0.0.99.1.0.255").toTable());
    assert.deepEqual(
      rows.map((row) => row["1.0.1.29.0.255"]),
      [512, 498, 505, 520],
    );
    assert.match(notes.join(), /the rows have no times: .* time marks .*SL7000/);
    await time.runUntil(client.close());
  });

  const objects =
    "0106020412000809060000010000ff0f02120000020412000109060000600a01ff0f02120000020412000109060000600a02ff0f02120000020412000109060000600a03ff0f02120000020412000309060100011d00ff0f02120000020412000309060100031d00ff0f02120000";
  const powerFailure = (time: string): unknown => ({ time, status: ["power-failure"] });
  const clockSet = (time: string): unknown => ({ time, status: ["clock-set"] });
  const started = (time: string): unknown => ({ time, status: [] });
  /** start mark, end mark, time, values of the two registers */
  type Row = readonly [start: unknown, end: unknown, time: string | null, energy: number, reactive: number];
  const vectors: readonly (readonly [name: string, buffer: string, rows: readonly Row[]])[] = [
    [
      "a power failure over several intervals",
      "010402060202090c07e50b03ff0a00000080000004060000000012012c1200320206000202090c07e50b03ff0a160c00800000040640000012008c12001402060202090c07e50b03ff0b341e00800000040640000000120096120016020600000000120136120034",
      [
        [started("2021-11-03T10:00:00"), null, "2021-11-03T10:15:00", 300, 50],
        [null, powerFailure("2021-11-03T10:22:12"), "2021-11-03T10:30:00", 140, 20],
        [powerFailure("2021-11-03T11:52:30"), null, "2021-11-03T12:00:00", 150, 22],
        [null, null, "2021-11-03T12:15:00", 310, 52],
      ],
    ],
    [
      "a clock that was set forward",
      "010302060202090c07e50b03ff0c00000080000004060000000012012c1200320206000202090c07e50b03ff0c120000800000040620000012003c12000a02060202090c07e50b03ff0c1f0000800000040620000000120118120030",
      [
        [started("2021-11-03T12:00:00"), null, "2021-11-03T12:15:00", 300, 50],
        [null, clockSet("2021-11-03T12:18:00"), null, 60, 10],
        [clockSet("2021-11-03T12:31:00"), null, "2021-11-03T12:45:00", 280, 48],
      ],
    ],
  ];
  const profile = (buffer: string): SimulatedObject[] => {
    const made = profileGeneric("0.0.99.1.0.255", objects, buffer);
    return [{ ...made, attributes: { ...made.attributes, 4: number(900) } }, ...registersOf(objects)];
  };
  const keys = ["0.0.1.0.0.255", "0.0.96.10.1.255", "time", "1.0.1.29.0.255", "1.0.3.29.0.255"];

  for (const [name, buffer, expected] of vectors) {
    it(`gives rows their times from the marks, with the quirk timeMarks: ${name}`, async () => {
      const { client, clock: time } = bench({ objects: profile(buffer) }, { quirks: { timeMarks: true } });
      const { rows } = await time.runUntil(client.profile("0.0.99.1.0.255").toTable());
      assert.deepEqual(
        rows.map((row) => keys.map((key) => row[key])),
        expected,
      );
      await time.runUntil(client.close());
    });
  }

  it("counts from midnight after a mark of a date alone", async () => {
    const buffer =
      "010402060202090c07e50b03ffffffffff8000000406000000001202001200650206000000001201f21200630206000000001201f9120061020600000000120208120064";
    const { client, clock: time } = bench({ objects: profile(buffer) }, { quirks: { timeMarks: true } });
    const { rows, notes } = await time.runUntil(client.profile("0.0.99.1.0.255").toTable());
    assert.deepEqual(
      rows.map((row) => row.time),
      ["00:15", "00:30", "00:45", "01:00"].map((clock) => `2021-11-03T${clock}:00`),
    );
    assert.doesNotMatch(notes.join(), /time marks/);
    await time.runUntil(client.close());
  });

  it("takes the scalers of SL7000 meters from 0-0:99.128.1, and the capture period from 0-0:136.0.1", async () => {
    const [, buffer = "", expected = []] = vectors[0] ?? [];
    const [load, ...others] = profile(buffer);
    assert.ok(load);
    const scalers = "0101020409060100011d00ff02020ffe161e09060100031d00ff02020ffe1620";
    const { client, clock: time } = bench(
      {
        objects: [
          { ...load, attributes: { ...load.attributes, 4: number(0) } },
          ...others,
          profileGeneric("0.0.99.128.1.255", "0100", scalers),
          { classId: 1, version: 0, logicalName: "0.0.136.0.1.255", attributes: { 2: value("0202110f1100") } },
        ],
      },
      { quirks: { timeMarks: true } },
    );
    const { rows, columns, notes } = await time.runUntil(client.profile("0.0.99.1.0.255").toTable());
    assert.deepEqual(
      rows.map((one) => [one.time, one["1.0.1.29.0.255"]]),
      expected.map(([, , at, energy]) => [at, energy / 100]),
    );
    assert.equal(columns.find(({ key }) => key === "1.0.1.29.0.255")?.unit, "Wh");
    assert.match(notes.join(), /taken from the scaler profile 0-0:99\.128\.1/);
    await time.runUntil(client.close());
  });

  it("resumes a broken reading without losing or repeating a row, and keeps the times", async () => {
    const first = "02060202090c07e50b03ffffffffff8000000406000000001200001200";
    const buffer = `0150${first}65${counted(1, 79)
      .map((n) => `02060000000012${n.toString(16).padStart(4, "0")}120000`)
      .join("")}`;
    for (const frame of counted(6, 14)) {
      const line = bench(
        { objects: profile(buffer) },
        { quirks: { timeMarks: true }, association: { maxPduSize: 128 } },
      );
      line.meter.use(breaksAt(frame));
      const { client, clock: time } = line;
      const rows: ProfileRow[] = [];
      const reading = (async () => {
        for await (const one of client.profile("0.0.99.1.0.255")) rows.push(one);
      })();
      await time.runUntil(reading);
      assert.deepEqual(
        rows.map((one) => one["1.0.1.29.0.255"]),
        counted(0, 79),
        `broken at frame ${frame}`,
      );
      assert.equal(rows[79]?.time, "2021-11-03T20:00:00");
      await time.runUntil(client.close());
      assert.equal(client.statistics.associations, 2);
    }
  });

  it("keeps the times if some columns are wanted", async () => {
    const [, buffer = ""] = vectors[0] ?? [];
    const { client, clock: time } = bench({ objects: profile(buffer) }, { quirks: { timeMarks: true } });
    const reader = client.profile("0.0.99.1.0.255", undefined, { columns: ["1.0.1.29.0.255"] });
    const { rows } = await time.runUntil(reader.toTable());
    assert.deepEqual(rows, [
      { time: "2021-11-03T10:15:00", "1.0.1.29.0.255": 300 },
      { time: "2021-11-03T10:30:00", "1.0.1.29.0.255": 140 },
      { time: "2021-11-03T12:00:00", "1.0.1.29.0.255": 150 },
      { time: "2021-11-03T12:15:00", "1.0.1.29.0.255": 310 },
    ]);
    await time.runUntil(client.close());
  });
});
