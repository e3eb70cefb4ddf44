/** The payload in the chosen form: objects, rows for SQL, points, line protocol. */
import {
  type InfluxPoint,
  lineProtocol,
  pointsOfProfile,
  pointsOfValues,
  type ReadValue,
  type ShownColumn,
  type ShownTable,
  tableOfProfile,
  tableOfValues,
  timeColumn,
} from "../../src/index";
import { withoutColumn } from "./read-profile";
import type { ReadShape } from "./read-request";
import type { Info } from "./reading-info";

const pointsAs = (points: readonly InfluxPoint[], format: ReadShape["format"]): unknown =>
  format === "LINE" ? lineProtocol(points) : points;

export interface ProfileForm {
  readonly meter: string;
  readonly logicalName: string;
  readonly format: ReadShape["format"];
  /** rows are shown without their time */
  readonly withoutTime: boolean;
}

export interface ProfilePayload {
  readonly payload: unknown;
  readonly columns: readonly ShownColumn[];
  readonly notes: readonly string[];
}

export function payloadOfProfile(
  table: ShownTable,
  { meter, logicalName, format, withoutTime }: ProfileForm,
): ProfilePayload {
  const time = withoutTime ? timeColumn(table.columns) : undefined;
  const columns = time === undefined ? table.columns : table.columns.filter((column) => column !== time);
  if (format === "OBJECT") {
    const rows = time === undefined ? table.rows : withoutColumn(table.rows, time.key);
    return { payload: rows, columns, notes: [] };
  }
  if (format === "TABLE") return { payload: tableOfProfile(meter, table), columns, notes: [] };
  const { points, leftOut } = pointsOfProfile(table, logicalName, { meter });
  const rows = leftOut === 1 ? "1 row has" : `${leftOut} rows have`;
  const note = `${rows} no known instant and are left out: set the time zone of the meter`;
  return { payload: pointsAs(points, format), columns, notes: leftOut === 0 ? [] : [note] };
}

/** `plain`: the payload of the format OBJECT. A value without a name has its short key. */
export function payloadOfValues(
  read: readonly (readonly [name: string | undefined, info: Info])[],
  plain: unknown,
  meter: string,
  { format, dates }: ReadShape,
): unknown {
  if (format === "OBJECT") return plain;
  const values = read.map(([name, info]): ReadValue => ({ ...info, ...(name === undefined ? {} : { name }) }));
  const readAt = read.at(-1)?.[1].readAt ?? "";
  const time = new Date(readAt);
  if (format !== "TABLE") return pointsAs(pointsOfValues(time, values, { meter }), format);
  const shown = dates === "iso" ? readAt : dates === "date" ? time : time.getTime();
  return tableOfValues(meter, shown, values);
}
