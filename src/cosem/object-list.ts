/** The object list of an association as a directory of objects with access rights. */
import { classIds } from "../apdu/class-ids";
import { ByteReader } from "../bytes";
import { decodeValue } from "../codec/decode";
import type { DlmsValue } from "../codec/value";
import { DlmsDecodeError } from "../errors";
import { isAbsent } from "./absent";
import { className, findClass } from "./lookup";
import type { ClassDefinition } from "./model";
import { obisDotted } from "./obis";
import {
  type EntryShape,
  isPlainArray,
  type ListEntries,
  readEntries,
  startsLnEntry,
  startsRights,
  startsSnEntry,
} from "./object-list-bytes";
import { currentAssociation } from "./well-known-objects";

/** The association's access rights to an attribute. */
export type AttributeAccess = "none" | "read" | "write" | "read-write";
export type MethodAccess = "none" | "execute";

export interface AttributeEntry {
  readonly attributeId: number;
  /** name by the class table, or `attribute 12` */
  readonly attribute: string;
  /** null if the meter does not report it, or sends a value that the standard does not define */
  readonly access: AttributeAccess | null;
  /** access_mode as sent: an enumeration below version 3 of Association LN, a bit mask from there on */
  readonly accessMode: number | null;
  /** selectors of selective access */
  readonly selectors?: readonly number[];
}

export interface MethodEntry {
  readonly methodId: number;
  readonly method: string;
  readonly access: MethodAccess | null;
  readonly accessMode: number | null;
}

/** An object of a meter, as mode `objects` shows it. */
export interface ObjectEntry {
  readonly classId: number;
  readonly version: number;
  /** dotted OBIS */
  readonly logicalName: string;
  /** class name, or the class id as text */
  readonly objectType: string;
  readonly description: string;
  /** base name, where objects are referenced by short names */
  readonly shortName?: number;
  readonly attributes: readonly AttributeEntry[];
  readonly methods: readonly MethodEntry[];
}

export interface ObjectDirectory {
  readonly objects: readonly ObjectEntry[];
  /** entries that were invalid and left out, or that are counted in the list but were not received */
  readonly skipped: number;
}

/** Describes a dotted OBIS code in words; see src/names. */
export type DescribeObis = (logicalName: string) => string;

const undescribed: DescribeObis = () => "";

/** A directory, with notes on the bytes that it was read from. */
export interface DirectoryReading {
  readonly directory: ObjectDirectory;
  /** for the trace: wrong counts and skipped passages */
  readonly notes: readonly string[];
}

const lnShape: EntryShape = {
  listName: "object_list",
  startsAt: startsLnEntry,
  fits: (item) => readLnEntry(item) !== undefined,
};
const snShape: EntryShape = {
  listName: "object_list",
  startsAt: startsSnEntry,
  fits: (item) => readSnEntry(item, undescribed) !== undefined,
};
const rightsShape: EntryShape = {
  listName: "access_rights_list",
  startsAt: startsRights,
  fits: (item) => readRights(item) !== undefined,
};

/**
 * The object_list of an Association LN. Invalid entries are left out and counted, invalid access rights become null; a
 * list is never refused as a whole because of one entry.
 * @param associationVersion version of the association object; without it, the list itself determines the encoding
 * @throws DlmsDecodeError DECODE_VALUE if the value is not a list
 */
export function readObjectList(
  data: DlmsValue,
  associationVersion?: number,
  describeObis: DescribeObis = undescribed,
): ObjectDirectory {
  const items = listOf(data, "object_list");
  const drafts = items.map(readLnEntry);
  const mask = usesBitMask(drafts, associationVersion);
  const objects = drafts.flatMap((draft) => (draft === undefined ? [] : [lnEntry(draft, mask, describeObis)]));
  return { objects, skipped: items.length - objects.length };
}

