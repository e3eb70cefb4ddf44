/** Converts plain JavaScript values to A-XDR values of a given type, without a loss and without guessing. */
import { type DataType, type DlmsValue, encodeValueBytes, isDataType, type TypeDescription } from "../../codec";
import { type DlmsConfigError, isDlmsError } from "../../errors";
import { units } from "../units";
import { type NumericType, scaledValue, toNumber } from "./numbers";
import { explicitBytes, type OctetOptions, toDate, toOctets, toText, toUnixTime } from "./octets";
import { misfit, refusal, shown } from "./refusal";
import { typesOf, type ValueType } from "./value-type";

export interface WriteValueOptions extends OctetOptions {
  /** scaler of the values that the class table marks as scaled: they are given in their unit */
  readonly scaler?: number;
}

interface Context extends WriteValueOptions {
  readonly path: string;
  readonly depth: number;
}

/** The decoder's bound, too. */
const maxDepth = 32;

/**
 * The A-XDR value of a plain JavaScript value.
 *
 * Numbers may be numbers, BigInts or decimal texts; octet-strings bytes, `{hex}`, `{text}` or an unambiguous text;
 * bit-strings "0101"; dates texts, Dates or their parts; structures objects with the names of the class table, or lists.
 * A DlmsValue is accepted anywhere if its type is right.
 * @param type a data type, a type description, or a definition of the class table
 * @throws DlmsConfigError CONFIG_INVALID that names path, type and range, for a value that does not fit exactly
 */
export function toDlmsValue(
  value: unknown,
  type: DataType | TypeDescription | ValueType,
  options: WriteValueOptions & { readonly path?: string } = {},
): DlmsValue {
  const { path = "value", ...rest } = options;
  const definition: ValueType = typeof type === "string" ? { type } : type;
  if (typeof definition !== "object" || definition === null) throw misfit("type", "a data type", type);
  if (typeof type === "string" && !type.split("|").every((word) => isDataType(word.trim()))) {
    throw refusal("type", `${JSON.stringify(type.slice(0, 60))} is not a data type`);
  }
  const made = convert(value, definition, { ...rest, path, depth: 0 });
  // ranges and lengths of given DlmsValues
  encodeValueBytes(made);
  return made;
}

/** Whether a value names its own type. */
export function isDlmsValue(value: unknown): value is DlmsValue {
  if (typeof value !== "object" || value === null || !("value" in value) || !("type" in value)) return false;
  const { type } = value as { readonly type: unknown };
  return typeof type === "string" && isDataType(type);
}

function convert(value: unknown, definition: ValueType, context: Context): DlmsValue {
  const { path, depth } = context;
  if (depth > maxDepth) throw refusal(path, `values nest deeper than ${maxDepth}`);
  const types = typesOf(definition);
  if (isDlmsValue(value)) {
    if (types.length === 0 || types.includes(value.type)) return value;
    throw refusal(path, `expected ${types.join(" or ")}, got a value of type ${value.type}`);
  }
  const [only] = types;
  if (only === undefined) {
    throw refusal(path, `the type is open; give {type, value} with a data type, got ${shown(value)}`);
  }
  if (types.length === 1) return convertTo(only, value, definition, context);
  return choose(types, value, definition, context);
}

/** A CHOICE: exactly one of the types must fit. */
function choose(types: readonly DataType[], value: unknown, definition: ValueType, context: Context): DlmsValue {
  const fitting: DlmsValue[] = [];
  const refused: DlmsConfigError[] = [];
  for (const type of types) {
    try {
      fitting.push(convertTo(type, value, definition, context));
    } catch (error) {
      if (!isDlmsError(error) || !error.is("CONFIG_INVALID")) throw error;
      refused.push(error);
    }
  }
  const [first, second] = fitting;
  if (second !== undefined) {
    const words = fitting.map(({ type }) => type).join(" or ");
    throw refusal(context.path, `${shown(value)} may be ${words}; give {type, value} with a data type`);
  }
  if (first !== undefined) return first;
  const [why] = refused;
  if (refused.length === 1 && why !== undefined) throw why;
  throw misfit(context.path, types.join(" or "), value);
}

