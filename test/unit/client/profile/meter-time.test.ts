import assert from "node:assert/strict";
import { resumesByTime } from "../../../../src/client/profile/read-profile";
import {
  isAmbiguousLocalTime,
  type MeterTime,
  type ResolvedTime,
  resolveTime,
  TimeFilter,
} from "../../../../src/client/profile/meter-time";
import { number } from "../../../support/meters";

const meter: MeterTime = { timeZone: "", offset: 60, daylight: false, reversedDeviation: false };
const local = (text: string): number => Date.parse(`${text}Z`);
const at = (text: string, rest: Partial<{ offset: number; daylight: boolean }> = {}, time = meter): ResolvedTime =>
  resolveTime({ local: local(text), offset: rest.offset, daylight: rest.daylight }, time);

describe("places of rows in time", () => {
  it("rest on the row's own offset before all else", () => {
    const resolved = at("2024-07-01T12:00:00", { offset: 120, daylight: false }, { ...meter, timeZone: "Asia/Tokyo" });
    assert.deepEqual([resolved.instant, resolved.sure], [Date.UTC(2024, 6, 1, 10), true]);
  });

  it("rest on the zone, and of two equal hours on the daylight saving bit", () => {
    const zoned = { ...meter, timeZone: "Europe/Vienna" };
    assert.equal(at("2024-07-01T12:00:00", {}, zoned).instant, Date.UTC(2024, 6, 1, 10));
    const [first, second] = [true, false].map((daylight) => at("2024-10-27T02:30:00", { daylight }, zoned));
    assert.deepEqual([first?.instant, second?.instant], [Date.UTC(2024, 9, 27, 0, 30), Date.UTC(2024, 9, 27, 1, 30)]);
    assert.equal(first?.sure, false);
  });

  it("fall back to the clock's present offset, corrected for the season if both report it", () => {
    assert.equal(at("2024-07-01T12:00:00").instant, Date.UTC(2024, 6, 1, 11));
    assert.equal(at("2024-07-01T12:00:00", { daylight: true }).instant, Date.UTC(2024, 6, 1, 10));
    assert.equal(at("2024-07-01T12:00:00", { daylight: true }, { ...meter, daylight: undefined }).sure, false);
  });

  it("may occur twice in weekend nights in spring and autumn, unless they have an offset", () => {
    const twice = (text: string, offset?: number): boolean =>
      isAmbiguousLocalTime(at(text, offset === undefined ? {} : { offset }));
    assert.equal(twice("2024-10-27T02:30:00"), true);
    assert.equal(twice("2024-04-07T02:30:00"), true);
    assert.equal(twice("2024-10-27T12:30:00"), false);
    assert.equal(twice("2024-07-07T02:30:00"), false);
    assert.equal(twice("2024-10-23T02:30:00"), false);
    assert.equal(twice("2024-10-27T02:30:00", 120), false);
  });
});

describe("ranges by time", () => {
  it("compare times of the meter's clock with the row's own, whatever its offset", () => {
    const filter = new TimeFilter("2024-07-01T00:00", "2024-07-01T01:00", meter);
    const takes = (text: string): boolean => filter.takes(at(text, { offset: 120 }), 0);
    assert.deepEqual(
      ["2024-06-30T23:59:59", "2024-07-01T00:00:00", "2024-07-01T01:00:00", "2024-07-01T01:00:01"].map(takes),
      [false, true, true, false],
    );
  });

  it("leave a margin to rows of unknown offset, if the meter chose them", () => {
    const filter = new TimeFilter(new Date(Date.UTC(2024, 0, 1)), new Date(Date.UTC(2024, 0, 2)), meter);
    assert.equal(filter.takes(at("2024-01-01T00:15:00"), 3_600_000), true);
    assert.equal(filter.takes(at("2024-01-01T00:15:00"), 0), false);
    assert.equal(filter.takes(at("2024-01-01T00:15:00", { offset: 60 }), 3_600_000), false);
  });
});

describe("a broken reading", () => {
  const progress = {
    rows: 3,
    blocks: 1,
    bytes: 9,
    last: at("2024-07-01T12:00:00", { offset: 120 }),
    equal: 1,
    ascending: true,
    skip: undefined,
    resumed: false,
  };

  it("continues by time if the rows are in its order", () => {
    assert.equal(resumesByTime({ range: undefined, progress }), true);
    assert.equal(resumesByTime({ range: { last: 5 }, progress }), true);
  });

  it("does not continue by time without order, without a time in the last row, or for another range", () => {
    assert.equal(resumesByTime({ range: undefined, progress: { ...progress, ascending: false } }), false);
    assert.equal(resumesByTime({ range: undefined, progress: { ...progress, last: undefined } }), false);
    const range = { column: "1.0.1.8.0.255", least: number(0), most: number(9) };
    assert.equal(resumesByTime({ range, progress }), false);
  });
});
