/**
 * Rows of load profiles that have time marks instead of times: Itron SL7000 and ACE6000. The first column holds the
 * mark at the start of an interval, the second the one at its end, the next two the marks inside. The rows between two
 * marks follow at intervals of one capture period. The known facts come from public drivers and a field report.
 */
import type { ElementReader, ValueDecoder } from "../codec/decode";
import type { DlmsValue } from "../codec/value";
import { type DateTimeParts, dateTimeFromBytes, presentDateTime, rowTime, type RowTime } from "./date-time";
import { dateTimeToBytes } from "./date-time-encode";
import { addSeconds } from "./date-time-formatter";
import type { ProfileColumn } from "./profile-columns";
import { createRowReader, type ProfileRow, type RowMapperOptions, type TimedRow } from "./profile-rows";

/** A time mark as it is displayed in a row. */
export interface TimeMark {
  /** the date-time, with null for each part that the meter leaves out */
  readonly time: unknown;
  /** why the meter set the mark; a bit without a known name as its number */
  readonly status: readonly string[];
}

interface Mark {
  readonly parts: DateTimeParts;
  /** the bits of the bit-string, the first one as 0x80 */
  readonly bits: number;
}

/** Number of leading columns that may contain marks. */
const markColumns = 4;
const statusNames: ReadonlyMap<number, string> = new Map([
  [0x40, "power-failure"],
  [0x20, "clock-set"],
  [0x08, "daylight-saving"],
  [0x04, "watchdog"],
]);
const clockSet = 0x20;
/** Bits of an end mark after which the meter's clock jumps. */
const jumps = 0x40 | clockSet | 0x08;
const daySeconds = 86_400;

/** A reader of rows with time marks; each row gets its time, the end of its interval, as `time`. */
export function createMarkedRowReader(
  columns: readonly ProfileColumn[],
  options: RowMapperOptions,
): ElementReader<TimedRow> {
  return new MarkedRowReader(columns, options);
}

class MarkedRowReader implements ElementReader<TimedRow> {
  readonly #options: RowMapperOptions;
  readonly #rows: ElementReader<ProfileRow>;
  readonly #markKeys: readonly string[];
  readonly #period: number;
  /** start of the next interval; undefined if it is not known */
  #running: DateTimeParts | undefined;

  constructor(columns: readonly ProfileColumn[], options: RowMapperOptions) {
    this.#options = options;
    this.#rows = createRowReader(columns, options);
    this.#markKeys = columns.slice(0, markColumns).map(({ key }) => key);
    // with the newest row first, a mark does not determine the times of the rows after it
    this.#period = options.newestFirst === true ? 0 : (options.capturePeriod ?? 0);
  }

  fromBytes(cursor: ValueDecoder): TimedRow {
    return this.fromValue(cursor.value());
  }

  fromValue(entry: DlmsValue): TimedRow {
    const row = this.#rows.fromValue(entry);
    const values = entry.type === "structure" ? entry.value : [];
    const marks = this.#markKeys.map((_, i) => markIn(values[i]));
    this.#markKeys.forEach((key, i) => {
      const mark = marks[i];
      if (mark !== undefined) row[key] = this.#shown(mark);
      // in other columns a null repeats the previous value; here it means that there is no mark
      else if (values[i]?.type === "null-data") row[key] = null;
    });
    const end = this.#endOf(marks[0], marks[1]);
    const time = end === undefined ? null : presentDateTime(end, this.#options).value;
    return { row: { time, ...row }, time: end === undefined ? undefined : this.#rowTime(end) };
  }

  /** The end of the row's interval; undefined if it is not known. */
  #endOf(start: Mark | undefined, end: Mark | undefined): DateTimeParts | undefined {
    if (start !== undefined) this.#start(start);
    const running = this.#running;
    const ended = end?.bits ?? 0;
    const next =
      running === undefined || this.#period === 0 ? undefined : addSeconds(running, this.#period, this.#options);
    this.#running = (ended & jumps) === 0 ? (next ?? undefined) : undefined;
    // the interval ended when the clock was set, and not after a full period
    return (ended & clockSet) === 0 ? (next ?? undefined) : undefined;
  }

  #start({ parts, bits }: Mark): void {
    const start = roundedDown(parts, this.#period);
    const running = this.#running;
    // some firmware writes the wrong date at midnight, so a mark without a reason does not move the time by a day
    if (bits === 0 && running !== undefined && start !== undefined && this.#differByADay(start, running)) return;
    this.#running = start;
  }

  #differByADay(one: DateTimeParts, other: DateTimeParts): boolean {
    const [a, b] = [this.#rowTime(one)?.local, this.#rowTime(other)?.local];
    return a !== undefined && b !== undefined && Math.abs(a - b) === daySeconds * 1000;
  }

  #rowTime(parts: DateTimeParts): RowTime | undefined {
    return rowTime(dateTimeToBytes(parts), 0, this.#options);
  }

  #shown({ parts, bits }: Mark): TimeMark {
    const status: string[] = [];
    for (let bit = 0x80; bit > 0; bit >>= 1) {
      if ((bits & bit) !== 0) status.push(statusNames.get(bit) ?? `0x${bit.toString(16).padStart(2, "0")}`);
    }
    return { time: presentDateTime(parts, this.#options).value, status };
  }
}

/** {date-time, status}; undefined for anything else. */
function markIn(value: DlmsValue | undefined): Mark | undefined {
  if (value?.type !== "structure" || value.value.length !== 2) return undefined;
  const [time, status] = value.value;
  if (!(time?.value instanceof Uint8Array) || time.value.length !== 12 || status?.type !== "bit-string")
    return undefined;
  return { parts: dateTimeFromBytes(time.value), bits: parseInt(status.value.slice(0, 8).padEnd(8, "0"), 2) };
}

/** The start of the interval that contains the mark. An unspecified time means midnight. */
function roundedDown(parts: DateTimeParts, period: number): DateTimeParts | undefined {
  const seconds = (parts.hour ?? 0) * 3600 + (parts.minute ?? 0) * 60 + (parts.second ?? 0);
  const rounded = period === 0 ? seconds : seconds - (seconds % period);
  const [hour, minute, second] = [Math.floor(rounded / 3600), Math.floor(rounded / 60) % 60, rounded % 60];
  if (parts.year === null || typeof parts.month !== "number" || typeof parts.day !== "number") return undefined;
  return { ...parts, hour, minute, second, hundredths: 0 };
}