/**
 * The same from the bytes of the list. All entries in the bytes are read, whatever number the list declares, and an
 * undecodable entry does not affect the others.
 * @throws DlmsDecodeError if the bytes are not a list, or contain no readable entry
 */
export function readObjectListBytes(
  bytes: Uint8Array,
  associationVersion?: number,
  describeObis?: DescribeObis,
): DirectoryReading {
  return fromBytes(bytes, lnShape, (list) => readObjectList(list, associationVersion, describeObis));
}

/** The object_list of an Association SN: short names, no access rights. @throws DlmsDecodeError DECODE_VALUE */
export function readShortNameList(data: DlmsValue, describeObis: DescribeObis = undescribed): ObjectDirectory {
  const items = listOf(data, "object_list");
  const objects = items.flatMap((item) => readSnEntry(item, describeObis) ?? []);
  return { objects, skipped: items.length - objects.length };
}

/** The same from the bytes of the list; see `readObjectListBytes`. @throws DlmsDecodeError */
export function readShortNameListBytes(bytes: Uint8Array, describeObis?: DescribeObis): DirectoryReading {
  return fromBytes(bytes, snShape, (list) => readShortNameList(list, describeObis));
}

function fromBytes(bytes: Uint8Array, shape: EntryShape, read: (list: DlmsValue) => ObjectDirectory): DirectoryReading {
  if (!isPlainArray(bytes)) return fromValue(bytes, shape, read);
  const entries = readEntries(bytes, shape);
  const { items, declared, gaps, error } = entries;
  if (items.length === 0 && error !== undefined) throw error;
  const { objects } = read({ type: "array", value: items });
  const skipped = Math.max(gaps, declared - objects.length);
  return { directory: { objects, skipped }, notes: notesOn(entries, shape.listName) };
}

/** A compact-array has no tags by which an entry could be found; a value that is not a list is refused. */
function fromValue(bytes: Uint8Array, shape: EntryShape, read: (list: DlmsValue) => ObjectDirectory): DirectoryReading {
  const reader = new ByteReader(bytes);
  const directory = read(decodeValue(reader, undefined, shape.listName));
  return { directory, notes: trailingNotes(reader.remaining, shape.listName) };
}

function trailingNotes(trailing: number, listName: string): string[] {
  return trailing === 0 ? [] : [`${listName}: ${trailing} bytes after the entries were ignored`];
}

function notesOn({ items, declared, gaps, trailing, error }: ListEntries, listName: string): string[] {
  const notes: string[] = [];
  if (items.length !== declared) notes.push(`${listName}: ${declared} entries are declared, ${items.length} were read`);
  if (gaps > 0) {
    const why = error === undefined ? "they are no entries" : error.message;
    notes.push(`${listName}: ${gaps} ${gaps === 1 ? "passage was" : "passages were"} passed over: ${why}`);
  }
  return [...notes, ...trailingNotes(trailing, listName)];
}

function readSnEntry(item: DlmsValue, describeObis: DescribeObis): ObjectEntry | undefined {
  if (item.type !== "structure") return undefined;
  const [base, classId, version, name] = item.value;
  const shortName = integer(base);
  const id = integer(classId);
  const logicalName = octets(name);
  if (shortName === undefined || id === undefined || logicalName === undefined) return undefined;
  const known = integer(version) ?? 0;
  const row = findClass(id, known);
  const unsaid = { access: null, accessMode: null };
  return {
    ...describe(id, known, logicalName, describeObis),
    // A base name is a long: FA00 is received as -1536.
    shortName: shortName & 0xffff,
    attributes: (row?.attributes ?? []).map(({ id: attributeId, name: attribute }) => ({
      attributeId,
      attribute,
      ...unsaid,
    })),
    methods: (row?.methods ?? []).map(({ id: methodId, name: method }) => ({ methodId, method, ...unsaid })),
  };
}

