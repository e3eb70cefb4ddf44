// The message of a push: payload in the chosen form, and `msg.dlms`.
import { findClass, inKilo, type KeySource, keysOf, type Push, type PushItem, pushValues } from "../../src/index";
import { choiceOf, type RawSettings } from "../node-red/raw-settings";

export const payloadForms = ["VALUES", "ITEMS", "SINGLE"] as const;

export interface PushShape {
  /** values by OBIS code; a list of items; one message per value */
  readonly payload: (typeof payloadForms)[number];
  /** keys of the values: dotted OBIS codes, or short English names */
  readonly keys: "OBIS" | "NAME";
  readonly dates: "iso" | "date" | "epoch";
  readonly units: "METER" | "KILO";
}

/** The origin of a push, by the names in the flow. */
export interface PushOrigin {
  /** name of the source; null without one */
  readonly source: string | null;
  /** name of the meter; null where it has none */
  readonly meter: string | null;
}

export interface PushMessage {
  readonly topic: string;
  readonly payload: unknown;
  readonly dlms: Readonly<Record<string, unknown>>;
  /** of one message per value, for a Join node */
  readonly parts?: { readonly type: "object"; readonly key: string; readonly index: number; readonly count: number };
}

/** @throws DlmsConfigError */
export function pushShapeOf(raw: RawSettings): PushShape {
  return {
    payload: choiceOf(raw, "payload", payloadForms, "VALUES"),
    keys: choiceOf(raw, "keys", ["OBIS", "NAME"], "OBIS"),
    dates: choiceOf(raw, "dates", ["iso", "date", "epoch"], "iso"),
    units: choiceOf(raw, "units", ["METER", "KILO"], "METER"),
  };
}

const withOffset = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** An octet-string of 12 bytes, a date-time, or a time in a telegram; no other text counts as a time. */
const isTime = ({ raw, type }: PushItem): boolean => type === "text" || /^(090c|19)/.test(raw);

/** A time without an offset is not a point in time and remains unchanged. */
function dated(value: unknown, dates: PushShape["dates"]): unknown {
  if (dates === "iso" || typeof value !== "string" || !withOffset.test(value)) return value;
  const instant = new Date(value);
  return dates === "date" ? instant : instant.getTime();
}

function shaped(item: PushItem, { dates, units }: PushShape): PushItem {
  const value = isTime(item) ? dated(item.value, dates) : item.value;
  const quantity = units === "KILO" ? inKilo({ value, unit: item.unit }) : { value, unit: item.unit };
  return { ...item, ...quantity };
}

/** A value without an object class stands for attribute 2 of a Register. */
const usualClass = 3;

/** Short names; a value without a logical name keeps "#3". */
function shortNames(items: readonly PushItem[]): string[] {
  const named: KeySource[] = items.flatMap(({ logicalName, objectType, attributeId, dataIndex }) =>
    logicalName === null
      ? []
      : [
          {
            logicalName,
            classId: (objectType === null ? undefined : findClass(objectType)?.id) ?? usualClass,
            attributeId: attributeId ?? 2,
            dataIndex: dataIndex ?? 0,
          },
        ],
  );
  const names = keysOf(named).values();
  return items.map(({ logicalName, name }) => (logicalName === null ? name : (names.next().value ?? name)));
}

/** Keys and items, in the order of the push. */
function keyed(items: readonly PushItem[], style: PushShape["keys"]): [string, PushItem][] {
  const keys = style === "NAME" ? shortNames(items) : Object.keys(pushValues({ items }));
  return items.map((item, index) => [keys[index] ?? item.name, item]);
}

/** The topic of a push: the name of the meter, else its number, else its system title. */
export function topicOf(push: Push, { meter, source }: PushOrigin): string {
  return meter ?? push.meterId ?? push.systemTitle ?? push.link.peer ?? source ?? "";
}

function dlmsOf(push: Push, origin: PushOrigin, items: readonly PushItem[]): Readonly<Record<string, unknown>> {
  const { kind, meterId, systemTitle, listId, table, time, clock, receivedAt, event, raw, security, link, notes } =
    push;
  return {
    ...origin,
    ...{ meterId, systemTitle, kind, listId, table, time, clock, receivedAt, items },
    ...(event !== undefined && { event }),
    ...(raw !== undefined && { raw }),
    ...{ security, link, notes },
  };
}

/** The messages of a push: one, or one for each of its values. */
export function messagesOf(push: Push, origin: PushOrigin, shape: PushShape): PushMessage[] {
  const items = push.items.map((item) => shaped(item, shape));
  const dlms = dlmsOf(push, origin, items);
  const topic = topicOf(push, origin);
  if (shape.payload === "ITEMS") return [{ topic, payload: items, dlms }];
  const pairs = keyed(items, shape.keys);
  if (shape.payload === "VALUES" || pairs.length === 0) {
    return [{ topic, payload: Object.fromEntries(pairs.map(([key, { value }]) => [key, value])), dlms }];
  }
  return pairs.map(([key, item], index) => ({
    topic: `${topic}/${key}`,
    payload: item.value,
    dlms: { ...dlms, items: [item], item },
    parts: { type: "object", key, index, count: pairs.length },
  }));
}
