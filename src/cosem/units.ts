/** A row of the table of units. */
export interface UnitDefinition {
  /** as it is written behind a number; empty where a number stands alone */
  readonly symbol: string;
  readonly quantity: string;
}

const u = <const S extends string, const Q extends string>(symbol: S, quantity: Q): { symbol: S; quantity: Q } => ({
  symbol,
  quantity,
});

/**
 * Codes of the enumeration `unit` of scal_unit_type: IEC 62056-6-2, and DLMS UA 1000-1 (Blue Book) Ed. 12.2 excerpt,
 * 4.3.2 "Register"; from 128 on the units of later editions. Codes on which public sources differ are left out: 151, 161
 * and 166. 253 says that the unit is one of a further table, which is reserved.
 */
export const units = {
  1: u("a", "time (year)"),
  2: u("mo", "time (month)"),
  3: u("wk", "time (week)"),
  4: u("d", "time (day)"),
  5: u("h", "time (hour)"),
  6: u("min", "time (minute)"),
  7: u("s", "time (second)"),
  8: u("°", "phase angle"),
  9: u("°C", "temperature"),
  10: u("currency", "local currency"),
  11: u("m", "length"),
  12: u("m/s", "speed"),
  13: u("m³", "volume"),
  14: u("m³", "corrected volume"),
  15: u("m³/h", "volume flux"),
  16: u("m³/h", "corrected volume flux"),
  17: u("m³/d", "volume flux"),
  18: u("m³/d", "corrected volume flux"),
  19: u("l", "volume"),
  20: u("kg", "mass"),
  21: u("N", "force"),
  22: u("Nm", "energy (torque)"),
  23: u("Pa", "pressure"),
  24: u("bar", "pressure"),
  25: u("J", "energy"),
  26: u("J/h", "thermal power"),
  27: u("W", "active power"),
  28: u("VA", "apparent power"),
  29: u("var", "reactive power"),
  30: u("Wh", "active energy"),
  31: u("VAh", "apparent energy"),
  32: u("varh", "reactive energy"),
  33: u("A", "current"),
  34: u("C", "electrical charge"),
  35: u("V", "voltage"),
  36: u("V/m", "electric field strength"),
  37: u("F", "capacitance"),
  38: u("Ω", "resistance"),
  39: u("Ωm", "resistivity"),
  40: u("Wb", "magnetic flux"),
  41: u("T", "magnetic flux density"),
  42: u("A/m", "magnetic field strength"),
  43: u("H", "inductance"),
  44: u("Hz", "frequency"),
  45: u("1/(Wh)", "active energy meter constant"),
  46: u("1/(varh)", "reactive energy meter constant"),
  47: u("1/(VAh)", "apparent energy meter constant"),
  48: u("V²h", "volt-squared hours"),
  49: u("A²h", "ampere-squared hours"),
  50: u("kg/s", "mass flux"),
  51: u("S", "conductance"),
  52: u("K", "temperature"),
  53: u("1/(V²h)", "volt-squared hour meter constant"),
  54: u("1/(A²h)", "ampere-squared hour meter constant"),
  55: u("1/m³", "volume meter constant"),
  56: u("%", "percentage"),
  57: u("Ah", "ampere-hours"),
  60: u("Wh/m³", "energy per volume"),
  61: u("J/m³", "calorific value"),
  62: u("mol%", "molar fraction"),
  63: u("g/m³", "mass density"),
  64: u("Pa·s", "dynamic viscosity"),
  65: u("J/kg", "specific energy"),
  66: u("g/cm²", "pressure"),
  67: u("atm", "pressure"),
  70: u("dBm", "signal strength"),
  71: u("dBµV", "signal strength"),
  72: u("dB", "ratio"),
  128: u("in", "length"),
  129: u("ft", "length"),
  130: u("lb", "mass"),
  131: u("°F", "temperature"),
  132: u("°R", "temperature"),
  133: u("in²", "area"),
  134: u("ft²", "area"),
  135: u("ac", "area"),
  136: u("in³", "volume"),
  137: u("ft³", "volume"),
  138: u("ac·ft", "volume"),
  139: u("gal (imp)", "volume"),
  140: u("gal (US)", "volume"),
  141: u("lbf", "force"),
  142: u("psi", "pressure"),
  143: u("lb/ft³", "density"),
  144: u("lb/(ft·s)", "dynamic viscosity"),
  145: u("ft²/s", "kinematic viscosity"),
  146: u("Btu", "energy"),
  147: u("thm (EC)", "energy"),
  148: u("thm (US)", "energy"),
  149: u("Btu/lb", "calorific value of mass"),
  150: u("Btu/ft³", "calorific value of volume"),
  152: u("ft/s", "speed"),
  153: u("ft³/s", "volume flux"),
  154: u("ft³/min", "volume flux"),
  155: u("ft³/h", "volume flux"),
  156: u("ft³/d", "volume flux"),
  157: u("ac·ft/s", "volume flux"),
  158: u("ac·ft/min", "volume flux"),
  159: u("ac·ft/h", "volume flux"),
  160: u("ac·ft/d", "volume flux"),
  162: u("gal (imp)/s", "volume flux"),
  163: u("gal (imp)/min", "volume flux"),
  164: u("gal (imp)/h", "volume flux"),
  165: u("gal (imp)/d", "volume flux"),
  167: u("gal (US)/s", "volume flux"),
  168: u("gal (US)/min", "volume flux"),
  169: u("gal (US)/h", "volume flux"),
  170: u("gal (US)/d", "volume flux"),
  171: u("Btu/s", "power"),
  172: u("Btu/min", "power"),
  173: u("Btu/h", "power"),
  174: u("Btu/d", "power"),
  254: u("other", "other unit"),
  255: u("", "no unit, count"),
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
