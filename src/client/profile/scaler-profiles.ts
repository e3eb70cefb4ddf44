/** Scaler profiles: where the meters of some countries keep the scaler_unit of the columns of a profile. */
import { classIds } from "../../apdu";
import { decodeValueBytes } from "../../codec";
import {
  type AttributeRef,
  type CaptureObject,
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

/** Logical names of the scaler profiles to try for a profile. */
export function scalerProfilesOf(logicalName: string): readonly string[] {
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
 * The scalers of a scaler profile; undefined if the meter does not provide it, or sends something else. Columns without
 * a scaler_unit, such as a clock, are skipped.
 */
export function readScalerProfile(objects: Fetched, buffer: Fetched): ScalersByName | undefined {
  if (objects?.ok !== true || buffer?.ok !== true) return undefined;
  try {
    const columns = readCaptureObjects(decodeValueBytes(objects.data, undefined, "capture_objects"));
    const rows = decodeValueBytes(buffer.data, undefined, "buffer");
    const row = rows.type === "array" || rows.type === "compact-array" ? rows.value[0] : undefined;
    // without a value for each column, values cannot be assigned to columns
    if (row?.type !== "structure" || row.value.length !== columns.length) return undefined;
    const scalers = new Map<string, ScalerUnit>();
    columns.forEach((column, i) => {
      const value = row.value[i];
      const scaler = value === undefined || !isScalerUnit(column) ? undefined : readScalerUnit(value);
      if (scaler !== undefined) scalers.set(column.logicalName, scaler);
    });
    return scalers;
  } catch (error) {
    if (isDlmsError(error)) return undefined;
    throw error;
  }
}

/** Attribute 3 of a Register or an Extended register, attribute 4 of a Demand register. */
function isScalerUnit({ classId, attributeId }: CaptureObject): boolean {
  return attributeId === (classId === classIds["demand-register"] ? 4 : 3);
}

/** Maximum number of objects that a note names. */
const maxNamed = 5;

export function scalerProfileNote(logicalName: string, refs: readonly AttributeRef[]): string {
  const names = refs.slice(0, maxNamed).map((ref) => obisPrinted(ref.logicalName));
  const more = refs.length > maxNamed ? ` and ${refs.length - maxNamed} more` : "";
  return `the meter does not give the scaler_unit of ${names.join(", ")}${more}; it was taken from the scaler profile ${obisPrinted(logicalName)}`;
}
