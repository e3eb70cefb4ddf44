/** dlms-read: units, keys, differences, formats, days and new rows. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeWithNewest } from "../../nodes/dlms-read/newest-routes";
import { householdDefinition } from "../../src/index";
import { allNodes, ask, clean, failure, flowFor, helper, startMeter, userDir } from "./support";

type Row = Record<string, unknown>;

const noon = Date.UTC(2026, 0, 15, 11, 5, 0);
const profile = { mode: "profile", logicalName: "1-0:99.1.0*255" };
const [time, energy] = ["0.0.1.0.0.255", "1.0.1.8.0.255"];

const rowsOf = async (msg: object): Promise<Row[]> => (await ask(msg)).sent?.payload as Row[];
const timesOf = (rows: readonly Row[]): unknown[] => rows.map((row) => row[time]);

async function load(read: object = {}, now: () => number = () => noon): Promise<void> {
  const { port } = await startMeter(householdDefinition({ now }));
  await helper.load(allNodes, flowFor(port, read));
}

/** The folder of the newest rows in the user directory. */
const folder = (): string => join(userDir, "dlms", "newest");

describe("dlms-read: units, keys, differences and formats", () => {
  afterEach(clean);

  it("shows kWh on request; unitCode, scaler and raw stay the meter's", async () => {
    await load({ logicalName: "1.8.0" });
    const plain = (await ask()).sent;
    const kilo = (await ask({ units: "kilo" })).sent;
    assert.equal(kilo?.payload, Number(plain?.payload) / 1000);
    assert.deepEqual([kilo?.dlms?.unit, kilo?.dlms?.value], ["kWh", kilo?.payload]);
    for (const fact of ["unitCode", "scaler", "raw"]) assert.equal(kilo?.dlms?.[fact], plain?.dlms?.[fact]);
  });

  it("names unnamed values of a list by short keys", async () => {
    const points = [{ logicalName: "1.8.0" }, { logicalName: "32.7.0", name: "U1" }];
    await load({ mode: "list", points, keys: "NAME" });
    const { sent } = await ask();
    assert.deepEqual(Object.keys(sent?.payload as object), ["energy_import", "U1"]);
    assert.deepEqual(Object.keys(sent?.dlms?.items ?? {}), ["energy_import", "U1"]);
  });

  it("gives rows short keys, kWh and differences; the columns tell them", async () => {
    await load({ ...profile, range: '{"last":3}', keys: "NAME", units: "KILO", differences: true });
    const { sent } = await ask();
    const rows = sent?.payload as Row[];
    const states = await rowsOf({ keys: "OBIS", differences: "false" });
    assert.deepEqual(Object.keys(rows[0] ?? {}), ["clock", "energy_import", "energy_export"]);
    assert.equal(rows[0]?.energy_import, null);
    const [first, second] = states.map((row) => Number(row[energy]));
    assert.equal(rows[1]?.energy_import, Math.round((Number(second) - Number(first)) * 1000) / 1000);
    const column = (sent?.dlms?.columns as Row[]).find(({ key }) => key === "energy_import");
    assert.deepEqual([column?.unit, column?.difference, column?.unitCode], ["kWh", true, 30]);
    assert.match(String((sent?.dlms?.notes as string[])[0]), /is not known: no row before it was read/);
  });

  it("takes the base of differences from the row at the time that it goes on after", async () => {
    await load({ ...profile, differences: true });
    const { sent } = await ask({ range: { after: "2026-01-15T11:00:00+01:00" } });
    const rows = sent?.payload as Row[];
    assert.equal(rows[0]?.[time], "2026-01-15T11:15:00+01:00");
    assert.ok(rows.every((row) => typeof row[energy] === "number"));
    assert.equal(sent?.dlms?.notes, undefined);
  });

  it("writes tables, points and line protocol of a profile", async () => {
    await load({ ...profile, range: '{"last":2}' });
    const table = await rowsOf({ format: "TABLE" });
    assert.equal(table.length, 4);
    assert.deepEqual(Object.keys(table[0] ?? {}), ["time", "meter", "logicalName", "name", "value", "unit"]);
    assert.deepEqual([table[0]?.name, table[0]?.unit, table[0]?.meter], ["energy_import", "Wh", "test meter"]);
    const [point] = await rowsOf({ format: "INFLUX" });
    assert.deepEqual(point?.timestamp, new Date(String(table[0]?.time)));
    assert.deepEqual(point?.tags, { meter: "test meter", profile: "1.0.99.1.0.255", unit: "Wh" });
    assert.deepEqual(point?.fields, { energy_import: table[0]?.value, energy_export: table[1]?.value });
    const line = String((await ask({ format: "LINE" })).sent?.payload);
    assert.match(
      line,
      /^meter,meter=test\\ meter,profile=1\.0\.99\.1\.0\.255,unit=Wh energy_import=\d+,energy_export=\d+ \d{13}\n/,
    );
  });

  it("writes tables, points and lines of a list and of one value", async () => {
    await load({ mode: "list", points: [{ logicalName: "1.8.0" }, { logicalName: "32.7.0" }], keys: "NAME" });
    const table = await rowsOf({ format: "TABLE", dates: "date" });
    assert.ok(table[0]?.time instanceof Date);
    assert.deepEqual(
      table.map(({ name, unit }) => [name, unit]),
      [
        ["energy_import", "Wh"],
        ["voltage_l1", "V"],
      ],
    );
    assert.equal((await rowsOf({ format: "INFLUX" })).length, 2);
    const one = await ask({ mode: "attribute", logicalName: "32.7.0", format: "LINE" });
    assert.match(String(one.sent?.payload), /^meter,meter=test\\ meter,unit=V voltage_l1=[\d.]+ \d{13}$/);
  });

  it("reads the time that an option needs, and leaves it out of rows that were asked for without it", async () => {
    await load({ ...profile, range: '{"last":2}', columns: energy, differences: true });
    const rows = await rowsOf({});
    assert.deepEqual(Object.keys(rows[0] ?? {}), [energy]);
    assert.equal(typeof rows[1]?.[energy], "number");
  });

  for (const [property, value] of [
    ["units", "MEGA"],
    ["keys", "GERMAN"],
    ["differences", "perhaps"],
    ["format", "XML"],
    ["range", "tomorrow"],
    ["range", { after: "soon" }],
  ] as const) {
    it(`refuses ${property} ${JSON.stringify(value)}, naming the property`, async () => {
      await load(profile);
      const { dlmsError: error } = await failure({ [property]: value });
      assert.equal(error.code, "DLMS_CONFIG_INVALID");
      assert.match(error.message, new RegExp(`^msg\\.${property}`));
    });
  }
});

