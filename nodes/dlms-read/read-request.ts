/** The request of a message: settings of the node, overridden by properties of the message, checked. */
import { type AttributeRef, DlmsConfigError, type ProfileRange, systemClock } from "../../src/index";
import type { Node, NodeAPI, NodeMessage } from "node-red";
import { maxReadS, defaultReadS } from "../meters/deadline";
import { plainOf, refOf, scalar, type Setting, settingOf } from "../meters/object-settings";
import { type RawSettings, choiceOf, flagOf, integerOf, isAbsent, quote, wholeNumber } from "../node-red/raw-settings";

export interface Point {
  readonly name: string;
  readonly ref: AttributeRef;
}

export type ReadRequest =
  | { readonly mode: "attribute"; readonly ref: AttributeRef }
  | { readonly mode: "list"; readonly points: readonly Point[] }
  | {
      readonly mode: "profile";
      readonly logicalName: string;
      readonly range: ProfileRange | undefined;
      readonly columns: readonly string[];
    }
  | { readonly mode: "objects" };

const modes = ["attribute", "list", "profile", "objects"] as const;

function pointOf(row: unknown, source: string): Point {
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `${source}: expected an object like { logicalName: "1-0:1.8.0*255" }, got ${quote(row)}`,
      {
        details: { property: source },
      },
    );
  }
  const raw = row as RawSettings;
  const part = (name: string, fallback: unknown): Setting => ({
    source: `${source}.${name}`,
    value: isAbsent(raw[name]) ? fallback : raw[name],
  });
  const obis = isAbsent(raw.logicalName) && !isAbsent(raw.obis) ? part("obis", "") : part("logicalName", "");
  const ref = refOf(part("objectType", "REGISTER"), obis, part("attributeId", 2));
  const name = part("name", "");
  return { name: name.value === "" ? `${ref.logicalName}/${ref.attributeId}` : String(scalar(name)), ref };
}

/** More than this in one message is a mistake, and would keep the line busy for hours. */
const maxPoints = 10_000;

function pointsOf(raw: RawSettings, msg: NodeMessage): Point[] {
  const fromMessage = !isAbsent(msg.points);
  const source = fromMessage ? "msg.points" : "points";
  const rows = fromMessage ? msg.points : raw.points;
  if (!Array.isArray(rows) || rows.length === 0) {
    throw new DlmsConfigError(
      Array.isArray(rows) || isAbsent(rows) ? "CONFIG_MISSING" : "CONFIG_INVALID",
      `${source}: a list of values to read is needed, got ${Array.isArray(rows) ? "an empty one" : quote(rows)}`,
      { details: { property: source } },
    );
  }
  if (rows.length > maxPoints) {
    throw new DlmsConfigError("CONFIG_INVALID", `${source}: at most ${maxPoints} values at once, got ${rows.length}`, {
      details: { property: source },
    });
  }
  const points = rows.map((row: unknown, index) => pointOf(row, `${source}[${index}]`));
  const seen = new Set<string>();
  for (const { name } of points) {
    if (seen.has(name)) {
      throw new DlmsConfigError(
        "CONFIG_INVALID",
        `${source}: "${name}" is listed twice; give each value its own name`,
        {
          details: { property: source },
        },
      );
    }
    seen.add(name);
  }
  return points;
}

type Moment = Extract<ProfileRange, { from: unknown }>["from"];

/** ISO text, Date or ms since 1970. */
function momentOf(value: unknown, source: string): Moment {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "string" && /^\d{4}-\d\d-\d\d/.test(value.trim())) return value.trim();
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${source}: expected an ISO time like 2026-01-31T12:00, a Date or ms since 1970, got ${quote(value)}`,
    { details: { property: source } },
  );
}

const offset = /(Z|[+-]\d\d:?\d\d)$/i;

/** ms since 1970; a text without an offset is the meter's time, and is compared with another such text only. */
function comparable(moment: Moment, local: boolean): number {
  if (typeof moment !== "string") return local ? NaN : Number(moment);
  const text = moment.replace(" ", "T");
  const time = text.length > 10 ? text : `${text}T00:00`;
  if (local) return offset.test(time) ? NaN : Date.parse(`${time}Z`);
  return offset.test(time) ? Date.parse(time) : NaN;
}

/** Refuses a reversed range: every meter answers it without rows, as if the profile was empty. */
function refuseReversed(from: Moment, to: Moment, source: string): void {
  if (![true, false].some((local) => comparable(to, local) < comparable(from, local))) return;
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${source}.to: the end ${quote(to)} lies before the beginning ${quote(from)}`,
    { details: { property: `${source}.to` } },
  );
}

const dayMs = 86_400_000;

/** The same time of day a month before, or that month's last day. */
function monthBefore(now: number): number {
  const then = new Date(now);
  then.setUTCMonth(then.getUTCMonth() - 1);
  if (then.getUTCDate() !== new Date(now).getUTCDate()) then.setUTCDate(0);
  return then.getTime();
}

const periods: Readonly<Record<string, (now: number) => number>> = {
  day: (now) => now - dayMs,
  week: (now) => now - 7 * dayMs,
  month: monthBefore,
};

