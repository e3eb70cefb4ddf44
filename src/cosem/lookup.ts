/** Look-ups in the class table, and references to attributes and methods from user input. */
import { DlmsConfigError } from "../errors";
import { invalid, quote } from "../errors/arguments";
import { interfaceClasses } from "./interface-classes";
import { settingName } from "./interface-classes/row";
import type { AttributeDefinition, AttributeRef, ClassDefinition, MethodDefinition, MethodRef } from "./model";
import { type ObisLike, obisDotted } from "./obis";

const byId = new Map<number, ClassDefinition[]>();
const byName = new Map<string, ClassDefinition[]>();
for (const row of interfaceClasses) {
  byId.set(row.id, [...(byId.get(row.id) ?? []), row]);
  byName.set(row.name, [...(byName.get(row.name) ?? []), row]);
}

/** All rows of the class table, for the editor's lists. */
export function listClasses(): readonly ClassDefinition[] {
  return interfaceClasses;
}

/**
 * The row of a class: by id, or by its name in any case and punctuation (`EXTENDED_REGISTER`, `Extended register`), or
 * by the id as text. Without a version the newest row. For a version that is not in the table the next lower one,
 * because versions mostly add to their predecessors; otherwise the oldest.
 */
export function findClass(idOrName: number | string, version?: number): ClassDefinition | undefined {
  const rows = typeof idOrName === "number" ? byId.get(idOrName) : rowsOf(idOrName);
  if (rows === undefined) return undefined;
  if (version === undefined) return rows.at(-1);
  return rows.findLast((row) => row.version <= version) ?? rows[0];
}

function rowsOf(name: string): ClassDefinition[] | undefined {
  if (typeof name !== "string") throw invalid("object type", "a name or a class id", name);
  const text = name.trim();
  return /^\d+$/.test(text) ? byId.get(Number(text)) : byName.get(settingName(text));
}

/** `"EXTENDED_REGISTER"`, or the id as text for a class that the table does not contain. */
export function className(id: number): string {
  return byId.get(id)?.at(-1)?.name ?? quote(id);
}

/** `"Extended register"`, or `"class 8192"`. */
export function classTitle(id: number): string {
  return byId.get(id)?.at(-1)?.title ?? `class ${quote(id)}`;
}

/** An attribute of a class by id or by name in any case. */
export function findAttribute(cls: ClassDefinition, nameOrId: number | string): AttributeDefinition | undefined {
  return find(cls.attributes, nameOrId);
}

/** A method of a class by id or by name in any case. */
export function findMethod(cls: ClassDefinition, nameOrId: number | string): MethodDefinition | undefined {
  return find(cls.methods, nameOrId);
}

function find<T extends { readonly id: number; readonly name: string }>(
  rows: readonly T[],
  nameOrId: number | string,
): T | undefined {
  if (typeof nameOrId === "number") return rows.find((row) => row.id === nameOrId);
  const wanted = settingName(nameOrId);
  return rows.find((row) => settingName(row.name) === wanted);
}

/** The definition of an attribute, or undefined if the table does not contain it. */
export function attributeDefinition(
  classId: number,
  version: number | undefined,
  attributeId: number,
): AttributeDefinition | undefined {
  const cls = findClass(classId, version);
  return cls === undefined ? undefined : findAttribute(cls, attributeId);
}

/** `"value"`, or `"attribute 12"`. */
export function attributeName(classId: number, attributeId: number, version?: number): string {
  return attributeDefinition(classId, version, attributeId)?.name ?? `attribute ${attributeId}`;
}

/** The attribute with the scaler_unit of a scaled attribute; undefined if the value is not scaled. */
export function scalerSource(classId: number, version: number | undefined, attributeId: number): number | undefined {
  const cls = findClass(classId, version);
  if (cls === undefined || findAttribute(cls, attributeId)?.presentation !== "scaled") return undefined;
  return cls.attributes.find((row) => row.presentation === "scaler-unit")?.id;
}

