import {
  DlmsConfigError,
  type DlmsValue,
  type MeterDefinition,
  findClass,
  parseObis,
  parseSecret,
} from "../../src/index";
import { type RawSettings, choiceOf, integerOf, isAbsent, quote, textOf } from "./settings";

/** Definitions of that size are a mistake. */
const maxObjects = 10_000;

function invalid(path: string, expected: string, value: unknown): DlmsConfigError {
  return new DlmsConfigError("CONFIG_INVALID", `${path}: expected ${expected}, got ${quote(value)}`, {
    details: { property: path },
  });
}

function record(value: unknown, path: string): RawSettings {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as RawSettings;
  throw invalid(path, "an object", value);
}

function list(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0 && value.length <= maxObjects) return value;
  throw invalid(path, "an array that is not empty", value);
}

const texts = ["visible-string", "utf8-string", "bit-string"];
const bytes = ["octet-string", "date-time", "date", "time"];
const nothing = ["null-data", "dont-care"];
const big = ["long64", "long64-unsigned"];
const numbers = [
  ...["integer", "unsigned", "long", "long-unsigned", "double-long", "double-long-unsigned"],
  ...["enum", "bcd", "float32", "float64", "floating-point"],
];

/** `{"type": "long-unsigned", "value": 2301}`; octets are hex digits, 64-bit numbers may be text. */
function valueOf(input: unknown, path: string, depth = 0): DlmsValue {
  const { type, value } = record(input, path);
  const at = `${path}.value`;
  if (typeof type !== "string" || depth > 20)
    throw invalid(`${path}.type`, "the standard's word for a data type", type);
  if (nothing.includes(type)) return { type, value: null } as DlmsValue;
  if (type === "array" || type === "structure") {
    if (!Array.isArray(value)) throw invalid(at, "an array", value);
    return { type, value: value.map((item: unknown, i) => valueOf(item, `${at}[${i}]`, depth + 1)) };
  }
  if (type === "boolean" && typeof value === "boolean") return { type, value };
  if (numbers.includes(type) && typeof value === "number") return { type, value } as DlmsValue;
  if (big.includes(type) && (typeof value === "number" || typeof value === "string") && /^-?\d+$/.test(String(value))) {
    return { type, value: BigInt(value) } as DlmsValue;
  }
  if (texts.includes(type) && typeof value === "string") return { type, value } as DlmsValue;
  if (bytes.includes(type) && typeof value === "string") {
    return { type, value: parseSecret(value, "hex", at) } as DlmsValue;
  }
  throw invalid(at, `a value that fits ${quote(type)}`, value);
}

function associationOf(input: unknown, path: string): MeterDefinition["associations"][number] {
  const raw = record(input, path);
  const client = integerOf({ [`${path}.client`]: raw.client }, `${path}.client`, { fallback: 16, min: 1, max: 65535 });
  const mechanism = choiceOf(
    { [`${path}.mechanism`]: raw.mechanism },
    `${path}.mechanism`,
    ["none", "lls", "hls-2", "hls-md5", "hls-sha1", "hls-sha256"],
    "none",
  );
  if (mechanism === "none") return { client };
  const secret = textOf({ [`${path}.secret`]: raw.secret }, `${path}.secret`, "");
  if (secret === "") throw new DlmsConfigError("CONFIG_MISSING", `${path}.secret: ${mechanism} needs it`);
  return { client, mechanism, secret };
}

function objectOf(input: unknown, path: string): MeterDefinition["objects"][number] {
  const raw = record(input, path);
  const given = raw.classId ?? raw.objectType;
  const classId =
    typeof given === "string" && findClass(given) !== undefined
      ? (findClass(given)?.id ?? 0)
      : integerOf({ [`${path}.classId`]: given }, `${path}.classId`, { fallback: 1, min: 0, max: 65535 });
  const logicalName = textOf({ [`${path}.logicalName`]: raw.logicalName }, `${path}.logicalName`, "");
  parseObis(logicalName);
  const attributes: Record<number, DlmsValue> = {};
  for (const [id, value] of Object.entries(record(raw.attributes ?? {}, `${path}.attributes`))) {
    if (!/^\d+$/.test(id)) throw invalid(`${path}.attributes`, "attribute numbers as names", id);
    attributes[Number(id)] = valueOf(value, `${path}.attributes.${id}`);
  }
  const version = isAbsent(raw.version)
    ? {}
    : { version: integerOf(raw, "version", { fallback: 0, min: 0, max: 255 }) };
  return { classId, ...version, logicalName, attributes };
}

/**
 * A simulated meter from JSON.
 * @throws DlmsConfigError with the path of what is wrong
 */
export function parseDefinition(input: unknown): MeterDefinition {
  const raw = record(input, "definition");
  const at = (name: string): RawSettings => ({ [`definition.${name}`]: raw[name] });
  return {
    serverAddress: integerOf(at("serverAddress"), "definition.serverAddress", { fallback: 1, min: 0, max: 65535 }),
    maxPduSize: integerOf(at("maxPduSize"), "definition.maxPduSize", { fallback: 1024, min: 64, max: 65535 }),
    ...(isAbsent(raw.physicalAddress)
      ? {}
      : {
          physicalAddress: integerOf(at("physicalAddress"), "definition.physicalAddress", {
            fallback: 0,
            min: 0,
            max: 16383,
          }),
        }),
    associations: isAbsent(raw.associations)
      ? [{ client: 16 }]
      : list(raw.associations, "definition.associations").map((one, i) =>
          associationOf(one, `definition.associations[${i}]`),
        ),
    objects: list(raw.objects, "definition.objects").map((one, i) => objectOf(one, `definition.objects[${i}]`)),
  };
}
