/** Which list table names the values of a push, or scales them. Never by length alone. */
import { latin1 } from "../../bytes";
import type { PushLink } from "../units/unit";
import type { PushList, PushListEntry } from "../lists";
import { type Body, type BodyItem, listIdName, textOf } from "./body";
import { unitByObis } from "./units-by-obis";

/** "no unit, count" in the standard's table */
const noUnit = 255;

export interface ListEvidence {
  readonly link: PushLink;
  readonly systemTitle: Uint8Array | null;
  /** the list id that the same sender sent before */
  readonly earlierListId: string | undefined;
}

export interface ChosenList {
  readonly list: PushList | undefined;
  readonly items: readonly BodyItem[];
  readonly notes: readonly string[];
}

/** @param choice "auto", "none", or the id of a table */
export function chooseList(body: Body, lists: readonly PushList[], choice: string, evidence: ListEvidence): ChosenList {
  const { items } = body;
  const isPositional = body.layout === "positional";
  if (choice === "none" || (!isPositional && items.every(({ scalerUnit }) => scalerUnit !== undefined))) {
    return { list: undefined, items, notes: [] };
  }
  if (choice !== "auto") return byChoice(body, lists, choice);
  return isPositional ? positional(items, lists, evidence) : scalersOnly(items, lists, evidence);
}

function byChoice({ items, layout }: Body, lists: readonly PushList[], choice: string): ChosenList {
  const list = lists.find(({ id }) => id === choice);
  if (list === undefined || layout !== "positional" || list.entries === undefined) return { list, items, notes: [] };
  if (list.entries.length === items.length) return { list, items: applied(items, list.entries), notes: [] };
  const note = `list table ${choice} has ${list.entries.length} values, the push has ${items.length}: they have no names`;
  return { list: undefined, items, notes: [note] };
}

function scalersOnly(items: readonly BodyItem[], lists: readonly PushList[], evidence: ListEvidence): ChosenList {
  const id = listIdOf(items);
  const device = deviceName(items);
  const list = lists.find(
    (each) =>
      each.entries === undefined &&
      each.chosenOnly !== true &&
      (id !== undefined
        ? each.listId?.test(id) === true
        : each.listId === undefined && isMaker(each, device, evidence)),
  );
  return { list, items, notes: list?.caution === undefined ? [] : [list.caution] };
}

function positional(items: readonly BodyItem[], lists: readonly PushList[], evidence: ListEvidence): ChosenList {
  const fitting = lists.filter(({ entries }) => entries !== undefined && fits(items, entries));
  const id = items[0] === undefined ? undefined : textOf(items[0].node);
  const byId = fitting.filter(({ listId }) => id !== undefined && listId?.test(id) === true);
  const { earlierListId } = evidence;
  const byMaker = fitting.filter(
    (each) =>
      each.chosenOnly !== true &&
      each.listId === undefined &&
      (isMaker(each, id, evidence) || (earlierListId !== undefined && each.after?.test(earlierListId) === true)),
  );
  const [list, ...others] = byId.length > 0 ? byId : byMaker;
  if (list?.entries !== undefined && others.length === 0)
    return { list, items: applied(items, list.entries), notes: [] };
  const names = fitting.map((each) => each.id).join(", ");
  const note =
    names === ""
      ? `the ${items.length} values of the push have no names, and no list table fits them`
      : `the ${items.length} values of the push have no names; list tables with this number of values: ${names}. Choose the one of this meter`;
  return { list: undefined, items, notes: [note] };
}

function isMaker({ maker, link }: PushList, device: string | undefined, evidence: ListEvidence): boolean {
  const { source, destination } = evidence.link;
  if (source !== null && destination !== null && link?.includes(`${destination}/${source}`) === true) return true;
  if (maker === undefined) return false;
  if (device !== undefined && maker.test(device)) return true;
  return evidence.systemTitle !== null && maker.test(latin1(evidence.systemTitle.subarray(0, 3)));
}

function fits(items: readonly BodyItem[], entries: readonly PushListEntry[]): boolean {
  if (items.length !== entries.length) return false;
  return items.every(({ node: { value } }, i) => {
    const entry = entries[i];
    if (entry?.types !== undefined && !entry.types.includes(value.type)) return false;
    return entry?.length === undefined || (value.type === "octet-string" && value.value.length === entry.length);
  });
}

function applied(items: readonly BodyItem[], entries: readonly PushListEntry[]): BodyItem[] {
  return items.map((item, i) => {
    const { logicalName = null, scaler, unitCode } = entries[i] ?? {};
    if (scaler === undefined && unitCode === undefined) return { ...item, logicalName };
    const unit = unitCode ?? (logicalName === null ? undefined : unitByObis(logicalName)) ?? noUnit;
    return { ...item, logicalName, scalerUnit: { scaler: scaler ?? 0, unitCode: unit }, scalerFrom: "table" };
  });
}

/** The list id of a push that has names. */
export function listIdOf(items: readonly BodyItem[]): string | undefined {
  const item = items.find(({ logicalName }) => logicalName === listIdName);
  return item === undefined ? undefined : textOf(item.node);
}

function deviceName(items: readonly BodyItem[]): string | undefined {
  const item = items.find(({ logicalName }) => logicalName === "0.0.42.0.0.255");
  return item === undefined ? undefined : textOf(item.node);
}
