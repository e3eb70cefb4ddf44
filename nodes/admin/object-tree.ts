/** Objects of a meter as the tree of the dialog shows them, each under its branch. */
import { describeClass, describeObis, obisPrinted, type ObjectEntry, parseObis } from "../../src/index";
import type { BrowsedObject, ObjectGroup } from "./answers";

const profileClasses = new Set([7, 26, 61]);
const timeClasses = new Set([8, 9, 10, 11, 20, 22]);
const controlClasses = new Set([6, 18, 21, 70, 71, 72]);
const securityClasses = new Set([12, 15, 17, 30, 64]);
/** Set-up of the interfaces and networks of a meter. */
const communicationClasses = new Set([
  ...[19, 23, 24, 25, 27, 28, 29, 40, 41, 42, 43, 44, 45, 46, 47, 48],
  ...[50, 51, 52, 53, 55, 56, 57, 58, 73, 74, 76, 77, 80, 81, 82, 83, 84, 85, 86, 90, 91, 92],
]);
const energies = new Set([8, 9, 10, 17, 18, 19, 20, 29, 30, 58]);
const demands = new Set([2, 4, 5, 6, 14, 15, 16, 24, 25, 26, 27, 28]);

const ofMaker = (group: number): boolean => group >= 128 && group <= 254;

/** The branch of an object: decided by its class where the class suffices, else by its OBIS code (IEC 62056-6-1). */
export function groupOf(classId: number, logicalName: string): ObjectGroup {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = parseObis(logicalName);
  if (profileClasses.has(classId)) return "profiles";
  if (securityClasses.has(classId)) return "security";
  if (controlClasses.has(classId)) return "control";
  if (timeClasses.has(classId)) return "time";
  if (communicationClasses.has(classId)) return "communication";
  if ([b, c, d, e].some(ofMaker) || c === 93 || c === 94) return "manufacturer";
  if (a === 1 && c >= 1 && c <= 92) return electricityGroup(c, d);
  if (a >= 4 && a <= 9 && c >= 1 && c <= 92) return "consumption";
  return generalGroup(c, d);
}

function electricityGroup(c: number, d: number): ObjectGroup {
  if (c > 80) return "quality";
  const quantity = ((c - 1) % 20) + 1;
  if (quantity === 11) return "current";
  if (quantity === 12) return "voltage";
  if (quantity === 13 || quantity === 14) return "quality";
  if (energies.has(d)) return "energy";
  return demands.has(d) ? "demand" : "power";
}

function generalGroup(c: number, d: number): ObjectGroup {
  if (c === 0 || c === 42 || (c === 96 && d === 1)) return "identification";
  if (c === 1) return "time";
  if (c === 43 || c === 40 || c === 41) return "security";
  return c >= 96 && c <= 98 ? "status" : "other";
}

/** The attribute that a click reads. The buffer of a profile or an object list takes minutes, the number of entries does not. */
function shownAttribute(classId: number): number | null {
  if (classId === 7) return 7;
  return classId === 12 || classId === 15 ? null : 2;
}

/** @param language the language tag of title and description */
export function browsedObject(entry: ObjectEntry, language = "en-US"): BrowsedObject {
  const { classId, version, logicalName, objectType } = entry;
  return {
    obis: obisPrinted(logicalName),
    logicalName,
    classId,
    version,
    objectType,
    title: describeClass(classId, { language }),
    description: describeObis(logicalName, { language }),
    medium: parseObis(logicalName)[0] ?? 0,
    group: groupOf(classId, logicalName),
    attributeId: 2,
    shownAttributeId: shownAttribute(classId),
    attributes: entry.attributes.map(({ attributeId, attribute, access }) => ({
      id: attributeId,
      // "attribute 12" stands for an unknown name; the dialog has a translated text for it
      name: attribute === `attribute ${attributeId}` ? null : attribute,
      access,
    })),
  };
}
