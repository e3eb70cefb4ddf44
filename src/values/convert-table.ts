/** Rows of a profile as a flow wants them: differences, units and keys. */
import type { ProfileColumn, ProfileRow } from "../cosem";
import { keysOf } from "../names";
import { differencesOf } from "./differences";
import { inKilo } from "./kilo";
import type { ShownColumn, ShownTable } from "./samples";

export interface ConvertOptions {
  /** KILO: kWh, kW and similar units by exact decimal shift; default METER */
  readonly units?: "METER" | "KILO";
  /** NAME: short English keys; default OBIS */
  readonly keys?: "OBIS" | "NAME";
  /** counters as the use within each interval; see `differencesOf` */
  readonly differences?: boolean;
  /** seconds from row to row, for differences */
  readonly capturePeriod?: number;
  /** the row before the first, for differences */
  readonly before?: ProfileRow | undefined;
  /** indices of the rows to keep, ascending; the others are only the base of differences */
  readonly only?: readonly number[] | undefined;
}

/** Converts rows; the meter's `unitCode` and `scaler` of a column stay. Notes say where a use is not known. */
export function convertTable(
  columns: readonly ProfileColumn[],
  rows: readonly ProfileRow[],
  options: ConvertOptions = {},
): ShownTable & { readonly notes: readonly string[] } {
  const used = withUse(columns, rows, options);
  const kilo = options.units === "KILO" ? inKiloRows(used) : used;
  return { ...(options.keys === "NAME" ? withNames(kilo) : kilo), notes: used.notes };
}

function withUse(
  columns: readonly ProfileColumn[],
  rows: readonly ProfileRow[],
  { differences = false, capturePeriod = 0, before, only }: ConvertOptions,
): ShownTable & { readonly notes: readonly string[] } {
  const keep = (all: readonly ProfileRow[]): readonly ProfileRow[] =>
    only === undefined
      ? all
      : only.flatMap((index) => {
          const row = all[index];
          return row === undefined ? [] : [row];
        });
  if (!differences) return { columns, rows: keep(rows), notes: [] };
  const result = differencesOf(columns, rows, { capturePeriod, before, only });
  const shown = columns.map((column): ShownColumn =>
    result.keys.includes(column.key) ? { ...column, difference: true } : column,
  );
  return { columns: shown, rows: keep(result.rows), notes: result.notes };
}

function inKiloRows({ columns, rows }: ShownTable): ShownTable {
  const scaled = new Set<string>();
  const shown = columns.map((column) => {
    const { unit } = inKilo({ value: 0, unit: column.unit });
    if (unit === column.unit) return column;
    scaled.add(column.key);
    return { ...column, unit };
  });
  if (scaled.size === 0) return { columns, rows };
  const unitOf = new Map(columns.map(({ key, unit }) => [key, unit]));
  return {
    columns: shown,
    rows: rows.map((row) => {
      const changed = { ...row };
      for (const key of scaled) {
        if (key in row) changed[key] = inKilo({ value: row[key], unit: unitOf.get(key) ?? null }).value;
      }
      return changed;
    }),
  };
}

/** Keys that are no column, such as the time of rows with time marks, stay. */
function withNames({ columns, rows }: ShownTable): ShownTable {
  const names = keysOf(columns);
  const nameOf = new Map(columns.map(({ key }, index) => [key, names[index] ?? key]));
  return {
    columns: columns.map((column, index) => ({ ...column, key: names[index] ?? column.key })),
    rows: rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([key, value]) => [nameOf.get(key) ?? key, value])),
    ),
  };
}
