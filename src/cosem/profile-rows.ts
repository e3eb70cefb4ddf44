import type { DlmsValue } from "../codec/value";
import { DlmsDecodeError } from "../errors";
import { type DateTimeParts, dateTimeFromBytes, presentDateTime } from "./date-time";
import { addSeconds, dateTimeFormatter } from "./date-time-formatter";
import type { PresentOptions } from "./model";
import { type PresentContext, presentValue } from "./present";
import { clockKind, columnDefinition, type ProfileColumn } from "./profile-columns";
import { scaleInteger } from "./scaling";

/** A row of a profile: column key -> value. */
export type ProfileRow = Record<string, unknown>;

export interface RowMapperOptions extends PresentOptions {
  /** capture_period in seconds; 0 = captured on events, then a missing time stays null */
  readonly capturePeriod?: number;
  /** the rows come newest first, so a missing time lies one period before the previous one */
  readonly newestFirst?: boolean;
}

/**
 * Turns buffer entries into rows, in the order in which they come: it remembers the row before, since a null
 * means "as before", or for the time "one period later". One mapper per read.
 * @throws DlmsDecodeError DECODE_VALUE for an entry that has not one value per column
 */
export type RowMapper = (entry: DlmsValue) => ProfileRow;

/** Shows the values of one column in turn. */
type Cell = (value: DlmsValue) => unknown;

export function createRowMapper(columns: readonly ProfileColumn[], options: RowMapperOptions = {}): RowMapper {
  const keys = columns.map((column) => column.key);
  const cells = columns.map((column) => cellOf(column, options));
  const count = keys.length;
  return (entry) => {
    // A profile of one column is sent by some meters without the structure around it.
    const values = entry.type === "structure" || entry.type === "array" ? entry.value : [entry];
    if (values.length !== count) {
      throw new DlmsDecodeError(
        "DECODE_VALUE",
        `profile entry: ${count} values are expected by capture_objects, got ${values.length}; the columns may have been changed, read capture_objects again`,
        { details: { expected: count, got: values.length } },
      );
    }
    const row: ProfileRow = {};
    for (let i = 0; i < count; i++) {
      const key = keys[i];
      const cell = cells[i];
      const value = values[i];
      if (key !== undefined && cell !== undefined && value !== undefined) row[key] = cell(value);
    }
    return row;
  };
}

function cellOf(column: ProfileColumn, options: RowMapperOptions): Cell {
  const kind = clockKind(column);
  const step = (options.capturePeriod ?? 0) * (options.newestFirst === true ? -1 : 1);
  if (kind === "date-time") return clockCell(options, step);
  const context: PresentContext = {
    options,
    scalerUnit: column.scaler === null ? undefined : { scaler: column.scaler, unitCode: column.unitCode ?? 255 },
    printableIsText: column.classId === 1,
  };
  const definition = columnDefinition(column);
  const show: Cell = (value) => presentValue(value, definition, context);
  const plainNumber = definition.presentation === undefined || definition.presentation === "scaled";
  const scaler = definition.presentation === "scaled" ? (column.scaler ?? 0) : 0;
  return valueCell(
    show,
    plainNumber ? scaler : undefined,
    kind === "unix" ? step : kind === "unix-microseconds" ? step * 1_000_000 : 0,
    kind !== undefined,
  );
}

/**
 * A null repeats the value before; in a unix clock it is `step` later, or stays null without a step. Deltas add up
 * on the value before.
 */
function valueCell(show: Cell, scaler: number | undefined, step: number, isClock: boolean): Cell {
  const divisor = scaler !== undefined && scaler < 0 && scaler >= -22 ? Number(`1e${-scaler}`) : 1;
  const direct = scaler !== undefined && scaler <= 0 && scaler >= -22;
  let before: DlmsValue | undefined;
  let shown: unknown = null;
  const take = (now: DlmsValue): unknown => {
    before = now;
    if (scaler !== undefined && typeof now.value === "bigint") return (shown = scaleInteger(now.value, scaler));
    return (shown = show(now));
  };
  return (value) => {
    // The columns of nearly all profiles; everything else takes the long way.
    if (
      direct &&
      (value.type === "double-long-unsigned" ||
        value.type === "long-unsigned" ||
        value.type === "double-long" ||
        value.type === "unsigned" ||
        value.type === "long")
    ) {
      before = value;
      return (shown = divisor === 1 ? value.value : value.value / divisor);
    }
    if (value.type === "null-data") {
      if (before === undefined) return null;
      if (!isClock) return typeof shown === "object" && shown !== null ? show(before) : shown;
      const next = step === 0 ? undefined : add(before, step);
      return next === undefined ? null : take(next);
    }
    if (value.type.startsWith("delta-")) {
      // Without a row before there is nothing to add to, and the difference is no value.
      const sum = before === undefined || typeof value.value !== "number" ? undefined : add(before, value.value);
      return sum === undefined ? null : take(sum);
    }
    return take(value);
  };
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

/** The time of the row; a null lies `step` seconds after the row before, and stays null without a period. */
function clockCell(options: RowMapperOptions, step: number): Cell {
  const format = dateTimeFormatter(options);
  let before: Uint8Array | undefined;
  let parts: DateTimeParts | null = null;
  return (value) => {
    if (value.value instanceof Uint8Array && value.value.length === 12) {
      before = value.value;
      parts = null;
      return format(value.value);
    }
    if (value.type !== "null-data") return presentValue(value, { presentation: "date-time" }, contextOf(options));
    if (before !== undefined) parts = dateTimeFromBytes(before);
    before = undefined;
    if (step === 0 || parts === null) return null;
    parts = addSeconds(parts, step, options);
    return parts === null ? null : presentDateTime(parts, options).value;
  };
}

function contextOf(options: PresentOptions): PresentContext {
  return { options, scalerUnit: undefined, printableIsText: false };
}
