/** Scaler profiles: where the meters of some countries keep the scaler_unit of the columns of a profile. */
import { classIds } from "../../apdu";
import { decodeValueBytes, type DlmsValue } from "../../codec";
import {
  type AttributeRef,
  type CaptureObject,
  obisDotted,
  obisPrinted,
  readCaptureObjects,
  readScalerUnit,
  type ScalerUnit,
} from "../../cosem";
import { isDlmsError } from "../../errors";
import type { Fetched } from "../services/attribute-request";

/**
 * By the logical name of a profile: the scaler profiles of IS 15959 (1.0.94.91.n) and of SPODES (1.0.94.7.n) that may
 * belong to it, the more common one first.
 */
const scalerProfiles: Readonly<Record<string, readonly string[]>> = {
  "1.0.94.91.0.255": ["1.0.94.91.3.255"],
  "1.0.99.1.0.255": ["1.0.94.91.4.255", "1.0.94.7.4.255"],
  "1.0.99.2.0.255": ["1.0.94.91.5.255", "1.0.94.7.2.255", "1.0.94.7.3.255"],
  "1.0.98.1.0.255": ["1.0.94.91.6.255", "1.0.94.7.1.255", "1.0.94.7.10.255"],
  "1.0.98.2.0.255": ["1.0.94.7.2.255"],
  "1.0.94.7.0.255": ["1.0.94.7.3.255"],
};
const eventLog = /^0\.0\.99\.98\.[0-6]\.255$/;

/** Load profiles of SL7000 and ACE6000 meters, and the object with names and scalers of their columns in turn. */
const markedProfile = /^[01]\.0\.99\.1\.\d+\.255$/;
const markedScalers = "0.0.99.128.1.255";

/** Logical names of the scaler profiles to try for a profile. */
export function scalerProfilesOf(logicalName: string, timeMarks: boolean): readonly string[] {
  if (timeMarks && markedProfile.test(logicalName)) return [markedScalers];
  return scalerProfiles[logicalName] ?? (eventLog.test(logicalName) ? ["1.0.94.91.7.255"] : []);
}

/** The parts of a scaler profile that are read: its columns, and its one row. */
export function scalerProfileRefs(logicalName: string): readonly [AttributeRef, AttributeRef] {
  const profile = { classId: classIds["profile-generic"], logicalName };
  return [
    { ...profile, attributeId: 3 },
    { ...profile, attributeId: 2 },
  ];
}

/** Scaler and unit by the logical name of their object. */
export type ScalersByName = ReadonlyMap<string, ScalerUnit>;

/**
 * The scalers of a scaler profile; undefined if the meter does not provide it, "unusable" if they cannot be assigned to
 * objects. Columns without a scaler_unit, such as a clock, are skipped.
 */
export function readScalerProfile(objects: Fetched, buffer: Fetched): ScalersByName | "unusable" | undefined {
  if (buffer?.ok !== true) return undefined;
  try {
    const value = decodeValueBytes(buffer.data, undefined, "buffer");
    const pairs = ofPairs(rowsIn(value)[0]);
    if (pairs !== undefined) return pairs;
    if (objects?.ok !== true) return undefined;
    const columns = readCaptureObjects(decodeValueBytes(objects.data, undefined, "capture_objects"));
    const row = rowsIn(value).find(({ length }) => length === columns.length);
    // without a value for each column, values cannot be assigned to columns
    const scalers = row && ofColumns(columns, row);
    return scalers === undefined || scalers.size === 0 ? "unusable" : scalers;
  } catch (error) {
    if (isDlmsError(error)) return "unusable";
    throw error;
  }
}

/** The values that may be the row: those of the first entry, or the buffer itself where a meter leaves the array out. */
function rowsIn(buffer: DlmsValue): readonly (readonly DlmsValue[])[] {
  if (buffer.type === "structure") return [buffer.value];
  if (buffer.type !== "array" && buffer.type !== "compact-array") return [];
  const [first] = buffer.value;
  return [...(first?.type === "structure" || first?.type === "array" ? [first.value] : []), buffer.value];
}

/** Some meters capture attribute 2 of the registers in place of scaler_unit: the value decides. */
function ofColumns(columns: readonly CaptureObject[], row: readonly DlmsValue[]): ScalersByName {
  const scalers = new Map<string, ScalerUnit>();
  columns.forEach(({ classId, logicalName }, i) => {
    const value = row[i];
    const scaler = value === undefined || !scaledClasses.has(classId) ? undefined : readScalerUnit(value);
    if (scaler !== undefined) scalers.set(logicalName, scaler);
  });
  return scalers;
}

const scaledClasses: ReadonlySet<number> = new Set([
  classIds.register,
  classIds["extended-register"],
  classIds["demand-register"],
]);

/** Logical name and scaler_unit in turn, as SL7000 meters send them; undefined for another form. */
function ofPairs(row: readonly DlmsValue[] = []): ScalersByName | undefined {
  const scalers = new Map<string, ScalerUnit>();
  for (let i = 0; i < row.length; i += 2) {
    const name = row[i];
    const value = row[i + 1];
    if (name?.type !== "octet-string" || name.value.length !== 6 || value === undefined) return undefined;
    const scaler = readScalerUnit(value);
    if (scaler !== undefined) scalers.set(obisDotted(name.value), scaler);
  }
  return scalers.size === 0 ? undefined : scalers;
}

/** Maximum number of objects that a note names. */
const maxNamed = 5;

export function scalerProfileNote(logicalName: string, refs: readonly AttributeRef[]): string {
  const names = refs.slice(0, maxNamed).map((ref) => obisPrinted(ref.logicalName));
  const more = refs.length > maxNamed ? ` and ${refs.length - maxNamed} more` : "";
  return `the meter does not give the scaler_unit of ${names.join(", ")}${more}; it was taken from the scaler profile ${obisPrinted(logicalName)}`;
}

export const unusableScalerProfile = (logicalName: string): string =>
  `the scaler profile ${obisPrinted(logicalName)} is not used: its values cannot be assigned to objects`;

/** Data object of SL7000 meters: its first element is the capture period of the load profile in minutes. */
export const markedPeriodRef: AttributeRef = {
  classId: classIds.data,
  logicalName: "0.0.136.0.1.255",
  attributeId: 2,
};

/** The capture period in seconds from the decoded value of `markedPeriodRef`. */
export function readMarkedPeriod(value: unknown): number | undefined {
  const minutes: unknown = Array.isArray(value) ? value[0] : value;
  return typeof minutes === "number" && Number.isInteger(minutes) && minutes > 0 && minutes <= 1440
    ? minutes * 60
    : undefined;
}
