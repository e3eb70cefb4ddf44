// Values of a meter's settings, checked by the table: each is returned as its default or as a value within its bounds.
import { DlmsConfigError } from "../../src/index";
import {
  choiceOf,
  flagOf,
  integerOf,
  isAbsent,
  neededTextOf,
  quote,
  type RawSettings,
  textOf,
} from "../node-red/raw-settings";
import { type MeterChoices, type NameIn, type NamesOf, rangeOf, rowOf, type WordOf } from "./settings-rules";
import { meterSettings } from "./settings-table";

/** @throws DlmsConfigError */
export function text(raw: RawSettings, name: NamesOf<"text">): string {
  return textOf(raw, name, meterSettings[name].default);
}

/** @throws DlmsConfigError CONFIG_MISSING for an empty text */
export function neededText(raw: RawSettings, name: NamesOf<"text">, label: string): string {
  return neededTextOf(raw, name, meterSettings[name].default, label);
}

/** @throws DlmsConfigError */
export function flag(raw: RawSettings, name: NamesOf<"flag">): boolean {
  return flagOf(raw, name, meterSettings[name].default);
}

/** Integers whose default is not a number. */
type OptionalInteger = "physicalAddress" | "queueLimit" | "gatewayNetwork";

/**
 * A number whose default is a number.
 * @param choices settings that determine the range
 * @throws DlmsConfigError
 */
export function integer(
  raw: RawSettings,
  name: Exclude<NamesOf<"integer">, OptionalInteger>,
  choices: MeterChoices = {},
): number {
  const [min, max] = rangeOf(name, choices);
  return integerOf(raw, name, { fallback: meterSettings[name].default, min, max });
}

/** Undefined: none. @throws DlmsConfigError */
export function optionalInteger(
  raw: RawSettings,
  name: OptionalInteger,
  choices: MeterChoices = {},
): number | undefined {
  const [min, max] = rangeOf(name, choices);
  return isAbsent(raw[name]) ? undefined : integerOf(raw, name, { fallback: min, min, max });
}

const unknownName = (name: string, found: string, names: readonly string[]): DlmsConfigError =>
  new DlmsConfigError("CONFIG_INVALID", `${name}: expected ${names.join(", ")}, got ${quote(found)}`, {
    details: { property: name, choices: names.join(", ") },
  });

/** A list, a text with spaces or commas, or an object of flags; in any case. @throws DlmsConfigError */
export function names<Name extends NamesOf<"names">>(raw: RawSettings, name: Name): ReadonlySet<NameIn<Name>> {
  const { names: known }: { readonly names: readonly string[] } = meterSettings[name];
  const found = new Set<string>();
  for (const one of givenNames(raw, name)) {
    const match = known.find((other) => other.toLowerCase() === one.toLowerCase());
    if (match === undefined) throw unknownName(name, one, known);
    found.add(match);
  }
  return found as ReadonlySet<string> as ReadonlySet<NameIn<Name>>;
}

function givenNames(raw: RawSettings, name: NamesOf<"names">): readonly string[] {
  const value = raw[name];
  if (Array.isArray(value)) return value.map(String);
  if (typeof value === "object" && value !== null) {
    const flags = value as RawSettings;
    return Object.keys(flags).filter((key) => flagOf(flags, key, false));
  }
  return textOf(raw, name, "")
    .split(/[\s,]+/)
    .filter((one) => one !== "");
}

/** One of a setting's words. @throws DlmsConfigError */
export function choice<Name extends NamesOf<"choice">>(raw: RawSettings, name: Name): WordOf<Name> {
  const row = rowOf(name);
  const words = row.kind === "choice" ? Object.keys(row.choices) : [];
  return choiceOf(raw, name, words, String(row.kind === "choice" ? row.default : "")) as WordOf<Name>;
}
