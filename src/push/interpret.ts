/** From an opened unit to a push. */
import { type Apdu, type InformationReport, parseApdu } from "../apdu";
import { ByteReader, toHex } from "../bytes";
import { attributeName, dateTimeFromBytes, obisDotted } from "../cosem";
import { DlmsDecodeError, isDlmsError } from "../errors";
import { type Body, type BodyItem, clockName, plainBody, readBody, textOf, withObjects } from "./layouts/body";
import { chooseList, listIdOf } from "./layouts/choose-list";
import { dateOf, presentItem, type PushItem } from "./layouts/items";
import { withLearned } from "./layouts/learned";
import { readTelegram } from "./layouts/telegram";
import type { PushList } from "./lists";
import type { PushSettings } from "./meters";
import { type Opened, wrongKey } from "./opening/open";
import type { Push } from "./push";
import type { Senders } from "./senders";
import type { Unit } from "./units/unit";
import { crc16Arc } from "./units/p1-units";

export interface Interpretation {
  readonly settings: PushSettings;
  readonly tables: readonly PushList[];
  readonly senders: Senders;
  readonly peer: string | null;
  readonly receivedAt: string | null;
}

interface Notification {
  readonly longInvokeId: number | null;
  /** 12 bytes */
  readonly time: Uint8Array | undefined;
  readonly body: Body;
  readonly notes?: readonly string[];
}

/** Service-class bit of the long-invoke-id-and-priority. */
const confirmedBit = 30;

const slash = 0x2f;
/** Meter numbers, in the order in which they name the meter. */
const meterNumbers = [
  ...["0.0.96.1.0.255", "0.0.42.0.0.255", "0.0.96.1.1.255", "1.1.0.0.5.255", "1.1.96.1.0.255", "1.0.96.1.0.255"],
];

const meterNumberSet: ReadonlySet<string> = new Set(meterNumbers);

/** @throws DlmsError if the content is not a push */
export function interpret(unit: Unit, opened: Opened, how: Interpretation): Push {
  const { plain } = opened;
  if (unit.kind === "text" || plain[0] === slash) return textPush(plain, unit, opened, how);
  if (plain[0] === 0xc2) return eventPush(unit, opened, how);
  try {
    return dataPush(unit, opened, how, readNotification(plain));
  } catch (error) {
    // Without a tag, only the content shows that the key was wrong.
    const unverified = opened.security?.encrypted === true && !opened.security.verified;
    if (unverified && opened.systemTitle !== null && isDlmsError(error) && error.layer === "codec") {
      throw wrongKey(opened.systemTitle);
    }
    throw error;
  }
}

/** A body without an APDU around it, as readers forward it. */
export function interpretBody(unit: Unit, bytes: Uint8Array, how: Interpretation): Push {
  const opened = { plain: bytes, security: null, systemTitle: null, notes: [] };
  return dataPush(unit, opened, how, { longInvokeId: null, time: undefined, body: readBody(bytes) });
}

function readNotification(bytes: Uint8Array): Notification {
  const untyped = untypedNotification(bytes);
  if (untyped !== undefined) return untyped;
  const apdu = parseApdu(bytes);
  if (apdu.apdu === "data-notification") {
    const { longInvokeId, dateTime, data } = apdu;
    return { longInvokeId, time: dateTime, body: readBody(data) };
  }
  if (apdu.apdu === "information-report") return reported(apdu);
  throw notPushed(apdu);
}

function notPushed({ apdu }: Apdu): DlmsDecodeError {
  return new DlmsDecodeError("DECODE_TAG", `push: ${apdu} is no notification; it was not given out`, {
    details: { path: "apdu" },
  });
}

/** Meters with short names push information-reports: their values have no OBIS codes. */
function reported({ variables, values }: InformationReport): Notification {
  const names = variables.map((each) => ("name" in each ? `0x${each.name.toString(16).padStart(4, "0")}` : each.kind));
  const note = `the values of an information-report have short names, no OBIS codes: ${names.join(", ")}`;
  return { longInvokeId: null, time: undefined, body: plainBody(values), notes: [note] };
}

/** A data-notification whose body is not valid A-XDR: reads only its header. */
function untypedNotification(bytes: Uint8Array): Notification | undefined {
  if (bytes[0] !== 0x0f || bytes.length < 12) return undefined;
  const reader = new ByteReader(bytes, 1);
  const longInvokeId = reader.u32("long-invoke-id-and-priority");
  const length = reader.u8("date-time");
  if (length !== 0 && length !== 12) return undefined;
  const time = length === 0 ? undefined : reader.bytes(12, "date-time");
  const rest = reader.rest();
  if (rest[0] !== 2 || rest[1] !== 2 || rest[2] !== 0x16 || rest[4] !== 1) return undefined;
  try {
    return { longInvokeId, time, body: readBody(rest) };
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    return undefined;
  }
}

function base(
  unit: Unit,
  opened: Opened,
  how: Interpretation,
): Pick<Push, "meter" | "systemTitle" | "security" | "link" | "receivedAt"> {
  return {
    meter: how.settings.name,
    systemTitle: opened.systemTitle === null ? null : toHex(opened.systemTitle).toUpperCase(),
    receivedAt: how.receivedAt,
    security: opened.security,
    link: { ...unit.link, peer: how.peer },
  };
}

const unconfirmed = { longInvokeId: null, confirmed: false } as const;

