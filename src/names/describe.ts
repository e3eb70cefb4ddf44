// Names for people: the meaning of an OBIS code, an interface class or a unit, in three languages.
import { invalid, object } from "../errors/arguments";
import { classTitle } from "../cosem/lookup";
import { type ObisLike, parseObis } from "../cosem/obis";
import { findUnit, unitSymbol } from "../cosem/units";
import { type Code, fill, found, phrase, tariff } from "./code";
import { electricity, hasThresholds, isElectricQuantity } from "./electricity";
import { gas, gasComponent, gasProfile, isGasQuantity } from "./gas";
import { type ObisLanguageTag, obisTexts } from "./languages";
import { objectText } from "./patterns";

export interface DescribeOptions {
  /** BCP 47, as a browser gives it: `de`, `de-AT`, `zh-CN`, `zh-Hans`; fallback and default: "en-US" */
  readonly language?: string;
}

/**
 * The language of names that fits a language tag best: `de-AT` -> `de`, `zh` and `zh-Hans-SG` -> `zh-CN`. Traditional
 * Chinese is not simplified Chinese. Any other value, of any type, is `en-US`.
 */
export function obisLanguage(wanted: unknown): ObisLanguageTag {
  const [language, ...more] = typeof wanted === "string" ? wanted.toLowerCase().split(/[-_]/, 4) : [];
  if (language === "de") return "de";
  if (language === "zh" && !more.some((part) => ["hant", "tw", "hk", "mo"].includes(part))) return "zh-CN";
  return "en-US";
}

/**
 * What an OBIS code stands for, composed from its value groups: `1-0:1.8.0*255` -> "Active energy import (+A), total",
 * in German "Wirkenergie Bezug (+A), gesamt". Every code has a description; one that no rule knows is named by its
 * medium and its groups.
 * @throws DlmsConfigError CONFIG_INVALID when it is no OBIS code
 */
export function describeObis(obis: ObisLike, options: DescribeOptions = {}): string {
  object("options", options);
  const language = obisTexts(obisLanguage(options.language));
  const bytes = parseObis(obis);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const code: Code = { a, b, c, d, e, f, language };
  const parts = [...subject(code), ...channelPart(code), ...billing(code)];
  return parts.join(language.phrases.join);
}

/** An interface class as people call it: 4 -> "Extended register", in German "Erweitertes Register"; unknown: "class 8192". */
export function describeClass(classId: number, options: DescribeOptions = {}): string {
  object("options", options);
  if (typeof classId !== "number") throw invalid("class id", "a number", classId);
  const language = obisTexts(obisLanguage(options.language));
  const title = language.classes?.[classId];
  if (title !== undefined) return title;
  return language.classes === undefined ? classTitle(classId) : fill(language.phrases.class, { n: classId });
}

/** The text after a number: mostly a symbol that all languages share; null for a unit without one. */
export function describeUnit(unitCode: number, options: DescribeOptions = {}): string | null {
  object("options", options);
  if (typeof unitCode !== "number") throw invalid("unit code", "a number", unitCode);
  const { phrases, units } = obisTexts(obisLanguage(options.language));
  if (findUnit(unitCode) === undefined) return fill(phrases.unit, { n: unitCode });
  return units[unitCode] ?? unitSymbol(unitCode);
}

function subject(code: Code): string[] {
  const { a, b, c } = code;
  if (isManufacturer(code)) return [medium(code, "manufacturer")];
  if (b >= 65 && b <= 127) return [medium(code, "utility")];
  if (c === 93) return [medium(code, "consortia")];
  if (c === 94) return [country(code)];
  if (a === 1 && isElectricQuantity(c)) return electricity(code);
  const text = (a === 7 ? gasProfile(code) : undefined) ?? objectText(code);
  if (text !== undefined) return [text, ...details(code)];
  return variant(code) ?? [medium(code, "unknown")];
}

/** The meaning of groups D and E besides the object's text, for media other than electricity. */
function details(code: Code): string[] {
  const { a, c, d } = code;
  // The parameters of the gas analysis are numbered in group E like its results in group D.
  if (a === 7 && c === 0 && d === 12) return [gasComponent(code, code.e)];
  if (a === 7) return isGasQuantity(c) ? gas(code) : [];
  return a >= 4 && a <= 9 && c >= 1 && c <= 92 ? [...kept(code), ...tariff(code)] : [];
}

/** Group D other than 0 of script tables and schedules is a manufacturer's implementation of the object with D = 0. */
function variant(code: Code): string[] | undefined {
  const { a, c, d } = code;
  if (a !== 0 || (c !== 10 && c !== 15) || d === 0 || d > 127) return undefined;
  const text = objectText({ ...code, d: 0 });
  return text === undefined ? undefined : [text, phrase(code, "implementation", { n: d })];
}

/** Groups B to E have manufacturer specific ranges (IEC 62056-6-1, "Manufacturer specific codes"). */
function isManufacturer({ a, b, c, d, e, f }: Code): boolean {
  if (c === 96 && d >= 50 && d <= 99 && (a === 0 || a === 1 || a === 7)) return true;
  return (b >= 128 && b <= 199) || (c >= 128 && c <= 199) || c === 240 || inRange(d) || inRange(e) || inRange(f);
}
const inRange = (group: number): boolean => group >= 128 && group <= 254;

type SpecificKey = "manufacturer" | "utility" | "consortia" | "country" | "unknown";

function medium(code: Code, key: SpecificKey): string {
  const groups = `${code.c}.${code.d}.${code.e}`;
  const name = found(code, `medium.${code.a}`);
  const text = phrase(code, key, { n: groups });
  return code.a === 0 || name === undefined ? text : phrase(code, "inMedium", { medium: name, text });
}

/** Group D of country specific codes is the country, usually its telephone prefix. */
function country(code: Code): string {
  const text = medium(code, "country");
  const name = found(code, `country.${code.d}`);
  return name === undefined ? text : phrase(code, "country.named", { text, name });
}

function channelPart(code: Code): string[] {
  return code.b >= 1 && code.b <= 64 ? [phrase(code, "channel", { n: code.b })] : [];
}

/** Parameters that group F counts; the number is in their name. */
const numberedByF = new Set(["1-0.2.1", "1-0.5.1", "1-0.5.2", "7-0.5.1", "7-0.5.2"]);

/** Group F: 0 to 99 by the billing period counter, 101 to 125 counted back from the last, 255 the present. */
function billing(code: Code): string[] {
  const { a, c, d, f } = code;
  const ofBillingPeriod = c === 0 && d === 1;
  if (a === 0 && c < 96 && !ofBillingPeriod) return [];
  if (numberedByF.has(`${a}-${c}.${d}.${code.e}`)) return [];
  if (f <= 99 && hasThresholds(code)) return [phrase(code, "threshold", { n: f })];
  if (f === 101) return [phrase(code, "billing.last")];
  if (f > 101 && f <= 125) return [phrase(code, "billing.back", { n: f - 100 })];
  if (f === 126) return [phrase(code, "billing.many")];
  return f <= 99 ? [phrase(code, "billing.counter", { n: f })] : [];
}

/** EN 13757-1, "Value group D" of heat, cooling, water and allocators. */
function kept(code: Code): string[] {
  return code.d === 0 ? [] : [found(code, `kept.${code.d}`) ?? `D=${code.d}`];
}
