/** Names of gas codes (value group A = 7). */
import { type Code, found, phrase, tariff } from "./code";
import type { PhraseKey } from "./en-us";
import { objectText } from "./patterns";

/** Groups C with accumulating values: volumes, energies and masses. */
const isIndex = (c: number): boolean =>
  (c >= 1 && c <= 8) || [11, 21, 31, 61].some((first) => c >= first && c <= first + 5);
/** Conversion: correction and conversion factors, compressibility, calorific value. */
const isConversion = (c: number): boolean => c >= 51 && c <= 55;
const isAnalysis = (c: number): boolean => c === 70;

/** Whether group C of a gas meter is a measured quantity. */
export const isGasQuantity = (c: number): boolean =>
  isIndex(c) || (c >= 41 && c <= 49) || isConversion(c) || isAnalysis(c);

/** The meaning of groups D and E of a measured quantity: EN 13757-1; DLMS UA 1000-1 (Blue Book) part 1, "Value group D codes - Gas". */
export function gas(code: Code): string[] {
  const { c } = code;
  if (isAnalysis(c)) return [gasComponent(code, code.d), ...averaging(code)];
  if (isConversion(c)) return conversion(code);
  const said = isIndex(c) ? index(code) : c === 43 ? flow(code) : process(code);
  return [...(said ?? [`D=${code.d}`]), ...tariff(code)];
}

/** The analysed quantity and its conditions, by number. */
export const gasComponent = (code: Code, n: number): string => found(code, `gas.component.${n}`) ?? String(n);

/**
 * A profile of a quantity: group D is the quantity's C, group E its D. Where E is 4 or 5, or the quantity unknown, it is
 * another profile.
 */
export function gasProfile(code: Code): string | undefined {
  const { c, d, e } = code;
  if (c !== 99 || !isGasQuantity(d) || isConversion(d) || isAnalysis(d) || e === 4 || e === 5) return undefined;
  const quantity: Code = { ...code, c: d, d: e === 255 ? 0 : e, e: 0, f: 255 };
  const name = objectText(quantity);
  if (name === undefined) return undefined;
  const parts = e === 255 ? [name] : [name, ...gas(quantity)];
  return phrase(code, "gas.profile", { name: parts.join(code.language.phrases.join) });
}

const conditions = ["gas.0", "gas.1", "gas.2", "gas.3"] as const;
/** without the corrected value */
const processConditions = ["gas.0", "gas.2", "gas.3"] as const;

function condition(code: Code, keys: readonly PhraseKey[], n: number): string {
  const key = keys[n % keys.length];
  return key === undefined ? "" : phrase(code, key);
}

/**
 * Indexes: three conditions in turn. From 6 on differences of three measurement periods, from 24 on of four billing
 * periods: of these also the index of then and the largest differences.
 */
function index(code: Code): string[] | undefined {
  const { d } = code;
  if (d < 3) return [condition(code, conditions, d)];
  if (d === 3) return [phrase(code, "gas.redundant")];
  if (d < 6 || d > 98) return undefined;
  const under = condition(code, conditions, d % 3);
  if (d < 24) {
    const last = (d - 6) % 6 >= 3;
    return [phrase(code, `gas.${last ? "last" : "now"}.measurement`, { n: 1 + Math.floor((d - 6) / 6) }), under];
  }
  const starts = [24, 42, 63, 81];
  const period = starts.findLastIndex((start) => start <= d);
  const step = Math.floor((d - (starts[period] ?? 0)) / 3);
  return [indexOfBillingPeriod(code, period + 1, step), under];
}

function indexOfBillingPeriod(code: Code, n: number, step: number): string {
  if (step === 0) return phrase(code, "gas.index", { n });
  if (step <= 2) return phrase(code, step === 1 ? "gas.now.billing" : "gas.last.billing", { n });
  // Only billing period 2 has the largest value of billing period 1 after those of the three measurement periods.
  return step === 6
    ? phrase(code, "gas.maximum.billing", { n, m: 1 })
    : phrase(code, "gas.maximum.measurement", { n, m: step - 2 });
}

/** Flow rate: four conditions in turn, of averages of four averaging periods. */
function flow(code: Code): string[] | undefined {
  const { d } = code;
  if (d < 3) return [condition(code, conditions, d)];
  if (d === 13) return [phrase(code, "gas.3")];
  if (d < 15 || d > 70) return undefined;
  // Periods 1 and 2 have maxima, 20 codes each; 3 and 4 have none, 8 codes each.
  const [n, from] = d < 55 ? [1 + Math.floor((d - 15) / 20), 15] : [3 + Math.floor((d - 55) / 8), 55];
  const step = Math.floor(((d - from) % (d < 55 ? 20 : 8)) / 4);
  const under = condition(code, conditions, d - from);
  if (step === 0) return [phrase(code, "gas.average.now", { n }), under];
  if (step === 1) return [phrase(code, "gas.average.last", { n }), under];
  const largest =
    step === 4
      ? phrase(code, "gas.average.billing", { n, m: 1 })
      : phrase(code, "gas.average.measurement", { n, m: step });
  return [largest, under];
}

const kinds: Readonly<Record<number, PhraseKey>> = {
  3: "gas.backup",
  10: "gas.actual",
  11: "gas.preset",
  13: "gas.3",
};

/** Temperature, pressure and other process values: three conditions in turn, of averages and extremes of process intervals. */
function process(code: Code): string[] | undefined {
  const { d } = code;
  const kind = kinds[d];
  if (kind !== undefined) return [phrase(code, kind)];
  if (d < 3) return [condition(code, conditions, d)];
  if (d < 15 || d > 92) return undefined;
  const under = condition(code, processConditions, d - 15);
  if (d >= 87) return [phrase(code, d < 90 ? "gas.average.event" : "gas.average.events"), under];
  const step = Math.floor(((d - 15) % 18) / 3) as 0 | 1 | 2 | 3 | 4 | 5;
  return [phrase(code, `gas.process.${step}`, { n: 1 + Math.floor((d - 15) / 18) }), under];
}

/** Sources differ on the condition of D = 0, so the text omits it. */
function conversion(code: Code): string[] {
  const { d, e } = code;
  if (d === 12) return [e === 0 ? phrase(code, "gas.method") : phrase(code, "gas.methods", { n: e })];
  const kind = d === 2 ? "gas.2" : kinds[d];
  const said = d === 0 ? [] : [kind === undefined ? `D=${d}` : phrase(code, kind)];
  return [...said, ...averaging(code)];
}

/** Group E of conversion and analysis: averages of ten periods, the present one and the last one in turn. */
function averaging(code: Code): string[] {
  const { e } = code;
  if (e === 0 || e === 255) return [];
  if (e === 1) return [phrase(code, "gas.weighted")];
  if (e === 27) return [phrase(code, "gas.average.event")];
  if (e === 28) return [phrase(code, "gas.average.events")];
  if (e < 11 || e > 26) return [`E=${e}`];
  return [phrase(code, e % 2 === 1 ? "gas.average.now" : "gas.average.last", { n: Math.floor((e - 9) / 2) })];
}
