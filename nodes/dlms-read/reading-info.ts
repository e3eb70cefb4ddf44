/** `msg.dlms`: facts about a value besides the value. */
import { attributeName, type AttributeRef, className, findClass, inKilo, type Reading, toHex } from "../../src/index";

/** `msg.dlms` of a single read, or one of its `items`. */
export interface Info {
  readonly meter: string;
  readonly mode: "attribute" | "list";
  readonly logicalName: string;
  readonly objectType: string;
  readonly classId: number;
  /** of the class; null where the class is not in the table */
  readonly version: number | null;
  readonly attributeId: number;
  readonly attribute: string;
  readonly value: unknown;
  readonly unit: string | null;
  readonly unitCode: number | null;
  readonly scaler: number | null;
  /** the standard's word for the A-XDR type */
  readonly type: string;
  /** A-XDR data, hex */
  readonly raw: string;
  /** ISO, UTC */
  readonly readAt: string;
  readonly valueName?: string;
  readonly dateTime?: unknown;
}

/** `unitCode`, `scaler` and `raw` are the meter's, also in kWh. */
export function infoOf(
  of: Pick<Info, "meter" | "mode">,
  ref: AttributeRef,
  reading: Reading,
  units: "METER" | "KILO",
): Info {
  const quantity = units === "KILO" ? inKilo(reading) : reading;
  return {
    ...of,
    logicalName: ref.logicalName,
    objectType: className(ref.classId),
    classId: ref.classId,
    version: ref.version ?? findClass(ref.classId)?.version ?? null,
    attributeId: ref.attributeId,
    attribute: attributeName(ref.classId, ref.attributeId, ref.version),
    value: quantity.value,
    unit: quantity.unit,
    unitCode: reading.unitCode,
    scaler: reading.scaler,
    type: reading.type,
    raw: toHex(reading.raw),
    readAt: reading.readAt,
    ...(reading.valueName === undefined ? {} : { valueName: reading.valueName }),
    ...(reading.dateTime === undefined ? {} : { dateTime: reading.dateTime }),
  };
}
