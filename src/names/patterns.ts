/** Matches OBIS codes against the patterns of the tables. */
import { type Code, fill } from "./code";

type Texts = Readonly<Record<string, string>>;
type Span = readonly [from: number, to: number];

/** A pattern with a range in group D or E. */
interface RangeRow {
  readonly d: Span;
  readonly e: Span;
  readonly text: string;
}

const compiled = new WeakMap<Texts, ReadonlyMap<string, readonly RangeRow[]>>();

/**
 * The text of the first pattern that fits, the narrowest first: `C.D.E*` where group F is not 255, `C.D.E`, ranges like
 * `C.D.10-19`, `C.D.*`, `C.*.*`. It can show the groups `{d}`, `{e}` and `{f}`, `{e1}` for E + 1, and `{n}`, the number
 * within the range, from 1.
 */
export function objectText(code: Code): string | undefined {
  const { a, c, d, e, f, language } = code;
  const texts = language.objects[a];
  if (texts === undefined) return undefined;
  const single = (f === 255 ? undefined : texts[`${c}.${d}.${e}*`]) ?? texts[`${c}.${d}.${e}`];
  const range = single === undefined ? findRange(texts, code) : undefined;
  const text = single ?? range?.text ?? texts[`${c}.${d}.*`] ?? texts[`${c}.*.*`];
  return text === undefined
    ? undefined
    : fill(text, { d, e, f, e1: e + 1, n: range === undefined ? 0 : position(range, code) });
}

function findRange(texts: Texts, { c, d, e }: Code): RangeRow | undefined {
  let rows = compiled.get(texts);
  if (rows === undefined) {
    rows = compile(texts);
    compiled.set(texts, rows);
  }
  return rows.get(String(c))?.find((row) => within(d, row.d) && within(e, row.e));
}

const within = (group: number, [from, to]: Span): boolean => group >= from && group <= to;

/** Position within the range, which may be in group D or E. */
const position = ({ d, e }: RangeRow, code: Code): number => 1 + (d[0] === d[1] ? code.e - e[0] : code.d - d[0]);

function compile(texts: Texts): ReadonlyMap<string, readonly RangeRow[]> {
  const rows = new Map<string, RangeRow[]>();
  for (const [pattern, text] of Object.entries(texts)) {
    if (!pattern.includes("-")) continue;
    const [c = "", d = "", e = ""] = pattern.split(".");
    rows.set(c, [...(rows.get(c) ?? []), { d: span(d), e: span(e), text }]);
  }
  return rows;
}

function span(group: string): Span {
  if (group === "*") return [0, 255];
  const [from = "", to = from] = group.split("-");
  return [Number(from), Number(to)];
}