function dataPush(unit: Unit, opened: Opened, how: Interpretation, sent: Notification): Push {
  const sender =
    opened.systemTitle === null
      ? `${how.peer ?? ""}/${unit.link.destination}/${unit.link.source}`
      : toHex(opened.systemTitle);
  const { time, longInvokeId } = sent;
  const notes = unit.notes.concat(opened.notes, sent.notes ?? []);
  const { dates, lists } = how.settings;
  const body = named(sent.body, sender, how, notes);
  const evidence = { link: unit.link, systemTitle: opened.systemTitle, earlierListId: how.senders.listId(sender) };
  const { list, items: rows, notes: listNotes } = chooseList(body, how.tables, lists, evidence);
  for (const note of listNotes) notes.push(note);
  const items = rows.map((row, index) => presentItem(row, index, list, dates));
  const listId = listIdOf(rows) ?? null;
  const { meter, systemTitle, security, receivedAt, link } = base(unit, opened, how);
  if (listId !== null) how.senders.sentListId(sender, listId);
  if (list !== undefined && items.some(({ scalerFrom }) => scalerFrom === "table")) {
    notes.push(`list table ${list.id} gives scalers and units, the frame has none`);
  }
  return {
    kind: "data",
    meter,
    systemTitle,
    security,
    receivedAt,
    link,
    meterId: meterIdOf(rows),
    listId,
    table: list?.id ?? null,
    time: time === undefined ? null : dateOf(time, dates),
    clock: clockOf(items),
    longInvokeId,
    confirmed: ((longInvokeId ?? 0) >>> confirmedBit) % 2 === 1,
    values: valuesOf(items),
    items,
    notes,
  };
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

function meterIdOf(items: readonly BodyItem[]): string | null {
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
  const [date, time] = [valueOf("1.0.0.9.2.255"), valueOf("1.0.0.9.1.255")];
  return valueOf(clockName) ?? (date !== null && time !== null ? `${date}T${time}` : null);
}

/** Values by name; if a push has several attributes of an object, those other than 2 are stored as name/attribute. */
function valuesOf(items: readonly PushItem[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  let isUnique = true;
  for (const { name, value } of items) {
    isUnique &&= !Object.hasOwn(values, name);
    values[name] = value;
  }
  return isUnique ? values : sharedValues(items);
}

function sharedValues(items: readonly PushItem[]): Record<string, unknown> {
  const counts = new Map<string, number>();
  for (const { name } of items) counts.set(name, (counts.get(name) ?? 0) + 1);
  const values: Record<string, unknown> = {};
  for (const { name, value, index, attributeId } of items) {
    const isShared = (counts.get(name) ?? 0) > 1 && attributeId !== null && attributeId !== 2;
    const key = isShared ? `${name}/${attributeId}` : name;
    values[Object.hasOwn(values, key) ? `#${index}` : key] = value;
  }
  return values;
}

function eventPush(unit: Unit, opened: Opened, how: Interpretation): Push {
  const apdu = parseApdu(opened.plain);
  if (apdu.apdu !== "event-notification") throw notPushed(apdu);
  const { dates } = how.settings;
  const { classId, instanceId, attributeId } = apdu.attribute;
  const logicalName = obisDotted(instanceId);
  const node = readBody(apdu.data).items;
  const items = node.map((item, index) =>
    presentItem(node.length === 1 ? { ...item, classId, logicalName, attributeId } : item, index, undefined, dates),
  );
  const value = items.length === 1 ? items[0]?.value : items.map((item) => item.value);
  return {
    kind: "event",
    meterId: meterIdOf(node),
    listId: null,
    table: null,
    time: apdu.time === undefined || dateTimeFromBytes(apdu.time).year === null ? null : dateOf(apdu.time, dates),
    clock: null,
    ...unconfirmed,
    values: valuesOf(items),
    items,
    event: { classId, logicalName, attributeId, attribute: attributeName(classId, attributeId) ?? null, value },
    notes: [...unit.notes, ...opened.notes],
    ...base(unit, opened, how),
  };
}

/** A telegram, plain or inside a ciphered APDU. There the tag is decisive, because some meters send a wrong CRC. */
function textPush(plain: Uint8Array, unit: Unit, opened: Opened, how: Interpretation): Push {
  const notes = [...unit.notes, ...opened.notes];
  const end = plain.lastIndexOf(0x21);
  if (unit.kind === "apdu") for (const note of crcNotes(plain, end, opened)) notes.push(note);
  const { items, time, meterId, identification } = readTelegram(
    plain.subarray(0, end < 0 ? plain.length : end),
    how.settings.dates,
  );
  return {
    kind: "text",
    meterId,
    listId: identification,
    table: null,
    time,
    clock: time,
    ...unconfirmed,
    values: valuesOf(items),
    items,
    notes,
    ...base(unit, opened, how),
  };
}

function crcNotes(plain: Uint8Array, end: number, opened: Opened): string[] {
  const behind = Buffer.from(plain.subarray(end + 1)).toString("latin1");
  const isRight = end > 0 && Number.parseInt(behind, 16) === crc16Arc(plain.subarray(0, end + 1));
  const isClean = /^[0-9A-Fa-f]{0,4}\r?\n?$/.test(behind);
  if (isRight && isClean) return [];
  if (opened.security?.verified === true)
    return ["the CRC of the text is wrong or absent, its authentication tag is right"];
  if (opened.systemTitle !== null && end > 0 && !isClean) throw wrongKey(opened.systemTitle);
  if (end < 0 || !isClean || behind.trim() !== "") throw wrongKey(opened.systemTitle ?? new Uint8Array(0));
  return ["the text has no CRC, and no tag was verified"];
}
