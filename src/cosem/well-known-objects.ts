/** Objects that have the same logical name in every meter (IEC 62056-6-1, abstract objects of value group A = 0). */
import { associationShortName } from "../apdu/class-ids";

/** The current association, of class Association LN or SN. */
export const currentAssociation = "0.0.40.0.0.255";
export const clock = "0.0.1.0.0.255";
export const securitySetup = "0.0.43.0.0.255";
export const logicalDeviceName = "0.0.42.0.0.255";

/** The invocation counter of a client, of class Data; most meters count clients from 1 in value group D. */
export function invocationCounter(client: number): string {
  return `0.0.43.1.${client}.255`;
}

/** Variable names of attributes of the current association, in short-name referencing. */
export const associationSnNames = {
  logicalName: associationShortName,
  objectList: associationShortName + 0x08,
  accessRights: associationShortName + 0x10,
} as const;
