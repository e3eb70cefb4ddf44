/** Converts values to kWh, kW and similar units: the decimal point moves by three places, without rounding. */

const kilo: Readonly<Record<string, string>> = {
  Wh: "kWh",
  W: "kW",
  varh: "kvarh",
  var: "kvar",
  VAh: "kVAh",
  VA: "kVA",
};

/** Number of digits that a JavaScript number holds exactly. */
const exactDigits = 15;

export interface Quantity {
  readonly value: unknown;
  readonly unit: string | null;
}

/** The quantity in thousands of its unit; unchanged if the unit has no such multiple, or the value is not a number. */
export function inKilo({ value, unit }: Quantity): Quantity {
  const large = unit === null || !Object.hasOwn(kilo, unit) ? undefined : kilo[unit];
  const text = typeof value === "number" || typeof value === "string" ? String(value) : "";
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (large === undefined || match === null) return { value, unit };
  const [, sign = "", whole = "", part = ""] = match;
  const digits = whole.padStart(4, "0");
  const shifted = `${digits.slice(0, -3)}.${digits.slice(-3)}${part}`.replace(/\.?0+$/, "").replace(/^0+(?=\d)/, "");
  const isExact = shifted.replace(/\D/g, "").replace(/^0+/, "").length <= exactDigits;
  const signed = sign + shifted;
  return { value: isExact || typeof value === "number" ? Number(signed) : signed, unit: large };
}