/** The last n rows, or the rows of a period that ends now. */
function lastOf(last: unknown, source: string): ProfileRange {
  if (typeof last !== "string" || /^-?\d|^0x|^\$\{/i.test(last.trim())) {
    return { last: wholeNumber(last, source, 1, 0xffffffff) };
  }
  const word = last.trim().toLowerCase();
  const period = Object.hasOwn(periods, word) ? periods[word] : undefined;
  if (period !== undefined) return { from: period(systemClock.wallTime()) };
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${source}: expected a whole number of rows, "day", "week" or "month", got ${quote(last)}`,
    { details: { property: source } },
  );
}

/** `{last}` with a number or a period, `{from, to}`, `{entries: [first, last]}`, as an object or as JSON; absent = all rows. */
async function rangeOf(
  RED: NodeAPI,
  node: Node,
  raw: RawSettings,
  msg: NodeMessage,
): Promise<ProfileRange | undefined> {
  const { source, value } = await settingOf(RED, node, raw, msg, "range", undefined);
  if (isAbsent(value)) return undefined;
  const expected = '{last: n}, {last: "day"}, {from, to} or {entries: [first, last]}';
  const bad = (): DlmsConfigError =>
    new DlmsConfigError("CONFIG_INVALID", `${source}: expected ${expected}, got ${quote(value)}`, {
      details: { property: source },
    });
  let range: unknown = value;
  if (typeof range === "string") {
    try {
      range = JSON.parse(range) as unknown;
    } catch {
      throw bad();
    }
  }
  if (typeof range !== "object" || range === null || Array.isArray(range)) throw bad();
  const { last, from, to, entries } = range as Record<string, unknown>;
  if (!isAbsent(last)) return lastOf(last, `${source}.last`);
  if (Array.isArray(entries) && entries.length === 2) {
    const first = wholeNumber(entries[0], `${source}.entries[0]`, 1, 0xffffffff);
    return { entries: [first, wholeNumber(entries[1], `${source}.entries[1]`, first, 0xffffffff)] };
  }
  if (isAbsent(from)) {
    if (Object.keys(range).length === 0) return undefined;
    throw bad();
  }
  const begin = momentOf(from, `${source}.from`);
  if (isAbsent(to)) return { from: begin };
  const end = momentOf(to, `${source}.to`);
  refuseReversed(begin, end, source);
  return { from: begin, to: end };
}

/** Keys of the requested columns: an array, or a text with commas; none = all. */
async function columnsOf(RED: NodeAPI, node: Node, raw: RawSettings, msg: NodeMessage): Promise<string[]> {
  const { source, value } = await settingOf(RED, node, raw, msg, "columns", "");
  const list: unknown = typeof value === "string" ? value.split(/[,;\s]+/) : value;
  if (Array.isArray(list) && list.every((one) => typeof one === "string")) return list.filter((one) => one !== "");
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${source}: expected names of columns like 1.0.1.8.0.255, got ${quote(value)}`,
    { details: { property: source } },
  );
}

/** The form of dates in the answer. @throws DlmsConfigError */
export function datesOf(raw: RawSettings, msg: NodeMessage): "iso" | "date" | "epoch" {
  const [settings, name] = plainOf(raw, msg, "dates");
  return choiceOf(settings, name, ["iso", "date", "epoch"], "iso");
}

/** Whether the meter is disconnected before the message is sent on. @throws DlmsConfigError */
export function exclusiveOf(raw: RawSettings, msg: NodeMessage): boolean {
  const [settings, name] = plainOf(raw, msg, "exclusive");
  return flagOf(settings, name, false);
}

/** Limit of a read in this mode, in ms; 0 = none. @throws DlmsConfigError */
export function giveUpAfterOf(raw: RawSettings, msg: NodeMessage, mode: ReadRequest["mode"]): number {
  const [settings, name] = plainOf(raw, msg, "giveUpAfter");
  const fallback = mode === "profile" ? maxReadS : defaultReadS;
  return integerOf(settings, name, { fallback, min: 0, max: maxReadS }) * 1000;
}

/**
 * The request of a message.
 * @throws DlmsConfigError with the property's name, prefixed with `msg.` if the message supplied it
 */
export async function readRequestOf(
  RED: NodeAPI,
  node: Node,
  raw: RawSettings,
  msg: NodeMessage,
): Promise<ReadRequest> {
  const [modeSource, modeName] = plainOf(raw, msg, "mode");
  const mode = choiceOf(modeSource, modeName, modes, "attribute");
  if (mode === "list") return { mode, points: pointsOf(raw, msg) };
  if (mode === "objects") return { mode };
  const obis = await settingOf(RED, node, raw, msg, "logicalName", "");
  if (mode === "profile") {
    const { logicalName } = refOf({ source: "objectType", value: "PROFILE_GENERIC" }, obis, { source: "", value: 2 });
    return {
      mode,
      logicalName,
      range: await rangeOf(RED, node, raw, msg),
      columns: await columnsOf(RED, node, raw, msg),
    };
  }
  const objectType = await settingOf(RED, node, raw, msg, "objectType", "REGISTER");
  const attributeId = await settingOf(RED, node, raw, msg, "attributeId", 2);
  return { mode, ref: refOf(objectType, obis, attributeId) };
}
