/** A row of the table of units. */
export interface UnitDefinition {
  /** symbol after a number; empty for a number without a symbol */
  readonly symbol: string;
  readonly quantity: string;
}

const unit = <const S extends string, const Q extends string>(symbol: S, quantity: Q): { symbol: S; quantity: Q } => ({
  symbol,
  quantity,
});

/**
 * Codes of the enumeration `unit` of scal_unit_type: IEC 62056-6-2, and DLMS UA 1000-1 (Blue Book) Ed. 12.2 excerpt,
 * 4.3.2 "Register"; from 128 on the units of later editions. Codes on which public sources differ are left out: 151, 161
 * and 166. 253 says that the unit is one of a further table, which is reserved.
 */
export const units = {
  1: unit("a", "time (year)"),
  2: unit("mo", "time (month)"),
  3: unit("wk", "time (week)"),
  4: unit("d", "time (day)"),
  5: unit("h", "time (hour)"),
  6: unit("min", "time (minute)"),
  7: unit("s", "time (second)"),
  8: unit("°", "phase angle"),
  9: unit("°C", "temperature"),
  10: unit("currency", "local currency"),
  11: unit("m", "length"),
  12: unit("m/s", "speed"),
  13: unit("m³", "volume"),
  14: unit("m³", "corrected volume"),
  15: unit("m³/h", "volume flux"),
  16: unit("m³/h", "corrected volume flux"),
  17: unit("m³/d", "volume flux"),
  18: unit("m³/d", "corrected volume flux"),
  19: unit("l", "volume"),
  20: unit("kg", "mass"),
  21: unit("N", "force"),
  22: unit("Nm", "energy (torque)"),
  23: unit("Pa", "pressure"),
  24: unit("bar", "pressure"),
  25: unit("J", "energy"),
  26: unit("J/h", "thermal power"),
  27: unit("W", "active power"),
  28: unit("VA", "apparent power"),
  29: unit("var", "reactive power"),
  30: unit("Wh", "active energy"),
  31: unit("VAh", "apparent energy"),
  32: unit("varh", "reactive energy"),
  33: unit("A", "current"),
  34: unit("C", "electrical charge"),
  35: unit("V", "voltage"),
  36: unit("V/m", "electric field strength"),
  37: unit("F", "capacitance"),
  38: unit("Ω", "resistance"),
  39: unit("Ωm", "resistivity"),
  40: unit("Wb", "magnetic flux"),
  41: unit("T", "magnetic flux density"),
  42: unit("A/m", "magnetic field strength"),
  43: unit("H", "inductance"),
  44: unit("Hz", "frequency"),
  45: unit("1/(Wh)", "active energy meter constant"),
  46: unit("1/(varh)", "reactive energy meter constant"),
  47: unit("1/(VAh)", "apparent energy meter constant"),
  48: unit("V²h", "volt-squared hours"),
  49: unit("A²h", "ampere-squared hours"),
  50: unit("kg/s", "mass flux"),
  51: unit("S", "conductance"),
  52: unit("K", "temperature"),
  53: unit("1/(V²h)", "volt-squared hour meter constant"),
  54: unit("1/(A²h)", "ampere-squared hour meter constant"),
  55: unit("1/m³", "volume meter constant"),
  56: unit("%", "percentage"),
  57: unit("Ah", "ampere-hours"),
  60: unit("Wh/m³", "energy per volume"),
  61: unit("J/m³", "calorific value"),
  62: unit("mol%", "molar fraction"),
  63: unit("g/m³", "mass density"),
  64: unit("Pa·s", "dynamic viscosity"),
  65: unit("J/kg", "specific energy"),
  66: unit("g/cm²", "pressure"),
  67: unit("atm", "pressure"),
  70: unit("dBm", "signal strength"),
  71: unit("dBµV", "signal strength"),
  72: unit("dB", "ratio"),
  128: unit("in", "length"),
  129: unit("ft", "length"),
  130: unit("lb", "mass"),
  131: unit("°F", "temperature"),
  132: unit("°R", "temperature"),
  133: unit("in²", "area"),
  134: unit("ft²", "area"),
  135: unit("ac", "area"),
  136: unit("in³", "volume"),
  137: unit("ft³", "volume"),
  138: unit("ac·ft", "volume"),
  139: unit("gal (imp)", "volume"),
  140: unit("gal (US)", "volume"),
  141: unit("lbf", "force"),
  142: unit("psi", "pressure"),
  143: unit("lb/ft³", "density"),
  144: unit("lb/(ft·s)", "dynamic viscosity"),
  145: unit("ft²/s", "kinematic viscosity"),
  146: unit("Btu", "energy"),
  147: unit("thm (EC)", "energy"),
  148: unit("thm (US)", "energy"),
  149: unit("Btu/lb", "calorific value of mass"),
  150: unit("Btu/ft³", "calorific value of volume"),
  152: unit("ft/s", "speed"),
  153: unit("ft³/s", "volume flux"),
  154: unit("ft³/min", "volume flux"),
  155: unit("ft³/h", "volume flux"),
  156: unit("ft³/d", "volume flux"),
  157: unit("ac·ft/s", "volume flux"),
  158: unit("ac·ft/min", "volume flux"),
  159: unit("ac·ft/h", "volume flux"),
  160: unit("ac·ft/d", "volume flux"),
  162: unit("gal (imp)/s", "volume flux"),
  163: unit("gal (imp)/min", "volume flux"),
  164: unit("gal (imp)/h", "volume flux"),
  165: unit("gal (imp)/d", "volume flux"),
  167: unit("gal (US)/s", "volume flux"),
  168: unit("gal (US)/min", "volume flux"),
  169: unit("gal (US)/h", "volume flux"),
  170: unit("gal (US)/d", "volume flux"),
  171: unit("Btu/s", "power"),
  172: unit("Btu/min", "power"),
  173: unit("Btu/h", "power"),
  174: unit("Btu/d", "power"),
  254: unit("other", "other unit"),
  255: unit("", "no unit, count"),
} as const satisfies Readonly<Record<number, UnitDefinition>>;

const table: Readonly<Record<number, UnitDefinition>> = units;

/** The row of a unit code, or undefined for one that is not in the table. */
export function findUnit(code: number): UnitDefinition | undefined {
  return table[code];
}

/** `"Wh"`; null for a plain count (255); `"unit 200"` for a code that is not in the table. */
export function unitSymbol(code: number): string | null {
  const unit = table[code];
  if (unit === undefined) return `unit ${code}`;
  return unit.symbol === "" ? null : unit.symbol;
}
