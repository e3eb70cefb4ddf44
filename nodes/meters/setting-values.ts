// Values of a meter's settings, checked by the table: each comes back as its default or as a value within its bounds.
import {
  choiceOf,
  flagOf,
  integerOf,
  isAbsent,
  neededTextOf,
  type RawSettings,
  textOf,
} from "../node-red/raw-settings";
import { type MeterChoices, type NamesOf, rangeOf, rowOf, type WordOf } from "./settings-rules";
import { meterSettings } from "./settings-table";

/** @throws DlmsConfigError */
export function text(raw: RawSettings, name: NamesOf<"text">): string {
  return textOf(raw, name, meterSettings[name].default);
}

/** @throws DlmsConfigError CONFIG_MISSING for an empty text */
export function neededText(raw: RawSettings, name: NamesOf<"text">, what: string): string {
  return neededTextOf(raw, name, meterSettings[name].default, what);
}

/** @throws DlmsConfigError */
export function flag(raw: RawSettings, name: NamesOf<"flag">): boolean {
  return flagOf(raw, name, meterSettings[name].default);
}

/** Integers whose default is no number. */
type OptionalInteger = "physicalAddress" | "queueLimit";

/**
 * A number whose default is one.
 * @param choices what decides about the range
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
export function optionalInteger(raw: RawSettings, name: OptionalInteger): number | undefined {
  const [min, max] = rangeOf(name, {});
  return isAbsent(raw[name]) ? undefined : integerOf(raw, name, { fallback: min, min, max });
}

/** One of a setting's words. @throws DlmsConfigError */
export function choice<Name extends NamesOf<"choice">>(raw: RawSettings, name: Name): WordOf<Name> {
  const row = rowOf(name);
  const words = row.kind === "choice" ? Object.keys(row.choices) : [];
  return choiceOf(raw, name, words, String(row.kind === "choice" ? row.default : "")) as WordOf<Name>;
}
