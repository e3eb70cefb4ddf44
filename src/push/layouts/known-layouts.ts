/** Reads bodies that differ from an earlier body only in their numbers and clocks, without a search for their layout. */
import { toHex } from "../../bytes";
import { decodeValueBytes } from "../../codec";
import { scaleInteger } from "../../cosem";
import type { PushList } from "../lists";
import { type BodyItem, clockName } from "./body";
import { dateOf, type PushDates, type PushItem } from "./items";

/** What the values of a body mean. */
export interface BodyLayout {
  readonly list: PushList | undefined;
  readonly listId: string | null;
  readonly meterId: string | null;
  /** the key of each value in `values` */
  readonly keys: readonly string[];
  /** a value is the clock, or a part of it */
  readonly hasClock: boolean;
  readonly notes: readonly string[];
}

/** Settings of a meter; the layout belongs to this object. */
interface LayoutSettings {
  readonly dates: PushDates;
}

/** Facts outside the body on which its layout may depend. */
export interface LayoutEvidence {
  readonly sender: string;
  readonly source: string | null;
  readonly destination: string | null;
  readonly earlierListId: string | undefined;
}

/** A body in a known layout. */
export interface KnownBody {
  readonly layout: BodyLayout;
  readonly items: PushItem[];
}

/** A body that the general parser has read. */
export interface NewLayout {
  readonly layout: BodyLayout;
  readonly rows: readonly BodyItem[];
  readonly items: readonly PushItem[];
  readonly settings: LayoutSettings;
  /** undefined if the layout depends on the body and the settings alone */
  readonly evidence: LayoutEvidence | undefined;
}

interface KnownLayout {
  readonly layout: BodyLayout;
  readonly settings: LayoutSettings;
  /** undefined if the frame contains all names and scalers */
  readonly evidence: LayoutEvidence | undefined;
  readonly slots: readonly Slot[];
  readonly body: Uint8Array;
  /** 255 for each byte that must be the same, 0 for those of numbers and clocks */
  readonly mask: Uint8Array;
}

/** One value: its place in the body, and its item in the first push. */
interface Slot {
  readonly kind: "number" | "clock" | "constant";
  readonly at: number;
  readonly end: number;
  readonly item: PushItem;
}

/** Bytes of the numbers of fixed length, with their tag. */
const numberBytes = { 5: 5, 6: 5, 15: 2, 16: 3, 17: 2, 18: 3, 20: 9, 21: 9, 22: 2 } as Readonly<Record<number, number>>;
const clockClass = 8;
/** Bytes of a clock as octet-string, with tag and length. */
const clockBytes = 14;
/** Layouts of one body length: different lists may have the same length. */
const maxOfLength = 4;
const maxLengths = 32;
/** Maximum bytes of a body whose layout is kept. */
const maxBody = 2048;

/**
 * Keeps the layouts of the last bodies. A meter sends the same names, types and scalers with each push, so it suffices
 * to compare these bytes with those of an earlier body. A difference elsewhere than in a number or a clock needs the
 * general parser.
 */
export class KnownLayouts {
  /** by the length of the body */
  readonly #known = new Map<number, KnownLayout[]>();

  /** The items of the body from `start` to the end; undefined if its layout is not known. */
  read(bytes: Uint8Array, start: number, settings: LayoutSettings, evidence: LayoutEvidence): KnownBody | undefined {
    const known = this.#known.get(bytes.length - start)?.find((each) => isLike(each, bytes, start, settings, evidence));
    return known && { layout: known.layout, items: itemsOf(known, bytes, start, settings.dates) };
  }

  keep(body: Uint8Array, { layout, rows, items, settings, evidence }: NewLayout): void {
    const slots = body.length > maxBody ? undefined : slotsOf(body, rows, items);
    if (slots === undefined) return;
    const mask = new Uint8Array(body.length).fill(255);
    for (const { kind, at, end } of slots)
      if (kind !== "constant") mask.fill(0, kind === "number" ? at + 1 : at + 2, end);
    const ofLength = this.#known.get(body.length) ?? [];
    if (ofLength.length >= maxOfLength) ofLength.pop();
    ofLength.unshift({ layout, settings, evidence, slots, mask, body: body.slice() });
    this.#known.delete(body.length);
    this.#known.set(body.length, ofLength);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size > maxLengths) this.#known.delete(oldest);
  }
}