describe("dlms-read: days of the meter", () => {
  afterEach(clean);

  it("reads today, yesterday and both months, by a word in the node or in the message", async () => {
    // the simulated meter has Central European time, and the computer's clock decides which day is today
    await load({ ...profile, range: "today" }, Date.now);
    const today = await rowsOf({});
    const yesterday = await rowsOf({ range: "Yesterday" });
    const day = (row: Row | undefined): string => String(row?.[time]).slice(0, 10);
    assert.ok(today.every((row) => day(row) === day(today[0])));
    assert.match(String(yesterday[0]?.[time]), /T00:00:00/);
    assert.match(String(yesterday.at(-1)?.[time]), /T23:45:00/);
    assert.ok(day(yesterday[0]) < day(today[0]) || today.length === 0);
    const month = await rowsOf({ range: "this-month" });
    assert.ok(month.every((row) => day(row).slice(0, 7) === day(month[0]).slice(0, 7)));
  });
});

describe("dlms-read: what is new", () => {
  let now = noon;
  beforeEach(() => {
    now = noon;
    rmSync(folder(), { recursive: true, force: true });
  });
  afterEach(clean);
  const newest = { ...profile, range: "new" };

  it("sends each row once, also after a restart of the flows", async () => {
    const { port } = await startMeter(householdDefinition({ now: () => now }));
    await helper.load(allNodes, flowFor(port, newest));
    const all = await rowsOf({});
    assert.ok(all.length > 90);
    assert.deepEqual(await rowsOf({}), []);
    now += 30 * 60_000;
    const fresh = await rowsOf({});
    assert.deepEqual(timesOf(fresh), ["2026-01-15T12:15:00+01:00", "2026-01-15T12:30:00+01:00"]);
    await helper.unload();
    await helper.load(allNodes, flowFor(port, newest));
    now += 15 * 60_000;
    assert.deepEqual(timesOf(await rowsOf({})), ["2026-01-15T12:45:00+01:00"]);
  });

  it("continues differences over the end of the reading before", async () => {
    const { port } = await startMeter(householdDefinition({ now: () => now }));
    await helper.load(allNodes, flowFor(port, { ...newest, differences: true }));
    await rowsOf({});
    now += 15 * 60_000;
    const { sent } = await ask();
    assert.equal(typeof (sent?.payload as Row[])[0]?.[energy], "number");
    assert.equal(sent?.dlms?.notes, undefined);
  });

  it("sends the rows of two messages at the same time once", async () => {
    await load(newest);
    const both: number[] = [];
    const counted = new Promise<void>((resolve) => {
      helper.getNode("out").on("input", (msg: object) => {
        if (both.push((msg as { payload: Row[] }).payload.length) === 2) resolve();
      });
    });
    helper.getNode("read").receive({ _msgid: "a" });
    helper.getNode("read").receive({ _msgid: "b" });
    await counted;
    assert.equal(both[1], 0);
    assert.ok((both[0] ?? 0) > 90);
  });

  it("keeps one state for each meter and profile, in the user directory", async () => {
    const { port } = await startMeter(householdDefinition({ now: () => now }));
    await helper.load(allNodes, flowFor(port, newest));
    await rowsOf({});
    // a process that ends now has perhaps not stored its rows: they come again
    assert.equal(existsSync(folder()), false);
    await helper.unload();
    const files = readdirSync(folder());
    assert.deepEqual(files, ["read_test%20meter_1.0.99.1.0.255.json"]);
    const kept = JSON.parse(readFileSync(join(folder(), files[0] ?? ""), "utf8")) as Row;
    assert.deepEqual([kept.meter, kept.logicalName], ["test meter", "1.0.99.1.0.255"]);
  });

  it("tells the dialog what was sent, and forgets it on request", async () => {
    await load(newest);
    const count = (await rowsOf({})).length;
    const { newest: store } = helper.getNode("read") as unknown as NodeWithNewest;
    const [state] = (await store?.list()) ?? [];
    assert.deepEqual(
      [state?.meter, state?.logicalName, state?.newest.ms],
      ["test meter", "1.0.99.1.0.255", Date.UTC(2026, 0, 15, 11)],
    );
    await store?.reset();
    assert.deepEqual(await store?.list(), []);
    assert.equal((await rowsOf({})).length, count);
  });

  it("asks for a reset when the state is damaged, because all rows would come again", async () => {
    mkdirSync(folder(), { recursive: true });
    writeFileSync(join(folder(), "read_test%20meter_1.0.99.1.0.255.json"), '{"meter":"test meter"');
    await load(newest);
    const { dlmsError: error } = await failure({});
    assert.match(error.message, /newest rows is damaged; reset them in the node's dialog/);
  });
});
