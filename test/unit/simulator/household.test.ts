/** The simulated household: values that fit each other. */
import assert from "node:assert/strict";
import { fromHex, toHex } from "../../../src/bytes";
import { decodeValueBytes, type DlmsValue } from "../../../src/codec";
import { createMeter, householdDefinition } from "../../../src/simulator";
import { openLine, type HandLine } from "./line";
import { aarqWith, actionResult } from "../../support/apdus";

const HOUR = 3_600_000;
const start = Date.UTC(2026, 10, 22, 11, 7, 30);

class House {
  now = start;
  readonly line: HandLine;

  constructor(options: Parameters<typeof householdDefinition>[0] = {}) {
    this.line = openLine(createMeter(householdDefinition({ now: () => this.now, ...options })));
    assert.match(this.line.apdu(aarqWith(0xffff))[0] ?? "", /a203020100/);
  }

  raw(classId: number, obis: string, attribute: number, access = "00"): string {
    const name = obis.split(".").map((group) => Number(group).toString(16).padStart(2, "0"));
    const two = (value: number): string => value.toString(16).padStart(2, "0");
    const [answer = ""] = this.line.apdu(`c001c100${two(classId)}${name.join("")}${two(attribute)}${access}`);
    assert.match(answer, /^c401c100/, `${obis}/${attribute}: ${answer}`);
    return answer.slice(8);
  }

  value(classId: number, obis: string, attribute = 2): DlmsValue {
    return decodeValueBytes(fromHex(this.raw(classId, obis, attribute)));
  }

  number(obis: string, classId = 3, attribute = 2): number {
    const { value } = this.value(classId, obis, attribute);
    assert.equal(typeof value, "number", obis);
    return Number(value);
  }

  rows(obis: string, access: string): DlmsValue[][] {
    const value = decodeValueBytes(fromHex(this.raw(7, obis, 2, access)));
    assert.equal(value.type, "array");
    return value.type !== "array"
      ? []
      : value.value.map((row) => (row.type === "structure" ? [...row.value] : assert.fail("row")));
  }
}

const entries = (from: number, to: number): string => {
  const u32 = (value: number): string => `06${value.toString(16).padStart(8, "0")}`;
  return `01020204${u32(from)}${u32(to)}120001120000`;
};
const octets = (value: DlmsValue | undefined): string =>
  value?.type === "octet-string" ? toHex(value.value) : assert.fail("no octet-string");
const number = (value: DlmsValue | undefined): number => Number(value?.value);

