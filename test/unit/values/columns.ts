/** Columns of profiles for the tests of values. */
import { type CaptureObject, profileColumns, type ProfileColumn } from "../../../src/cosem";

export const clock: CaptureObject = { classId: 8, logicalName: "0.0.1.0.0.255", attributeId: 2, dataIndex: 0 };
export const energy: CaptureObject = { classId: 3, logicalName: "1.0.1.8.0.255", attributeId: 2, dataIndex: 0 };
export const power: CaptureObject = { classId: 3, logicalName: "1.0.1.7.0.255", attributeId: 2, dataIndex: 0 };
export const status: CaptureObject = { classId: 1, logicalName: "0.0.96.10.1.255", attributeId: 2, dataIndex: 0 };

export const [clockKey, energyKey, powerKey, statusKey] = [clock, energy, power, status].map(
  ({ logicalName }) => logicalName,
) as [string, string, string, string];

const units: Readonly<Record<string, number>> = { [energyKey]: 30, [powerKey]: 27 };

export const columnsOf = (...objects: readonly CaptureObject[]): ProfileColumn[] =>
  profileColumns(objects, ({ logicalName }) => {
    const unitCode = units[logicalName];
    return unitCode === undefined ? undefined : { scaler: 0, unitCode };
  });
