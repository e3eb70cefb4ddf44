/** From an opened data-notification to a push. */
import { dateOf, presentItem, type PushItem } from "./layouts/items";
import { type Body, type BodyItem, clockName, textOf, withObjects } from "./layouts/body";
import { chooseList, listIdOf } from "./layouts/choose-list";
import type { BodyLayout, KnownBody, KnownLayouts, LayoutEvidence } from "./layouts/known-layouts";
import { plausibilityNotes } from "./layouts/plausibility";
import { withLearned } from "./layouts/learned";
import type { PushList } from "./lists";
import type { PushSettings } from "./meters";
import { bodyStart, type Notification, readHead, readNotification } from "./notification";
import type { Opened } from "./opening/open";
import type { Push } from "./push";
import type { Senders } from "./senders";
import type { Unit } from "./units/unit";

export interface Interpretation {
  readonly settings: PushSettings;
  readonly tables: readonly PushList[];
  readonly senders: Senders;
  readonly layouts: KnownLayouts;
  readonly peer: string | null;
  readonly receivedAt: string | null;
}

/** Service-class bit of the long-invoke-id-and-priority. */
const confirmedBit = 30;

/** Meter numbers, in the order in which they name the meter. */
const meterNumbers = [
  ...["0.0.96.1.0.255", "0.0.42.0.0.255", "0.0.96.1.1.255", "1.1.0.0.5.255", "1.1.96.1.0.255", "1.0.96.1.0.255"],
];

const meterNumberSet: ReadonlySet<string> = new Set(meterNumbers);
const timeName = "1.0.0.9.1.255";
const dateName = "1.0.0.9.2.255";
const clockNames: ReadonlySet<string> = new Set([clockName, timeName, dateName]);

/** @throws DlmsError if the content is not a notification with data */
export function dataPush(unit: Unit, opened: Opened, how: Interpretation): Push {
  const { plain } = opened;
  const start = how.settings.rememberObjects ? undefined : bodyStart(plain);
  if (start === undefined) return newDataPush(unit, opened, how, readNotification(plain));
  const { settings, layouts } = how;
  const evidence = evidenceOf(unit, opened, how);
  const known = layouts.read(plain, start, settings, evidence);
  if (known === undefined) return newDataPush(unit, opened, how, readNotification(plain), start);
  if (known.layout.listId !== null) how.senders.sentListId(evidence.sender, known.layout.listId);
  return pushOf(unit, opened, how, readHead(plain, start), known, unit.notes.concat(opened.notes, known.layout.notes));
}

function evidenceOf({ link }: Unit, { title }: Opened, { peer, senders }: Interpretation): LayoutEvidence {
  const { source, destination } = link;
  const sender = title === null ? `${peer ?? ""}/${destination}/${source}` : title.key;
  return { sender, source, destination, earlierListId: senders.listId(sender) };
}

/**
 * A push whose layout is not known yet.
 * @param start where its body begins in the plain bytes; undefined if the layout must not be kept
 */
export function newDataPush(unit: Unit, opened: Opened, how: Interpretation, sent: Notification, start?: number): Push {
  const { settings, senders, tables, layouts } = how;
  const evidence = evidenceOf(unit, opened, how);
  const { sender } = evidence;
  const notes: string[] = [];
  const body = named(sent.body, sender, how, notes);
  const {
    list,
    items: rows,
    notes: listNotes,
  } = chooseList(body, tables, settings.lists, {
    link: unit.link,
    systemTitle: opened.systemTitle,
    earlierListId: evidence.earlierListId,
  });
  for (const note of listNotes) notes.push(note);
  const items = rows.map((row, index) => presentItem(row, index, list, settings.dates));
  const listId = listIdOf(rows) ?? null;
  if (listId !== null) senders.sentListId(sender, listId);
  if (list !== undefined && items.some(({ scalerFrom }) => scalerFrom === "table")) {
    notes.push(`list table ${list.id} gives scalers and units, the frame has none`);
  }
  const hasClock = items.some(({ name }) => clockNames.has(name));
  const layout: BodyLayout = { list, listId, meterId: meterIdOf(rows), keys: keysOf(items), hasClock, notes };
  if (start !== undefined) {
    const isComplete = body.layout !== "positional" && rows.every(({ scalerUnit }) => scalerUnit !== undefined);
    layouts.keep(opened.plain.subarray(start), {
      layout,
      rows,
      items,
      settings,
      evidence: isComplete ? undefined : evidence,
    });
  }
  const all = unit.notes.concat(opened.notes, sent.notes ?? [], notes);
  return pushOf(unit, opened, how, sent, { layout, items }, all);
}

