/** The energy flows of the simulated household: consumption, feed-in, gas, water and heat. */
import { type Flow, fraction, LoadCurve, slotMs } from "./load-curve";
import type { MeterZone } from "./meter-time";

const dayTariff = (slot: number): boolean => slot >= 24 && slot < 88;
/** The roof feeds in from 10:00 to 15:00, on the third phase only; the house draws from the other two. */
const feedingIn = (slot: number): boolean => slot >= 40 && slot < 60;

/** Base load, breakfast, evening; quarter hours of the day in standard time. */
function consumption(slot: number): number {
  const bump = (at: number, width: number): number => Math.exp(-(((slot - at) / width) ** 2));
  return 0.35 + 0.9 * bump(29, 5) + 1.6 * bump(78, 9) + 0.4 * bump(66, 6);
}

const week = [0.94, 0.97, 1.02, 0.9, 0.99, 1.12, 1.06];

const flows = {
  day: {
    mean: 7_400,
    swing: 1_500,
    peakDay: 15,
    pattern: [...week, ...week.map((factor) => factor * 0.97), ...week.map((factor) => factor * 1.03)],
    shape: (slot) => (dayTariff(slot) ? consumption(slot) * (feedingIn(slot) ? 0.6 : 1) : 0),
    noise: 0.45,
    ripple: 0.5,
  },
  night: {
    mean: 2_300,
    swing: 600,
    peakDay: 15,
    pattern: [1.02, 0.98, 1, 1.03, 0.97],
    shape: (slot) => (dayTariff(slot) ? 0 : consumption(slot)),
    noise: 0.3,
    ripple: 0.4,
  },
  export: {
    mean: 6_500,
    swing: -4_900,
    peakDay: 355,
    pattern: [1.2, 0.4, 1.05, 1.35, 0.75, 0.95, 1.4, 1.1, 0.55, 1.25, 1],
    shape: (slot) => (feedingIn(slot) ? Math.sin((Math.PI * (slot - 39)) / 22) : 0),
    noise: 0.25,
    ripple: 0.3,
  },
  reactive: {
    mean: 2_900,
    swing: 300,
    peakDay: 15,
    pattern: [1, 0.97, 1.03],
    shape: consumption,
    noise: 0.2,
    ripple: 0.2,
  },
  gas: {
    mean: 5_200,
    swing: 4_600,
    peakDay: 15,
    pattern: [1.05, 0.9, 1.1, 0.95],
    shape: (slot) => 0.3 + consumption(slot),
    noise: 0.3,
    ripple: 0.2,
  },
  water: {
    mean: 310,
    swing: -30,
    peakDay: 15,
    pattern: [0.9, 1, 1.1],
    shape: (slot) => (dayTariff(slot) ? consumption(slot) : 0.02),
    noise: 0.6,
    ripple: 0.3,
  },
  heat: {
    mean: 21_000,
    swing: 18_500,
    peakDay: 15,
    pattern: [1.05, 0.95],
    shape: (slot) => 1 + 0.5 * consumption(slot),
    noise: 0.1,
    ripple: 0.1,
  },
} as const satisfies Record<string, Flow>;

/** One phase at an instant: V, A, W (drawn from the grid, or fed in). */
export interface Phase {
  readonly voltage: number;
  readonly current: number;
  readonly imported: number;
  readonly exported: number;
}

/** The measured values of a household's meters, as pure functions of time. */
export class HouseholdFlows {
  readonly #seed: number;
  readonly #curves: Readonly<Record<keyof typeof flows, LoadCurve>>;
  #demand: { readonly from: number; readonly to: number; readonly best: Demand } | undefined;

  constructor(seed: number, zone: MeterZone) {
    this.#seed = seed;
    const curve = (flow: Flow, index: number): LoadCurve => new LoadCurve(flow, seed + 10 * index, zone.standardOffset);
    this.#curves = {
      day: curve(flows.day, 1),
      night: curve(flows.night, 2),
      export: curve(flows.export, 3),
      reactive: curve(flows.reactive, 4),
      gas: curve(flows.gas, 5),
      water: curve(flows.water, 6),
      heat: curve(flows.heat, 7),
    };
  }

  /** Wh, varh or litres in whole units, so that the tariffs add up to the total. */
  counted(flow: keyof typeof flows, utc: number): number {
    return Math.max(0, Math.floor(this.#curves[flow].energy(utc)));
  }

  imported(utc: number): number {
    return this.counted("day", utc) + this.counted("night", utc);
  }

  /** W drawn from the grid. */
  importPower(utc: number): number {
    return this.#curves.day.power(utc) + this.#curves.night.power(utc);
  }

  /** W fed into the grid. */
  exportPower(utc: number): number {
    return this.#curves.export.power(utc);
  }

  reactivePower(utc: number): number {
    return this.#curves.reactive.power(utc);
  }

  apparentPower(utc: number): number {
    return Math.hypot(this.importPower(utc) + this.exportPower(utc), this.reactivePower(utc));
  }

  powerFactor(utc: number): number {
    const apparent = this.apparentPower(utc);
    return apparent === 0 ? 1 : (this.importPower(utc) + this.exportPower(utc)) / apparent;
  }

  frequency(utc: number): number {
    return 50 + 0.02 * this.#wave(utc, 37, 1) + 0.015 * this.#wave(utc, 311, 2);
  }

  /** One phase, which draws or feeds in but never both; all phases have the total power factor. */
  phase(index: 0 | 1 | 2, utc: number): Phase {
    const exporting = this.exportPower(utc);
    const imported = this.importPower(utc) * (this.#shares(utc, exporting > 0)[index] ?? 0);
    const exported = index === 2 ? exporting : 0;
    const active = this.importPower(utc) + exporting;
    const apparent = active === 0 ? 0 : (this.apparentPower(utc) * (imported + exported)) / active;
    const sag = (imported - exported) * 0.0006;
    const voltage = 231 + 1.8 * this.#wave(utc, 5_400, 5) + 0.6 * this.#wave(utc, 71, 6 + index) - sag;
    return { voltage, current: apparent / voltage, imported, exported };
  }

  #shares(utc: number, thirdPhaseFeedsIn: boolean): readonly [number, number, number] {
    const wobble = 0.08 * this.#wave(utc, 613, 3);
    if (thirdPhaseFeedsIn) return [0.6 + wobble, 0.4 - wobble, 0];
    const other = 0.05 * this.#wave(utc, 977, 4);
    return [0.42 + wobble, 0.33 - wobble + other, 0.25 - other];
  }

  /** Mean import power in W of the quarter hour that ends at `end`. */
  demand(end: number): number {
    return (this.imported(end) - this.imported(end - slotMs)) * 4;
  }

  /** The largest demand between two instants on the quarter-hour grid, with the end of its quarter hour. */
  largestDemand(from: number, to: number): Demand {
    const known = this.#demand?.from === from && this.#demand.to <= to ? this.#demand : undefined;
    let best = known?.best ?? { watts: 0, at: from };
    let before = this.imported(known?.to ?? from);
    for (let end = (known?.to ?? from) + slotMs; end <= to; end += slotMs) {
      const after = this.imported(end);
      const watts = (after - before) * 4;
      if (watts > best.watts) best = { watts, at: end };
      before = after;
    }
    this.#demand = { from, to, best };
    return best;
  }

  #wave(utc: number, periodSeconds: number, salt: number): number {
    const phase = fraction(this.#seed, salt, 99);
    return Math.sin(2 * Math.PI * (utc / 1000 / periodSeconds + phase));
  }
}

export interface Demand {
  readonly watts: number;
  readonly at: number;
}
