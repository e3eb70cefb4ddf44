/** Gurux and dlms-cosem clients read the simulated meter. */
import assert from "node:assert/strict";
import { createMeter, type DlmsValue, type MeterDefinition, parseObis } from "../../src";
import {
  needsJava,
  needsPython,
  type PeerOptions,
  type PeerReport,
  readWithDlmsCosem,
  readWithGuruxPython,
  readWithJava,
} from "./peers";

/** Gurux' clients read profiles, object lists, short names and general blocks of our simulated meter. */
const start = Date.UTC(2026, 0, 1);
const period = 900_000;
const rows = 300;
const profileName = "1.0.99.1.0.255";

const number = (value: number): DlmsValue => ({ type: "double-long-unsigned", value });

/** Day, time and a deviation of 0: written here by hand, not by the code under test. */
function stamp(i: number): Uint8Array {
  const time = new Date(start + i * period);
  return Uint8Array.of(
    time.getUTCFullYear() >> 8,
    time.getUTCFullYear() & 0xff,
    time.getUTCMonth() + 1,
    time.getUTCDate(),
    0xff,
    time.getUTCHours(),
    time.getUTCMinutes(),
    0,
    0,
    0,
    0,
    0,
  );
}

function capture(classId: number, logicalName: string): DlmsValue {
  return {
    type: "structure",
    value: [
      { type: "long-unsigned", value: classId },
      { type: "octet-string", value: parseObis(logicalName) },
      { type: "integer", value: 2 },
      { type: "long-unsigned", value: 0 },
    ],
  };
}

function meterOf(more: Partial<MeterDefinition>) {
  const clock: DlmsValue = { type: "octet-string", value: stamp(rows) };
  return createMeter({
    associations: [{ client: 16 }],
    ...more,
    objects: [
      { classId: 8, logicalName: "0.0.1.0.0.255", attributes: { 2: clock } },
      {
        classId: 3,
        logicalName: "1.0.1.8.0.255",
        attributes: {
          2: number(4711),
          3: {
            type: "structure",
            value: [
              { type: "integer", value: 0 },
              { type: "enum", value: 30 },
            ],
          },
        },
      },
      {
        classId: 1,
        logicalName: "0.0.96.50.0.255",
        attributes: { 2: { type: "octet-string", value: new Uint8Array(3000).fill(0x41) } },
      },
      {
        classId: 7,
        version: 1,
        logicalName: profileName,
        attributes: {
          3: { type: "array", value: [capture(8, "0.0.1.0.0.255"), capture(3, "1.0.1.8.0.255")] },
          4: number(900),
          5: { type: "enum", value: 1 },
          7: number(rows),
          8: number(rows),
        },
        rows: {
          count: () => rows,
          row: (i) => [{ type: "octet-string", value: stamp(i) }, number(1000 + i)],
        },
      },
    ],
  });
}

/** A peer's decoding of rows `from` to `to`: the time in hex if it does not decode it, the number as text. */
function heldRows(from: number, to: number): unknown[] {
  return Array.from({ length: to - from + 1 }, (_, n) => [
    Buffer.from(stamp(from + n)).toString("hex"),
    String(1000 + from + n),
  ]);
}

const setups: readonly { name: string; definition: Partial<MeterDefinition>; peer: PeerOptions }[] = [
  { name: "wrapper", definition: {}, peer: { framing: "WRAPPER" } },
  { name: "HDLC", definition: { framing: "HDLC" }, peer: { framing: "HDLC" } },
  { name: "short names", definition: { referencing: "sn" }, peer: { framing: "WRAPPER", sn: true } },
  {
    name: "general block transfer, window 1",
    definition: { generalBlockTransferWindow: 1 },
    peer: { framing: "WRAPPER", pdu: 512, "gbt-window": 1 },
  },
  {
    name: "general block transfer, window 4",
    definition: { generalBlockTransferWindow: 4 },
    peer: { framing: "WRAPPER", pdu: 512, "gbt-window": 4 },
  },
];

