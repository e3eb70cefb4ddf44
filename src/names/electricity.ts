/** Names of electricity codes (value group A = 1). */
import { type Code, found, phrase, tariff } from "./code";

/** Rows of group C that do not follow the order of the phases, to the phrase of their quantity. */
const special: Readonly<Record<number, SpecialRow>> = {
  81: 81,
  82: 82,
  83: 83,
  84: 84,
  85: 84,
  86: 84,
  87: 84,
  88: 88,
  89: 89,
  90: 90,
  91: 91,
  92: 92,
  124: 124,
  125: 125,
  126: 126,
};
type SpecialRow = 81 | 82 | 83 | 84 | 88 | 89 | 90 | 91 | 92 | 124 | 125 | 126;

/** Whether group C of an electricity meter is a measured quantity: 124 to 126 are voltages between two lines. */
export const isElectricQuantity = (c: number): boolean => (c >= 1 && c <= 92) || special[c] !== undefined;

/** Group C 1 to 20 is the sum of all phases, 21 to 40 L1, 41 to 60 L2, 61 to 80 L3, in the same order. */
export function electricity(code: Code): string[] {
  const { c, d } = code;
  const row = special[c];
  if (row === 83) return [loss(code), ...processing(code)];
  if (row !== undefined) {
    const name = withPhase(code, phrase(code, `electricity.${row}`), row === 84 ? c - 84 : 0);
    return row === 81 ? [angle(code, name)] : [name, ...processing(code), ...groupE(code)];
  }
  const phase = c <= 80 ? Math.floor((c - 1) / 20) : 0;
  const quantity = ((c - 1) % 20) + 1;
  const key = `${isEnergy(d) && hasEnergy(quantity) ? "energy" : "power"}.${quantity}`;
  const name = withPhase(code, found(code, key) ?? key, phase);
  return [name, ...processing(code), ...groupE(code)];
}

/** Group F of a threshold is its number. For all other codes it is a billing period. */
export const hasThresholds = ({ a, c, d }: Code): boolean =>
  a === 1 && isElectricQuantity(c) && (d === 31 || d === 35 || d === 39);

/** The quantity of a group C regardless of the phase: 11 current, 12 voltage, 15 total active power, 90 to 126 themselves. */
const quantityOf = (c: number): number => (c <= 80 ? ((c - 1) % 20) + 1 : c);

/** Time integrals of a power are energies. */
const isEnergy = (d: number): boolean =>
  (d >= 8 && d <= 10) || (d >= 17 && d <= 20) || d === 29 || d === 30 || d === 58;
const hasEnergy = (quantity: number): boolean => quantity <= 10 || (quantity >= 15 && quantity <= 20);

function withPhase(code: Code, name: string, phase: number): string {
  return phase === 0 ? name : phrase(code, "phased", { name, phase: phrase(code, `phase.${phase as 1 | 2 | 3}`) });
}

/** The first digit of E is one quantity, the second the other: 0 to 2 voltages, 4 to 6 currents, 7 neutral. */
function angle(code: Code, name: string): string {
  if (code.e === 255) return phrase(code, "angle.all", { name });
  const a = found(code, `point.${Math.floor(code.e / 10)}`);
  const b = found(code, `point.${code.e % 10}`);
  return a === undefined || b === undefined
    ? phrase(code, "angle.other", { name, n: code.e })
    : phrase(code, "angle", { name, a, b });
}

/**
 * Group E of the losses: 1 to 28 are sums of all phases, then 20 for each phase in the order of the first 18, with the
 * squares of current and voltage after them.
 */
function loss(code: Code): string {
  const { e } = code;
  const phase = e >= 31 && e <= 90 ? 1 + Math.floor((e - 31) / 20) : 0;
  const kind = phase === 0 ? e : ((e - 31) % 20) + 1;
  if (phase > 0 && kind > 18) return withPhase(code, phrase(code, `electricity.${kind === 19 ? 88 : 89}`), phase);
  const name = found(code, `loss.${kind}`);
  if (name !== undefined) return withPhase(code, name, phase);
  const all = phrase(code, "electricity.83");
  return e === 0 || e === 255 ? all : phrase(code, "numbered", { name: all, n: e });
}

/** Group D; the text omits time integral 1 of an energy and the instantaneous value, because they are the default. */
function processing(code: Code): string[] {
  const { c, d, e } = code;
  if (d === 7) return [];
  const quantity = quantityOf(c);
  if (d === 8 && (hasEnergy(quantity) || quantity === 82 || quantity === 88 || quantity === 89)) {
    return e === 0 ? [phrase(code, "total")] : [];
  }
  return [found(code, `process.${d}`) ?? `D=${d}`];
}

/** Group E: classes of voltage dips, harmonics, or tariffs. */
function groupE(code: Code): string[] {
  if (hasDips(code)) return dip(code);
  return hasHarmonics(code) ? harmonic(code) : tariff(code);
}

const isVoltage = (quantity: number): boolean => quantity === 12 || (quantity >= 124 && quantity <= 126);
const hasDips = ({ c, d }: Code): boolean => d === 32 && isVoltage(quantityOf(c));

/**
 * UNIPEDE classes: the tens of E are the depth, the units the time. E = 0 would be the smallest class, but DSMR meters and
 * others count all dips in it, so the text omits it.
 */
function dip(code: Code): string[] {
  const { e } = code;
  if (e === 0) return [];
  if (e === 255) return [phrase(code, "dip.all")];
  const depth = found(code, `dip.depth.${Math.floor(e / 10)}`);
  const time = found(code, `dip.time.${e % 10}`);
  if (depth === undefined || time === undefined) return [phrase(code, "dip.other", { n: e })];
  return [phrase(code, "dip", { depth, time })];
}

/** Voltages, currents and total active power have harmonics instead of tariffs in group E of these values of group D. */
function hasHarmonics({ c, d }: Code): boolean {
  const processed = [4, 5, 7, 14, 15, 24, 25, 56].includes(d) || (d >= 31 && d <= 45);
  const quantity = quantityOf(c);
  return processed && ([11, 15, 90, 91, 92].includes(quantity) || isVoltage(quantity));
}

function harmonic(code: Code): string[] {
  const { e } = code;
  if (e === 0 || e === 255) return [];
  if (e === 1) return [phrase(code, "fundamental")];
  const named = { 124: "thd", 125: "tdd", 126: "harmonics.all", 127: "harmonics.nominal" } as const;
  const key = (named as Readonly<Record<number, (typeof named)[keyof typeof named]>>)[e];
  return [key === undefined ? phrase(code, "harmonic", { n: e }) : phrase(code, key)];
}