function pushOf(
  unit: Unit,
  opened: Opened,
  how: Interpretation,
  { longInvokeId, time }: Pick<Notification, "longInvokeId" | "time">,
  { layout, items }: KnownBody,
  notes: readonly string[],
): Push {
  const { meter, systemTitle, security, receivedAt, link } = base(unit, opened, how);
  const { meterId, listId, list, keys, hasClock } = layout;
  return {
    kind: "data",
    meter,
    systemTitle,
    security,
    receivedAt,
    link,
    meterId,
    listId,
    table: list?.id ?? null,
    time: time === undefined ? null : dateOf(time, how.settings.dates),
    clock: hasClock ? clockOf(items) : null,
    longInvokeId,
    confirmed: ((longInvokeId ?? 0) >>> confirmedBit) % 2 === 1,
    values: valuesByKey(keys, items),
    items,
    // names and scalers in the frame are the meter's own
    notes: list === undefined ? notes : notes.concat(plausibilityNotes(items)),
  };
}

/** The parts that all pushes have. */
export function base(
  unit: Unit,
  opened: Opened,
  how: Interpretation,
): Pick<Push, "meter" | "systemTitle" | "security" | "link" | "receivedAt"> {
  return {
    meter: how.settings.name,
    systemTitle: opened.title?.shown ?? null,
    receivedAt: how.receivedAt,
    security: opened.security,
    link: linkOf(unit, how),
  };
}

/** One literal: a spread of the link costs more than the copy of its fields. */
function linkOf({ link }: Unit, { peer }: Interpretation): Push["link"] {
  const { framing, source, destination, frames, bytes } = link;
  return { framing, source, destination, frames, bytes, peer };
}

function named(body: Body, sender: string, how: Interpretation, notes: string[]): Body {
  const { learned, rememberObjects } = how.settings;
  if (learned.length > 0) {
    const { body: known, note } = withLearned(body, learned);
    if (note !== undefined) notes.push(note);
    if (known.layout !== "positional") return known;
  }
  if (!rememberObjects) return body;
  if (body.objects !== undefined) how.senders.sentObjects(sender, body.objects);
  const objects = how.senders.objects(sender, body.items.length);
  const again = objects === undefined ? undefined : withObjects(body, objects);
  if (again === undefined) return body;
  notes.push("an object list that the meter pushed earlier gives the names");
  return again;
}

export function meterIdOf(items: readonly BodyItem[]): string | null {
  if (!items.some(({ logicalName }) => logicalName === null || meterNumberSet.has(logicalName))) return null;
  for (const name of meterNumbers) {
    const item = items.find(({ logicalName }) => logicalName === name);
    const text = item && textOf(item.node)?.trim();
    if (text !== undefined && text !== "") return text;
  }
  // the Lower Austrian operator sends the meter number last, without a name, after values with names
  const last = items.at(-1);
  const isAlone = items.filter(({ logicalName }) => logicalName === null).length === 1;
  return last?.logicalName === null && isAlone && items.length > 1 ? (textOf(last.node) ?? null) : null;
}

function clockOf(items: readonly PushItem[]): string | null {
  const valueOf = (name: string): string | null => {
    const value = items.find(({ logicalName }) => logicalName === name)?.value;
    return typeof value === "string" ? value : null;
  };
  const [date, time] = [valueOf(dateName), valueOf(timeName)];
  return valueOf(clockName) ?? (date !== null && time !== null ? `${date}T${time}` : null);
}

/** Values by name; if a push has several attributes of an object, those other than 2 are stored as name/attribute. */
export function valuesOf(items: readonly PushItem[]): Record<string, unknown> {
  return valuesByKey(keysOf(items), items);
}

function valuesByKey(keys: readonly string[], items: readonly PushItem[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [i, { value }] of items.entries()) values[keys[i] ?? ""] = value;
  return values;
}

/** The key of each value. */
function keysOf(items: readonly PushItem[]): string[] {
  const counts = new Map<string, number>();
  for (const { name } of items) counts.set(name, (counts.get(name) ?? 0) + 1);
  const names = items.map(({ name }) => name);
  if (counts.size === items.length) return names;
  const taken = new Set<string>();
  return items.map(({ name, index, attributeId }) => {
    const isShared = (counts.get(name) ?? 0) > 1 && attributeId !== null && attributeId !== 2;
    const own = isShared ? `${name}/${attributeId}` : name;
    const key = taken.has(own) ? `#${index}` : own;
    taken.add(key);
    return key;
  });
}
