/** The type that a value is written with: from the class table, from a data type, or from the value that a meter holds. */
import { type DataType, type DlmsValue, isDataType, type TypeDescription } from "../../codec";
import { attributeDefinition, listClasses } from "../lookup";
import type { AttributeRef, FieldDefinition } from "../model";

/**
 * The type of a value to be written. `type` is the standard's word, or words joined by " | " for a CHOICE; where it is
 * absent, the other fields determine it.
 */
export interface ValueType {
  readonly name?: string;
  readonly type?: string;
  readonly presentation?: FieldDefinition["presentation"];
  /** of a structure */
  readonly fields?: readonly ValueType[];
  readonly otherFields?: readonly (readonly ValueType[])[];
  /** of an array */
  readonly element?: ValueType;
  /** number of elements of an array that must not vary */
  readonly count?: number;
  /** element type of a compact-array */
  readonly description?: TypeDescription;
  readonly enumeration?: Readonly<Record<number, string>>;
  readonly bits?: readonly string[];
}

/** The A-XDR types that a value may have; empty if they are unknown. */
export function typesOf(definition: ValueType): readonly DataType[] {
  const words = definition.type?.split("|").map((word) => word.trim()) ?? [];
  if (words.length > 0 && words.every(isDataType)) return words;
  const inferred = inferredType(definition);
  return inferred === undefined ? [] : [inferred];
}

function inferredType({ presentation, fields, element, enumeration }: ValueType): DataType | undefined {
  switch (presentation) {
    case "logical-name":
    case "date-time":
    case "date":
    case "time":
    case "text":
    case "bytes":
      return "octet-string";
    case "unix-time":
      return "double-long-unsigned";
    case "scaler-unit":
    case "structure":
      return "structure";
    case "array":
    case "capture-objects":
      return "array";
    default:
      break;
  }
  if (fields !== undefined) return "structure";
  if (element !== undefined) return "array";
  return enumeration === undefined ? undefined : "enum";
}

/** The type of an attribute by the class table; undefined for an attribute that the table does not contain. */
export function attributeType(ref: Pick<AttributeRef, "classId" | "version" | "attributeId">): ValueType | undefined {
  return attributeDefinition(ref.classId, ref.version, ref.attributeId);
}

/**
 * The types of an attribute in all versions of its class that the table contains, newest first, because the version of
 * an object is often unknown.
 */
export function attributeTypes(ref: Pick<AttributeRef, "classId" | "version" | "attributeId">): readonly ValueType[] {
  const newest = attributeType(ref);
  if (newest === undefined || ref.version !== undefined) return newest === undefined ? [] : [newest];
  const name = newest.name;
  const older = listClasses()
    .filter(({ id }) => id === ref.classId)
    .map(({ attributes }) => attributes.find(({ id }) => id === ref.attributeId))
    .filter((row) => row !== undefined)
    .filter((row) => row.name === name);
  return [...new Set<ValueType>([newest, ...older.reverse()])];
}

/** The type of a value that a meter holds, for writing another value of the same type. */
export function valueTypeOf(value: DlmsValue): ValueType {
  switch (value.type) {
    case "structure":
      return { type: "structure", fields: value.value.map(valueTypeOf) };
    case "array": {
      const [first] = value.value;
      return first === undefined ? { type: "array" } : { type: "array", element: valueTypeOf(first) };
    }
    case "compact-array":
      return { type: "compact-array", description: value.description };
    default:
      return { type: value.type };
  }
}

/**
 * The class table's definition with the types of the value that the meter holds: the names, dates and enumerations of
 * the one, the types of the other.
 */
export function typeLike(definition: ValueType | undefined, value: DlmsValue): ValueType {
  const held = valueTypeOf(value);
  if (definition === undefined) return held;
  if (value.type === "structure") {
    const { length } = value.value;
    const forms = [definition.fields, ...(definition.otherFields ?? [])];
    const fields = forms.find((form) => form?.length === length);
    if (fields === undefined) return held;
    const { otherFields: _, ...rest } = definition;
    return { ...rest, type: "structure", fields: fields.map((field, i) => merged(field, value.value[i])) };
  }
  if (value.type === "array") {
    const element = definition.element;
    if (element === undefined) return held;
    return { ...definition, type: "array", element: merged(element, value.value[0]) };
  }
  return { ...definition, ...held };
}

function merged(field: ValueType, held: DlmsValue | undefined): ValueType {
  return held === undefined ? field : typeLike(field, held);
}
