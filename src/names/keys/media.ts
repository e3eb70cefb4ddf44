// Words of short keys for the measured quantities of gas, heat, cooling, water and heat cost allocators.

const gasQuantities: Readonly<Record<number, string>> = {
  1: "volume_undisturbed",
  2: "volume_disturbed",
  3: "volume",
  4: "volume_reverse_undisturbed",
  5: "volume_reverse_disturbed",
  6: "volume_reverse",
  7: "encoder_volume",
  8: "encoder_volume_reverse",
  11: "converter_volume_undisturbed",
  12: "converter_volume_disturbed",
  13: "converter_volume",
  14: "converter_volume_reverse_undisturbed",
  15: "converter_volume_reverse_disturbed",
  16: "converter_volume_reverse",
  21: "logger_volume_undisturbed",
  22: "logger_volume_disturbed",
  23: "logger_volume",
  24: "logger_volume_reverse_undisturbed",
  25: "logger_volume_reverse_disturbed",
  26: "logger_volume_reverse",
  31: "energy_undisturbed",
  32: "energy_disturbed",
  33: "energy",
  34: "energy_reverse_undisturbed",
  35: "energy_reverse_disturbed",
  36: "energy_reverse",
  41: "temperature",
  42: "pressure",
  43: "flow",
  44: "sound_velocity",
  45: "density",
  46: "relative_density",
  47: "gauge_pressure",
  48: "differential_pressure",
  49: "air_density",
  51: "correction_factor",
  52: "conversion_factor",
  53: "compressibility",
  54: "calorific_value",
  55: "deviation_coefficient",
  61: "mass_undisturbed",
  62: "mass_disturbed",
  63: "mass",
  64: "mass_reverse_undisturbed",
  65: "mass_reverse_disturbed",
  66: "mass_reverse",
};

const gasCounters: Readonly<Record<number, string>> = { 0: "", 1: "_corrected", 2: "_base", 3: "_redundant" };
const gasFlow: Readonly<Record<number, string>> = { 0: "", 1: "_corrected", 2: "_base", 13: "_standard" };
const gasConditions: Readonly<Record<number, string>> = {
  ...gasFlow,
  3: "_backup",
  10: "_actual",
  11: "_preset",
};
const flow = 43;

/** The key of a gas quantity; undefined if group C has no word. */
export function gasKey(c: number, d: number, e: number): string | undefined {
  const base = gasQuantities[c];
  if (base === undefined) return undefined;
  const isCounter = c <= 36 || c >= 61;
  const conditions = isCounter ? gasCounters : c === flow ? gasFlow : gasConditions;
  return `gas_${base}${conditions[d] ?? `_d${d}`}${isCounter ? tariffKey(e) : e === 0 ? "" : `_e${e}`}`;
}

const thermal: Readonly<Record<number, string>> = {
  1: "energy",
  2: "volume",
  3: "mass",
  4: "forward_volume",
  5: "forward_mass",
  6: "return_volume",
  7: "return_mass",
  8: "power",
  9: "flow",
  10: "forward_temperature",
  11: "return_temperature",
  12: "temperature_difference",
  13: "pressure",
};
const water: Readonly<Record<number, string>> = { 1: "volume", 2: "flow", 3: "temperature" };
const allocator: Readonly<Record<number, string>> = {
  1: "unrated",
  2: "rated",
  3: "surface_temperature",
  4: "medium_temperature",
  5: "forward_temperature",
  6: "return_temperature",
  7: "room_temperature",
};

const quantitiesOf: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  4: allocator,
  5: thermal,
  6: thermal,
  8: water,
  9: water,
};

/** EN 13757-1, group D of these media. */
const kept = ["", "_periodic", "_set_date", "_billing", "_min", "_max", "_test"];

/** Whether group C is a measured quantity of this medium. */
export function isMediumKey(a: number, c: number): boolean {
  return quantitiesOf[a]?.[c] !== undefined;
}

/** The key without its medium; undefined if the medium or group C has no word. */
export function mediumKey(a: number, c: number, d: number, e: number): string | undefined {
  const base = quantitiesOf[a]?.[c];
  return base === undefined ? undefined : `${base}${kept[d] ?? `_d${d}`}${tariffKey(e)}`;
}

function tariffKey(e: number): string {
  if (e === 0) return "";
  return e <= 63 ? `_t${e}` : `_e${e}`;
}
