/** Selective access to the buffer of a Profile generic, by range and by entry. */
import { encodeValueBytes } from "../../codec/encode";
import type { DlmsValue } from "../../codec/value";
import type { SelectiveAccess } from "../../apdu/model";
import { bytesEqual } from "../../bytes";
import { arrayHeader } from "./byte-source";
import type { ProfileRows } from "../definition/definition";
import { dataAccess } from "../../apdu/results";

/** The selected rows, or the data-access-result that rejects the selection. */
export type Selected =
  { readonly ok: true; readonly pieces: Iterable<Uint8Array> } | { readonly ok: false; readonly result: number };

/** The sort key of a bound or a cell: a plain number, or an instant with or without its deviation. */
interface Key {
  readonly local: number;
  readonly deviation: number | undefined;
}

const refused = (result: keyof typeof dataAccess): Selected => ({ ok: false, result: dataAccess[result] });

/** The buffer of a Profile generic, whole or by selector 1 (range) or 2 (entry); IEC 62056-6-2, 4.3.6. */
export function selectRows(
  moving: ProfileRows,
  captureObjects: readonly DlmsValue[],
  access: SelectiveAccess | undefined,
): Selected {
  const rows = moving.freeze?.() ?? moving;
  if (access === undefined) return chosen(rows, run(0, rows.count()), undefined);
  const fields = access.parameters.type === "structure" ? access.parameters.value : undefined;
  if (fields?.length !== 4) return refused("type-unmatched");
  if (access.selector === 1) return byRange(rows, captureObjects, fields);
  if (access.selector === 2) return byEntry(rows, captureObjects.length, fields);
  return refused("scope-of-access-violated");
}

/** Selected entries: consecutive ones, or a list of indices. */
interface Indices {
  readonly count: number;
  at(position: number): number;
}

function run(first: number, count: number): Indices {
  return { count: Math.max(0, count), at: (position) => first + position };
}

function chosen(rows: ProfileRows, indices: Indices, columns: readonly number[] | undefined): Selected {
  const pieces = function* (): Generator<Uint8Array> {
    yield arrayHeader(indices.count);
    for (let position = 0; position < indices.count; position++) {
      const index = indices.at(position);
      const row = rows.row(index);
      const cells = columns === undefined ? row : columns.flatMap((column) => row[column] ?? []);
      yield encodeValueBytes({ type: "structure", value: cells });
    }
  };
  return { ok: true, pieces: pieces() };
}

function byEntry(rows: ProfileRows, width: number, fields: readonly DlmsValue[]): Selected {
  const [from, to, fromColumn, toColumn] = fields.map(numberOf);
  if (from === undefined || to === undefined || fromColumn === undefined || toColumn === undefined) {
    return refused("type-unmatched");
  }
  const last = to === 0 ? rows.count() : Math.min(to, rows.count());
  const first = Math.max(1, from);
  const indices = run(first - 1, last - first + 1);
  const lastColumn = toColumn === 0 ? width : Math.min(toColumn, width);
  const firstColumn = Math.max(1, fromColumn);
  if (firstColumn > lastColumn) return refused("scope-of-access-violated");
  const whole = firstColumn === 1 && lastColumn === width;
  const columns = Array.from({ length: lastColumn - firstColumn + 1 }, (_, column) => column + firstColumn - 1);
  return chosen(rows, indices, whole ? undefined : columns);
}

function byRange(rows: ProfileRows, captureObjects: readonly DlmsValue[], fields: readonly DlmsValue[]): Selected {
  const [restricting, from, to, selected] = fields;
  if (restricting === undefined || from === undefined || to === undefined || selected === undefined) {
    return refused("type-unmatched");
  }
  const column = captureObjects.findIndex((object) => sameObject(object, restricting));
  if (column < 0) return refused("object-undefined");
  const low = keyOf(from, "first");
  const high = keyOf(to, "last");
  if (low === undefined || high === undefined) return refused("type-unmatched");
  const columns = selectedColumns(captureObjects, selected);
  if (columns === "unknown") return refused("object-undefined");
  if (columns === "malformed") return refused("type-unmatched");
  const fits = (index: number): boolean => {
    const key = rowKey(rows, index, column, from);
    return key !== undefined && compare(key, low) >= 0 && compare(key, high) <= 0;
  };
  return chosen(rows, matching(rows.count(), fits), columns);
}

