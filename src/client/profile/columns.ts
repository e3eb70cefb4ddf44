/** Chooses the columns of a profile by their names. */
import { isObis, obisDotted, type ProfileColumn, type ProfileRow, restrictingObject } from "../../cosem";
import { DlmsConfigError } from "../../errors";
import type { ProfileInfo } from "./profile-info";

/** Selects the columns of a profile, and those of them that a request can name. */
export interface ColumnChoice {
  /** in the form in which they are displayed */
  readonly columns: readonly ProfileColumn[];
  /** undefined: rows are delivered unchanged */
  readonly project: ((row: ProfileRow) => ProfileRow) | undefined;
  /** Indices of the columns to request by selector 1, ascending; undefined = all. */
  readonly byRange: readonly number[] | undefined;
  /** The same for selector 2, which has only a first and a last column. */
  readonly byEntry: readonly number[] | undefined;
}

/**
 * Finds the named columns. The time is read too, because it checks the range, and an interrupted reading resumes by it.
 * @throws DlmsConfigError CONFIG_INVALID for a column that the profile does not have
 */
export function chooseColumns({ columns, captureObjects }: ProfileInfo, names: readonly string[]): ColumnChoice {
  if (names.length === 0) return { columns, project: undefined, byRange: undefined, byEntry: undefined };
  const chosen = [...new Set(names.map((name) => columnOf(name, columns)))];
  const keys = chosen.map(({ key }) => key);
  const clock = restrictingObject(captureObjects);
  const asked = columns.flatMap((column, index) =>
    keys.includes(column.key) || captureObjects[index] === clock ? [index] : [],
  );
  const [first = 0] = asked;
  const span = Array.from({ length: (asked.at(-1) ?? first) - first + 1 }, (_, offset) => first + offset);
  const fewer = (indices: readonly number[]): readonly number[] | undefined =>
    indices.length < columns.length ? indices : undefined;
  return {
    columns: chosen,
    project: (row) => Object.fromEntries(keys.map((key) => [key, row[key]])),
    // for an object that is captured twice, the standard does not say which column, or whether both, would be sent
    byRange: asked.some((index) => isCapturedTwice(columns, index)) ? undefined : fewer(asked),
    byEntry: fewer(span),
  };
}

/**
 * The columns of a profile with time marks: all are requested, because some contain the marks, and each row keeps its
 * time.
 */
export function chooseMarkedColumns(info: ProfileInfo, names: readonly string[]): ColumnChoice {
  const { columns, project } = chooseColumns(info, names);
  const withTime = project && ((row: ProfileRow): ProfileRow => ({ time: row.time, ...project(row) }));
  return { columns, project: withTime, byRange: undefined, byEntry: undefined };
}

function isCapturedTwice(columns: readonly ProfileColumn[], index: number): boolean {
  const one = columns[index];
  return columns.some(
    (other, at) =>
      at !== index &&
      other.classId === one?.classId &&
      other.logicalName === one.logicalName &&
      other.attributeId === one.attributeId &&
      other.dataIndex === one.dataIndex,
  );
}

/** `1-0:1.8.0*255/2` and `1.0.1.8.0.255/2` are the same column. */
function normal(name: string): string {
  const [obis = "", ...rest] = name.trim().split("/");
  return [isObis(obis) ? obisDotted(obis) : obis, ...rest].join("/");
}

/** A column by its key, or by its OBIS code alone if that is unique. */
export function columnOf(name: string, columns: readonly ProfileColumn[]): ProfileColumn {
  const wanted = normal(name);
  const exact = columns.find(({ key }) => key === wanted);
  if (exact !== undefined) return exact;
  const [obis = "", attribute] = wanted.split("/");
  const alike = columns.filter(
    (column) => column.logicalName === obis && (attribute === undefined || String(column.attributeId) === attribute),
  );
  const [only, second] = alike;
  if (only !== undefined && second === undefined) return only;
  const keys = (only === undefined ? columns : alike).map(({ key }) => key).join(", ");
  throw new DlmsConfigError("CONFIG_INVALID", `columns: "${name}" is no column of this profile; there are ${keys}`, {
    details: { property: "columns" },
  });
}
