import { type ObisLike, parseObis } from "../obis";
import { type Catalogue, enUs, type PhraseKey } from "./en-us";
import { objectTexts } from "./objects-en-us";

export type { Catalogue, PhraseKey } from "./en-us";

/** The texts of one language: phrases, and the single objects by medium and pattern. */
export interface ObisLanguage {
  readonly phrases: Catalogue;
  readonly objects: Readonly<Record<number, Readonly<Record<string, string>>>>;
}

export const obisEnglish: ObisLanguage = { phrases: enUs, objects: objectTexts };

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
 * What an OBIS code stands for, composed from its value groups: `1-0:1.8.0*255` -> "Active energy import (+A), total".
 * Every code has a description; one that no rule knows is named by its medium and its groups.
 * @throws DlmsConfigError CONFIG_INVALID when it is no OBIS code
 */
export function describeObis(obis: ObisLike, language: ObisLanguage = obisEnglish): string {
  const bytes = parseObis(obis);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const code: Code = { a, b, c, d, e, f, language };
  const parts = [...subject(code), ...channelPart(code), ...billing(code)];
  return parts.join(language.phrases.join);
}

const phrase = (code: Code, key: PhraseKey, values: Values = {}): string => fill(code.language.phrases[key], values);

function subject(code: Code): string[] {
  const { a, c, d } = code;
  if (isManufacturer(code)) return [medium(code, "manufacturer")];
  if (c === 93) return [medium(code, "consortia")];
  if (c === 94) return [medium(code, "country")];
  if (a === 1 && c >= 1 && c <= 92) return electricity(code);
  const text = objectText(code);
  if (text === undefined) return [medium(code, "unknown")];
  const measured = a >= 4 && a <= 9 && c >= 1 && c <= 92;
  return measured ? [text, ...(a === 7 ? gas(code) : thermal(d, code)), ...tariff(code)] : [text];
}

/** Groups B to E have ranges that each maker fills as it likes, IEC 62056-6-1 "Manufacturer specific codes". */
function isManufacturer({ b, c, d, e, f }: Code): boolean {
  return (b >= 128 && b <= 199) || (c >= 128 && c <= 199) || c === 240 || inRange(d) || inRange(e) || inRange(f);
}
const inRange = (group: number): boolean => group >= 128 && group <= 254;

function medium(code: Code, key: "manufacturer" | "consortia" | "country" | "unknown"): string {
  const groups = `${code.c}.${code.d}.${code.e}`;
  const name = (code.language.phrases as Readonly<Record<string, string>>)[`medium.${code.a}`];
  const text = phrase(code, key, { n: groups });
  return code.a === 0 || name === undefined ? text : `${name}: ${text}`;
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
    return c === 81 ? [`${name} ${angle(code)}`] : [name, ...processing(code), ...tariff(code)];
  }
  const phase = c <= 80 ? Math.floor((c - 1) / 20) : 0;
  const quantity = ((c - 1) % 20) + 1;
  const key = `${isEnergy(d) && hasEnergy(quantity) ? "energy" : "power"}.${quantity}`;
  const name = withPhase(code, (code.language.phrases as Readonly<Record<string, string>>)[key] ?? key, phase);
  return [name, ...processing(code), ...tariff(code)];
}

/** Time integrals of a power are energies. */
const isEnergy = (d: number): boolean =>
  (d >= 8 && d <= 10) || (d >= 17 && d <= 20) || d === 29 || d === 30 || d === 58;
const hasEnergy = (quantity: number): boolean => quantity <= 10 || quantity >= 15;

function withPhase(code: Code, name: string, phase: number): string {
  return phase === 0 ? name : `${name} ${phrase(code, `phase.${phase as 1 | 2 | 3}`)}`;
}

/** The first digit of E is one quantity, the second the other: 0 to 2 voltages, 4 to 6 currents, 7 neutral. */
const angleOf = ["U(L1)", "U(L2)", "U(L3)", undefined, "I(L1)", "I(L2)", "I(L3)", "I(N)"] as const;

function angle(code: Code): string {
  const a = angleOf[Math.floor(code.e / 10)];
  const b = angleOf[code.e % 10];
  return a === undefined || b === undefined ? String(code.e) : phrase(code, "angle", { a, b });
}

/** Group D; time integral 1 of an energy and the instantaneous value are what is meant anyway. */
function processing(code: Code): string[] {
  const { c, d, e } = code;
  if (d === 7) return [];
  if (d === 8 && c !== 81) return e === 0 || hasHarmonics(code) ? [phrase(code, "total")] : [];
  const text = (code.language.phrases as Readonly<Record<string, string>>)[`process.${d}`];
  return [text ?? `D=${d}`];
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

function thermal(d: number, code: Code): string[] {
  return d === 0 ? [] : other(`thermal.${d}`, code);
}

function gas(code: Code): string[] {
  return other(`gas.${code.d}`, code);
}

function other(key: string, code: Code): string[] {
  const text = (code.language.phrases as Readonly<Record<string, string>>)[key];
  return [text ?? `D=${code.d}`];
}
