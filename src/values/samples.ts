/** Values for a database, one by one: TABLE. */
import type { ProfileColumn, ProfileRow } from "../cosem";
import { keyOf, keysOf } from "../names";
import { type RowMoment, rowMoment, timeColumn } from "./row-time";

/** A value with its time and place. */
export interface Sample {
  /** as the row shows it; null if the row has no time */
  readonly time: unknown;
  readonly meter: string;
  /** dotted OBIS */
  readonly logicalName: string;
  /** the short key, or the name in the list */
  readonly name: string;
  readonly value: unknown;
  readonly unit: string | null;
}

/** A column as rows show it: `difference` where it holds the use within the interval. */
export type ShownColumn = ProfileColumn & { readonly difference?: true };

/** Rows of a profile with their columns. */
export interface ShownTable {
  readonly columns: readonly ShownColumn[];
  readonly rows: readonly ProfileRow[];
}

/** A value from a single read or from a list. */
export interface ReadValue {
  /** default: the short key */
  readonly name?: string;
  readonly logicalName: string;
  readonly classId: number;
  readonly attributeId: number;
  readonly value: unknown;
  readonly unit: string | null;
  readonly scaler: number | null;
}

/** A row with its columns, short keys and time. */
export interface NamedRow {
  readonly time: unknown;
  /** undefined if the time is unknown */
  readonly moment: RowMoment | undefined;
  readonly values: readonly { readonly column: ShownColumn; readonly name: string; readonly value: unknown }[];
}

/** The rows of a profile with short keys; the time is no value. */
export function namedRows({ columns, rows }: ShownTable): NamedRow[] {
  const time = timeColumn(columns);
  const names = keysOf(columns);
  const others = columns.flatMap((column, index) => (column === time ? [] : [{ column, name: names[index] ?? "" }]));
  return rows.map((row) => ({
    time: row.time ?? (time === undefined ? null : (row[time.key] ?? null)),
    moment: rowMoment(row, time),
    values: others.map(({ column, name }) => ({ column, name, value: row[column.key] })),
  }));
}

/** Each value of a profile as a row of its own. */
export function tableOfProfile(meter: string, table: ShownTable): Sample[] {
  return namedRows(table).flatMap(({ time, values }) =>
    values.map(({ column, name, value }) => ({
      ...{ time, meter, logicalName: column.logicalName },
      ...{ name, value, unit: column.unit },
    })),
  );
}

/** Values that were read at one time. */
export function tableOfValues(meter: string, time: unknown, values: readonly ReadValue[]): Sample[] {
  return values.map(({ name, logicalName, classId, attributeId, value, unit }) => ({
    ...{ time, meter, logicalName },
    ...{ name: name ?? keyOf(logicalName, classId, attributeId), value, unit },
  }));
}
