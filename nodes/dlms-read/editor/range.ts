// The range of a profile as the dlms-read node stores it: a JSON text.
import { asText } from "../../editor/values";
import { t } from "./texts";

/** Fields of a stored range; a flow written by hand may contain anything. */
export interface StoredRange {
  readonly last?: number | string;
  readonly from?: string;
  readonly to?: string;
  readonly after?: string;
  readonly entries?: readonly [number, number];
  /** days of the meter, or "new" */
  readonly word?: string;
}

export const periods = ["day", "week", "month"];
/** Days of the meter; a word is stored as it is, not as JSON. */
export const dayWords = ["today", "yesterday", "this-month", "last-month"];

export function isPeriod(last: unknown): last is string {
  return typeof last === "string" && periods.includes(last);
}

/** The range of a node; an empty one where the text is no range. */
export function parseRange(text: unknown): StoredRange {
  const word = asText(text).trim().toLowerCase();
  if (word === "new" || dayWords.includes(word)) return { word };
  try {
    const range: unknown = JSON.parse(asText(text) || "{}");
    return typeof range === "object" && range !== null ? range : {};
  } catch {
    return {};
  }
}

export function rangeProblem(text: unknown): string {
  const { from, to, last, entries, after, word } = parseRange(text);
  if (word !== undefined) return "";
  if (after) return timesProblem(after, to ?? "");
  if (from) return timesProblem(from, to ?? "");
  return Number(last) > 0 || isPeriod(last) || Array.isArray(entries) ? "" : t("error.range");
}

const isoTime = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

const hasOffset = (text: string): boolean => text.length > 10 && /(Z|[+-]\d\d:?\d\d)$/.test(text);

/** An ISO time that is a day of the calendar; without an offset it is the meter's time. */
function momentOf(text: string): number {
  if (!isoTime.test(text)) return NaN;
  const time = text.length <= 10 ? "T00:00" : "";
  return Date.parse(`${text.replace(" ", "T")}${time}${hasOffset(text) ? "" : "Z"}`);
}

/** The error in the beginning or end of a range, or "". */
export function timesProblem(from: string, to: string): string {
  if (Number.isNaN(momentOf(from))) return t("error.from");
  if (to === "") return "";
  if (Number.isNaN(momentOf(to))) return t("error.to");
  // the meter's time and one with an offset cannot be compared here
  return hasOffset(from) === hasOffset(to) && momentOf(to) < momentOf(from) ? t("error.order") : "";
}
