/** Date-times for the meter: instants, local times, wildcards, deviation, status and day of week. */
import assert from "node:assert/strict";
import { toHex } from "../../../src/bytes";
import { dateToBytes, dateTimeFromBytes, encodeDateTime, isoDate, timeToBytes, toDlmsValue } from "../../../src/cosem";
import { DlmsConfigError } from "../../../src/errors";

function bytesOf(value: Parameters<typeof encodeDateTime>[0], options?: Parameters<typeof encodeDateTime>[1]): string {
  const made = encodeDateTime(value, options);
  assert.equal(made.type, "octet-string");
  return toHex(made.value);
}

const refused = (run: () => unknown, pattern: RegExp): void => {
  assert.throws(
    run,
    (error) => error instanceof DlmsConfigError && error.is("CONFIG_INVALID") && pattern.test(error.message),
  );
};

describe("encodeDateTime", () => {
  it("encodes a Date in UTC without a zone", () => {
    assert.equal(bytesOf(new Date("2024-02-29T23:59:58.120Z")), "07e8021d04173b3a0c000000");
  });

  it("encodes the deviation with the standard's sign: minutes to add to local time to get UTC", () => {
    assert.equal(bytesOf("2024-03-01T10:20:30+01:00"), "07e80301050a141e00ffc400");
    assert.equal(bytesOf("2024-03-01T10:20:30-03:30"), "07e80301050a141e0000d200");
    assert.equal(bytesOf("2024-03-01T10:20:30+01:00", { reversedDeviation: true }), "07e80301050a141e00003c00");
  });

  it("leaves the deviation of a text without an offset unspecified", () => {
    assert.equal(bytesOf("2024-03-01T10:20"), "07e80301050a140000800000");
    assert.equal(bytesOf("2024-03-01T10:20:30+01:00", { unspecifiedDeviation: true }), "07e80301050a141e00800000");
  });

  it("sets the bit for daylight saving time by the zone", () => {
    const timeZone = "Europe/Berlin";
    assert.equal(bytesOf(new Date("2024-07-01T10:00:00Z"), { timeZone }), "07e80701010c000000ff8880");
    assert.equal(bytesOf(new Date("2024-01-01T10:00:00Z"), { timeZone }), "07e80101010b000000ffc400");
    assert.equal(bytesOf("2024-07-01T12:00", { timeZone }), "07e80701010c000000ff8880");
    assert.equal(
      bytesOf(new Date("2024-01-01T00:00:00Z"), { timeZone: "Australia/Sydney" }),
      "07e80101010b000000fd6c80",
    );
  });

  it("writes a given status byte, and FF for null", () => {
    assert.equal(bytesOf("2024-03-01T10:20", { status: 0x81 }).slice(-2), "81");
    assert.equal(bytesOf("2024-03-01T10:20", { status: null }).slice(-2), "ff");
    refused(() => encodeDateTime("2024-03-01T10:20", { status: 256 }), /status must be 0 to 255/);
  });

  it("writes null in parts as not specified, and computes the day of week of a full date", () => {
    assert.equal(bytesOf({ year: null, month: 12, day: 25 }), "ffff0c19ffffffffff8000ff");
    assert.equal(bytesOf({ year: 2024, month: 2, day: 29, hour: 0, minute: 0, second: 0 }), "07e8021d04000000ff8000ff");
    assert.equal(bytesOf({ year: 2024, month: 2, day: 29, weekday: null }).slice(8, 10), "ff");
    assert.equal(
      bytesOf({ year: null, month: "daylight-saving-begin", day: "last", weekday: 7 }),
      "fffffefe07ffffffff8000ff",
    );
  });

  it("refuses a wrong day of week, an impossible date and fields out of range", () => {
    refused(() => encodeDateTime({ year: 2024, month: 2, day: 29, weekday: 1 }), /its day of week is 4, not 1/);
    refused(() => encodeDateTime({ year: 2023, month: 2, day: 29 }), /no such day/);
    refused(() => encodeDateTime("2023-02-29"), /no such date/);
    refused(() => encodeDateTime({ hour: 24 }), /hour must be 0 to 23/);
    refused(() => encodeDateTime({ deviation: 1440 }), /deviation must be/);
    refused(() => encodeDateTime(new Date(Number.NaN)), /no valid instant/);
    refused(() => encodeDateTime("yesterday"), /ISO 8601/);
  });

  it("writes the wildcards of a text", () => {
    assert.equal(bytesOf("*-12-25"), "ffff0c19ffffffffff8000ff");
    assert.equal(bytesOf("*-*-01T00:00:00"), "ffffff01ff000000008000ff");
    assert.equal(bytesOf("*-dst-begin-last"), "fffffefeffffffffff8000ff");
    refused(() => encodeDateTime("*-13"), /a text with \*/);
    refused(() => encodeDateTime("*-13-01"), /month must be 0 to 12/);
  });

  it("keeps hundredths and drops smaller fractions", () => {
    assert.equal(bytesOf("2024-03-01T10:20:30.129Z").slice(16, 18), "0c");
  });

  it("agrees with the calendar on every day of four years", () => {
    for (let day = Date.UTC(2023, 0, 1); day < Date.UTC(2027, 0, 1); day += 86_400_000) {
      const date = new Date(day);
      const parts = dateTimeFromBytes(encodeDateTime(date).value as Uint8Array);
      assert.equal(isoDate(parts), date.toISOString().slice(0, 10));
      assert.equal(parts.weekday, date.getUTCDay() === 0 ? 7 : date.getUTCDay());
    }
  });
});

describe("dateToBytes and timeToBytes", () => {
  it("write dates of 5 bytes without a day of week", () => {
    assert.equal(toHex(dateToBytes("2024-12-25")), "07e80c19ff");
    assert.equal(toHex(dateToBytes("*-12-25")), "ffff0c19ff");
    assert.equal(toHex(dateToBytes({ year: null, month: null, day: "last", weekday: null })), "fffffffeff");
    refused(() => dateToBytes("2024-12-25T10:00"), /a date has no time/);
  });

  it("write times of 4 bytes", () => {
    assert.equal(toHex(timeToBytes("06:30")), "061e0000");
    assert.equal(toHex(timeToBytes("06:30:15.5")), "061e0f32");
    assert.equal(toHex(timeToBytes("*:00:00")), "ff000000");
    assert.equal(toHex(timeToBytes({ hour: 6, minute: 30, second: null, hundredths: null })), "061effff");
    refused(() => timeToBytes("25:00"), /hour must be 0 to 23/);
    refused(() => timeToBytes("2024-01-01"), /a time is hh:mm/);
  });

  it("serve the dates of structures", () => {
    const type = {
      type: "structure",
      fields: [
        { name: "at", presentation: "time" },
        { name: "on", presentation: "date" },
      ],
    } as const;
    const made = toDlmsValue({ at: "00:00", on: "*-*-01" }, type);
    assert.deepEqual(made, {
      type: "structure",
      value: [
        { type: "octet-string", value: Uint8Array.of(0, 0, 0, 0) },
        { type: "octet-string", value: Uint8Array.of(0xff, 0xff, 0xff, 1, 0xff) },
      ],
    });
  });
});
