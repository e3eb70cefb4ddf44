/** The time of profile rows, in each form in which `dates` shows it. */
import { type CaptureObject, clockKind, type ProfileColumn, type ProfileRow, restrictingObject } from "../cosem";

/** The column with the time of each row; undefined if the profile has none. */
export function timeColumn<T extends CaptureObject>(columns: readonly T[]): T | undefined {
  const found = restrictingObject(columns);
  return columns.find((column) => column === found);
}

/** A row's place in time, in ms: an instant, or the meter's wall clock as if it were UTC where no offset is known. */
export interface RowMoment {
  readonly ms: number;
  readonly isLocal: boolean;
}

const iso = /^\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:\d\d)?$/;
const unitsPerMs = { unix: 1000, "unix-microseconds": 0.001 };

/** The place in time of a row; undefined if it is not one point in time. */
export function rowMoment(row: ProfileRow, column: ProfileColumn | undefined): RowMoment | undefined {
  // rows with time marks have their own time
  const value = column === undefined || row.time !== undefined ? row.time : row[column.key];
  if (value instanceof Date) return { ms: value.getTime(), isLocal: false };
  if (typeof value === "number") {
    const kind = column === undefined ? undefined : clockKind(column);
    return { ms: value * (kind === undefined || kind === "date-time" ? 1 : unitsPerMs[kind]), isLocal: false };
  }
  const match = typeof value === "string" ? iso.exec(value) : null;
  if (match === null) return undefined;
  const isLocal = match[1] === undefined;
  return { ms: Date.parse(`${match[0]}${isLocal ? "Z" : ""}`), isLocal };
}
