/** Converts decoded values to readable JSON by the class table. */
import { classIds } from "../apdu/class-ids";
import { toHex } from "../bytes";
import type { DlmsValue } from "../codec/value";
import { dateFromBytes, dateTimeFromBytes, isoDate, isoTime, presentDateTime, timeFromBytes } from "./date-time";
import { attributeDefinition, findAttribute, listClasses } from "./lookup";
import type {
  FieldDefinition,
  PresentAttribute,
  Presentation,
  PresentedValue,
  PresentOptions,
  ScalerUnit,
} from "./model";
import { obisDotted } from "./obis";
import { readObjectList, readShortNameList } from "./object-list";
import { scaleFloat, scaleInteger, shortestFloat32 } from "./scaling";
import { unitSymbol } from "./units";

type Definition = Omit<FieldDefinition, "name">;

/** Settings and facts that determine the presentation of a value, in addition to the definition of its attribute. */
export interface PresentContext {
  readonly options: PresentOptions;
  readonly scalerUnit: ScalerUnit | undefined;
  /** in class Data, octets are shown as text if all of them are printable */
  readonly printableIsText: boolean;
}

const none: Definition = {};
const noOptions: PresentOptions = {};

/**
 * A readable form of a value, by the attribute's entry in the class table and by general rules where the table has no
 * entry. Never fails: the general rules also show a value of an unexpected form.
 */
export const presentAttribute: PresentAttribute = (data, ref, scalerUnit, options = noOptions) => {
  const definition = definitionFor(data, ref) ?? none;
  if (definition.presentation === "object-list") {
    const objects = presentObjectList(data, ref.version, options);
    if (objects !== undefined) return { value: objects, type: data.type };
  }
  return presentTop(data, definition, { options, scalerUnit, printableIsText: ref.classId === classIds.data });
};

/**
 * The definition of an attribute. If the version is unknown, the number of fields of a structure, or of the first
 * structure in an array, selects it: the newest version that fits.
 */
function definitionFor(data: DlmsValue, ref: Parameters<PresentAttribute>[1]): Definition | undefined {
  const definition = attributeDefinition(ref.classId, ref.version, ref.attributeId);
  if (ref.version !== undefined || definition === undefined || typeof data.value !== "object") return definition;
  if (fits(data, definition)) return definition;
  return (
    listClasses()
      .filter((cls) => cls.id === ref.classId)
      .map((cls) => findAttribute(cls, ref.attributeId))
      .findLast((other) => other !== undefined && fits(data, other)) ?? definition
  );
}

/** Whether the definition has as many fields as the structure, or as the first structure of the array. */
function fits(data: DlmsValue, definition: Definition): boolean {
  if (data.type === "structure") return fieldsOf(definition, data.value.length) !== undefined;
  if (data.type !== "array" && data.type !== "compact-array") return true;
  const first = data.value.find((item) => item.type === "structure");
  if (first?.type !== "structure") return true;
  return fieldsOf(elementOf(definition), first.value.length) !== undefined;
}

/**
 * The form of a structure with this number of fields; undefined if the table has no such form, because field names
 * would be guesses.
 */
function fieldsOf(definition: Definition, count: number): readonly FieldDefinition[] | undefined {
  if (definition.fields?.length === count) return definition.fields;
  return definition.otherFields?.find((fields) => fields.length === count);
}

/** How the elements of an array are shown. In a Register table, the scaler_unit applies to each element. */
export function elementOf(definition: Definition): Definition {
  return definition.element ?? (definition.presentation === "scaled" ? definition : none);
}

/** The directory of an object_list; undefined if the value has another form. */
function presentObjectList(data: DlmsValue, version: number | undefined, { describeObis }: PresentOptions): unknown {
  if (data.type !== "array" && data.type !== "compact-array") return undefined;
  const first = data.value.find((item) => item.type === "structure");
  const shortNames = first?.type === "structure" && first.value[3]?.type === "octet-string";
  const { objects, skipped } = shortNames
    ? readShortNameList(data, describeObis)
    : readObjectList(data, version, describeObis);
  return objects.length === 0 && skipped > 0 ? undefined : objects;
}

