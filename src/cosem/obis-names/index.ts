import { classTitle } from "../lookup";
import { type ObisLike, parseObis } from "../obis";
import { findUnit, unitSymbol } from "../units";
import { classTitlesDe, classTitlesZhCn, unitWordsDe, unitWordsZhCn } from "./class-titles";
import { de } from "./de";
import { type Catalogue, enUs, type PhraseKey } from "./en-us";
import { objectsDe } from "./objects-de";
import { objectTexts } from "./objects-en-us";
import { objectsZhCn } from "./objects-zh-cn";
import { zhCn } from "./zh-cn";

/** The texts of one language: phrases, single objects by medium and pattern, classes by id, units by code. */
interface ObisLanguage {
  readonly phrases: Catalogue;
  readonly objects: Readonly<Record<number, Readonly<Record<string, string>>>>;
  /** undefined: as in the table of classes */
  readonly classes?: Readonly<Record<number, string>>;
  /** only those that are not written as in the table of units */
  readonly units: Readonly<Record<number, string>>;
}

const languages = {
  "en-US": { phrases: enUs, objects: objectTexts, units: {} },
  de: { phrases: de, objects: objectsDe, classes: classTitlesDe, units: unitWordsDe },
  "zh-CN": { phrases: zhCn, objects: objectsZhCn, classes: classTitlesZhCn, units: unitWordsZhCn },
} as const satisfies Readonly<Record<string, ObisLanguage>>;

/** A language that there are names in. */
export type ObisLanguageTag = keyof typeof languages;

/** The languages that there are names in; the first is the one that stands in for all others. */
export const obisLanguages: readonly ObisLanguageTag[] = ["en-US", "de", "zh-CN"];

/** The texts by language: to compare them, not to change them. */
export const obisTexts: Readonly<Record<ObisLanguageTag, ObisLanguage>> = languages;

export interface DescribeOptions {
  /** BCP 47, as a browser gives it: `de`, `de-AT`, `zh-CN`, `zh-Hans`; what there are no names in is "en-US" (default) */
  readonly language?: string;
}

/**
 * The language of names that fits a language tag best: `de-AT` -> `de`, `zh` and `zh-Hans-SG` -> `zh-CN`. Traditional
 * Chinese is not simplified Chinese. Whatever else comes, of any type, is `en-US`.
 */
export function obisLanguage(wanted: unknown): ObisLanguageTag {
  const [language, ...more] = typeof wanted === "string" ? wanted.toLowerCase().split(/[-_]/, 4) : [];
  if (language === "de") return "de";
  if (language === "zh" && !more.some((part) => ["hant", "tw", "hk", "mo"].includes(part))) return "zh-CN";
  return "en-US";
}

type Values = Readonly<Record<string, number | string>>;

function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The six groups as numbers, with the language that puts them in words. */
interface Code {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
  readonly language: ObisLanguage;
}

/**
 * What an OBIS code stands for, composed from its value groups: `1-0:1.8.0*255` -> "Active energy import (+A), total",
 * in German "Wirkenergie Bezug (+A), gesamt". Every code has a description; one that no rule knows is named by its
 * medium and its groups.
 * @throws DlmsConfigError CONFIG_INVALID when it is no OBIS code
 */
export function describeObis(obis: ObisLike, options: DescribeOptions = {}): string {
  const language = languages[obisLanguage(options.language)];
  const bytes = parseObis(obis);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const code: Code = { a, b, c, d, e, f, language };
  const parts = [...subject(code), ...channelPart(code), ...billing(code)];
  return parts.join(language.phrases.join);
}

/** An interface class as people call it: 4 -> "Extended register", in German "Erweitertes Register"; unknown: "class 8192". */
export function describeClass(classId: number, options: DescribeOptions = {}): string {
  const language: ObisLanguage = languages[obisLanguage(options.language)];
  const title = language.classes?.[classId];
  if (title !== undefined) return title;
  return language.classes === undefined ? classTitle(classId) : fill(language.phrases.class, { n: classId });
}

/** What is written behind a number: mostly a symbol that is the same everywhere; null where there is none. */
export function describeUnit(unitCode: number, options: DescribeOptions = {}): string | null {
  const { phrases, units }: ObisLanguage = languages[obisLanguage(options.language)];
  if (findUnit(unitCode) === undefined) return fill(phrases.unit, { n: unitCode });
  return units[unitCode] ?? unitSymbol(unitCode);
}

/** The text of a key that is made up of numbers, where there is one. */
const found = (code: Code, key: string): string | undefined =>
  (code.language.phrases as Readonly<Record<string, string>>)[key];
const phrase = (code: Code, key: PhraseKey, values: Values = {}): string => fill(code.language.phrases[key], values);

function subject(code: Code): string[] {
  const { a, c } = code;
  if (isManufacturer(code)) return [medium(code, "manufacturer")];
  if (c === 93) return [medium(code, "consortia")];
  if (c === 94) return [medium(code, "country")];
  if (a === 1 && c >= 1 && c <= 92) return electricity(code);
  const text = objectText(code);
  if (text === undefined) return [medium(code, "unknown")];
  const measured = a >= 4 && a <= 9 && c >= 1 && c <= 92;
  return measured ? [text, ...(a === 7 ? gas(code) : kept(code)), ...tariff(code)] : [text];
}

