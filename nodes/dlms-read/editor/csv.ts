// Lists of values as CSV (RFC 4180): what a spreadsheet writes, read back as points of a dlms-read node.

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

/** Rows of fields, from text character by character. */
class RowParser {
  readonly rows: string[][] = [];
  readonly #delimiter: string;
  #row: string[] = [];
  #field = "";
  #quoted = false;
  #begun = false;

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  parse(source: string): string[][] {
    for (let i = 0; i < source.length; i++) {
      const [character = "", next] = [source[i], source[i + 1]];
      if (this.#quoted) {
        if (character !== '"') this.#field += character;
        else if (next === '"') {
          this.#field += '"';
          i++;
        } else this.#quoted = false;
      } else this.#plain(character, next);
    }
    if (this.#quoted) throw new Error("unclosed");
    if (this.#field !== "" || this.#row.length > 0) this.#endRow();
    return this.rows;
  }

  #plain(character: string, next: string | undefined): void {
    if (character === '"' && !this.#begun) {
      this.#quoted = true;
      this.#begun = true;
    } else if (character === this.#delimiter) this.#endField();
    else if (character === "\n") this.#endRow();
    else if (character !== "\r" || next !== "\n") {
      this.#field += character;
      this.#begun = true;
    }
  }

  #endField(): void {
    this.#row.push(this.#field);
    this.#field = "";
    this.#begun = false;
  }

  #endRow(): void {
    this.#endField();
    if (this.#row.length > 1 || this.#row[0]?.trim() !== "") this.rows.push(this.#row);
    this.#row = [];
  }
}

/** Rows of fields. Quoted fields may hold delimiters, quotes (doubled) and line ends. */
export function parseCsv(text: string, delimiter: string): string[][] {
  return new RowParser(delimiter).parse(text.replace(/^\uFEFF/, ""));
}

/** Spreadsheets of some countries separate by semicolons. */
function delimiterOf(text: string): string {
  const first = text.split(/\r?\n/, 1)[0] ?? "";
  return ["\t", ";", ","].find((one) => first.includes(one)) ?? ",";
}

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