/** A value by an explicit definition, with the details that exist only at the top level of a value. */
export function presentTop(data: DlmsValue, definition: Definition, context: PresentContext): PresentedValue {
  const parts = dateTimeBytes(data, definition);
  if (parts !== undefined) {
    return { ...presentDateTime(dateTimeFromBytes(parts), context.options), type: data.type };
  }
  const value = presentValue(data, definition, context);
  const base = { value, type: data.type };
  const valueName = enumerationName(data, definition);
  if (valueName !== undefined) return { ...base, valueName };
  const bits = bitsOf(data, definition);
  return bits === undefined ? base : { ...base, bits };
}

/** The named bits of a bit-string, or of an integer that contains flags. */
function bitsOf(data: DlmsValue, { bits }: Definition): Readonly<Record<string, boolean>> | undefined {
  if (bits === undefined) return undefined;
  if (data.type === "bit-string") return bitNames(data.value, bits);
  if (typeof data.value !== "number" || !Number.isInteger(data.value) || data.value < 0) return undefined;
  const lowestFirst = [...data.value.toString(2)].reverse().join("");
  return bitNames(lowestFirst.padEnd(bits.length, "0"), bits);
}

function dateTimeBytes(data: DlmsValue, definition: Definition): Uint8Array | undefined {
  const possible =
    data.type === "date-time" || (data.type === "octet-string" && definition.presentation === "date-time");
  return possible && data.value.length === 12 ? data.value : undefined;
}

function enumerationName(data: DlmsValue, definition: Definition): string | undefined {
  return typeof data.value === "number" ? definition.enumeration?.[data.value] : undefined;
}

/**
 * The names of the bits, and whether each one is set. Bits beyond the names are left out, because the string shows
 * them.
 */
export function bitNames(value: string, names: readonly string[]): Readonly<Record<string, boolean>> {
  const named: Record<string, boolean> = {};
  names.forEach((name, i) => {
    if (i < value.length) named[name] = value[i] === "1";
  });
  return named;
}

/** The JSON-safe form of a value. */
export function presentValue(data: DlmsValue, definition: Definition, context: PresentContext): unknown {
  switch (data.type) {
    case "null-data":
    case "dont-care":
      return null;
    case "boolean":
    case "bit-string":
      return data.value;
    case "visible-string":
    case "utf8-string":
      return data.value === "" && !hasEmptyForm(definition) ? null : data.value;
    case "octet-string":
      return presentOctets(data.value, definition, context);
    case "date-time":
    case "date":
    case "time":
      return presentDates(data.value, data.type, context.options) ?? toHex(data.value);
    case "array":
    case "compact-array":
      return presentArray(data.value, definition, context);
    case "structure":
      return presentStructure(data.value, definition, context);
    case "float32":
    case "floating-point":
      return scaleFloat(shortestFloat32(data.value), scalerOf(definition, context));
    case "float64":
      return scaleFloat(data.value, scalerOf(definition, context));
    default:
      return presentInteger(data.value, definition, context);
  }
}

function scalerOf(definition: Definition, context: PresentContext): number {
  return definition.presentation === "scaled" ? (context.scalerUnit?.scaler ?? 0) : 0;
}

function presentInteger(value: number | bigint, definition: Definition, context: PresentContext): unknown {
  if (definition.presentation === "unix-time") return presentUnixTime(Number(value), context.options);
  return scaleInteger(value, scalerOf(definition, context));
}

/** Seconds since 1970 in UTC. */
export function presentUnixTime(seconds: number, options: PresentOptions): unknown {
  const epochMs = seconds * 1000;
  if (options.dates === "epoch") return epochMs;
  const instant = new Date(epochMs);
  // Beyond the range of Date, the number itself is more useful than an error.
  if (Number.isNaN(instant.getTime())) return seconds;
  return options.dates === "date" ? instant : instant.toISOString().replace(".000Z", "Z");
}

/** Presentations in which an empty string is a value; in all others it means "no value". */
const emptyForms: ReadonlySet<Presentation | undefined> = new Set(["text", "bytes", "scaled", undefined]);

function hasEmptyForm({ presentation, fields, element }: Definition): boolean {
  return emptyForms.has(presentation) && fields === undefined && element === undefined;
}

