/** OBIS codes with the texts of one language, as the tables of names use them. */
import type { Catalogue, PhraseKey } from "./en-us";

/** The texts of one language: phrases, single objects by medium and pattern, classes by id, units by code. */
export interface ObisLanguage {
  readonly phrases: Catalogue;
  readonly objects: Readonly<Record<number, Readonly<Record<string, string>>>>;
  /** undefined: as in the table of classes */
  readonly classes?: Readonly<Record<number, string>>;
  /** only those that are not written as in the table of units */
  readonly units: Readonly<Record<number, string>>;
}

/** The six groups as numbers, with the language of their texts. */
export interface Code {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
  readonly language: ObisLanguage;
}

type Values = Readonly<Record<string, number | string>>;

export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The text of a key that consists of numbers, if there is one. */
export const found = (code: Code, key: string): string | undefined =>
  (code.language.phrases as Readonly<Record<string, string>>)[key];
export const phrase = (code: Code, key: PhraseKey, values: Values = {}): string =>
  fill(code.language.phrases[key], values);

/** Group E where it is a tariff: 0 is the total. */
export function tariff(code: Code): string[] {
  const { e } = code;
  return e === 0 || e === 255 ? [] : [phrase(code, "tariff", { n: e })];
}
