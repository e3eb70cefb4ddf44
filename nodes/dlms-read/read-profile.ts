/** Reads a profile for a message: the rows of the range, those that are new, and the time that other options need. */
import {
  type DlmsClient,
  newRowsOf,
  type NewestRows,
  type ProfileColumn,
  type ProfileOptions,
  type ProfileRow,
  type ProfileTable,
  rangeOfNew,
  timeColumn,
} from "../../src/index";
import type { ReadRequest } from "./read-request";

export type ProfileRequest = Extract<ReadRequest, { mode: "profile" }>;

/** The rows of a reading, with what their conversion needs. */
export interface ReadRows {
  readonly table: ProfileTable;
  /** of range "new": indices of the rows to send */
  readonly only: readonly number[] | undefined;
  /** of range "new": to keep once the rows were sent */
  readonly newest: NewestRows | undefined;
  /** the time was read for other options only, and is no column of the answer */
  readonly withoutTime: boolean;
}

export interface ProfileWish {
  /** the time of each row is needed */
  readonly timed: boolean;
  /** of range "new": what was sent before */
  readonly newest: NewestRows | undefined;
  /** ms since 1970 */
  readonly now: number;
}

export async function readRows(
  client: DlmsClient,
  { logicalName, range, columns }: ProfileRequest,
  options: ProfileOptions,
  { timed, newest, now }: ProfileWish,
): Promise<ReadRows> {
  const isNew = range === "new";
  const added = columns.length > 0 && (timed || isNew) ? await missingTime(client, logicalName, columns, options) : [];
  const wanted = isNew ? rangeOfNew(newest, now) : range;
  const table = await client.profile(logicalName, wanted, { ...options, columns: [...columns, ...added] }).toTable();
  const fresh = isNew ? newRowsOf(table.columns, table.rows, newest) : undefined;
  return { table, only: fresh?.fresh, newest: fresh?.newest, withoutTime: added.length > 0 };
}

/** The key of the time column if it is not among the chosen columns. */
async function missingTime(
  client: DlmsClient,
  logicalName: string,
  columns: readonly string[],
  options: ProfileOptions,
): Promise<string[]> {
  const keysOf = async (wanted: readonly string[]): Promise<readonly ProfileColumn[]> =>
    client.profile(logicalName, undefined, { ...options, columns: wanted }).columns();
  const time = timeColumn(await keysOf([]));
  if (time === undefined || (await keysOf(columns)).some(({ key }) => key === time.key)) return [];
  return [time.key];
}

/** The rows without a column. */
export function withoutColumn(rows: readonly ProfileRow[], key: string): ProfileRow[] {
  return rows.map(({ [key]: _left, ...row }) => row);
}
