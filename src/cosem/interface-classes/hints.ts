/** Hints on presentation that several rows of the class table share. */
import type { FieldDefinition } from "../model";
import type { Hints } from "./row";

/** Hints that many rows share. */
export const scaled = { presentation: "scaled" } as const satisfies Hints;
export const scalerUnit = { presentation: "scaler-unit", static: true } as const satisfies Hints;
export const dateTime = { presentation: "date-time" } as const satisfies Hints;
export const date = { presentation: "date" } as const satisfies Hints;
export const time = { presentation: "time" } as const satisfies Hints;
export const text = { presentation: "text" } as const satisfies Hints;
export const bytes = { presentation: "bytes" } as const satisfies Hints;
export const obis = { presentation: "logical-name" } as const satisfies Hints;
export const unixTime = { presentation: "unix-time" } as const satisfies Hints;

export const structure = <const F extends readonly FieldDefinition[]>(
  ...fields: F
): { readonly presentation: "structure"; readonly fields: F } => ({ presentation: "structure", fields });

export const arrayOf = <const E extends Hints>(
  element: E,
): { readonly presentation: "array"; readonly element: E } => ({
  presentation: "array",
  element,
});

export const enumeration = <const N extends Readonly<Record<number, string>>>(
  names: N,
): { readonly enumeration: N } => ({ enumeration: names });

export const bits = <const B extends readonly string[]>(...names: B): { readonly bits: B } => ({ bits: names });

export const field = <const N extends string, const H extends Hints>(name: N, hints: H): H & { readonly name: N } => ({
  ...hints,
  name,
});
export const plain = <const N extends string>(name: N): { readonly name: N } => ({ name });
/** A field with the A-XDR type that a write needs: a DataType, or several joined by " | ". */
export const typed = <const N extends string, const T extends string, const H extends Hints>(
  name: N,
  type: T,
  hints?: H,
): H & { readonly name: N; readonly type: T } => ({ ...(hints as H), name, type });

/** Baud rates of local ports, modems and M-Bus. */
export const speed = enumeration({
  0: "300",
  1: "600",
  2: "1200",
  3: "2400",
  4: "4800",
  5: "9600",
  6: "19200",
  7: "38400",
  8: "57600",
  9: "115200",
});
/** {start_time, end_time}: a listening or calling window */
const timeWindow = structure(field("startTime", dateTime), field("endTime", dateTime));
export const timeWindows = arrayOf(timeWindow);

/** {class_id, logical_name, attribute_index}: value_definition of several classes */
export const valueDefinition = structure(
  typed("classId", "long-unsigned"),
  field("logicalName", obis),
  typed("attributeId", "integer"),
);
/** {script_logical_name, script_selector} */
export const action = structure(field("scriptLogicalName", obis), typed("scriptSelector", "long-unsigned"));
const captured = [
  typed("classId", "long-unsigned"),
  field("logicalName", obis),
  typed("attributeId", "integer"),
  typed("dataIndex", "long-unsigned"),
] as const;
/** dates, or the numbers of entries */
const bound = "octet-string | double-long-unsigned";
const restriction = structure(
  field("type", enumeration({ 0: "none", 1: "by-date", 2: "by-entry" })),
  typed("value", "null-data | structure", structure(typed("from", bound, dateTime), typed("to", bound, dateTime))),
);

/**
 * Capture object definition of Profile generic and of every class that refers to it. Push setup has a fifth field from
 * version 1 on, the restriction to some entries of a captured profile, and from version 2 on, like Compact data version
 * 1, a sixth, the columns: DLMS UA 1000-1 (Blue Book) part 2, Ed. 16, 5.4.11; no source mentions it for Push setup
 * version 3. The number of fields selects the form, because the version is often unknown.
 */
export const captureObject = {
  ...structure(...captured),
  otherFields: [
    [...captured, field("restriction", restriction)],
    [...captured, field("restriction", restriction), field("columns", arrayOf(structure(...captured)))],
  ],
} as const satisfies Hints;
/** a list of them that names the columns */
export const captureObjects = { presentation: "capture-objects", element: captureObject } as const satisfies Hints;