/** The Blue Book's name of a class in capitals, `_` for everything else (`EXTENDED_REGISTER`), in any case. */
export type ClassName = string;
/** The Blue Book's name of an attribute: `scaler_unit`. */
export type AttributeName = string;

/**
 * A reference to an attribute from user input: class by name or id, OBIS in any spelling, attribute by name or id. Ids
 * that the table does not contain are accepted unchanged.
 * @throws DlmsConfigError CONFIG_INVALID
 */
export function attribute(
  cls: ClassName | number,
  obis: ObisLike,
  attributeNameOrId: AttributeName | number,
): AttributeRef {
  const classId = classIdOf(cls);
  const logicalName = obisDotted(obis);
  const attributeId = memberId("attribute", classId, attributeNameOrId, (row) => row.attributes, -128);
  return { classId, logicalName, attributeId };
}

/** The same for a method. @throws DlmsConfigError CONFIG_INVALID */
export function method(cls: ClassName | number, obis: ObisLike, methodNameOrId: number | string): MethodRef {
  const classId = classIdOf(cls);
  const logicalName = obisDotted(obis);
  return { classId, logicalName, methodId: memberId("method", classId, methodNameOrId, (row) => row.methods, -128) };
}

function classIdOf(cls: number | string): number {
  if (typeof cls !== "number" && typeof cls !== "string") throw invalid("object type", "a name or a class id", cls);
  const numeric = typeof cls === "number" ? cls : /^\d+$/.test(cls.trim()) ? Number(cls) : undefined;
  if (numeric !== undefined) {
    if (Number.isInteger(numeric) && numeric >= 0 && numeric <= 0xffff) return numeric;
    throw new DlmsConfigError("CONFIG_INVALID", `object type: a class id is 0 to 65535, got ${numeric}`);
  }
  const found = findClass(cls);
  if (found !== undefined) return found.id;
  const names = [...byName.keys()];
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `object type: ${quote(cls)} is no interface class${suggest(settingName(String(cls)), names)}; a class id is possible too`,
  );
}

function memberId(
  kind: "attribute" | "method",
  classId: number,
  nameOrId: number | string,
  members: (row: ClassDefinition) => readonly { readonly id: number; readonly name: string }[],
  smallest: number,
): number {
  if (typeof nameOrId !== "number" && typeof nameOrId !== "string") throw invalid(kind, "a name or an id", nameOrId);
  const numeric =
    typeof nameOrId === "number" ? nameOrId : /^-?\d+$/.test(nameOrId.trim()) ? Number(nameOrId) : undefined;
  if (numeric !== undefined) {
    if (Number.isInteger(numeric) && numeric >= smallest && numeric <= 127) return numeric;
    throw new DlmsConfigError("CONFIG_INVALID", `${kind}: an id is ${smallest} to 127, got ${numeric}`);
  }
  // Newest first, so that a name that only an older version has is still found.
  const rows = [...(byId.get(classId) ?? [])].reverse();
  for (const row of rows) {
    const found = find(members(row), nameOrId);
    if (found !== undefined) return found.id;
  }
  const names = rows[0] === undefined ? [] : members(rows[0]).map((row) => row.name);
  const advice = names.length === 0 ? `; give its number` : suggest(String(nameOrId), names, 12);
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${kind}: ${quote(nameOrId)} is no ${kind} of ${classTitle(classId)}${advice}`,
  );
}

/** `; did you mean A or B?`: the names at a small edit distance, or all if there are few. */
function suggest(wanted: string, names: readonly string[], showAll = 0): string {
  const key = settingName(wanted.slice(0, 60));
  const near = names
    .map((name) => ({ name, far: distance(key, settingName(name)) }))
    .filter(
      ({ name, far }) =>
        far <= Math.max(2, Math.floor(key.length / 3)) || (key.length > 2 && settingName(name).includes(key)),
    )
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ name }) => name);
  if (near.length > 0) return `; did you mean ${near.join(" or ")}?`;
  return names.length > 0 && names.length <= showAll ? `; it has ${names.join(", ")}` : "";
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
