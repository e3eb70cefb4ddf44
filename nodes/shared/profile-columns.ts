import { DlmsConfigError, type ProfileColumn, type ProfileTable, isObis, obisDotted } from "../../src/index";

/** `1-0:1.8.0*255/2` and `1.0.1.8.0.255/2` are the same column. */
function normal(name: string): string {
  const [obis = "", ...rest] = name.trim().split("/");
  return [isObis(obis) ? obisDotted(obis) : obis, ...rest].join("/");
}

/** A column by its key, or by its OBIS code alone where that is enough. */
function columnOf(name: string, columns: readonly ProfileColumn[]): ProfileColumn {
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

/**
 * The wanted columns of a table, in the wanted order; all where none is named.
 * @throws DlmsConfigError CONFIG_INVALID for a column that the profile does not have
 */
export function chooseColumns(table: ProfileTable, names: readonly string[]): ProfileTable {
  // a profile without entries may have told no columns either
  if (names.length === 0 || table.columns.length === 0) return table;
  const columns = [...new Set(names.map((name) => columnOf(name, table.columns)))];
  const rows = table.rows.map((row) =>
    Object.fromEntries(columns.filter(({ key }) => key in row).map(({ key }) => [key, row[key]])),
  );
  return { ...table, columns, rows };
}
