/** Profiles, lists, writing and referencing against the Gurux meter. */
import assert from "node:assert/strict";
import { attribute, connect, type ConnectOptions, type DlmsClient, type ProfileRow } from "../../src";
import { heldValues, longText } from "./held-values";
import { type JavaMeter, needsJava, type PeerOptions, startJavaMeter } from "./peers";

/** Profiles, lists, writing and referencing of our client against a meter on Gurux' Java server classes. */
const profileName = "1.0.99.1.0.255";
const start = Date.UTC(2026, 0, 1);
const period = 900_000;

/** Row i of the meter (Household.java): i periods after the start, 1000000 + 10 i, (2300 + i mod 10) / 10. */
function heldRow(i: number): ProfileRow {
  return {
    "0.0.1.0.0.255": new Date(start + i * period).toISOString().replace(".000Z", "Z"),
    "1.0.1.8.0.255": 1_000_000 + 10 * i,
    "1.0.32.7.0.255": (2300 + (i % 10)) / 10,
  };
}

const heldRows = (from: number, to: number): ProfileRow[] =>
  Array.from({ length: to - from + 1 }, (_, n) => heldRow(from + n));

interface Setup {
  readonly name: string;
  readonly rows: number;
  readonly meter: PeerOptions;
  readonly options: Partial<ConnectOptions>;
}

const setups: readonly Setup[] = [
  { name: "logical names over the wrapper", rows: 10_000, meter: { framing: "WRAPPER" }, options: {} },
  {
    name: "logical names over HDLC, 512 bytes",
    rows: 1000,
    meter: { framing: "HDLC", "max-info": 512 },
    options: { link: { kind: "hdlc" } },
  },
  {
    name: "short names over the wrapper",
    rows: 1000,
    meter: { framing: "WRAPPER", sn: true },
    options: { association: { referencing: "sn" } },
  },
  {
    name: "short names over HDLC",
    rows: 200,
    meter: { framing: "HDLC", sn: true },
    options: { association: { referencing: "sn" }, link: { kind: "hdlc" } },
  },
  {
    name: "logical names without GET with list",
    rows: 200,
    meter: { framing: "WRAPPER", without: "MULTIPLE_REFERENCES" },
    options: {},
  },
  {
    name: "ACCESS in place of GET with list",
    rows: 200,
    meter: { framing: "WRAPPER", without: "MULTIPLE_REFERENCES", with: "ACCESS" },
    options: {},
  },
];

function withMeter(
  context: Mocha.Suite,
  meterOptions: PeerOptions,
  options: Partial<ConnectOptions>,
): { readonly client: () => DlmsClient } {
  let meter: JavaMeter | undefined;
  let client: DlmsClient | undefined;
  context.timeout(60_000);
  before(async function () {
    needsJava(this);
    meter = await startJavaMeter(meterOptions);
    client = await connect({
      transport: { kind: "tcp", host: "127.0.0.1", port: meter.port },
      client: { sap: 16 },
      server: { logical: 1 },
      timeouts: { response: 20_000 },
      ...options,
    });
  });
  after(async () => {
    await client?.close();
    await meter?.close();
  });
  const there = <T>(one: T | undefined): T => {
    if (one === undefined) throw new Error("not started");
    return one;
  };
  return { client: () => there(client) };
}

