/** Which columns of a profile count up: energies, volumes and masses. */
import { type CaptureObject, findClass, findUnit } from "../cosem";

const registers: ReadonlySet<string> = new Set(["REGISTER", "EXTENDED_REGISTER"]);
const electricity = 1;
const mbus = 24;
/** Groups D that are totals since the beginning, or since the last billing reset. */
const totals: ReadonlySet<number> = new Set([8, 9, 17, 18, 19, 20]);
const gasCounters = (c: number): boolean => (c >= 1 && c <= 36) || (c >= 61 && c <= 66);
/** Quantities of M-Bus values that count up; the unit tells them. */
const countedQuantities = ["energy", "volume", "mass"];

/** Whether the column holds the state of a counter. */
export function isCumulative(column: CaptureObject & { readonly unitCode: number | null }): boolean {
  const { classId, attributeId, dataIndex, logicalName, unitCode } = column;
  const isValue = registers.has(findClass(classId)?.name ?? "") && attributeId === 2;
  const [a = 0, , c = 0, d = 0, , f = 0] = logicalName.split(".").map(Number);
  // a value of a billing period does not change any more
  if (!isValue || dataIndex !== 0 || f !== 255) return false;
  if (a === electricity) return isElectricCounter(c) && totals.has(d);
  if (a === 7) return gasCounters(c) && d <= 3;
  if (a === 5 || a === 6) return c >= 1 && c <= 7 && d === 0;
  if (a === 8 || a === 9) return c === 1 && d === 0;
  return a === 0 && c === mbus && d === 2 && countsUp(unitCode);
}

/** Sums of phases, and phases: import, export, quadrants, absolute values; a net energy may fall. */
function isElectricCounter(c: number): boolean {
  if (c === 82 || c === 88 || c === 89) return true;
  const quantity = ((c - 1) % 20) + 1;
  return c >= 1 && c <= 80 && (quantity <= 10 || quantity === 15 || (quantity >= 17 && quantity <= 20));
}

function countsUp(unitCode: number | null): boolean {
  const quantity = unitCode === null ? undefined : findUnit(unitCode)?.quantity;
  return countedQuantities.some((word) => quantity === word || quantity?.endsWith(` ${word}`) === true);
}
