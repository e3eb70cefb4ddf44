/** The values of a push as people expect them. */
import { toHex } from "../../bytes";
import type { DlmsValue } from "../../codec";
import {
  className,
  dateTimeFromBytes,
  type DateTimeParts,
  presentDates,
  presentDateTime,
  type PresentOptions,
  presentValue,
  type ScalerUnit,
  scaleFloat,
  scaleInteger,
  shortestFloat32,
  unitSymbol,
  utcMs,
  zoneRules,
} from "../../cosem";
import type { PushList } from "../lists";
import { type BodyItem, type BodyNode, clockName, textOf } from "./body";
import { unitByObis } from "./units-by-obis";

export interface PushItem {
  /** place in the push, from 0 */
  readonly index: number;
  /** dotted OBIS code; null if the value has no name */
  readonly logicalName: string | null;
  /** the logical name; "#3" for the fourth value of a push without names */
  readonly name: string;
  readonly objectType: string | null;
  readonly attributeId: number | null;
  /** the element of the attribute; null for the whole of it */
  readonly dataIndex: number | null;
  readonly value: unknown;
  readonly unit: string | null;
  readonly unitCode: number | null;
  readonly scaler: number | null;
  /** origin of the scaler: "meter" was read from the meter before; a table may be wrong by a power of ten */
  readonly scalerFrom: "frame" | "meter" | "table" | "text" | "none";
  /** the standard's name of the type in the frame; "text" in a telegram */
  readonly type: string;
  /** A-XDR bytes in hex; the text of the telegram */
  readonly raw: string;
}

export interface PushDates {
  readonly reversedDeviation?: boolean | undefined;
  readonly timeZone?: string | undefined;
  readonly standardTime?: boolean | undefined;
}

/** The date-time of 12 bytes; local time without an offset if neither the meter nor the settings define one. */
export function dateOf(bytes: Uint8Array, dates: PushDates): string | null {
  const { value } = presentDateTime(inStandardTime(dateTimeFromBytes(bytes), dates), optionsOf(dates));
  return typeof value === "string" ? value : null;
}

const optionsOf = ({ reversedDeviation, timeZone }: PushDates): PresentOptions => ({
  ...(reversedDeviation === true && { reversedDeviation }),
  ...(timeZone !== undefined && { timeZone }),
});

/** Meters that keep standard time all year send no deviation, so the zone's own offset in winter applies. */
function inStandardTime(parts: DateTimeParts, { timeZone, standardTime, reversedDeviation }: PushDates): DateTimeParts {
  if (standardTime !== true || timeZone === undefined || parts.deviation !== null || parts.year === null) return parts;
  const rules = zoneRules(timeZone);
  const year = parts.year;
  const east = Math.min(rules.offsetAt(utcMs(year, 1, 1)), rules.offsetAt(utcMs(year, 7, 1)));
  return { ...parts, deviation: reversedDeviation === true ? east : -east };
}

export function presentItem(item: BodyItem, index: number, list: PushList | undefined, dates: PushDates): PushItem {
  const { logicalName, classId, attributeId, dataIndex, node } = item;
  const { scalerUnit, from } = scalerFor(item, list);
  const value = presentNode(node, scalerUnit?.scaler ?? 0, logicalName, classId, dates);
  const unitCode = scalerUnit?.unitCode ?? null;
  return {
    index,
    logicalName,
    name: logicalName ?? `#${index}`,
    objectType: classId === null ? null : className(classId),
    attributeId,
    dataIndex,
    value,
    unit: unitCode === null ? null : unitSymbol(unitCode),
    unitCode,
    scaler: scalerUnit?.scaler ?? null,
    scalerFrom: from,
    type: node.value.type,
    raw: toHex(node.raw),
  };
}

function scalerFor(
  { scalerUnit, scalerFrom, logicalName, attributeId, node }: BodyItem,
  list: PushList | undefined,
): { scalerUnit: ScalerUnit | undefined; from: PushItem["scalerFrom"] } {
  if (scalerUnit !== undefined) return { scalerUnit, from: scalerFrom ?? "frame" };
  const isValue = logicalName !== null && (attributeId ?? 2) === 2 && isNumber(node.value);
  const unitCode = isValue && list !== undefined ? unitByObis(logicalName) : undefined;
  if (list === undefined || unitCode === undefined || logicalName === null)
    return { scalerUnit: undefined, from: "none" };
  const [, , c, d, e] = logicalName.split(".");
  const scaler = list.scalers[`${c}.${d}.${e}`] ?? 0;
  return { scalerUnit: { scaler, unitCode }, from: "table" };
}

const isNumber = ({ value }: DlmsValue): boolean => typeof value === "number" || typeof value === "bigint";

function presentNode(
  node: BodyNode,
  scaler: number,
  logicalName: string | null,
  classId: number | null,
  dates: PushDates,
): unknown {
  const { value } = node;
  if (value.type === "octet-string" || value.type === "date-time") {
    const bytes = value.value;
    const isClock = logicalName === clockName || classId === 8 || value.type === "date-time";
    if (bytes.length === 12 && (isClock || looksLikeDate(bytes))) return dateOf(bytes, dates) ?? toHex(bytes);
    if (logicalName === "1.0.0.9.1.255") return presentDates(bytes, "time", {}) ?? toHex(bytes);
    if (logicalName === "1.0.0.9.2.255") return presentDates(bytes, "date", {}) ?? toHex(bytes);
    return textOf(node) ?? toHex(bytes);
  }
  if (value.type === "visible-string" || value.type === "utf8-string") return textOf(node) ?? value.value;
  if (value.type === "float32" || value.type === "floating-point")
    return scaleFloat(shortestFloat32(value.value), scaler);
  if (value.type === "float64") return scaleFloat(value.value, scaler);
  if (isNumber(value)) return scaleInteger(value.value as number | bigint, scaler);
  return presentValue(value, {}, { options: optionsOf(dates), scalerUnit: undefined, printableIsText: true });
}

/** Twelve octets that are a date of this century and not text. */
function looksLikeDate(bytes: Uint8Array): boolean {
  const year = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  return year >= 1990 && year < 2100 && (bytes[2] ?? 0) >= 1 && (bytes[2] ?? 0) <= 12 && (bytes[5] ?? 0) < 24;
}
