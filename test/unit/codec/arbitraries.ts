import fc from "fast-check";
import type { DlmsValue, TypeDescription } from "../../../src/codec";

/** Values of every data type, within the ranges that the standard gives them. */

const integer = (
  type: "integer" | "long" | "double-long" | "bcd" | "delta-integer" | "delta-long" | "delta-double-long",
  bits: number,
) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }).map((value): DlmsValue => ({ type, value }));
const natural = (
  type:
    | "unsigned"
    | "long-unsigned"
    | "double-long-unsigned"
    | "enum"
    | "delta-unsigned"
    | "delta-long-unsigned"
    | "delta-double-long-unsigned",
  bits: number,
) => fc.integer({ min: 0, max: 2 ** bits - 1 }).map((value): DlmsValue => ({ type, value }));
const bytes = (type: "octet-string" | "date-time" | "date" | "time", size?: number) =>
  fc
    .uint8Array(size === undefined ? { maxLength: 300 } : { minLength: size, maxLength: size })
    .map((value): DlmsValue => ({ type, value: new Uint8Array(value) }));

/** One arbitrary for each type that is not made of others. */
export const plainValues = {
  "null-data": fc.constant<DlmsValue>({ type: "null-data", value: null }),
  "dont-care": fc.constant<DlmsValue>({ type: "dont-care", value: null }),
  boolean: fc.boolean().map((value): DlmsValue => ({ type: "boolean", value })),
  "bit-string": fc
    .array(fc.constantFrom("0", "1"), { maxLength: 70 })
    .map((bits): DlmsValue => ({ type: "bit-string", value: bits.join("") })),
  integer: integer("integer", 8),
  long: integer("long", 16),
  "double-long": integer("double-long", 32),
  bcd: integer("bcd", 8),
  "delta-integer": integer("delta-integer", 8),
  "delta-long": integer("delta-long", 16),
  "delta-double-long": integer("delta-double-long", 32),
  unsigned: natural("unsigned", 8),
  "long-unsigned": natural("long-unsigned", 16),
  "double-long-unsigned": natural("double-long-unsigned", 32),
  enum: natural("enum", 8),
  "delta-unsigned": natural("delta-unsigned", 8),
  "delta-long-unsigned": natural("delta-long-unsigned", 16),
  "delta-double-long-unsigned": natural("delta-double-long-unsigned", 32),
  long64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): DlmsValue => ({ type: "long64", value })),
  "long64-unsigned": fc
    .bigInt({ min: 0n, max: 2n ** 64n - 1n })
    .map((value): DlmsValue => ({ type: "long64-unsigned", value })),
  "floating-point": fc.float().map((value): DlmsValue => ({ type: "floating-point", value })),
  float32: fc.float().map((value): DlmsValue => ({ type: "float32", value })),
  float64: fc.double().map((value): DlmsValue => ({ type: "float64", value })),
  "octet-string": bytes("octet-string"),
  "date-time": bytes("date-time", 12),
  date: bytes("date", 5),
  time: bytes("time", 4),
  "visible-string": fc
    .array(fc.integer({ min: 0, max: 255 }), { maxLength: 200 })
    .map((codes): DlmsValue => ({ type: "visible-string", value: String.fromCharCode(...codes) })),
  "utf8-string": fc
    .string({ unit: "grapheme", maxLength: 80 })
    .map((value): DlmsValue => ({ type: "utf8-string", value })),
} as const;

type PlainType = keyof typeof plainValues;
const plainTypes = Object.keys(plainValues) as PlainType[];
const withContents = plainTypes.filter((type) => type !== "null-data" && type !== "dont-care");

const plain = fc.oneof(...Object.values(plainValues));

const description: fc.Arbitrary<TypeDescription> = fc.letrec<{ one: TypeDescription }>((tie) => ({
  one: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(...withContents).map((type): TypeDescription => ({ type })),
    fc
      .record({ count: fc.integer({ min: 1, max: 4 }), element: tie("one") })
      .map(({ count, element }): TypeDescription => ({ type: "array", count, element })),
    fc
      .array(fc.oneof(tie("one"), fc.constant<TypeDescription>({ type: "null-data" })), { maxLength: 3 })
      .chain((fields) => tie("one").map((last): TypeDescription => ({ type: "structure", fields: [...fields, last] }))),
  ),
})).one;

function described(type: TypeDescription): fc.Arbitrary<DlmsValue> {
  if (type.type === "array") {
    const { count } = type;
    return fc
      .array(described(type.element), { minLength: count, maxLength: count })
      .map((value): DlmsValue => ({ type: "array", value }));
  }
  if (type.type === "structure") {
    return fc.tuple(...type.fields.map(described)).map((value): DlmsValue => ({ type: "structure", value }));
  }
  return plainValues[type.type];
}

export const compactArray: fc.Arbitrary<DlmsValue> = description.chain((type) =>
  fc
    .array(described(type), { maxLength: 5 })
    .map((value): DlmsValue => ({ type: "compact-array", description: type, value })),
);

/** Any value, nested too. */
export const anyValue: fc.Arbitrary<DlmsValue> = fc.letrec<{ value: DlmsValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small", withCrossShrink: true },
    plain,
    fc.array(tie("value"), { maxLength: 6 }).map((value): DlmsValue => ({ type: "array", value })),
    fc.array(tie("value"), { maxLength: 6 }).map((value): DlmsValue => ({ type: "structure", value })),
    compactArray,
  ),
})).value;