for (const { name, definition, peer } of setups) {
  describe(`Gurux' Java client and our simulated meter: ${name}`, function () {
    this.timeout(60_000);
    let listener: { port: number; close(): Promise<void> } | undefined;
    let report: PeerReport;

    before(async function () {
      needsJava(this);
      listener = await meterOf(definition).listen();
      report = await readWithJava({
        port: listener.port,
        ...peer,
        read: `3/1.0.1.8.0.255/2,1/0.0.96.50.0.255/2,7/${profileName}/2`,
        profile: profileName,
        first: 11,
        count: 5,
        from: start + 20 * period,
        to: start + 29 * period,
        objects: true,
      });
    });
    after(async () => {
      await listener?.close();
    });

    it("reads values and the whole profile", () => {
      assert.equal(report.associated, true, report.error);
      assert.deepEqual(report.errors, {});
      assert.equal(report.values["3/1.0.1.8.0.255/2"], "4711");
      assert.equal(report.values["1/0.0.96.50.0.255/2"], "41".repeat(3000));
      assert.deepEqual(report.values[`7/${profileName}/2`], heldRows(0, rows - 1));
    });

    it("selects rows by entry and by time", () => {
      assert.deepEqual(report.values.byEntry, heldRows(10, 14));
      assert.deepEqual(report.values.byRange, heldRows(20, 29));
    });

    it("understands the object list", () => {
      const objects = report.values.objects as string[];
      for (const one of ["8/0.0.1.0.0.255", "3/1.0.1.8.0.255", "1/0.0.96.50.0.255", `7/${profileName}`]) {
        assert.ok(objects.includes(one), `${one} in ${objects.join()}`);
      }
    });
  });
}

// not longer than a frame: over HDLC the Python library cannot put a longer list together
const list = ["3/1.0.1.8.0.255/2", "3/1.0.1.8.0.255/3", `7/${profileName}/4`];
const listed = ["4711", ["0", "30"], "900"];

describe("Gurux' Python client and our simulated meter", function () {
  this.timeout(60_000);

  for (const { name, definition, peer } of setups.filter(({ peer: { pdu } }) => pdu === undefined)) {
    it(`reads object list, several values, the profile, entries and a range: ${name}`, async function () {
      needsPython(this);
      const listener = await meterOf(definition).listen();
      try {
        const report = await readWithGuruxPython({
          port: listener.port,
          ...peer,
          objects: true,
          list,
          profile: profileName,
          first: 11,
          count: 5,
          from: start + 20 * period,
          to: start + 29 * period,
          read: [`7/${profileName}/2`],
        });
        assert.equal(report.associated, true, report.error);
        assert.deepEqual(report.errors, {});
        assert.ok((report.values.objects as string[]).includes(`7/${profileName}`));
        assert.deepEqual(report.values.list, listed);
        assert.deepEqual(report.values.byEntry, heldRows(10, 14));
        assert.deepEqual(report.values.byRange, heldRows(20, 29));
        assert.deepEqual(report.values[`7/${profileName}/2`], heldRows(0, rows - 1));
      } finally {
        await listener.close();
      }
    });
  }
});

describe("dlms-cosem and our simulated meter", function () {
  this.timeout(60_000);

  it("reads the profile, a range of it, and several values at once", async function () {
    needsPython(this);
    const listener = await meterOf({}).listen();
    try {
      const report = await readWithDlmsCosem({
        port: listener.port,
        list: [...list.slice(0, 2), "1/0.0.96.99.0.255/2"],
        profile: profileName,
        from: start + 20 * period,
        to: start + 29 * period,
        read: [`7/${profileName}/2`],
      });
      assert.equal(report.associated, true, report.error);
      assert.deepEqual(report.errors, {});
      assert.deepEqual(report.values.list, [...listed.slice(0, 2), "OBJECT_UNDEFINED"]);
      assert.deepEqual(report.values.byRange, heldRows(20, 29));
      assert.deepEqual(report.values[`7/${profileName}/2`], heldRows(0, rows - 1));
    } finally {
      await listener.close();
    }
  });
});
