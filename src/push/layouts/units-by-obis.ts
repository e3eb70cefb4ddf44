/** Units of electricity by groups C and D of an OBIS code (IEC 62056-6-1), for values sent without a unit. */
const active = new Set([1, 2, 15, 16, 21, 22, 35, 36, 41, 42, 55, 56, 61, 62, 75, 76]);
const reactive = new Set([3, 4, 5, 6, 7, 8, 23, 24, 25, 26, 27, 28, 43, 44, 45, 46, 47, 48, 63, 64, 65, 66, 67, 68]);
const apparent = new Set([9, 10, 29, 30, 49, 50, 69, 70]);
const current = new Set([11, 31, 51, 71, 90, 91]);
const voltage = new Set([12, 32, 52, 72, 92]);
const powerKinds = new Set([2, 4, 5, 6, 7, 14]);

/** The code of the unit; undefined if the OBIS code does not determine it. */
export function unitByObis(logicalName: string): number | undefined {
  const [a, , c = 0, d = 0] = logicalName.split(".").map(Number);
  if (a !== 1) return undefined;
  const isEnergy = d === 8 || d === 9;
  if (!isEnergy && !powerKinds.has(d)) return undefined;
  if (active.has(c)) return isEnergy ? 30 : 27;
  if (reactive.has(c)) return isEnergy ? 32 : 29;
  if (apparent.has(c)) return isEnergy ? 31 : 28;
  if (isEnergy) return undefined;
  if (current.has(c)) return 33;
  return voltage.has(c) ? 35 : undefined;
}