function convertTo(type: DataType, value: unknown, definition: ValueType, context: Context): DlmsValue {
  const { path } = context;
  switch (type) {
    case "null-data":
    case "dont-care":
      if (value !== null) throw misfit(path, `null (${type})`, value);
      return { type, value };
    case "boolean":
      if (typeof value !== "boolean") throw misfit(path, "boolean, true or false", value);
      return { type, value };
    case "bit-string":
      return { type, value: toBits(value, definition, path) };
    case "octet-string":
      return { type, value: toOctets(value, definition, context, path) };
    case "visible-string":
    case "utf8-string":
      return toText(value, type, path);
    case "date-time":
    case "date":
    case "time":
      return { type, value: explicitBytes(value, path) ?? toDate(value, type, context, path) };
    case "array":
      return { type, value: toItems(value, definition, context) };
    case "structure":
      return { type, value: toFields(value, definition, context) };
    case "compact-array":
      return toCompactArray(value, definition, context);
    default:
      return toNumeric(value, type, definition, context);
  }
}

function toNumeric(value: unknown, type: NumericType, definition: ValueType, context: Context): DlmsValue {
  const { path, scaler } = context;
  if (definition.presentation === "scaled" && scaler !== undefined) return scaledValue(value, scaler, type, path);
  if (definition.presentation === "unix-time") return toNumber(toUnixTime(value, context, path) ?? value, type, path);
  const named = typeof value === "string" ? namedCode(value, definition) : undefined;
  if (named !== undefined) return toNumber(named, type, path);
  if (definition.enumeration !== undefined && typeof value === "string" && !/^[+-]?\d/.test(value.trim())) {
    throw misfit(path, `one of ${Object.values(definition.enumeration).join(", ")}, or a number`, value);
  }
  return toNumber(value, type, path);
}

function namedCode(text: string, { enumeration = {} }: ValueType): number | undefined {
  const wanted = text.trim().toLowerCase();
  const found = Object.entries(enumeration).find(([, name]) => name.toLowerCase() === wanted);
  return found === undefined ? undefined : Number(found[0]);
}

function toBits(value: unknown, { bits }: ValueType, path: string): string {
  if (typeof value === "string" && /^[01]*$/.test(value)) return value;
  const named = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
  if (bits === undefined || !named) throw misfit(path, 'bit-string, such as "0101"', value);
  const flags = value as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(flags).find((name) => !bits.includes(name));
  if (unknown !== undefined) throw refusal(path, `no bit has the name ${JSON.stringify(unknown.slice(0, 60))}`);
  return bits
    .map((name) => {
      const flag = flags[name] ?? false;
      if (typeof flag !== "boolean") throw misfit(`${path}.${name}`, "true or false", flag);
      return flag ? "1" : "0";
    })
    .join("");
}

function toItems(value: unknown, definition: ValueType, context: Context): readonly DlmsValue[] {
  const { path, depth } = context;
  if (!Array.isArray(value)) throw misfit(path, "array, a list", value);
  const { count } = definition;
  if (count !== undefined && value.length !== count) throw misfit(path, `array, a list of ${count}`, value);
  const element = definition.element ?? (definition.presentation === "scaled" ? definition : {});
  return value.map((item, i) => convert(item, element, { ...context, path: `${path}[${i}]`, depth: depth + 1 }));
}

