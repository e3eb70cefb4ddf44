/**
 * Short stable English keys: `1-0:1.8.0*255` -> `energy_import`. A key depends on OBIS code, class and attribute alone,
 * not on the language, the list or the meter.
 */
import { attributeName, findClass } from "../../cosem/lookup";
import { type ObisLike, parseObis } from "../../cosem/obis";
import { DlmsConfigError } from "../../errors";
import { electricityKey, hasThresholdKey, isElectricKey } from "./electricity";
import { gasKey, isMediumKey, mediumKey } from "./media";
import { mbusKey, mediumPrefix, objectKey } from "./objects";

/** Limit of PostgreSQL for names; MySQL takes 64. */
const maxLength = 63;

/** The attribute of a class that a key does not name, because it is the usual one. */
const usualAttribute: ReadonlyMap<number, number> = new Map(
  [1, 3, 4, 5, 7, 8, 61, 62].map((classId) => [classId, 2] as const),
);

/**
 * The short key of a value: lower-case letters, digits and `_`, at most 63 characters. Without a class, attribute 2 is
 * the usual one. A code without words gives `obis_A_B_C_D_E`, with `_F` unless F is 255.
 * @throws DlmsConfigError CONFIG_INVALID if it is no OBIS code
 */
export function keyOf(obis: ObisLike, classId?: number, attributeId = 2): string {
  if (!Number.isInteger(attributeId)) {
    throw new DlmsConfigError("CONFIG_INVALID", `attribute: expected a whole number, got ${String(attributeId)}`);
  }
  const groups = parseObis(obis);
  const suffix = attributeSuffix(classId, attributeId);
  const key = (wordsOf(groups) ?? bareKey(groups)) + suffix;
  if (key.length <= maxLength) return key;
  return bareKey(groups) + (suffix === "" ? "" : attributeNumber(attributeId));
}

const attributeNumber = (attributeId: number): string => `_a${attributeId}`.replace("-", "m");

function attributeSuffix(classId: number | undefined, attributeId: number): string {
  if (classId === undefined) return attributeId === 2 ? "" : attributeNumber(attributeId);
  if (usualAttribute.get(classId) === attributeId) return "";
  if (findClass(classId) === undefined) return attributeNumber(attributeId);
  const name = attributeName(classId, attributeId);
  // attributes that the table does not have are called "attribute 12"
  if (/^attribute -?\d+$/.test(name)) return attributeNumber(attributeId);
  return `_${name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")}`;
}

function bareKey(groups: Uint8Array): string {
  return `obis_${(groups[5] === 255 ? groups.subarray(0, 5) : groups).join("_")}`;
}

/** The words of a code with its channel and billing period; undefined if it has none. */
function wordsOf(groups: Uint8Array): string | undefined {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = groups;
  const isMbus = a === 0 && c === 24;
  const words = isMbus ? mbusKey(b, d, e) : quantityKey(a, c, d, e);
  if (words === undefined) return undefined;
  const channel = isMbus || b === 0 ? "" : `_ch${b}`;
  return words + channel + billing(f, a === 1 && hasThresholdKey(c, d));
}

/** Groups C of general objects in each medium but the abstract one, where all groups C are. */
const generalGroups: ReadonlySet<number> = new Set([0, 94, 96, 97, 98, 99]);

function quantityKey(a: number, c: number, d: number, e: number): string | undefined {
  if (a === 1 && isElectricKey(c)) return electricityKey(c, d, e);
  if (a === 7) {
    const gas = gasKey(c, d, e);
    if (gas !== undefined) return gas;
  }
  if (isMediumKey(a, c)) return (mediumPrefix(a) ?? "") + (mediumKey(a, c, d, e) ?? "");
  return a === 0 || generalGroups.has(c) ? objectKey(a, c, d, e) : undefined;
}

/** Group F: a threshold, a billing period by its counter or counted back; 255 is the present value. */
function billing(f: number, threshold: boolean): string {
  if (f === 255) return "";
  if (threshold) return `_th${f}`;
  if (f <= 99) return `_b${f}`;
  if (f >= 101 && f <= 125) return `_prev${f - 100}`;
  return f === 126 ? "_prev_all" : `_f${f}`;
}

/** A value to name: an attribute of an object, or an element of it (`dataIndex` above 0). */
export interface KeySource {
  readonly logicalName: string;
  readonly classId: number;
  readonly attributeId: number;
  readonly dataIndex?: number;
}

/**
 * The keys of a list or of the columns of a profile, without two equal ones: an element of an attribute ends in
 * `_i` and its number, and a value that occurs again in `__2`, `__3`.
 * @throws DlmsConfigError CONFIG_INVALID for a logical name that is no OBIS code
 */
export function keysOf(values: readonly KeySource[]): string[] {
  const used = new Map<string, number>();
  return values.map(({ logicalName, classId, attributeId, dataIndex = 0 }) => {
    const plain = keyOf(logicalName, classId, attributeId);
    const key = dataIndex === 0 ? plain : `${plain}_i${dataIndex}`;
    const seen = (used.get(key) ?? 0) + 1;
    used.set(key, seen);
    return seen === 1 ? key : `${key}__${seen}`;
  });
}
