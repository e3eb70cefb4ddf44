/** List tables as users write them: JSON of the same form as the tables of this package. */
import { dataTags } from "../../codec";
import { findUnit, isObis, obisDotted, units } from "../../cosem";
import { integer, invalid, knownKeys, object } from "../../errors/arguments";
import type { PushList, PushListEntry } from "./list";

/** One value of a positional list. */
export interface PushListEntryDefinition {
  /** OBIS code in any form; null for a value of unknown meaning */
  readonly obis: string | null;
  /** power of ten (0) */
  readonly scaler?: number;
  /** symbol ("Wh") or code (30) of the unit; derived from the OBIS code by default */
  readonly unit?: string | number;
  /** the standard's names of the types that the meter sends; absent: any */
  readonly types?: readonly string[];
  /** length of an octet-string in bytes */
  readonly length?: number;
}

/** A list table: the meaning of the values of a push whose frame does not contain it. */
export interface PushListDefinition {
  /** name of the table, for `lists` and for `push.table` */
  readonly id: string;
  /** text at the beginning of the push, as the meter sends it */
  readonly listId?: string;
  /** number of values; has to agree with `entries` */
  readonly count?: number;
  /** the type of each value, in the order of `entries`; null: any */
  readonly types?: readonly (string | null)[];
  /** of a push without names: its values in order */
  readonly entries?: readonly PushListEntryDefinition[];
  /** for a push with names: power of ten by groups C.D.E; 0 for groups that are not listed */
  readonly scalers?: Readonly<Record<string, number>>;
  /** origin of the table */
  readonly source?: string;
}

const maxEntries = 512;
const types: readonly string[] = Object.values(dataTags);
const groups = /^\d{1,3}\.\d{1,3}\.\d{1,3}$/;

/**
 * Checks a list table that a user wrote.
 * @param path name of the table in messages
 * @throws DlmsConfigError CONFIG_INVALID with the path of the invalid field
 */
export function parsePushList(value: unknown, path = "list"): PushListDefinition {
  compilePushList(value, path);
  return value as PushListDefinition;
}

/** @throws DlmsConfigError CONFIG_INVALID */
export function compilePushList(value: unknown, path: string): PushList {
  object(path, value);
  knownKeys(path, value, ["id", "listId", "count", "types", "entries", "scalers", "source"]);
  const given = value as Readonly<Record<string, unknown>>;
  const id = textOf(`${path}.id`, given["id"]);
  const listId = given["listId"] === undefined ? undefined : textOf(`${path}.listId`, given["listId"]);
  const source = given["source"] === undefined ? "the settings" : textOf(`${path}.source`, given["source"]);
  const scalers = given["scalers"] === undefined ? {} : scalersOf(`${path}.scalers`, given["scalers"]);
  const entries = entriesOf(path, given);
  return {
    id,
    ...(listId !== undefined && { listId: exactly(listId) }),
    ...(listId === undefined && { chosenOnly: true }),
    ...(entries !== undefined && { entries }),
    scalers,
    source,
  };
}

const exactly = (text: string): RegExp => new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);

function textOf(path: string, value: unknown): string {
  if (typeof value === "string" && value.trim() !== "" && value.length <= 200) return value;
  throw invalid(path, "a text of at most 200 characters", value);
}

function scalersOf(path: string, value: unknown): Record<string, number> {
  object(path, value);
  const scalers: Record<string, number> = {};
  for (const [name, scaler] of Object.entries(value)) {
    if (!groups.test(name)) throw invalid(path, "names such as 31.7.0 (the groups C.D.E)", name);
    scalers[name] = integer(`${path}.${name}`, scaler, -12, 12);
  }
  return scalers;
}

function entriesOf(path: string, given: Readonly<Record<string, unknown>>): PushListEntry[] | undefined {
  const { entries, count, types: typesOfAll } = given;
  if (entries === undefined) {
    if (given["scalers"] === undefined) throw invalid(path, "entries, scalers or both", "neither");
    if (count !== undefined) throw invalid(`${path}.count`, "entries beside it", count);
    if (typesOfAll !== undefined) throw invalid(`${path}.types`, "entries beside it", typesOfAll);
    return undefined;
  }
  const rows = arrayOf(`${path}.entries`, entries);
  if (count !== undefined && count !== rows.length) {
    throw invalid(`${path}.count`, `${rows.length}, as many as entries`, count);
  }
  const columns = typesOfAll === undefined ? undefined : arrayOf(`${path}.types`, typesOfAll);
  if (columns !== undefined && columns.length !== rows.length) {
    throw invalid(`${path}.types`, `${rows.length} types, as many as entries`, columns.length);
  }
  return rows.map((row, i) => {
    const entry = entryOf(`${path}.entries[${i}]`, row);
    const type = columns?.[i];
    return type === undefined || type === null ? entry : { ...entry, types: [typeOf(`${path}.types[${i}]`, type)] };
  });
}

function arrayOf(path: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0 && value.length <= maxEntries) return value;
  throw invalid(path, `an array of 1 to ${maxEntries} elements`, value);
}

function typeOf(path: string, value: unknown): string {
  if (typeof value === "string" && types.includes(value)) return value;
  throw invalid(path, "a data type of the standard, such as double-long-unsigned", value);
}

function entryOf(path: string, value: unknown): PushListEntry {
  object(path, value);
  knownKeys(path, value, ["obis", "scaler", "unit", "types", "length"]);
  const { obis, scaler, unit, types: own, length } = value as Readonly<Record<string, unknown>>;
  return {
    logicalName: obis === null ? null : logicalNameOf(`${path}.obis`, obis),
    ...(scaler !== undefined && { scaler: integer(`${path}.scaler`, scaler, -12, 12) }),
    ...(unit !== undefined && { unitCode: unitCodeOf(`${path}.unit`, unit) }),
    ...(own !== undefined && {
      types: arrayOf(`${path}.types`, own).map((type, i) => typeOf(`${path}.types[${i}]`, type)),
    }),
    ...(length !== undefined && { length: integer(`${path}.length`, length, 0, 65_535) }),
  };
}

export function logicalNameOf(path: string, value: unknown): string {
  if (typeof value === "string" && isObis(value)) return obisDotted(value);
  throw invalid(path, "an OBIS code such as 1-0:1.8.0", value);
}

/** The code of a unit given by code or symbol. */
export function unitCodeOf(path: string, value: unknown): number {
  if (typeof value === "number" && findUnit(value) !== undefined) return value;
  const row = Object.entries(units).find(([, { symbol }]) => symbol === value && symbol !== "");
  if (row !== undefined) return Number(row[0]);
  throw invalid(path, "the symbol or the code of a unit, such as Wh or 30", value);
}