function toFields(value: unknown, definition: ValueType, context: Context): readonly DlmsValue[] {
  const { path, depth } = context;
  if (definition.presentation === "scaler-unit") return toScalerUnit(value, path);
  const forms = [definition.fields, ...(definition.otherFields ?? [])].filter((form) => form !== undefined);
  const nested = (field: ValueType, item: unknown, at: string): DlmsValue =>
    convert(item, field, { ...context, path: `${path}${at}`, depth: depth + 1 });
  if (Array.isArray(value)) {
    if (forms.length === 0) return value.map((item, i) => nested({}, item, `[${i}]`));
    const form = forms.find(({ length }) => length === value.length);
    if (form === undefined)
      throw misfit(path, `structure, ${forms.map(({ length }) => length).join(" or ")} fields`, value);
    return form.map((field, i) => nested(field, value[i], `.${field.name ?? i}`));
  }
  if (typeof value !== "object" || value === null || value instanceof Uint8Array || value instanceof Date) {
    throw misfit(path, `structure, ${formText(forms[0])}`, value);
  }
  const given = value as Readonly<Record<string, unknown>>;
  const form = formFor(forms, given, path);
  return form.map((field) => nested(field, given[field.name ?? ""], `.${field.name ?? ""}`));
}

function formText(form: readonly ValueType[] | undefined): string {
  const names = form?.map(({ name }) => name).filter((name) => name !== undefined) ?? [];
  return names.length === 0 ? "a list" : `an object with ${names.join(", ")}`;
}

/** The form of a structure that has the given names. Names that a reading adds to enumerations and bits are skipped. */
function formFor(
  forms: readonly (readonly ValueType[])[],
  given: Readonly<Record<string, unknown>>,
  path: string,
): readonly ValueType[] {
  const names = Object.keys(given).filter((name) => given[name] !== undefined);
  const [usual] = forms;
  if (usual === undefined) throw refusal(path, "the class table has no names for this structure; give a list");
  const extra = (form: readonly ValueType[]): string | undefined =>
    names.find((name) => !form.some((field) => [field.name, `${field.name}Name`, `${field.name}Bits`].includes(name)));
  const absent = (form: readonly ValueType[]): string | undefined =>
    form.find(({ name }) => name === undefined || !names.includes(name))?.name;
  const fitting = forms.find(
    (form) => extra(form) === undefined && form.every(({ name }) => names.includes(name ?? "")),
  );
  if (fitting !== undefined) return fitting;
  const unknown = forms.every((form) => extra(form) !== undefined) ? extra(usual) : undefined;
  if (unknown !== undefined) {
    throw refusal(path, `unknown field ${JSON.stringify(unknown.slice(0, 60))}; expected ${formText(usual)}`);
  }
  throw refusal(path, `the field ${absent(usual) ?? "?"} is missing; expected ${formText(usual)}`);
}

/** `{scaler, unitCode}` or `{scaler, unit}`, or the pair as a list. */
function toScalerUnit(value: unknown, path: string): readonly DlmsValue[] {
  if (typeof value !== "object" || value === null) throw misfit(path, "structure, {scaler, unitCode}", value);
  const [first, second] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  const { scaler = first, unitCode = second, unit } = value as Readonly<Record<string, unknown>>;
  const code = unitCode ?? codeOf(unit, path);
  return [toNumber(scaler, "integer", `${path}.scaler`), toNumber(code, "enum", `${path}.unitCode`)];
}

function codeOf(unit: unknown, path: string): number {
  const found = Object.entries(units).filter(([, { symbol }]) => symbol === (unit ?? ""));
  const [only] = found;
  if (only === undefined || found.length > 1) throw misfit(`${path}.unit`, "the symbol of one unit, or unitCode", unit);
  return Number(only[0]);
}

function toCompactArray(value: unknown, { description }: ValueType, context: Context): DlmsValue {
  const { path, depth } = context;
  if (description === undefined) throw refusal(path, "a compact-array needs the description of its elements");
  if (!Array.isArray(value)) throw misfit(path, "compact-array, a list", value);
  const items = value.map((item, i) =>
    convert(item, description, { ...context, path: `${path}[${i}]`, depth: depth + 1 }),
  );
  return { type: "compact-array", description, value: items };
}