/** Adds the access rights from the association's access_rights_list (attribute 3) to short-name objects. */
export function withShortNameAccess(directory: ObjectDirectory, accessRightsList: DlmsValue): ObjectDirectory {
  const rights = new Map<number, Rights>();
  for (const item of listOf(accessRightsList, "access_rights_list")) {
    const one = readRights(item);
    if (one !== undefined) rights.set(one.shortName, one);
  }
  const objects = directory.objects.map((object) => {
    const found = object.shortName === undefined ? undefined : rights.get(object.shortName);
    if (found === undefined) return object;
    const row = findClass(object.classId, object.version);
    return {
      ...object,
      attributes: readAttributes(found.attributes, row, false),
      methods: readMethods(found.methods, row, false),
    };
  });
  return { objects, skipped: directory.skipped };
}

/** The same from the bytes of the list; see `readObjectListBytes`. @throws DlmsDecodeError */
export function withShortNameAccessBytes(directory: ObjectDirectory, bytes: Uint8Array): DirectoryReading {
  let filled = directory;
  const { notes } = fromBytes(bytes, rightsShape, (list) => (filled = withShortNameAccess(directory, list)));
  return { directory: filled, notes };
}

interface Rights {
  readonly shortName: number;
  readonly attributes: DlmsValue | undefined;
  readonly methods: DlmsValue | undefined;
}

function readRights(item: DlmsValue): Rights | undefined {
  if (item.type !== "structure") return undefined;
  const [base, attributes, methods] = item.value;
  const shortName = integer(base);
  return shortName === undefined ? undefined : { shortName: shortName & 0xffff, attributes, methods };
}

interface Draft {
  readonly classId: number;
  readonly version: number;
  readonly logicalName: Uint8Array;
  readonly attributes: DlmsValue | undefined;
  readonly methods: DlmsValue | undefined;
}

function readLnEntry(item: DlmsValue): Draft | undefined {
  if (item.type !== "structure") return undefined;
  const [classId, version, name, rights] = item.value;
  const id = integer(classId);
  const logicalName = octets(name);
  if (id === undefined || logicalName === undefined) return undefined;
  const [attributes, methods] = rights?.type === "structure" ? rights.value : [];
  return { classId: id, version: integer(version) ?? 0, logicalName, attributes, methods };
}

function lnEntry(draft: Draft, mask: boolean, describeObis: DescribeObis): ObjectEntry {
  const row = findClass(draft.classId, draft.version);
  return {
    ...describe(draft.classId, draft.version, draft.logicalName, describeObis),
    attributes: readAttributes(draft.attributes, row, mask),
    methods: readMethods(draft.methods, row, mask),
  };
}

function describe(
  classId: number,
  version: number,
  name: Uint8Array,
  describeObis: DescribeObis,
): Pick<ObjectEntry, "classId" | "version" | "logicalName" | "objectType" | "description"> {
  const logicalName = obisDotted(name);
  return { classId, version, logicalName, objectType: className(classId), description: describeObis(logicalName) };
}

/**
 * Whether the list encodes access modes as bit masks (version 3 and later). The version of the current association,
 * 0-0:40.0.0*255, decides. Without this object, the list shows it only by a mode that the enumeration does not define.
 */
function usesBitMask(drafts: readonly (Draft | undefined)[], version: number | undefined): boolean {
  if (version !== undefined) return version >= 3;
  const associations = drafts.filter((draft) => draft?.classId === classIds["association-ln"]);
  const current = associations.find(
    (draft) => draft !== undefined && obisDotted(draft.logicalName) === currentAssociation,
  );
  const association = current ?? associations[0];
  if (association !== undefined) return association.version >= 3;
  return drafts.some(
    (draft) =>
      readAttributes(draft?.attributes, undefined, false).some(isUnknownMode) ||
      readMethods(draft?.methods, undefined, false).some(isUnknownMode),
  );
}

/** Whether the meter sent a mode that the enumeration does not define. */
function isUnknownMode({ access, accessMode }: AttributeEntry | MethodEntry): boolean {
  return accessMode !== null && access === null;
}

