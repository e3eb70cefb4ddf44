// Lists of values as CSV (RFC 4180): reads the files of spreadsheets as points of a dlms-read node.
import { delimiterOf, parseCsv } from "../../node-red/csv-rows";

/** A point as a row of a table holds it. */
export interface CsvPoint {
  name?: string;
  logicalName?: string;
  objectType?: string;
  attributeId?: string;
}

export interface CsvError {
  /** from 1, the head line included */
  readonly row: number;
  /** a text of the catalogue, `csv.<key>` */
  readonly key?: "obis" | "unclosed" | "columns";
  readonly reason?: string;
}

type Column = keyof CsvPoint;

const columns: readonly Column[] = ["name", "logicalName", "objectType", "attributeId"];

const columnNames: ReadonlyMap<string, Column> = new Map<string, Column>([
  ["name", "name"],
  ["logicalname", "logicalName"],
  ["obis", "logicalName"],
  ["obiscode", "logicalName"],
  ["objecttype", "objectType"],
  ["type", "objectType"],
  ["class", "objectType"],
  ["classid", "objectType"],
  ["attributeid", "attributeId"],
  ["attribute", "attributeId"],
]);

function pointOf(row: readonly string[], keys: readonly (Column | undefined)[]): CsvPoint {
  const point: CsvPoint = {};
  keys.forEach((key, column) => {
    const value = (row[column] ?? "").trim();
    if (key !== undefined && value !== "") point[key] = value;
  });
  return point;
}

/** @param problemOf the reason why a row with a code is wrong, or undefined */
export function readCsv(
  text: string,
  isObis: (obis: string) => boolean,
  problemOf: (point: CsvPoint) => string | undefined = () => undefined,
): { points: CsvPoint[]; errors: CsvError[] } {
  let rows: string[][];
  try {
    rows = parseCsv(text, delimiterOf(text));
  } catch {
    return { points: [], errors: [{ row: 1, key: "unclosed" }] };
  }
  const [first] = rows;
  if (first === undefined) return { points: [], errors: [{ row: 1, key: "columns" }] };
  const head = first.map((name) => columnNames.get(name.toLowerCase().replace(/[^a-z]/g, "")));
  const titled = head.includes("logicalName");
  const points: CsvPoint[] = [];
  const errors: CsvError[] = [];
  rows.forEach((fields, index) => {
    if (titled && index === 0) return;
    const row = index + 1;
    const point = pointOf(fields, titled ? head : columns);
    if (point.logicalName === undefined || !isObis(point.logicalName)) {
      errors.push({ row, key: "obis" });
      return;
    }
    const reason = problemOf(point);
    if (reason === undefined) points.push(point);
    else errors.push({ row, reason });
  });
  return { points, errors };
}

function quoted(value: string): string {
  return /[",\r\n]|^\s|\s$/.test(value) ? `"${value.replace(/"/g, '""')}"` : value;
}

export function writeCsv(points: readonly CsvPoint[]): string {
  const rows = points.map((point) => columns.map((key) => point[key] ?? ""));
  return [columns, ...rows].map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
}
