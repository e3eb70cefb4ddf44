/** Checks a definition at run time, for callers without types. */
import { encodeValueBytes } from "../../codec/encode";
import type { DlmsValue } from "../../codec/value";
import { parseObis } from "../../cosem/obis";
import { DlmsConfigError, isDlmsError } from "../../errors";
import { checkPushSetup, type PushSetup } from "./push-setup";

const words = { object: "an object", array: "a list", function: "a function", number: "a number" } as const;

/**
 * Checks the lists, ids and values of a definition: values have to be encodable.
 * @throws DlmsConfigError CONFIG_INVALID with the path
 */
export function checkDefinition(definition: unknown): void {
  const root = fields("definition", definition);
  const associations = list("definition.associations", root["associations"]);
  if (associations.length === 0) throw invalid("definition.associations", "at least one account", "none");
  associations.forEach((account, n) => {
    const path = `definition.associations[${n}]`;
    whole(`${path}.client`, fields(path, account)["client"], 0, 0xffff);
  });
  list("definition.objects", root["objects"]).forEach((object, n) => {
    checkObject(`definition.objects[${n}]`, fields(`definition.objects[${n}]`, object));
  });
  if (root["pushSetups"] === undefined) return;
  list("definition.pushSetups", root["pushSetups"]).forEach((setup, n) => {
    checkPushSetup(`definition.pushSetups[${n}]`, setup as PushSetup);
  });
}

function checkObject(path: string, object: Readonly<Record<string, unknown>>): void {
  whole(`${path}.classId`, object["classId"], 1, 0xffff);
  if (object["version"] !== undefined) whole(`${path}.version`, object["version"], 0, 255);
  named(`${path}.logicalName`, () => parseObis(object["logicalName"] as string));
  for (const [id, value] of Object.entries(fields(`${path}.attributes`, object["attributes"]))) {
    const at = `${path}.attributes.${id}`;
    memberId(at, id);
    if (typeof value !== "function") named(at, () => encodeValueBytes(value as DlmsValue));
  }
  if (object["methods"] === undefined) return;
  for (const [id, run] of Object.entries(fields(`${path}.methods`, object["methods"]))) {
    memberId(`${path}.methods.${id}`, id);
    if (typeof run !== "function") throw invalid(`${path}.methods.${id}`, words.function, kindOf(run));
  }
}

/** The object list encodes an id as one signed byte. */
function memberId(path: string, id: string): void {
  whole(path, /^-?\d{1,3}$/.test(id) ? Number(id) : id, -128, 127);
}

function whole(path: string, value: unknown, min: number, max: number): void {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return;
  throw invalid(
    path,
    `a whole number from ${min} to ${max}`,
    typeof value === "number" ? String(value) : kindOf(value),
  );
}

function fields(path: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(path, words.object, kindOf(value));
}

function list(path: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw invalid(path, words.array, kindOf(value));
}

function named(path: string, parse: () => unknown): void {
  try {
    parse();
  } catch (cause) {
    // an invalid value makes the encoder throw
    const why = isDlmsError(cause) ? cause.message : "not a value of the standard's types";
    throw new DlmsConfigError("CONFIG_INVALID", `${path}: ${why}`, { cause, details: { path } });
  }
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  return Array.isArray(value) ? words.array : typeof value;
}

function invalid(path: string, expected: string, got: string): DlmsConfigError {
  return new DlmsConfigError("CONFIG_INVALID", `${path}: expected ${expected}, got ${got}`, { details: { path } });
}
