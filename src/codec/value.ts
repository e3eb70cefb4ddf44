/**
 * The A-XDR data types of IEC 62056-6-2 (Blue Book, "Common data types"): tag -> the standard's word. octet-string (9)
 * also carries OBIS codes, dates and other contents with their own structure.
 */
export const dataTags = {
  0: "null-data",
  1: "array",
  2: "structure",
  3: "boolean",
  4: "bit-string",
  5: "double-long",
  6: "double-long-unsigned",
  7: "floating-point",
  9: "octet-string",
  10: "visible-string",
  12: "utf8-string",
  13: "bcd",
  15: "integer",
  16: "long",
  17: "unsigned",
  18: "long-unsigned",
  19: "compact-array",
  20: "long64",
  21: "long64-unsigned",
  22: "enum",
  23: "float32",
  24: "float64",
  25: "date-time",
  26: "date",
  27: "time",
  28: "delta-integer",
  29: "delta-long",
  30: "delta-double-long",
  31: "delta-unsigned",
  32: "delta-long-unsigned",
  33: "delta-double-long-unsigned",
  255: "dont-care",
} as const satisfies Readonly<Record<number, string>>;

/** The tag byte of a data type. */
export type DataTag = keyof typeof dataTags;
/** The standard's word for a data type. */
export type DataType = (typeof dataTags)[DataTag];

/** Types whose value is a JavaScript number. float32 holds the exact binary value. */
export type NumberDataType =
  | "double-long"
  | "double-long-unsigned"
  | "integer"
  | "long"
  | "unsigned"
  | "long-unsigned"
  | "enum"
  | "bcd"
  | "floating-point"
  | "float32"
  | "float64"
  | "delta-integer"
  | "delta-long"
  | "delta-double-long"
  | "delta-unsigned"
  | "delta-long-unsigned"
  | "delta-double-long-unsigned";

/** Element type of a compact-array. `array` has a fixed count, `structure` a type per field. */
export type TypeDescription =
  | { readonly type: Exclude<DataType, "array" | "structure" | "compact-array"> }
  | { readonly type: "array"; readonly count: number; readonly element: TypeDescription }
  | { readonly type: "structure"; readonly fields: readonly TypeDescription[] };

/** A decoded A-XDR value without interpretation: the name of its type and the plain value. */
export type DlmsValue =
  | { readonly type: "null-data" | "dont-care"; readonly value: null }
  | { readonly type: "array" | "structure"; readonly value: readonly DlmsValue[] }
  | { readonly type: "boolean"; readonly value: boolean }
  /** "0101", first bit first */
  | { readonly type: "bit-string"; readonly value: string }
  | { readonly type: NumberDataType; readonly value: number }
  | { readonly type: "long64" | "long64-unsigned"; readonly value: bigint }
  | { readonly type: "octet-string"; readonly value: Uint8Array }
  | { readonly type: "visible-string" | "utf8-string"; readonly value: string }
  /** 12, 5 and 4 bytes as they are on the wire */
  | { readonly type: "date-time" | "date" | "time"; readonly value: Uint8Array }
  | { readonly type: "compact-array"; readonly description: TypeDescription; readonly value: readonly DlmsValue[] };

/** A decoded value without its type: octets as bytes, 64-bit integers as bigint, arrays and structures as arrays. */
export type PlainValue = null | boolean | number | bigint | string | Uint8Array | readonly PlainValue[];