function readAttributes(
  data: DlmsValue | undefined,
  row: ClassDefinition | undefined,
  mask: boolean,
): AttributeEntry[] {
  return members(data).flatMap((item): AttributeEntry[] => {
    const [id, mode, selectors] = item;
    const attributeId = signed(id);
    if (attributeId === undefined) return [];
    const accessMode = number(mode);
    const entry = {
      attributeId,
      attribute: row?.attributes.find((attribute) => attribute.id === attributeId)?.name ?? nameless(attributeId),
      access: accessMode === null ? null : attributeAccess(accessMode, mask),
      accessMode,
    };
    const list = numbersIn(selectors);
    return [list.length === 0 ? entry : { ...entry, selectors: list }];
  });
}

const nameless = (id: number): string => (id === 1 ? "logical_name" : `attribute ${id}`);

function readMethods(data: DlmsValue | undefined, row: ClassDefinition | undefined, mask: boolean): MethodEntry[] {
  return members(data).flatMap((item): MethodEntry[] => {
    const [id, mode] = item;
    const methodId = signed(id);
    if (methodId === undefined) return [];
    const accessMode = number(mode);
    return [
      {
        methodId,
        method: row?.methods.find((method) => method.id === methodId)?.name ?? `method ${methodId}`,
        access: accessMode === null ? null : methodAccess(accessMode, mask),
        accessMode,
      },
    ];
  });
}

/** Access modes below version 3, IEC 62056-6-2 "Association LN"; 4 to 6 are the authenticated forms of 1 to 3. */
const modes = ["none", "read", "write", "read-write", "read", "write", "read-write"] as const;
const masks = ["none", "read", "write", "read-write"] as const;

/** The same for methods: 2 is the authenticated form of 1. */
const methodModes = ["none", "execute", "execute"] as const;

/** The word for an attribute's access_mode; null for one that the enumeration does not define. */
export function attributeAccess(mode: number, bitMask: boolean): AttributeAccess | null {
  return (bitMask ? masks[mode & 3] : modes[mode]) ?? null;
}

function methodAccess(mode: number, bitMask: boolean): MethodAccess | null {
  if (bitMask) return (mode & 1) === 1 ? "execute" : "none";
  return methodModes[mode] ?? null;
}

function listOf(data: DlmsValue, listName: string): readonly DlmsValue[] {
  if (isAbsent(data)) return [];
  if (data.type === "array" || data.type === "compact-array") return data.value;
  throw new DlmsDecodeError("DECODE_VALUE", `${listName}: an array is expected, got ${data.type}`);
}

/** The fields of each structure in an array; other elements are skipped. */
function members(data: DlmsValue | undefined): (readonly DlmsValue[])[] {
  if (data?.type !== "array" && data?.type !== "compact-array") return [];
  return data.value.flatMap((item) => (item.type === "structure" ? [item.value] : []));
}

function numbersIn(data: DlmsValue | undefined): number[] {
  if (data?.type !== "array" && data?.type !== "compact-array") return [];
  return data.value.flatMap((item) => (typeof item.value === "number" ? [item.value] : []));
}

function integer(data: DlmsValue | undefined): number | undefined {
  return typeof data?.value === "number" && Number.isInteger(data.value) ? data.value : undefined;
}

/** An id is an integer of 8 bits; some meters send negative ones as unsigned. */
function signed(data: DlmsValue | undefined): number | undefined {
  const value = integer(data);
  return value !== undefined && data?.type === "unsigned" && value > 127 ? value - 256 : value;
}

/** In version 0, methods have a boolean. */
function number(data: DlmsValue | undefined): number | null {
  if (typeof data?.value === "boolean") return data.value ? 1 : 0;
  return integer(data) ?? null;
}

function octets(data: DlmsValue | undefined): Uint8Array | undefined {
  return data?.type === "octet-string" && data.value.length === 6 ? data.value : undefined;
}