/** Groups B to E have ranges that each maker fills as it likes, IEC 62056-6-1 "Manufacturer specific codes". */
function isManufacturer({ b, c, d, e, f }: Code): boolean {
  return (b >= 128 && b <= 199) || (c >= 128 && c <= 199) || c === 240 || inRange(d) || inRange(e) || inRange(f);
}
const inRange = (group: number): boolean => group >= 128 && group <= 254;

function medium(code: Code, key: "manufacturer" | "consortia" | "country" | "unknown"): string {
  const groups = `${code.c}.${code.d}.${code.e}`;
  const name = found(code, `medium.${code.a}`);
  const text = phrase(code, key, { n: groups });
  return code.a === 0 || name === undefined ? text : phrase(code, "inMedium", { medium: name, text });
}

function objectText({ a, c, d, e, language }: Code): string | undefined {
  const texts = language.objects[a];
  const text = texts?.[`${c}.${d}.${e}`] ?? texts?.[`${c}.${d}.*`] ?? texts?.[`${c}.*.*`];
  return text === undefined ? undefined : fill(text, { d, e, e1: e + 1 });
}

function channelPart(code: Code): string[] {
  return code.b >= 1 && code.b <= 64 ? [phrase(code, "channel", { n: code.b })] : [];
}

/** Group F: 0 to 99 by the billing period counter, 101 to 125 counted back from the last, 255 the present. */
function billing(code: Code): string[] {
  const { a, c, f } = code;
  if (a === 0 && c < 96) return [];
  if (f === 101) return [phrase(code, "billing.last")];
  if (f > 101 && f <= 125) return [phrase(code, "billing.back", { n: f - 100 })];
  if (f === 126) return [phrase(code, "billing.many")];
  return f <= 99 ? [phrase(code, "billing.counter", { n: f })] : [];
}

/** Group C 1 to 20 is the sum of all phases, 21 to 40 L1, 41 to 60 L2, 61 to 80 L3, in the same order. */
function electricity(code: Code): string[] {
  const { c, d } = code;
  const special = {
    81: 81,
    82: 82,
    83: 83,
    84: 84,
    85: 84,
    86: 84,
    87: 84,
    88: 88,
    89: 89,
    90: 90,
    91: 91,
    92: 92,
  } as const;
  const row = (special as Readonly<Record<number, (typeof special)[keyof typeof special]>>)[c];
  if (row !== undefined) {
    const phase = row === 84 ? c - 84 : 0;
    const name = withPhase(code, phrase(code, `electricity.${row}`), phase);
    return c === 81 ? [angle(code, name)] : [name, ...processing(code), ...tariff(code)];
  }
  const phase = c <= 80 ? Math.floor((c - 1) / 20) : 0;
  const quantity = ((c - 1) % 20) + 1;
  const key = `${isEnergy(d) && hasEnergy(quantity) ? "energy" : "power"}.${quantity}`;
  const name = withPhase(code, found(code, key) ?? key, phase);
  return [name, ...processing(code), ...tariff(code)];
}

/** Time integrals of a power are energies. */
const isEnergy = (d: number): boolean =>
  (d >= 8 && d <= 10) || (d >= 17 && d <= 20) || d === 29 || d === 30 || d === 58;
const hasEnergy = (quantity: number): boolean => quantity <= 10 || quantity >= 15;

function withPhase(code: Code, name: string, phase: number): string {
  return phase === 0 ? name : phrase(code, "phased", { name, phase: phrase(code, `phase.${phase as 1 | 2 | 3}`) });
}

/** The first digit of E is one quantity, the second the other: 0 to 2 voltages, 4 to 6 currents, 7 neutral. */
function angle(code: Code, name: string): string {
  const a = found(code, `point.${Math.floor(code.e / 10)}`);
  const b = found(code, `point.${code.e % 10}`);
  return a === undefined || b === undefined
    ? phrase(code, "angle.other", { name, n: code.e })
    : phrase(code, "angle", { name, a, b });
}

/** Group D; time integral 1 of an energy and the instantaneous value are what is meant anyway. */
function processing(code: Code): string[] {
  const { c, d, e } = code;
  if (d === 7) return [];
  if (d === 8 && c !== 81) return e === 0 || hasHarmonics(code) ? [phrase(code, "total")] : [];
  return [found(code, `process.${d}`) ?? `D=${d}`];
}

/** Voltages, currents and total active power have harmonics instead of tariffs in group E. */
function hasHarmonics({ c, d }: Code): boolean {
  const quantity = c <= 80 ? ((c - 1) % 20) + 1 : c;
  return (d === 7 || d === 24) && [11, 12, 15, 90, 91, 92].includes(quantity);
}

function tariff(code: Code): string[] {
  const { a, e } = code;
  if (e === 0 || e === 255) return [];
  if (a !== 1 || !hasHarmonics(code)) return [phrase(code, "tariff", { n: e })];
  if (e === 1) return [phrase(code, "fundamental")];
  const named = { 124: "thd", 125: "tdd", 126: "harmonics.all", 127: "harmonics.nominal" } as const;
  const key = (named as Readonly<Record<number, (typeof named)[keyof typeof named]>>)[e];
  return [key === undefined ? phrase(code, "harmonic", { n: e }) : phrase(code, key)];
}

/** EN 13757-1, "Value group D" of heat, cooling, water and allocators. */
function kept(code: Code): string[] {
  return code.d === 0 ? [] : [found(code, `kept.${code.d}`) ?? `D=${code.d}`];
}

function gas(code: Code): string[] {
  return [found(code, `gas.${code.d}`) ?? `D=${code.d}`];
}