/** The place of each value; undefined if a value has none or is not primitive. */
function slotsOf(body: Uint8Array, rows: readonly BodyItem[], items: readonly PushItem[]): Slot[] | undefined {
  const slots: Slot[] = [];
  for (const [i, row] of rows.entries()) {
    const item = items[i];
    const { raw } = row.node;
    const at = raw.byteOffset - body.byteOffset;
    const end = at + raw.length;
    const isInside = raw.buffer === body.buffer && at >= 0 && end <= body.length;
    if (item === undefined || !isInside || typeof item.value === "object") return undefined;
    slots.push({ kind: kindOf(row), at, end, item: { ...item } });
  }
  return slots;
}

function kindOf({ node: { raw, value }, logicalName, classId }: BodyItem): Slot["kind"] {
  if (numberBytes[raw[0] ?? 0] === raw.length) return "number";
  const isClock = logicalName === clockName || classId === clockClass;
  return isClock && value.type === "octet-string" && raw.length === clockBytes ? "clock" : "constant";
}

function isLike(
  known: KnownLayout,
  bytes: Uint8Array,
  start: number,
  settings: LayoutSettings,
  { sender, source, destination, earlierListId }: LayoutEvidence,
): boolean {
  const { body, mask, evidence } = known;
  if (known.settings !== settings) return false;
  if (evidence !== undefined) {
    const isSameLink = evidence.source === source && evidence.destination === destination;
    if (evidence.sender !== sender || !isSameLink || evidence.earlierListId !== earlierListId) return false;
  }
  let difference = 0;
  for (let i = 0; i < body.length; i++) difference |= ((bytes[start + i] ?? 0) ^ (body[i] ?? 0)) & (mask[i] ?? 0);
  return difference === 0;
}

function itemsOf({ slots }: KnownLayout, bytes: Uint8Array, start: number, dates: PushDates): PushItem[] {
  const hex = toHex(bytes);
  const items: PushItem[] = [];
  for (const { kind, at, end, item } of slots) {
    const { index, logicalName, name, objectType, attributeId, dataIndex, unit, unitCode, scaler, scalerFrom, type } =
      item;
    let { value, raw } = item;
    if (kind !== "constant") {
      value =
        kind === "number" ? scaleInteger(numberAt(bytes, start + at), scaler ?? 0) : clockAt(bytes, start + at, dates);
      raw = hex.slice(2 * (start + at), 2 * (start + end));
    }
    items.push({
      index,
      logicalName,
      name,
      objectType,
      attributeId,
      dataIndex,
      value,
      unit,
      unitCode,
      scaler,
      scalerFrom,
      type,
      raw,
    });
  }
  return items;
}

/** The number whose tag is at `at`. */
function numberAt(bytes: Uint8Array, at: number): number | bigint {
  const first = bytes[at + 1] ?? 0;
  const second = bytes[at + 2] ?? 0;
  switch (bytes[at]) {
    case 5:
      return (first << 24) | (second << 16) | ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0);
    case 6:
      return ((first << 24) | (second << 16) | ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0)) >>> 0;
    case 15:
      return (first << 24) >> 24;
    case 16:
      return ((first << 24) >> 16) | second;
    case 18:
      return (first << 8) | second;
    case 20:
    case 21: {
      const { value } = decodeValueBytes(bytes.subarray(at, at + 9));
      return value as bigint;
    }
    default:
      return first;
  }
}

function clockAt(bytes: Uint8Array, at: number, dates: PushDates): string {
  const clock = bytes.subarray(at + 2, at + clockBytes);
  return dateOf(clock, dates) ?? toHex(clock);
}
