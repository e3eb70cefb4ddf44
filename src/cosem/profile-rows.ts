/**
 * Rows of a profile from its buffer entries. A null becomes, for a clock, the time one capture period after the
 * previous row, and for other columns the previous value.
 */
import { classIds } from "../apdu/class-ids";
import type { ElementReader, ValueDecoder } from "../codec/decode";
import type { DlmsValue } from "../codec/value";
import { DlmsDecodeError } from "../errors";
import { isAbsent } from "./absent";
import { type DateTimeParts, dateTimeFromBytes, presentDateTime, rowTime, type RowTime } from "./date-time";
import { dateTimeToBytes } from "./date-time-encode";
import { addSeconds, dateTimeFormatter } from "./date-time-formatter";
import type { PresentOptions } from "./model";
import { type PresentContext, presentValue } from "./present";
import { clockKind, columnDefinition, type ProfileColumn } from "./profile-columns";
import { scaleInteger } from "./scaling";

/** A row of a profile: column key -> value. */
export type ProfileRow = Record<string, unknown>;

export interface RowMapperOptions extends PresentOptions {
  /** capture_period in seconds; 0 = captured on events, so that a missing time stays null */
  readonly capturePeriod?: number;
  /** the rows come newest first, so a missing time lies one period before the previous one */
  readonly newestFirst?: boolean;
  /** the attributes of an entry, in order, if a meter sends all columns although only some were requested */
  readonly allColumns?: readonly ProfileColumn[];
  /** key of the Clock column whose times are returned separately from the rows */
  readonly timeKey?: string | undefined;
}

/** A row, and when it was captured. */
export interface TimedRow {
  readonly row: ProfileRow;
  /** undefined if it is not known, or not one point in time */
  readonly time: RowTime | undefined;
}

/**
 * Converts buffer entries into rows, in the order of their arrival. It remembers the previous row, because a null means
 * "as before", or for the time "one period later". One mapper per reading.
 * @throws DlmsDecodeError DECODE_VALUE for an entry that does not have one value per column
 */
export type RowMapper = (entry: DlmsValue) => ProfileRow;

/** Shows the values of one column in turn. */
interface Cell {
  show(value: DlmsValue): unknown;
  /** the same from the bytes under the cursor, without intermediate values, because a profile has millions of them */
  read(cursor: ValueDecoder): unknown;
}

/** A mapper for values that are already decoded. */
export function createRowMapper(columns: readonly ProfileColumn[], options: RowMapperOptions = {}): RowMapper {
  const reader = createRowReader(columns, options);
  return (entry) => reader.fromValue(entry);
}

/** A mapper that reads rows from the bytes as they stream in. */
export function createRowReader(
  columns: readonly ProfileColumn[],
  options: RowMapperOptions = {},
): ElementReader<ProfileRow> {
  return new RowReader(columns, options);
}

/** The same rows with the times as the meter wrote them, independent of `dates`. */
export function createTimedRowReader(
  columns: readonly ProfileColumn[],
  options: RowMapperOptions,
): ElementReader<TimedRow> {
  const reader = new RowReader(columns, options);
  const timed = (row: ProfileRow): TimedRow => ({ row, time: reader.time() });
  return {
    fromBytes: (cursor) => timed(reader.fromBytes(cursor)),
    fromValue: (entry) => timed(reader.fromValue(entry)),
  };
}

class RowReader implements ElementReader<ProfileRow> {
  readonly #options: RowMapperOptions;
  #keys: readonly string[] = [];
  #cells: readonly Cell[] = [];
  /** template of all rows, so that all have the same keys in the same order from the start */
  #blank: ProfileRow = {};
  #clock: ClockCell | undefined;
  /** undefined until the first entry has shown which columns the meter sends */
  #allColumns: readonly ProfileColumn[] | undefined;

  constructor(columns: readonly ProfileColumn[], options: RowMapperOptions) {
    this.#options = options;
    this.#allColumns = options.allColumns;
    this.#expect(columns);
  }