describe("simulated household", () => {
  it("shows the time in local form, with summer and winter", () => {
    const house = new House();
    // 22 November 2026 is a Sunday; 11:07:30 UTC is 12:07:30 at UTC+1
    assert.equal(octets(house.value(8, "0.0.1.0.0.255")), "07ea0b16070c071e00ffc400");
    house.now = Date.UTC(2026, 6, 1, 10, 0, 0);
    assert.equal(octets(house.value(8, "0.0.1.0.0.255")), "07ea0701030c000000ff8880");
    house.now = Date.UTC(2026, 9, 25, 0, 59, 59);
    assert.equal(octets(house.value(8, "0.0.1.0.0.255")).slice(10), "023b3b00ff8880");
    house.now = Date.UTC(2026, 9, 25, 1, 0, 0);
    assert.equal(octets(house.value(8, "0.0.1.0.0.255")).slice(10), "02000000ffc400");
  });

  it("is the same for the same clock and seed, and differs for another seed", () => {
    const read = (seed: number): number[] => {
      const house = new House({ seed });
      return ["1.0.1.8.0.255", "1.0.1.7.0.255", "1.0.32.7.0.255"].map((obis) => house.number(obis));
    };
    assert.deepEqual(read(1), read(1));
    assert.notDeepEqual(read(1), read(2));
  });

  it("counts the integral of its powers", () => {
    const house = new House();
    const step = 20_000;
    const before = { a: house.number("1.0.1.8.0.255"), b: house.number("1.0.2.8.0.255") };
    const sums = { a: 0, b: 0 };
    for (let at = start + step / 2; at < start + 6 * HOUR; at += step) {
      house.now = at;
      sums.a += (house.number("1.0.1.7.0.255") * step) / HOUR;
      sums.b += (house.number("1.0.2.7.0.255") * step) / HOUR;
    }
    house.now = start + 6 * HOUR;
    const counted = { a: house.number("1.0.1.8.0.255") - before.a, b: house.number("1.0.2.8.0.255") - before.b };
    assert.ok(counted.a > 500 && Math.abs(counted.a - sums.a) < 10, `${counted.a} Wh, integral ${sums.a}`);
    assert.ok(counted.b > 200 && Math.abs(counted.b - sums.b) < 10, `${counted.b} Wh, integral ${sums.b}`);
  });

  it("never counts backwards, and its tariffs add up", () => {
    const house = new House();
    let last = [0, 0, 0, 0];
    for (let day = 0; day < 400; day++) {
      house.now = start + day * 24 * HOUR + day * 1234567;
      const now = ["1.0.1.8.0.255", "1.0.1.8.1.255", "1.0.1.8.2.255", "1.0.2.8.0.255"].map((o) => house.number(o));
      assert.equal(now[0], (now[1] ?? 0) + (now[2] ?? 0));
      now.forEach((value, index) => {
        assert.ok(value >= (last[index] ?? 0), `day ${day}, register ${index}`);
      });
      last = now;
    }
    const yearly = (last[0] ?? 0) - new House().number("1.0.1.8.0.255");
    assert.ok(yearly > 2_000_000 && yearly < 8_000_000, `${yearly} Wh in 400 days`);
  });

  it("has phases whose volts, amperes and power factor make the power", () => {
    const house = new House();
    for (let quarter = 0; quarter < 96; quarter += 5) {
      house.now = start + quarter * 900_000;
      const factor = house.number("1.0.13.7.0.255") / 1000;
      let sum = 0;
      for (const c of [0, 20, 40]) {
        const volts = house.number(`1.0.${32 + c}.7.0.255`) / 10;
        const amperes = house.number(`1.0.${31 + c}.7.0.255`) / 1000;
        const watts = house.number(`1.0.${21 + c}.7.0.255`) + house.number(`1.0.${22 + c}.7.0.255`);
        assert.ok(volts > 220 && volts < 240, `${volts} V`);
        assert.ok(
          Math.abs(volts * amperes * factor - watts) < 3 + watts * 0.005,
          `${volts} V, ${amperes} A, ${watts} W`,
        );
        sum += watts;
      }
      const total = house.number("1.0.1.7.0.255") + house.number("1.0.2.7.0.255");
      assert.ok(Math.abs(sum - total) <= 3, `${sum} W, ${total} W`);
      const hertz = house.number("1.0.14.7.0.255") / 100;
      assert.ok(hertz > 49.9 && hertz < 50.1, `${hertz} Hz`);
    }
  });

  it("keeps a load profile of quarter hours that agrees with the registers", () => {
    const house = new House();
    assert.equal(house.number("1.0.99.1.0.255", 7, 4), 900);
    assert.equal(house.number("1.0.99.1.0.255", 7, 7), 960);
    const rows = house.rows("1.0.99.1.0.255", entries(1, 0));
    assert.equal(rows.length, 960);
    assert.equal(octets(rows.at(-1)?.[0]), "07ea0b16070c000000ffc400");
    rows.slice(1).forEach((row, index) => {
      assert.ok(number(row[1]) >= number(rows[index]?.[1]), `row ${index}`);
    });
    house.now = Date.UTC(2026, 10, 22, 11, 0, 0);
    assert.equal(number(rows.at(-1)?.[1]), house.number("1.0.1.8.0.255"));
    assert.equal(number(rows.at(-1)?.[2]), house.number("1.0.2.8.0.255"));
    // one period later the oldest row is gone, and the second is first
    house.now = start + 900_000;
    assert.deepEqual(house.rows("1.0.99.1.0.255", entries(1, 1))[0], rows[1]);
  });

  it("selects by time, with and without a deviation, and by columns", () => {
    const house = new House();
    const clock = "020412000809060000010000ff0f02120000";
    const range = (from: string, to: string, columns = "0100"): string =>
      `01010204${clock}090c${from}090c${to}${columns}`;
    const rows = house.rows("1.0.99.1.0.255", range("07ea0b16ff0a000000ffc400", "07ea0b16ff0b000000ffc400"));
    assert.deepEqual(
      rows.map((row) => octets(row[0]).slice(10, 14)),
      ["0a00", "0a0f", "0a1e", "0a2d", "0b00"],
    );
    const local = house.rows("1.0.99.1.0.255", range("07ea0b16ff0a000000800000", "07ea0b16ff0b000000800000"));
    assert.deepEqual(local, rows);
    const utc = house.rows("1.0.99.1.0.255", range("07ea0b16ff09000000000000", "07ea0b16ff0a000000000000"));
    assert.deepEqual(utc, rows);
    const column = "0101020412000309060100020800ff0f02120000";
    const exported = house.rows(
      "1.0.99.1.0.255",
      range("07ea0b16ff0a000000ffc400", "07ea0b16ff0b000000ffc400", column),
    );
    assert.deepEqual(
      exported,
      rows.map((row) => [row[2]]),
    );
    assert.deepEqual(house.rows("1.0.99.1.0.255", range("07d00101ff00000000800000", "07d00102ff00000000800000")), []);
  });

  it("keeps the rows of one answer consistent while time passes", () => {
    const house = new House();
    const whole = house.rows("1.0.99.1.0.255", entries(1, 4));
    assert.match(house.line.apdu(aarqWith(90))[0] ?? "", /a203020100/);
    let data = "";
    let answer = house.line.apdu(`c001c100070100630100ff02${entries(1, 4)}`)[0] ?? "";
    for (let block = 1; ; block++) {
      data += answer.slice(20);
      if (answer.startsWith("c402c101")) break;
      house.now += 900_000;
      answer = house.line.apdu(`c002c1${block.toString(16).padStart(8, "0")}`)[0] ?? "";
    }
    assert.ok(house.now > start);
    const value = decodeValueBytes(fromHex(data));
    assert.deepEqual(value.type === "array" ? value.value.map((row) => row.value) : [], whole);
  });

  it("draws in every quarter hour, and feeds in on one phase at noon", () => {
    const house = new House();
    for (let quarter = 0; quarter < 96; quarter++) {
      house.now = start + quarter * 900_000;
      assert.ok(house.number("1.0.1.7.0.255") > 10, `quarter ${quarter}`);
    }
    house.now = start;
    assert.ok(house.number("1.0.2.7.0.255") > 10);
    assert.equal(house.number("1.0.62.7.0.255"), house.number("1.0.2.7.0.255"));
    assert.equal(house.number("1.0.61.7.0.255"), 0);
    assert.equal(house.number("1.0.22.7.0.255"), 0);
  });

  it("bills at local midnight", () => {
    const house = new House();
    const rows = house.rows("1.0.99.2.0.255", entries(1, 0));
    assert.equal(rows.length, 62);
    assert.ok(rows.every((row) => octets(row[0]).slice(10, 16) === "000000"));
    assert.equal(octets(rows.at(-1)?.[0]), "07ea0b16070000" + "0000ffc400");
    assert.equal(new Set(rows.map((row) => octets(row[0]))).size, 62);
    for (const row of rows) assert.equal(number(row[1]), number(row[2]) + number(row[3]));
  });

  it("records the largest demand of the month and its time", () => {
    const house = new House();
    const largest = house.number("1.0.1.6.0.255", 4);
    const rows = house.rows("1.0.99.1.0.255", entries(1, 0));
    const demands = rows.slice(1).map((row, index) => (number(row[1]) - number(rows[index]?.[1])) * 4);
    assert.ok(largest >= Math.max(...demands), `${largest} W`);
    assert.match(octets(house.value(4, "1.0.1.6.0.255", 5)), /^07ea0b/);
    assert.equal(house.number("1.0.1.4.0.255", 5, 3), demands.at(-1));
  });

  it("switches its breaker", () => {
    const house = new House();
    const state = (): unknown => house.value(70, "0.0.96.3.10.255").value;
    assert.equal(state(), true);
    assert.deepEqual(house.line.apdu("c301c100460000" + "60030aff01" + "010f00"), [actionResult(0)]);
    assert.equal(state(), false);
    house.line.apdu("c301c100460000" + "60030aff02" + "010f00");
    assert.equal(state(), true);
  });

  it("works on a clock that starts at 0", () => {
    const house = new House();
    house.now = 0;
    assert.equal(house.number("1.0.1.8.0.255"), 0);
    assert.deepEqual(house.rows("1.0.99.1.0.255", entries(1, 0)), []);
    assert.equal(house.rows("1.0.99.2.0.255", entries(1, 0)).length, 62);
    house.now = 12 * HOUR;
    assert.ok(house.number("1.0.1.8.0.255") > 0);
  });
});
