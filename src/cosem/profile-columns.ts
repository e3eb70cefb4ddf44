/** The columns of a profile, from its capture objects: keys, labels, units. */
import { classIds } from "../apdu/class-ids";
import type { DlmsValue } from "../codec/value";
import { DlmsDecodeError } from "../errors";
import { isAbsent } from "./absent";
import { attributeDefinition, attributeName, scalerSource } from "./lookup";
import type { AttributeRef, FieldDefinition, ScalerUnit } from "./model";
import { obisDotted } from "./obis";
import { elementOf } from "./present";
import { unitSymbol } from "./units";

/** One element of capture_objects: the attribute of an object that a column captures. */
export interface CaptureObject {
  readonly classId: number;
  /** dotted OBIS, six groups */
  readonly logicalName: string;
  readonly attributeId: number;
  /** 0 = the whole attribute, n = its n-th element */
  readonly dataIndex: number;
}

/** A column of a profile. */
export interface ProfileColumn extends CaptureObject {
  /** the name of the column in rows */
  readonly key: string;
  /** attribute name by the class table */
  readonly attribute: string;
  readonly unit: string | null;
  readonly unitCode: number | null;
  readonly scaler: number | null;
  /** meaning of the OBIS code, in words */
  readonly label: string;
}

/**
 * The columns of a profile from its capture_objects attribute.
 * @throws DlmsDecodeError DECODE_VALUE when the value is not a list of capture object definitions
 */
export function readCaptureObjects(data: DlmsValue): CaptureObject[] {
  if (isAbsent(data)) return [];
  if (data.type !== "array" && data.type !== "compact-array") {
    throw malformed(`an array is expected, got ${data.type}`);
  }
  return data.value.map((item, i) => {
    const [classId, logicalName, attributeId, dataIndex] = item.type === "structure" ? item.value : [];
    return {
      classId: integer(classId, i, "class_id"),
      logicalName: logicalNameOf(logicalName, i),
      attributeId: integer(attributeId, i, "attribute_index"),
      dataIndex: dataIndex === undefined ? 0 : integer(dataIndex, i, "data_index"),
    };
  });
}

/**
 * The definition that meters write where no object is captured. The column is kept, so that the other values stay in
 * their columns.
 */
const noObject = "0.0.0.0.0.0";

function logicalNameOf(data: DlmsValue | undefined, index: number): string {
  if (data !== undefined && isAbsent(data)) return noObject;
  if (data?.type === "octet-string" && data.value.length === 6) return obisDotted(data.value);
  throw malformed(`entry ${index + 1} has no logical name of 6 octets`);
}

function malformed(problem: string): DlmsDecodeError {
  return new DlmsDecodeError("DECODE_VALUE", `capture_objects: ${problem}`);
}

function integer(data: DlmsValue | undefined, index: number, name: string): number {
  if (typeof data?.value === "number") return data.value;
  throw malformed(`entry ${index + 1} has no ${name}`);
}

/** The A-XDR form of a capture object definition. */
export function captureObjectValue(object: CaptureObject, logicalName: Uint8Array): DlmsValue {
  return {
    type: "structure",
    value: [
      { type: "long-unsigned", value: object.classId },
      { type: "octet-string", value: logicalName },
      { type: "integer", value: object.attributeId },
      { type: "long-unsigned", value: object.dataIndex },
    ],
  };
}

/** The only class whose array elements are scaled, instead of the value itself. */
const registerTable = 61;

/** The attribute with a column's scaler_unit, or undefined if its values are not scaled. */
export function columnScaler(object: CaptureObject): AttributeRef | undefined {
  const attributeId = scalerSource(object.classId, undefined, object.attributeId);
  if (attributeId === undefined || (object.dataIndex !== 0 && object.classId !== registerTable)) return undefined;
  return { classId: object.classId, logicalName: object.logicalName, attributeId };
}

/**
 * The names of the columns: the dotted OBIS code for attribute 2 if the code occurs once, else `<obis>/<attribute id>`,
 * else `<obis>/<attribute id>.<data index>`; equal names get `#2`, `#3`.
 */
export function columnKeys(objects: readonly CaptureObject[]): string[] {
  const withAttribute = (o: CaptureObject): string => `${o.logicalName}/${o.attributeId}`;
  const withIndex = (o: CaptureObject): string => `${withAttribute(o)}.${o.dataIndex}`;
  const count = new Map<string, number>();
  for (const object of objects) {
    const name = withAttribute(object);
    count.set(name, (count.get(name) ?? 0) + 1);
  }
  const used = new Map<string, number>();
  return objects.map((object) => {
    const unique = count.get(withAttribute(object)) === 1;
    const name = !unique ? withIndex(object) : object.attributeId === 2 ? object.logicalName : withAttribute(object);
    const seen = (used.get(name) ?? 0) + 1;
    used.set(name, seen);
    return seen === 1 ? name : `${name}#${seen}`;
  });
}

/**
 * The columns with all known facts. `scalerUnitOf` returns the scaler_unit of a captured object, `describeObis` its
 * label.
 */
export function profileColumns(
  objects: readonly CaptureObject[],
  scalerUnitOf: (object: CaptureObject) => ScalerUnit | undefined = () => undefined,
  describeObis: (logicalName: string) => string = () => "",
): ProfileColumn[] {
  const keys = columnKeys(objects);
  return objects.map((object, i) => {
    const scalerUnit = columnScaler(object) === undefined ? undefined : scalerUnitOf(object);
    return {
      key: keys[i] ?? "",
      classId: object.classId,
      logicalName: object.logicalName,
      attributeId: object.attributeId,
      dataIndex: object.dataIndex,
      attribute: attributeName(object.classId, object.attributeId),
      unit: scalerUnit === undefined ? null : unitSymbol(scalerUnit.unitCode),
      unitCode: scalerUnit?.unitCode ?? null,
      scaler: scalerUnit?.scaler ?? null,
      label: describeObis(object.logicalName),
    };
  });
}

/** Time stamp of a billing period, 0.1.2: meters of IS 15959 capture it as a Register. */
function isBillingTime({ classId, logicalName, attributeId }: CaptureObject): boolean {
  if (attributeId !== 2 || (classId !== classIds.data && classId !== classIds.register)) return false;
  return logicalName.split(".").slice(2, 5).join(".") === "0.1.2";
}

/** How the values of a column are shown: the attribute, or its element selected by the data index. */
export function columnDefinition(object: CaptureObject): Omit<FieldDefinition, "name"> {
  const whole: Omit<FieldDefinition, "name"> = attributeDefinition(object.classId, undefined, object.attributeId) ?? {};
  if (object.dataIndex === 0) return isBillingTime(object) ? { presentation: "date-time" } : whole;
  return whole.fields?.[object.dataIndex - 1] ?? elementOf(whole);
}

/**
 * Whether and how a column holds the time of its row: as a Clock, or as a Data object with the seconds (0-b:1.1.0) or
 * microseconds (0-b:1.2.0) since 1970.
 */
export function clockKind(object: CaptureObject): "date-time" | "unix" | "unix-microseconds" | undefined {
  if (object.attributeId !== 2 || object.dataIndex !== 0) return undefined;
  if (object.classId === classIds.clock) return "date-time";
  const unix = /^0\.\d+\.1\.([12])\.0\.255$/.exec(object.logicalName);
  if (unix === null) return undefined;
  return unix[1] === "1" ? "unix" : "unix-microseconds";
}
