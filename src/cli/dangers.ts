/** Writes and method calls that need --dangerous, because a mistake is costly or cannot be undone. */
import { attributeName, type AttributeRef, findClass, type MethodRef } from "../index";

const classes = {
  scriptTable: 9,
  associationSn: 12,
  associationLn: 15,
  imageTransfer: 18,
  singleActionSchedule: 22,
  securitySetup: 64,
  disconnectControl: 70,
} as const;

/** Every write and every method of these classes: access to the meter, its firmware, its breaker. */
const dangerousClasses: readonly number[] = [
  classes.associationSn,
  classes.associationLn,
  classes.imageTransfer,
  classes.securitySetup,
  classes.disconnectControl,
];

/** Methods whose names say that data is lost. */
const erasing = /reset|clear|erase|delete|remove/i;

/** The reason, in words; undefined if the write needs no second switch. */
export function dangerOfWrite({ classId, attributeId, version }: AttributeRef): string | undefined {
  if (dangerousClasses.includes(classId)) return "it changes access, firmware or the supply";
  const runsScript =
    classId === classes.singleActionSchedule && /^execut/.test(attributeName(classId, attributeId, version));
  return runsScript ? "it runs a script" : undefined;
}

/** The reason, in words; undefined if the call needs no second switch. */
export function dangerOfMethod({ classId, methodId, version }: MethodRef): string | undefined {
  const name = findClass(classId, version)?.methods.find(({ id }) => id === methodId)?.name;
  if (name === undefined) return "the class table does not contain it, so it may do anything";
  if (dangerousClasses.includes(classId)) return "it changes access, firmware or the supply";
  if (classId === classes.scriptTable) return "it runs a script";
  return erasing.test(name) ? "it erases data" : undefined;
}
