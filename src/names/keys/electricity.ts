// Words of short keys for electricity: A = 1, C from 1 to 92 and 124 to 126.

/** Energy (undefined where the quantity has none) and the other value, by group C of the sum of all phases. */
const quantities: Readonly<Record<number, readonly [energy: string | undefined, other: string]>> = {
  1: ["energy_import", "power_import"],
  2: ["energy_export", "power_export"],
  3: ["reactive_energy_import", "reactive_power_import"],
  4: ["reactive_energy_export", "reactive_power_export"],
  5: ["reactive_energy_q1", "reactive_power_q1"],
  6: ["reactive_energy_q2", "reactive_power_q2"],
  7: ["reactive_energy_q3", "reactive_power_q3"],
  8: ["reactive_energy_q4", "reactive_power_q4"],
  9: ["apparent_energy_import", "apparent_power_import"],
  10: ["apparent_energy_export", "apparent_power_export"],
  11: [undefined, "current"],
  12: [undefined, "voltage"],
  13: [undefined, "power_factor"],
  14: [undefined, "frequency"],
  15: ["energy_abs", "power_abs"],
  16: ["energy_net", "power_net"],
  17: ["energy_q1", "power_q1"],
  18: ["energy_q2", "power_q2"],
  19: ["energy_q3", "power_q3"],
  20: ["energy_q4", "power_q4"],
};

/** Quantities with their own group C. */
const others: Readonly<Record<number, string>> = {
  82: "unitless",
  84: "power_factor_export",
  85: "power_factor_export_l1",
  86: "power_factor_export_l2",
  87: "power_factor_export_l3",
  88: "ampere_squared_hours",
  89: "volt_squared_hours",
  90: "current_sum",
  91: "current_neutral",
  92: "voltage_neutral",
  124: "voltage_l1_l2",
  125: "voltage_l2_l3",
  126: "voltage_l3_l1",
};

/** Quantities that are counted: their time integral is the usual value, and their present value is named. */
const counted: ReadonlySet<number> = new Set([82, 88, 89]);

const phases = ["", "_l1", "_l2", "_l3"];

/** Group D; 7 and 8 depend on the quantity. */
const processings: Readonly<Record<number, string>> = {
  0: "billing_avg",
  1: "cum_min",
  2: "cum_max",
  3: "min",
  4: "avg",
  5: "last_avg",
  6: "max",
  9: "since_reset",
  10: "int3",
  11: "cum_min2",
  12: "cum_max2",
  13: "min2",
  14: "avg2",
  15: "last_avg2",
  16: "max2",
  17: "int7",
  18: "int8",
  19: "int9",
  20: "int10",
  21: "cum_min3",
  22: "cum_max3",
  23: "min3",
  24: "avg3",
  25: "last_avg3",
  26: "max3",
  27: "interval_avg",
  28: "interval2_avg",
  29: "interval",
  30: "interval2",
  31: "under_threshold",
  32: "under_count",
  33: "under_duration",
  34: "under_magnitude",
  35: "over_threshold",
  36: "over_count",
  37: "over_duration",
  38: "over_magnitude",
  39: "missing_threshold",
  40: "missing_count",
  41: "missing_duration",
  42: "missing_magnitude",
  43: "under_delay",
  44: "over_delay",
  45: "missing_delay",
  46: "contracted",
  49: "recorded_avg",
  50: "recorded2_avg",
  51: "recorded_min",
  52: "recorded2_min",
  53: "recorded_max",
  54: "recorded2_max",
  55: "test_avg",
  56: "avg4",
  58: "test",
};

/** Values of group D that are time integrals. */
const integrals: ReadonlySet<number> = new Set([8, 9, 10, 17, 18, 19, 20, 29, 30, 58]);
/** Values of group D with the harmonics of a current or voltage in group E. */
const withHarmonics: ReadonlySet<number> = new Set([4, 5, 7, 14, 15, 24, 25, 56]);
/** Duration of a voltage sag, classified by group E. */
const sagCount = 32;
/** Values of group D whose group F is the number of a threshold. */
const thresholds: ReadonlySet<number> = new Set([31, 35, 39]);

const distortions: Readonly<Record<number, string>> = {
  0: "",
  1: "_fundamental",
  124: "_thd",
  125: "_tdd",
  126: "_harmonics",
  127: "_harmonics_ratio",
};

/** The two quantities of a phase angle: the digits of group E. */
const anglePoints: Readonly<Record<number, string>> = {
  0: "ul1",
  1: "ul2",
  2: "ul3",
  4: "il1",
  5: "il2",
  6: "il3",
  7: "in",
};

/** Whether group C is an electrical quantity. */
export function isElectricKey(c: number): boolean {
  return (c >= 1 && c <= 92) || (c >= 124 && c <= 126);
}

/** Whether group F is the number of a threshold. */
export function hasThresholdKey(c: number, d: number): boolean {
  return isElectricKey(c) && thresholds.has(d);
}

/** The key of an electrical quantity without channel and billing period; undefined if the code has no word. */
export function electricityKey(c: number, d: number, e: number): string | undefined {
  if (c === 81) return angleKey(d, e);
  const phase = Math.floor((c - 1) / 20);
  const quantity = c <= 80 ? ((c - 1) % 20) + 1 : c;
  const pair = c <= 80 ? quantities[quantity] : undefined;
  const base =
    pair === undefined ? others[c] : (integrals.has(d) ? (pair[0] ?? pair[1]) : pair[1]) + (phases[phase] ?? "");
  const processing = processingOf(c, d, pair?.[0] !== undefined || counted.has(c));
  if (base === undefined || processing === undefined) return undefined;
  return `${base}${processing === "" ? "" : `_${processing}`}${groupE(quantity, d, e)}`;
}

function processingOf(c: number, d: number, hasIntegral: boolean): string | undefined {
  if (d === 7) return counted.has(c) ? "now" : "";
  if (d === 8) return hasIntegral ? "" : "int1";
  return processings[d];
}

function angleKey(d: number, e: number): string | undefined {
  if (d !== 7) return undefined;
  if (e === 255) return "angles";
  const [first, second] = [anglePoints[Math.floor(e / 10)], anglePoints[e % 10]];
  return first === undefined || second === undefined || first === second ? undefined : `angle_${first}_${second}`;
}

/** Harmonics of currents and voltages, classes of sags; a tariff otherwise. */
function groupE(quantity: number, d: number, e: number): string {
  if (e === 0) return "";
  const isVoltage = quantity === 12 || (quantity >= 124 && quantity <= 126);
  if (isVoltage && d === sagCount) return e === 255 ? "_all" : `_class${String(e).padStart(2, "0")}`;
  const isCurrent = [11, 15, 90, 91, 92].includes(quantity);
  if ((isVoltage || isCurrent) && (withHarmonics.has(d) || (d >= 31 && d <= 45))) {
    return distortions[e] ?? (e >= 2 && e <= 120 ? `_h${e}` : `_e${e}`);
  }
  return e <= 63 ? `_t${e}` : `_e${e}`;
}