function presentOctets(value: Uint8Array, definition: Definition, context: PresentContext): unknown {
  const { presentation } = definition;
  if (value.length === 0 && !hasEmptyForm(definition)) return null;
  switch (presentation) {
    case "logical-name":
      if (value.length === 6) return obisDotted(value);
      break;
    case "date-time":
    case "date":
    case "time": {
      const shown = presentDates(value, presentation, context.options);
      if (shown !== undefined) return shown;
      break;
    }
    case "text": {
      const shown = readableText(value);
      if (shown !== undefined) return shown;
      break;
    }
    case "bytes":
      return toHex(value);
    default:
      break;
  }
  return presentUnknownOctets(value, context);
}

function presentUnknownOctets(value: Uint8Array, context: PresentContext): string {
  const wish = context.options.octetStrings ?? "auto";
  if (wish === "text") return readableText(value) ?? toHex(value);
  return wish === "auto" && context.printableIsText ? (printableText(value) ?? toHex(value)) : toHex(value);
}

/** The octets as ASCII if all are printable (20 to 7E). */
function printableText(value: Uint8Array): string | undefined {
  for (const byte of value) if (byte < 0x20 || byte > 0x7e) return undefined;
  return utf8.decode(value);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The octets as UTF-8 without control characters; meters pad short names with NUL. */
function readableText(value: Uint8Array): string | undefined {
  let end = value.length;
  while (end > 0 && value[end - 1] === 0) end--;
  for (let i = 0; i < end; i++) {
    const byte = value[i] ?? 0;
    if (byte === 0x7f || (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13)) return undefined;
  }
  try {
    return utf8.decode(value.subarray(0, end));
  } catch {
    // Not UTF-8: the caller shows the bytes.
    return undefined;
  }
}

/** A date-time, date or time, selected by the length of the octets; undefined if no such form has this length. */
export function presentDates(
  value: Uint8Array,
  presentation: "date-time" | "date" | "time",
  options: PresentOptions,
): unknown {
  if (value.length === 12) return presentDateTime(dateTimeFromBytes(value), options).value;
  if (value.length === 5 && presentation !== "time") {
    const parts = dateFromBytes(value);
    return isoDate(parts) ?? { ...parts };
  }
  if (value.length === 4 && presentation !== "date") {
    const parts = timeFromBytes(value);
    return isoTime(parts) ?? { ...parts };
  }
  return undefined;
}

function presentArray(items: readonly DlmsValue[], definition: Definition, context: PresentContext): unknown {
  const element = elementOf(definition);
  return items.map((item) => presentValue(item, element, context));
}

function presentStructure(items: readonly DlmsValue[], definition: Definition, context: PresentContext): unknown {
  if (definition.presentation === "scaler-unit") {
    const scalerUnit = readScalerUnit({ type: "structure", value: items });
    if (scalerUnit !== undefined) return presentScalerUnit(scalerUnit);
  }
  const fields = fieldsOf(definition, items.length);
  if (fields === undefined) return items.map((item) => presentValue(item, none, context));
  const named: Record<string, unknown> = {};
  fields.forEach((field, i) => {
    const item = items[i];
    if (item === undefined) return;
    named[field.name] = presentValue(item, field, context);
    const valueName = enumerationName(item, field);
    if (valueName !== undefined) named[`${field.name}Name`] = valueName;
    const bits = bitsOf(item, field);
    if (bits !== undefined) named[`${field.name}Bits`] = bits;
  });
  return named;
}

/** The pair in a scaler_unit attribute, or undefined if the value has another form. */
export function readScalerUnit(data: DlmsValue): ScalerUnit | undefined {
  if (data.type !== "structure" || data.value.length !== 2) return undefined;
  const scaler = data.value[0]?.value;
  const unitCode = data.value[1]?.value;
  if (typeof scaler !== "number" || typeof unitCode !== "number") return undefined;
  if (!Number.isInteger(scaler) || scaler < -128 || scaler > 255 || !Number.isInteger(unitCode)) return undefined;
  // Some meters send the scaler as unsigned: 253 is -3.
  return { scaler: scaler > 127 ? scaler - 256 : scaler, unitCode };
}

/** `{scaler, unit, unitCode}` */
export function presentScalerUnit(scalerUnit: ScalerUnit): { scaler: number; unit: string | null; unitCode: number } {
  return { scaler: scalerUnit.scaler, unit: unitSymbol(scalerUnit.unitCode), unitCode: scalerUnit.unitCode };
}
