/** The request of a message: settings of the node, overridden by properties of the message, checked. */
import { type AttributeRef, DlmsConfigError, keysOf } from "../../src/index";
import type { Node, NodeAPI, NodeMessage } from "node-red";
import { maxReadS, defaultReadS } from "../meters/deadline";
import { plainOf, refOf, scalar, type Setting, settingOf } from "../meters/object-settings";
import { type RawSettings, choiceOf, flagOf, integerOf, isAbsent, quote } from "../node-red/raw-settings";
import { checkedRange, type RequestedRange } from "./range-request";

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
      readonly range: RequestedRange;
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
  return { name: String(scalar(name)), ref };
}

/** The names of values without one: the logical name with the attribute, or the short key. */
function named(points: readonly Point[], keys: ReadShape["keys"]): Point[] {
  const short = keys === "NAME" ? keysOf(points.map(({ ref }) => ref)) : [];
  return points.map(({ name, ref }, index) => ({
    name: name === "" ? (short[index] ?? `${ref.logicalName}/${ref.attributeId}`) : name,
    ref,
  }));
}

/** More than this in one message is a mistake, and would keep the line busy for hours. */
const maxPoints = 10_000;

function pointsOf(raw: RawSettings, msg: NodeMessage, keys: ReadShape["keys"]): Point[] {
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
  const points = named(
    rows.map((row: unknown, index) => pointOf(row, `${source}[${index}]`)),
    keys,
  );
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

async function rangeOf(RED: NodeAPI, node: Node, raw: RawSettings, msg: NodeMessage): Promise<RequestedRange> {
  const { source, value } = await settingOf(RED, node, raw, msg, "range", undefined);
  return checkedRange(value, source);
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

/** The form of the answer. */
export interface ReadShape {
  readonly dates: "iso" | "date" | "epoch";
  readonly units: "METER" | "KILO";
  /** of rows and of unnamed values of a list */
  readonly keys: "OBIS" | "NAME";
  /** counters of a profile as the use within each interval */
  readonly differences: boolean;
  readonly format: "OBJECT" | "TABLE" | "INFLUX" | "LINE";
}

/** The form of the answer, by the message and the node. @throws DlmsConfigError */
export function shapeOf(raw: RawSettings, msg: NodeMessage): ReadShape {
  const choice = <T extends string>(property: string, words: readonly [T, ...T[]]): T => {
    const [settings, name] = plainOf(raw, msg, property);
    return choiceOf(settings, name, words, words[0]);
  };
  const [settings, name] = plainOf(raw, msg, "differences");
  return {
    dates: choice("dates", ["iso", "date", "epoch"]),
    units: choice("units", ["METER", "KILO"]),
    keys: choice("keys", ["OBIS", "NAME"]),
    differences: flagOf(settings, name, false),
    format: choice("format", ["OBJECT", "TABLE", "INFLUX", "LINE"]),
  };
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
  keys: ReadShape["keys"],
): Promise<ReadRequest> {
  const [modeSource, modeName] = plainOf(raw, msg, "mode");
  const mode = choiceOf(modeSource, modeName, modes, "attribute");
  if (mode === "list") return { mode, points: pointsOf(raw, msg, keys) };
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
