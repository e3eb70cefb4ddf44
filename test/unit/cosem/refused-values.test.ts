/** Values that do not fit their type are refused, with the path of what is wrong. */
import assert from "node:assert/strict";
import { attribute, attributeType, toDlmsValue } from "../../../src/index";

type Type = Parameters<typeof toDlmsValue>[1];

/** The type by the class table. */
function tableType(cls: string, obis: string, name: string): Type {
  const type = attributeType(attribute(cls, obis, name));
  assert.ok(type, `${cls} ${name}`);
  return type;
}

const structure: Type = {
  type: "structure",
  fields: [
    { name: "a", type: "unsigned" },
    { name: "b", type: "boolean" },
  ],
};
const endless = { type: "array", element: {} } satisfies Type;
endless.element = endless;
let deep: unknown = 1;
for (let n = 0; n < 200; n++) deep = [deep];

const refusals: readonly (readonly [name: string, value: unknown, type: Type, message: RegExp])[] = [
  ["a type that does not exist", 1, "word" as Type, /^type: .*is not a data type/],
  ["no type", 1, null as unknown as Type, /^type: /],
  ["a number for null-data", 5, "null-data", /null/],
  ["a text for a boolean", "yes", "boolean", /boolean, true or false/],
  ["an object for an array", {}, "array", /array, a list/],
  ["a list of another length", [1], { type: "array", count: 2, element: { type: "unsigned" } }, /a list of 2/],
  ["an element that does not fit", [1, 300], { type: "array", element: { type: "unsigned" } }, /^value\[1\]/],
  ["fields of another number", [1], structure, /structure, 2 fields/],
  ["a number for a structure", 5, structure, /structure, an object with a, b/],
  ["a date for a structure", new Date(0), structure, /structure, an object with a, b/],
  ["an unknown field", { a: 1, b: true, c: 3 }, structure, /unknown field "c"/],
  ["a missing field", { a: 1 }, structure, /the field b is missing/],
  ["a field that does not fit", { a: -1, b: true }, structure, /^value\.a/],
  ["names for a structure without names", { a: 1 }, "structure", /no names for this structure; give a list/],
  ["a list for a structure without fields", 5, "structure", /a list/],
  ["a compact-array without description", [1], "compact-array", /needs the description/],
  ["what may be two types", 5, "unsigned|long-unsigned" as Type, /may be unsigned or long-unsigned/],
  ["what fits none of two types", "x", "unsigned|boolean" as Type, /unsigned or boolean/],
  ["values that nest too deep", deep, endless, /nest deeper/],
  ["a unit of no code", { scaler: 0, unit: "furlong" }, tableType("REGISTER", "1.8.0", "scaler_unit"), /unit/],
  ["a number for scaler and unit", 5, tableType("REGISTER", "1.8.0", "scaler_unit"), /\{scaler, unitCode\}/],
  [
    "a word that the enumeration lacks",
    "sideways",
    tableType("PROFILE_GENERIC", "1-0:99.1.0*255", "sort_method"),
    /one of/,
  ],
  ["a truth value for a number", true, "long", /long/],
];

describe("values that do not fit", () => {
  for (const [name, value, type, message] of refusals) {
    it(`refuse ${name}`, () => {
      assert.throws(() => toDlmsValue(value, type), { code: "DLMS_CONFIG_INVALID", message });
    });
  }

  it("are accepted in their other forms", () => {
    assert.deepEqual(toDlmsValue({ scaler: -1, unit: "Wh" }, tableType("REGISTER", "1.8.0", "scaler_unit")), {
      type: "structure",
      value: [
        { type: "integer", value: -1 },
        { type: "enum", value: 30 },
      ],
    });
    assert.deepEqual(toDlmsValue([0, 27], tableType("REGISTER", "1.8.0", "scaler_unit")), {
      type: "structure",
      value: [
        { type: "integer", value: 0 },
        { type: "enum", value: 27 },
      ],
    });
    assert.deepEqual(toDlmsValue([1, true], structure), toDlmsValue({ b: true, a: 1 }, structure));
    const description: Type = { type: "unsigned" };
    const compact = toDlmsValue([1, 2], { type: "compact-array", description } as unknown as Type);
    assert.equal(compact.type, "compact-array");
  });
});
