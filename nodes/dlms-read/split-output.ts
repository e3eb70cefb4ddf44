/** The messages of a result: one, or one for each value, row or object. */
import type { NodeMessage } from "node-red";
import type { ReadOutcome } from "./run-request";

type Outgoing = NodeMessage & Record<string, unknown>;

interface Item {
  readonly payload: unknown;
  readonly topic: string | undefined;
  readonly dlms: unknown;
  /** the name in an object, absent in an array */
  readonly key?: string;
}

function itemsOf({ payload, dlms }: ReadOutcome): Item[] | undefined {
  const info = dlms as { mode?: string; items?: Record<string, unknown>; logicalName?: string };
  if (Array.isArray(payload)) {
    return payload.map((row: unknown) => {
      const name = (row as { logicalName?: unknown } | null)?.logicalName;
      return { payload: row, topic: info.logicalName ?? (typeof name === "string" ? name : undefined), dlms };
    });
  }
  if (info.mode !== "list" || typeof payload !== "object") return undefined;
  return Object.entries(payload as object).map(([key, value]: [string, unknown]) => ({
    key,
    payload: value,
    topic: key,
    dlms: { ...(info.items?.[key] as object), ...errorsOf(info.items) },
  }));
}

/** A failed item has no own message; the other messages carry its error. */
function errorsOf(items: Record<string, unknown> = {}): object {
  const failed = Object.entries(items).flatMap(([name, item]) => {
    const { error } = item as { error?: unknown };
    return error === undefined ? [] : [[name, error] as const];
  });
  return failed.length === 0 ? {} : { errors: Object.fromEntries(failed) };
}

/**
 * One message for each value, row or object, with the `parts` that a Join node in automatic mode needs. The first is the
 * input message. A single value stays one message without `parts`.
 */
export function splitMessages(msg: NodeMessage, outcome: ReadOutcome): NodeMessage[] {
  const items = itemsOf(outcome);
  const incoming = msg as Outgoing;
  if (items === undefined) return [incoming];
  const outer = incoming.parts === undefined ? {} : { parts: incoming.parts };
  const id = msg._msgid;
  const { topic } = incoming;
  const own = topic === undefined || topic === null || topic === "";
  return items.map((item, index) => {
    const one: Outgoing = index === 0 ? incoming : { ...incoming };
    one.payload = item.payload;
    one.dlms = item.dlms;
    if (own && item.topic !== undefined) one.topic = item.topic;
    one.parts = {
      id,
      type: item.key === undefined ? "array" : "object",
      ...(item.key === undefined ? { len: 1 } : { key: item.key }),
      index,
      count: items.length,
      ...outer,
    };
    return one;
  });
}