/** Matching rows are usually consecutive; then only the first index and the count are kept. */
function matching(count: number, fits: (index: number) => boolean): Indices {
  const found: number[] = [];
  let first = -1;
  let length = 0;
  for (let index = 0; index < count; index++) {
    if (!fits(index)) continue;
    if (first < 0) first = index;
    if (found.length === 0 && index === first + length) length += 1;
    else {
      if (found.length === 0) for (let i = 0; i < length; i++) found.push(first + i);
      found.push(index);
    }
  }
  if (found.length === 0) return run(Math.max(0, first), length);
  return { count: found.length, at: (position) => found[position] ?? 0 };
}

function selectedColumns(
  captureObjects: readonly DlmsValue[],
  selected: DlmsValue,
): readonly number[] | undefined | "unknown" | "malformed" {
  if (selected.type !== "array") return "malformed";
  if (selected.value.length === 0) return undefined;
  const columns = selected.value.map((wanted) => captureObjects.findIndex((object) => sameObject(object, wanted)));
  return columns.includes(-1) ? "unknown" : columns.sort((a, b) => a - b);
}

/** Compares class, logical name and attribute, and the data index when both have one. */
function sameObject(a: DlmsValue, b: DlmsValue): boolean {
  if (a.type !== "structure" || b.type !== "structure") return false;
  return a.value.length === b.value.length && a.value.every((field, i) => sameField(field, b.value[i]));
}

function sameField(a: DlmsValue, b: DlmsValue | undefined): boolean {
  if (a.type === "octet-string" && b?.type === "octet-string") return bytesEqual(a.value, b.value);
  return b !== undefined && numberOf(a) !== undefined && numberOf(a) === numberOf(b);
}

function numberOf(value: DlmsValue): number | undefined {
  if (typeof value.value === "number") return value.value;
  return typeof value.value === "bigint" ? Number(value.value) : undefined;
}

function rowKey(rows: ProfileRows, index: number, column: number, bound: DlmsValue): Key | undefined {
  if (rows.timeOf !== undefined && numberOf(bound) === undefined) {
    const { utc, deviation } = rows.timeOf(index);
    return { local: utc - deviation * 60_000, deviation };
  }
  const cell = rows.row(index)[column];
  return cell === undefined ? undefined : keyOf(cell, "first");
}

/** Replaces unspecified parts of a bound by their first or last possible value. */
function keyOf(value: DlmsValue, edge: "first" | "last"): Key | undefined {
  const number = numberOf(value);
  if (number !== undefined) return { local: number, deviation: undefined };
  if (value.type !== "octet-string" && value.type !== "date-time") return undefined;
  const bytes = value.value;
  if (bytes.length !== 12) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 12);
  const part = (at: number, first: number, last: number): number => {
    const byte = bytes[at] ?? 0xff;
    return byte === 0xff ? (edge === "first" ? first : last) : byte;
  };
  const year = view.getUint16(0) === 0xffff ? (edge === "first" ? 1970 : 9999) : view.getUint16(0);
  const local =
    Date.UTC(year, part(2, 1, 12) - 1, part(3, 1, 28), part(5, 0, 23), part(6, 0, 59), part(7, 0, 59)) +
    10 * part(8, 0, 0);
  const deviation = view.getInt16(9);
  return { local, deviation: deviation === -0x8000 || deviation === -1 ? undefined : deviation };
}

/** Compares in UTC when both sides have a deviation, else as local times. */
function compare(a: Key, b: Key): number {
  if (a.deviation === undefined || b.deviation === undefined) return a.local - b.local;
  return a.local + a.deviation * 60_000 - (b.local + b.deviation * 60_000);
}
