import assert from "node:assert/strict";
import fc from "fast-check";
import { fromHex, toHex } from "../../../src/bytes";
import {
  addSeconds,
  dateFromBytes,
  dateTimeFormatter,
  dateTimeFromBytes,
  dateTimeToBytes,
  isoDate,
  isTimeZone,
  presentDateTime,
  rowTime,
  type PresentOptions,
  timeFromBytes,
} from "../../../src/cosem";
import { DlmsConfigError, DlmsDecodeError } from "../../../src/errors";

const show = (hex: string, options: PresentOptions = {}): unknown =>
  presentDateTime(dateTimeFromBytes(fromHex(hex)), options).value;
const info = (hex: string, options: PresentOptions = {}) =>
  presentDateTime(dateTimeFromBytes(fromHex(hex)), options).dateTime;

describe("date-time", () => {
  // IEC 62056-6-2, "Date and time formats"; values as in the public test suites of gosem and dlms_trouble
  for (const [hex, expected] of [
    ["07e40101ff00030000ff8800", "2020-01-01T00:03:00+02:00"],
    ["07e40106ff00030000ffc400", "2020-01-06T00:03:00+01:00"],
    ["07e2020cff00000000800000", "2018-02-12T00:00:00"],
    ["4e200c1e06173b3b63000000", "20000-12-30T23:59:59.99Z"],
    ["05dc01010100000000000000", "1500-01-01T00:00:00Z"],
    ["07e40701030a000000ff8880", "2020-07-01T10:00:00+02:00"],
    ["07d00106050f0030ff003c01", "2000-01-06T15:00:48-01:00"],
    ["07e8021dff173b3b05fed400", "2024-02-29T23:59:59.05+05:00"],
    ["07e8021dff173b3b00feb600", "2024-02-29T23:59:59+05:30"],
    ["07e8021dff173b3bff00d200", "2024-02-29T23:59:59-03:30"],
  ] as const) {
    it(`${hex} is ${expected}`, () => assert.equal(show(hex), expected));
  }

  it("returns the instant and the status", () => {
    assert.deepEqual(info("07e40701030a000000ff8880"), {
      epochMs: Date.UTC(2020, 6, 1, 8),
      deviation: -120,
      status: 0x80,
      invalid: false,
      doubtful: false,
      daylightSaving: true,
    });
    assert.deepEqual(info("07d00106050f0030ff003c03"), {
      epochMs: Date.UTC(2000, 0, 6, 16, 0, 48),
      deviation: 60,
      status: 3,
      invalid: true,
      doubtful: true,
      daylightSaving: false,
    });
    const unknown = info("07e2020cff000000008000ff");
    assert.equal(unknown.epochMs, null);
    assert.equal(unknown.deviation, null);
    assert.equal(unknown.status, null);
    assert.equal(unknown.invalid, false);
  });

  it("accepts a reversed deviation, and keeps it as sent", () => {
    assert.equal(show("07e40106ff00030000003c00", { reversedDeviation: true }), "2020-01-06T00:03:00+01:00");
    assert.equal(info("07e40106ff00030000003c00", { reversedDeviation: true }).deviation, 60);
    assert.equal(show("07e40106ff00030000000000", { reversedDeviation: true }), "2020-01-06T00:03:00Z");
  });

  describe("that is not one point in time", () => {
    const parts = (hex: string) => show(hex) as Record<string, unknown>;
    it("wildcards become null", () => {
      assert.deepEqual(parts("ffffffffffffff0000000000"), {
        year: null,
        month: null,
        day: null,
        weekday: null,
        hour: null,
        minute: null,
        second: 0,
        hundredths: 0,
        deviation: 0,
        status: 0,
      });
    });
    it("treats FF in every byte as unspecified, including the deviation", () => {
      for (const part of Object.values(parts("ffffffffffffffffffffffff"))) assert.equal(part, null);
      assert.equal(info("ffffffffffffffffffffffff").deviation, null);
    });
    it("reads a deviation of FFFF with a known time as not specified", () => {
      assert.equal(show("07e40106ff000300ffffffff"), "2020-01-06T00:03:00");
      assert.equal(dateTimeFormatter({})(fromHex("07e40106ff000300ffffffff")), "2020-01-06T00:03:00");
      assert.deepEqual(rowTime(fromHex("07e40106ff000300ffffffff"), 0, {}), {
        local: Date.UTC(2020, 0, 6, 0, 3),
        offset: undefined,
        daylight: undefined,
      });
    });
    it("daylight saving and last days are words", () => {
      assert.deepEqual(parts("fffffdfe07030000ff800000"), {
        year: null,
        month: "daylight-saving-end",
        day: "last",
        weekday: 7,
        hour: 3,
        minute: 0,
        second: 0,
        hundredths: null,
        deviation: null,
        status: 0,
      });
      const begin = parts("fffffefd07020000ff800000");
      assert.equal(begin["month"], "daylight-saving-begin");
      assert.equal(begin["day"], "second-last");
    });
    for (const [name, hex] of [
      ["all zero", "000000000000000000000000"],
      ["month 58", "00b43a190210380aff0078ff"],
      ["30 February", "07e8021eff00000000800000"],
      ["29 February of a common year", "07e7021dff00000000800000"],
      ["29 February 1900", "076c021dff00000000800000"],
      ["hour 24", "07e80101ff18000000800000"],
      ["minute 60", "07e80101ff003c0000800000"],
      ["second 60", "07e80101ff00003c00800000"],
      ["hundredths 100", "07e80101ff00000064800000"],
      ["a deviation of a day", "07e80101ff0000000005a000"],
    ] as const) {
      it(`${name} stays as sent and is no instant`, () => {
        const raw = fromHex(hex);
        const value = parts(hex);
        assert.equal(value["year"], ((raw[0] ?? 0) << 8) | (raw[1] ?? 0));
        assert.equal(value["hour"], raw[5]);
        assert.equal(info(hex).epochMs, null);
        for (const dates of ["date", "epoch"] as const) assert.equal(typeof show(hex, { dates }), "object");
      });
    }
  });

  it("is returned as Date or epoch on request if the instant is known", () => {
    assert.deepEqual(show("07e40106ff00030000ffc400", { dates: "date" }), new Date("2020-01-06T00:03:00+01:00"));
    assert.equal(show("07e40106ff00030000ffc400", { dates: "epoch" }), Date.parse("2020-01-06T00:03:00+01:00"));
    assert.equal(show("07e2020cff00000000800000", { dates: "date" }), "2018-02-12T00:00:00");
    assert.equal(
      show("07e2020cff00000000800000", { dates: "epoch", timeZone: "Europe/Vienna" }),
      Date.parse("2018-02-12T00:00:00+01:00"),
    );
  });

  describe("in a configured zone", () => {
    const vienna = { timeZone: "Europe/Vienna" };
    const at = (iso: string, status = "ff") => toHex(dateTimeToBytes(iso)).slice(0, 22) + status;
    it("gets the offset of the season", () => {
      assert.equal(show(at("2024-01-15T12:00"), vienna), "2024-01-15T12:00:00+01:00");
      assert.equal(show(at("2024-07-15T12:00"), vienna), "2024-07-15T12:00:00+02:00");
    });
    it("does not change the meter's own deviation", () => {
      assert.equal(show("07e40106ff00030000000000", vienna), "2020-01-06T00:03:00Z");
    });
    it("reads a skipped time with the offset before the gap", () => {
      assert.equal(show(at("2024-03-31T01:59:59"), vienna), "2024-03-31T01:59:59+01:00");
      assert.equal(show(at("2024-03-31T02:30"), vienna), "2024-03-31T02:30:00+01:00");
      assert.equal(show(at("2024-03-31T03:00"), vienna), "2024-03-31T03:00:00+02:00");
    });
    it("resolves the repeated hour by the status", () => {
      assert.equal(show(at("2024-10-27T01:59:59"), vienna), "2024-10-27T01:59:59+02:00");
      assert.equal(show(at("2024-10-27T02:30", "80"), vienna), "2024-10-27T02:30:00+02:00");
      assert.equal(show(at("2024-10-27T02:30", "00"), vienna), "2024-10-27T02:30:00+01:00");
      assert.equal(show(at("2024-10-27T02:30", "ff"), vienna), "2024-10-27T02:30:00+02:00");
      assert.equal(show(at("2024-10-27T03:00"), vienna), "2024-10-27T03:00:00+01:00");
    });
    it("agrees with the runtime at every quarter of an hour of a year, in zones of all kinds", () => {
      for (const timeZone of [
        "Europe/Vienna",
        "Australia/Lord_Howe",
        "America/St_Johns",
        "Asia/Kolkata",
        "Pacific/Apia",
      ]) {
        const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
        for (let t = Date.UTC(2024, 0, 1); t < Date.UTC(2025, 0, 1); t += 900_000 * 7) {
          const local = format.format(t).replace(" ", "T");
          const shown = show(at(local), { timeZone, dates: "epoch" }) as number;
          assert.equal(format.format(shown).replace(" ", "T"), local, `${timeZone} ${local}`);
        }
      }
    });
    it("refuses a zone that does not exist", () => {
      assert.throws(() => show(at("2024-01-01T00:00"), { timeZone: "Europe/Atlantis" }), DlmsConfigError);
      assert.equal(isTimeZone("Europe/Vienna"), true);
      assert.equal(isTimeZone("Europe/Atlantis"), false);
    });
  });

  it("decodes a date and a time, and refuses other lengths", () => {
    assert.equal(isoDate(dateFromBytes(fromHex("07e8021dff"))), "2024-02-29");
    assert.deepEqual(timeFromBytes(fromHex("17ff00ff")), { hour: 23, minute: null, second: 0, hundredths: null });
    assert.throws(() => dateTimeFromBytes(new Uint8Array(11)), DlmsDecodeError);
    assert.throws(() => dateFromBytes(new Uint8Array(4)), DlmsDecodeError);
    assert.throws(() => timeFromBytes(new Uint8Array(5)), DlmsDecodeError);
  });

  describe("written", () => {
    for (const [name, value, options, expected] of [
      ["an ISO text in its own offset", "2020-01-01T10:00:00+01:00", {}, "07e40101ff0a000000ffc400"],
      ["an ISO text without offset", "2020-01-01T10:00", {}, "07e40101ff0a000000800000"],
      ["a date alone", "2020-01-01", {}, "07e40101ff00000000800000"],
      ["hundredths", "2020-01-01T10:00:00.25Z", {}, "07e40101ff0a000019000000"],
      ["local time of a zone", "2020-07-01T10:00", { timeZone: "Europe/Madrid" }, "07e40701ff0a000000ff8800"],
      ["another offset than the text's", "2020-01-01T10:00:00Z", { offset: 60 }, "07e40101ff0b000000ffc400"],
      ["an instant in UTC", Date.UTC(2020, 0, 1, 10), {}, "07e40101ff0a000000000000"],
      [
        "an instant in a zone",
        new Date(Date.UTC(2020, 6, 1, 10)),
        { timeZone: "Europe/Madrid" },
        "07e40701ff0c000000ff8800",
      ],
      ["no deviation", "2020-01-01T10:00:00+01:00", { unspecifiedDeviation: true }, "07e40101ff0a000000800000"],
      ["a reversed deviation", "2020-01-01T10:00:00+01:00", { reversedDeviation: true }, "07e40101ff0a000000003c00"],
      ["the weekday", "2023-01-15T00:00:00Z", { weekday: true }, "07e7010f0700000000000000"],
      [
        "parts",
        { hour: 3, month: "daylight-saving-begin", day: "last", weekday: 7 } as const,
        {},
        "fffffefe0703ffffff8000ff",
      ],
    ] as const) {
      it(name, () => assert.equal(toHex(dateTimeToBytes(value, options)), expected));
    }

    for (const wrong of [
      "yesterday",
      "2020-02-30",
      "2020-01-01T25:00",
      "",
      "2020-01-01T10:00+99:00",
      Number.NaN,
      8.65e15,
    ]) {
      it(`refuses ${JSON.stringify(wrong)}`, () => assert.throws(() => dateTimeToBytes(wrong), DlmsConfigError));
    }
    it("refuses parts that are out of range", () => {
      assert.throws(() => dateTimeToBytes({ month: 13 }), DlmsConfigError);
      assert.throws(() => dateTimeToBytes({ deviation: 2000 }), DlmsConfigError);
      assert.throws(() => dateTimeToBytes(null as unknown as string), DlmsConfigError);
    });
  });

  const anyBytes = fc.uint8Array({ minLength: 12, maxLength: 12 });
  const likely = fc
    .tuple(
      fc.integer({ min: 1995, max: 2105 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 31 }),
      fc.integer({ min: 0, max: 24 }),
      fc.integer({ min: 0, max: 60 }),
      fc.constantFrom(0, 30, 59, 60, 255),
      fc.constantFrom(0, 1, 99, 100, 255),
      fc.constantFrom(0x8000, 0, 60, 0xffc4, 0xff88, 1440, 0x7fff),
      fc.constantFrom(0, 0x80, 1, 0xff),
    )
    .map(([y, mo, d, h, mi, s, hs, dev, st]) =>
      Uint8Array.of(y >> 8, y & 0xff, mo, d, 0xff, h, mi, s, hs, dev >> 8, dev & 0xff, st),
    );
  const anyOptions = fc.record(
    {
      dates: fc.constantFrom("iso", "date", "epoch"),
      reversedDeviation: fc.boolean(),
      timeZone: fc.constantFrom("", "Europe/Vienna"),
    },
    { requiredKeys: [] },
  );

  it("looks the same through the fast formatter", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(likely, anyBytes), { maxLength: 8 }), anyOptions, (list, options) => {
        const format = dateTimeFormatter(options);
        for (const bytes of list) {
          assert.deepEqual(format(bytes), presentDateTime(dateTimeFromBytes(bytes), options).value);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("writes back each point in time that it reads", () => {
    fc.assert(
      fc.property(likely, (bytes) => {
        const parts = dateTimeFromBytes(bytes);
        const { value } = presentDateTime(parts);
        if (typeof value !== "string") return;
        const again = dateTimeFromBytes(dateTimeToBytes(value));
        assert.deepEqual(
          { ...again, status: null, weekday: null },
          { ...parts, status: null, weekday: null, hundredths: parts.hundredths ?? 0 },
        );
      }),
    );
  });

  describe("moved by seconds", () => {
    it("crosses days and years", () => {
      const base = dateTimeFromBytes(fromHex("07e30c1f0217000000ffc400"));
      const next = addSeconds(base, 3600, {});
      assert.ok(next);
      assert.equal(presentDateTime(next).value, "2020-01-01T00:00:00+01:00");
      assert.equal(next.weekday, 3);
    });
    it("follows the zone's daylight saving if the meter sends no deviation", () => {
      const options = { timeZone: "Europe/Vienna" };
      let parts = dateTimeFromBytes(
        dateTimeToBytes({ ...dateTimeFromBytes(dateTimeToBytes("2024-10-27T02:30")), status: 0x80 }),
      );
      const shown = [presentDateTime(parts, options).value];
      for (let i = 0; i < 3; i++) {
        const next = addSeconds(parts, 1800, options);
        assert.ok(next);
        parts = next;
        shown.push(presentDateTime(parts, options).value);
      }
      assert.deepEqual(shown, [
        "2024-10-27T02:30:00+02:00",
        "2024-10-27T02:00:00+01:00",
        "2024-10-27T02:30:00+01:00",
        "2024-10-27T03:00:00+01:00",
      ]);
    });
    it("has no answer for a wildcard", () => {
      assert.equal(addSeconds(dateTimeFromBytes(fromHex("ffffffffffffff0000000000")), 60, {}), null);
    });
  });
});