for (const setup of setups) {
  describe(`services of the Gurux meter: ${setup.name}`, function () {
    const { client } = withMeter(this, { ...setup.meter, rows: setup.rows }, setup.options);
    const { rows } = setup;

    it(`the profile of ${rows} rows is read whole, every value exact`, async () => {
      const table = await client().profile(profileName).toTable();
      assert.equal(table.selection, "all");
      assert.equal(table.rows.length, rows);
      assert.deepEqual(table.rows, heldRows(0, rows - 1));
      assert.deepEqual(
        table.columns.map(({ key, attribute: name, unit, unitCode, scaler }) => [key, name, unit, unitCode, scaler]),
        [
          ["0.0.1.0.0.255", "time", null, null, null],
          ["1.0.1.8.0.255", "value", "Wh", 30, 0],
          ["1.0.32.7.0.255", "value", "V", 35, -1],
        ],
      );
    });

    it("streams the same rows", async () => {
      let index = 0;
      for await (const row of client().profile(profileName)) assert.deepEqual(row, heldRow(index++));
      assert.equal(index, rows);
    });

    it("a range by the clock includes both ends", async () => {
      for (const [from, to] of [
        [10, 20],
        [0, 0],
        [rows - 3, rows - 1],
      ] as const) {
        const range = { from: start + from * period, to: new Date(start + to * period) };
        const table = await client().profile(profileName, range).toTable();
        assert.equal(table.selection, "range");
        assert.deepEqual(table.rows, heldRows(from, to));
      }
      const text = { from: "2026-01-01T02:00:00Z", to: "2026-01-01T05:00:00+01:00" };
      assert.deepEqual((await client().profile(profileName, text).toTable()).rows, heldRows(8, 16));
    });

    it("entries by number and the last n", async () => {
      const entries = await client()
        .profile(profileName, { entries: [5, 9] })
        .toTable();
      assert.equal(entries.selection, "entry");
      assert.deepEqual(entries.rows, heldRows(4, 8));
      const last = await client().profile(profileName, { last: 7 }).toTable();
      assert.equal(last.selection, "entry");
      assert.deepEqual(last.rows, heldRows(rows - 7, rows - 1));
    });

    it("the object list contains each object of the meter once", async () => {
      const { objects, skipped } = await client().browse();
      assert.equal(skipped, 0);
      const names = objects.map((one) => `${one.objectType} ${one.logicalName}`);
      // its association object is in the library's list twice
      assert.deepEqual(
        names.filter((name, i) => names.indexOf(name) !== i && !name.startsWith("ASSOCIATION")),
        [],
      );
      for (const held of heldValues) assert.ok(names.includes(`${held.objectType} ${String(held.logicalName)}`));
      for (let i = 1; i <= 100; i++) assert.ok(names.includes(`REGISTER 1.0.99.${100 + i}.1.255`));
      assert.ok(names.includes(`PROFILE_GENERIC ${profileName}`));
      const profile = objects.find((one) => one.logicalName === profileName);
      assert.equal(profile?.classId, 7);
      if (setup.options.association?.referencing === "sn") {
        assert.ok(objects.every((one) => typeof one.shortName === "number"));
      } else {
        const energy = objects.find((one) => one.logicalName === "1.0.1.8.0.255");
        assert.deepEqual(
          energy?.attributes.map(({ attributeId, attribute: name, access }) => [attributeId, name, access]),
          [
            [1, "logical_name", "read"],
            [2, "value", "read-write"],
            [3, "scaler_unit", "read-write"],
          ],
        );
      }
    });

    it("values singly and in a list", async () => {
      const refs = heldValues.map((held) => attribute(held.objectType as never, held.logicalName, held.attributeId));
      const outcomes = await client().readMany([...refs, attribute("DATA", "0.0.96.15.2.255", 2)]);
      for (const [index, held] of heldValues.entries()) {
        const outcome = outcomes[index];
        assert.ok(outcome?.ok, `${held.objectType} ${String(held.logicalName)}`);
        assert.deepEqual([outcome.value.value, outcome.value.unit], [held.value, held.unit]);
      }
      const denied = outcomes.at(-1);
      assert.ok(denied !== undefined && !denied.ok);
      assert.equal(denied.error.code, "DLMS_ACCESS_READ_WRITE_DENIED");
    });

    it("reads back a written value", async () => {
      const serial = attribute("DATA", "0.0.96.1.0.255", 2);
      const octets = new TextEncoder().encode("WRITTEN ".repeat(100));
      await client().write(serial, { type: "octet-string", value: octets });
      assert.equal((await client().read(serial)).value, "WRITTEN ".repeat(100));
    });

    it("a method is invoked", async () => {
      // reset of a register
      const energy = { classId: 3, logicalName: "1.0.2.8.0.255" };
      const answer = await client().invoke({ ...energy, methodId: 1 }, { type: "integer", value: 0 });
      assert.ok(answer !== undefined);
    });
  });
}

describe("services of the Gurux meter: general block transfer, window 1", function () {
  const { client } = withMeter(
    this,
    { framing: "WRAPPER", rows: 2000, with: "GENERAL_BLOCK_TRANSFER" },
    { association: { blockWindow: 1 } },
  );

  it("was negotiated, and brings a long profile, the object list and a long value", async () => {
    assert.ok(client().association.conformanceNames.includes("general-block-transfer"));
    const table = await client().profile(profileName).toTable();
    assert.deepEqual(table.rows, heldRows(0, 1999));
    assert.ok((await client().browse()).objects.length > 100);
    const long = await client().read(attribute("DATA", "0.0.96.50.0.255", 2));
    assert.equal(long.value, "0123456789ABCDEF".repeat(300));
  });
});

describe("services of the Gurux meter: ACCESS", function () {
  const { client } = withMeter(
    this,
    { framing: "WRAPPER", rows: 10, with: "ACCESS", without: "MULTIPLE_REFERENCES" },
    {},
  );

  const denied = attribute("DATA", "0.0.96.15.2.255", 2);
  const held = heldValues.filter(({ value }) => value !== longText).slice(0, 6);
  const refs = held.map((one) => attribute(one.objectType as never, one.logicalName, one.attributeId));

  it("reads values of several kinds in one request", async () => {
    const { conformanceNames } = client().association;
    assert.ok(conformanceNames.includes("access") && !conformanceNames.includes("multiple-references"));
    const before = client().statistics.roundTrips;
    const outcomes = await client().readMany(refs);
    assert.equal(client().statistics.roundTrips - before, 1);
    assert.deepEqual(
      outcomes.map((one) => one.ok && one.value.value),
      held.map(({ value }) => value),
    );
  });

  it("reads items singly after an answer without the datum of a refused item, as this library sends it", async () => {
    const [refused, ...outcomes] = await client().readMany([denied, ...refs]);
    assert.ok(refused !== undefined && !refused.ok);
    assert.equal(refused.error.code, "DLMS_ACCESS_READ_WRITE_DENIED");
    assert.deepEqual(
      outcomes.map((one) => one.ok && one.value.value),
      held.map(({ value }) => value),
    );
  });
});

describe("services of the Gurux meter: general block transfer, window 7", function () {
  const { client } = withMeter(this, { framing: "WRAPPER", rows: 2000, with: "GENERAL_BLOCK_TRANSFER" }, {});

  it("repeats a block without end, so the client reads everything without it in a second association", async () => {
    assert.ok(client().association.conformanceNames.includes("general-block-transfer"));
    const table = await client().profile(profileName).toTable();
    assert.deepEqual(table.rows, heldRows(0, 1999));
    assert.ok(!client().association.conformanceNames.includes("general-block-transfer"));
    const long = await client().read(attribute("DATA", "0.0.96.50.0.255", 2));
    assert.equal(long.value, longText);
    assert.equal(client().statistics.associations, 2);
  });
});