  #expect(columns: readonly ProfileColumn[]): void {
    this.#keys = columns.map((column) => column.key);
    this.#cells = columns.map((column) => cellOf(column, this.#options));
    this.#blank = Object.fromEntries(this.#keys.map((key) => [key, null]));
    const clock = this.#cells[this.#keys.indexOf(this.#options.timeKey ?? "")];
    this.#clock = clock instanceof ClockCell ? clock : undefined;
  }

  /** The time of the last row that was read. */
  time(): RowTime | undefined {
    return this.#clock?.time();
  }

  /** @throws DlmsDecodeError if the number of values matches neither the requested columns nor all columns */
  #fit(count: number): void {
    const all = this.#allColumns;
    if (count !== this.#cells.length) {
      if (all?.length !== count) this.#refuse(count);
      this.#expect(all);
    }
    this.#allColumns = undefined;
  }

  fromValue(entry: DlmsValue): ProfileRow {
    // Some meters send a profile with one column without the enclosing structure.
    const values = entry.type === "structure" || entry.type === "array" ? entry.value : [entry];
    this.#fit(values.length);
    const cells = this.#cells;
    const row = { ...this.#blank };
    for (const [i, value] of values.entries()) row[this.#keys[i] ?? ""] = cells[i]?.show(value);
    return row;
  }

  fromBytes(cursor: ValueDecoder): ProfileRow {
    const count = cursor.open();
    if (count < 0) return this.fromValue(cursor.value());
    this.#fit(count);
    const keys = this.#keys;
    const cells = this.#cells;
    const row = { ...this.#blank };
    for (let i = 0; i < count; i++) {
      const key = keys[i];
      const cell = cells[i];
      cursor.at(i);
      if (key !== undefined && cell !== undefined) row[key] = cell.read(cursor);
    }
    cursor.close();
    return row;
  }

  #refuse(got: number): never {
    const expected = this.#cells.length;
    throw new DlmsDecodeError(
      "DECODE_VALUE",
      `profile entry: ${expected} values are expected by capture_objects, got ${got}; the columns may have been changed, read capture_objects again`,
      { details: { expected, got } },
    );
  }
}

function cellOf(column: ProfileColumn, options: RowMapperOptions): Cell {
  const kind = clockKind(column);
  const step = (options.capturePeriod ?? 0) * (options.newestFirst === true ? -1 : 1);
  if (kind === "date-time") return new ClockCell(options, step);
  const context: PresentContext = {
    options,
    scalerUnit: column.scaler === null ? undefined : { scaler: column.scaler, unitCode: column.unitCode ?? 255 },
    printableIsText: column.classId === classIds.data,
  };
  const definition = columnDefinition(column);
  const plainNumber = definition.presentation === undefined || definition.presentation === "scaled";
  const scaler = definition.presentation === "scaled" ? (column.scaler ?? 0) : 0;
  return new ValueCell(
    (value) => presentValue(value, definition, context),
    plainNumber ? scaler : undefined,
    kind === "unix" ? step : kind === "unix-microseconds" ? step * 1_000_000 : 0,
    kind !== undefined,
  );
}

/**
 * A null repeats the previous value; in a unix clock it is `step` later, or stays null without a step. Deltas are added
 * to the previous value.
 */
class ValueCell implements Cell {
  readonly #present: (value: DlmsValue) => unknown;
  /** undefined if the values are not plain numbers */
  readonly #scaler: number | undefined;
  readonly #step: number;
  readonly #isClock: boolean;
  /** dividing the value by this gives the correctly rounded scaled value; 0 = scaling needs the general path */
  readonly #divisor: number;
  #before: DlmsValue | undefined;
  /** the previous value, if it is an integer of a common type; NaN = see `#before` */
  #integer = Number.NaN;
  #shown: unknown = null;

  constructor(present: (value: DlmsValue) => unknown, scaler: number | undefined, step: number, isClock: boolean) {
    this.#present = present;
    this.#scaler = scaler;
    this.#step = step;
    this.#isClock = isClock;
    this.#divisor = scaler !== undefined && scaler <= 0 && scaler >= -22 ? Number(`1e${-scaler}`) : 0;
  }

  read(cursor: ValueDecoder): unknown {
    const divisor = this.#divisor;
    // Fast path for the columns of nearly all profiles; other columns use the general one.
    if (divisor !== 0) {
      const number = cursor.integer();
      if (!Number.isNaN(number)) {
        this.#integer = number;
        return divisor === 1 ? number : number / divisor;
      }
    }
    return this.show(cursor.value());
  }

  show(value: DlmsValue): unknown {
    const isNull = value.type === "null-data" || (this.#isClock && isAbsent(value));
    if (!isNull && !value.type.startsWith("delta-")) return this.#take(value);
    const before = this.#last();
    if (!isNull) {
      // Without a previous row there is no value to add the difference to.
      const sum = before === undefined || typeof value.value !== "number" ? undefined : add(before, value.value);
      return sum === undefined ? null : this.#take(sum);
    }
    if (before === undefined) return null;
    if (!this.#isClock)
      return typeof this.#shown === "object" && this.#shown !== null ? this.#take(before) : this.#shown;
    const next = this.#step === 0 ? undefined : add(before, this.#step);
    return next === undefined ? null : this.#take(next);
  }

  /** The previous value, in the form to which deltas are added. */
  #last(): DlmsValue | undefined {
    if (!Number.isNaN(this.#integer)) this.#take({ type: "double-long", value: this.#integer });
    return this.#before;
  }

  #take(now: DlmsValue): unknown {
    this.#integer = Number.NaN;
    this.#before = now;
    if (this.#scaler !== undefined && typeof now.value === "bigint") {
      return (this.#shown = scaleInteger(now.value, this.#scaler));
    }
    return (this.#shown = this.#present(now));
  }
}

function add(before: DlmsValue, difference: number): DlmsValue | undefined {
  switch (before.type) {
    case "long64":
    case "long64-unsigned":
      return { type: before.type, value: before.value + BigInt(difference) };
    default:
      return typeof before.value === "number" ? { type: "float64", value: before.value + difference } : undefined;
  }
}

/**
 * The time of the row; a null, or an empty string in its place, means `step` seconds after the previous row, and stays
 * null without a period.
 */
class ClockCell implements Cell {
  readonly #options: RowMapperOptions;
  readonly #step: number;
  readonly #format: (bytes: Uint8Array, at?: number) => unknown;
  /** the bytes that contain the previous time, with its position in them, until the time is decoded */
  #before: Uint8Array | undefined;
  #at = 0;
  #parts: DateTimeParts | null = null;
  /** the last row has a time: its own, or one that follows from the previous row */
  #known = false;

  constructor(options: RowMapperOptions, step: number) {
    this.#options = options;
    this.#step = step;
    this.#format = dateTimeFormatter(options);
  }

  time(): RowTime | undefined {
    if (!this.#known) return undefined;
    if (this.#before !== undefined) return rowTime(this.#before, this.#at, this.#options);
    return this.#parts === null ? undefined : rowTime(dateTimeToBytes(this.#parts), 0, this.#options);
  }

  read(cursor: ValueDecoder): unknown {
    const at = cursor.twelveOctets();
    return at < 0 ? this.show(cursor.value()) : this.#time(cursor.bytes, at);
  }

  show(value: DlmsValue): unknown {
    if (value.value instanceof Uint8Array && value.value.length === 12) return this.#time(value.value, 0);
    this.#known = false;
    if (!isAbsent(value)) {
      return presentValue(value, { presentation: "date-time" }, contextOf(this.#options));
    }
    if (this.#before !== undefined) this.#parts = dateTimeFromBytes(this.#before.subarray(this.#at, this.#at + 12));
    this.#before = undefined;
    if (this.#step === 0 || this.#parts === null) return null;
    this.#parts = addSeconds(this.#parts, this.#step, this.#options);
    this.#known = this.#parts !== null;
    return this.#parts === null ? null : presentDateTime(this.#parts, this.#options).value;
  }

  #time(bytes: Uint8Array, at: number): unknown {
    this.#before = bytes;
    this.#at = at;
    this.#parts = null;
    this.#known = true;
    return this.#format(bytes, at);
  }
}

function contextOf(options: PresentOptions): PresentContext {
  return { options, scalerUnit: undefined, printableIsText: false };
}
