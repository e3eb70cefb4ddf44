/** Energy and power of one flow as pure functions of time. */
import { dayMs } from "./meter-time";

/** A quarter of an hour: the grid of the load curve, and the usual demand and capture period. */
export const slotMs = 900_000;
const slotsPerDay = 96;
const daysPerYear = 365.25;
/** Registers count from 2022-01-01, or from 1970 when the clock is set to an earlier time. */
const installedAt = Date.UTC(2022, 0, 1);

/**
 * One flow of energy as a function of time. The energy of a day is (mean + swing cos) x pattern, and its sum over
 * any number of days has a closed form. Weights that add up to one distribute it over the quarter hours of the day.
 * Within a quarter hour the power oscillates about its mean by a sine whose integral is zero. The register at any
 * instant is therefore the exact integral of the power, years back and without stored state.
 */
export interface Flow {
  /** Wh a day: yearly mean, and amplitude of the season (largest on `peakDay`) */
  readonly mean: number;
  readonly swing: number;
  readonly peakDay: number;
  /** factors of consecutive days, repeated; their mean is about 1 */
  readonly pattern: readonly number[];
  /** weight of a quarter hour of the day, before normalization */
  readonly shape: (slot: number) => number;
  /** random variation of the quarter hours, 0..1, and of the power within one */
  readonly noise: number;
  readonly ripple: number;
}

/** A pseudo-random fraction in 0..1 that depends only on its arguments. */
export function fraction(seed: number, a: number, b: number): number {
  let x = (seed ^ Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0;
  return ((x ^ (x >>> 16)) >>> 0) / 0x1_0000_0000;
}

const omega = (2 * Math.PI) / daysPerYear;

/** Sum of cos(omega (first + step i) - phase) for i = 0..count-1. */
function cosineSum(first: number, step: number, count: number, phase: number): number {
  if (count <= 0) return 0;
  const half = (omega * step) / 2;
  const middle = omega * (first + (step * (count - 1)) / 2) - phase;
  return (Math.sin(count * half) / Math.sin(half)) * Math.cos(middle);
}

/** Energy and power of one flow. Days are counted from 1970 in the meter's standard time. */
export class LoadCurve {
  readonly #flow: Flow;
  readonly #seed: number;
  readonly #zoneMs: number;
  readonly #atStart: number;
  readonly #atInstallation: number;
  #summedDay = Number.NaN;
  #summed = 0;
  #cachedDay = Number.NaN;
  #cached: { readonly weights: readonly number[]; readonly sums: readonly number[] } = { weights: [], sums: [] };

  constructor(flow: Flow, seed: number, standardOffsetMinutes: number) {
    this.#flow = flow;
    this.#seed = seed;
    this.#zoneMs = standardOffsetMinutes * 60_000;
    this.#atStart = this.#since1970(0);
    this.#atInstallation = this.#since1970(installedAt);
  }

  /** Wh counted up to an instant. */
  energy(utc: number): number {
    return this.#since1970(utc) - (utc >= installedAt ? this.#atInstallation : this.#atStart);
  }

  /** W at an instant. */
  power(utc: number): number {
    const { day, slot, within } = this.#split(utc);
    const mean = this.#slotEnergy(day, slot) * 4;
    return mean * (1 + this.#ripple(day, slot) * Math.sin(2 * Math.PI * this.#waves(day, slot) * within));
  }

  #since1970(utc: number): number {
    const { day, slot, within } = this.#split(utc);
    const waves = 2 * Math.PI * this.#waves(day, slot);
    // integral of 1 + r sin(waves x) from 0 to `within`, x in quarter hours
    const part = within + (this.#ripple(day, slot) * (1 - Math.cos(waves * within))) / waves;
    const done = this.#weights(day).sums[slot] ?? 0;
    return this.#days(day) + this.#dayEnergy(day) * done + this.#slotEnergy(day, slot) * part;
  }

  #split(utc: number): { day: number; slot: number; within: number } {
    const local = utc + this.#zoneMs;
    const day = Math.floor(local / dayMs);
    const inDay = local - day * dayMs;
    const slot = Math.floor(inDay / slotMs);
    return { day, slot, within: (inDay - slot * slotMs) / slotMs };
  }

  #dayEnergy(day: number): number {
    const { mean, swing, peakDay, pattern } = this.#flow;
    const factor = pattern[((day % pattern.length) + pattern.length) % pattern.length] ?? 1;
    return factor * (mean + swing * Math.cos(omega * (day - peakDay)));
  }

  /** Sum of the energies of the days 0 .. day-1. */
  #days(day: number): number {
    if (day !== this.#summedDay) {
      this.#summed = this.#sumOfDays(day);
      this.#summedDay = day;
    }
    return this.#summed;
  }

  #sumOfDays(day: number): number {
    const { mean, swing, peakDay, pattern } = this.#flow;
    const length = pattern.length;
    let sum = 0;
    pattern.forEach((factor, first) => {
      const count = Math.max(0, Math.ceil((day - first) / length));
      sum += factor * (mean * count + swing * cosineSum(first, length, count, omega * peakDay));
    });
    return sum;
  }

  #slotEnergy(day: number, slot: number): number {
    return this.#dayEnergy(day) * (this.#weights(day).weights[slot] ?? 0);
  }

  #ripple(day: number, slot: number): number {
    return this.#flow.ripple * fraction(this.#seed + 1, day, slot);
  }

  #waves(day: number, slot: number): number {
    return 1 + Math.floor(4 * fraction(this.#seed + 2, day, slot));
  }

  #weights(day: number): { readonly weights: readonly number[]; readonly sums: readonly number[] } {
    if (day === this.#cachedDay) return this.#cached;
    const { shape, noise } = this.#flow;
    const raw = Array.from({ length: slotsPerDay }, (_, slot) => {
      return shape(slot) * (1 - noise + 2 * noise * fraction(this.#seed, day, slot));
    });
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    const weights = raw.map((weight) => weight / total);
    let sum = 0;
    const sums = weights.map((weight) => {
      const before = sum;
      sum += weight;
      return before;
    });
    this.#cachedDay = day;
    this.#cached = { weights, sums };
    return this.#cached;
  }
}
