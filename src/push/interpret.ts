/** From an opened unit to a push. */
import { parseApdu } from "../apdu";
import { attributeName, dateTimeFromBytes, obisDotted } from "../cosem";
import { isDlmsError } from "../errors";
import { base, dataPush, type Interpretation, meterIdOf, newDataPush, valuesOf } from "./data-push";
import { readBody } from "./layouts/body";
import { dateOf, presentItem } from "./layouts/items";
import { readTelegram } from "./layouts/telegram";
import { notPushed } from "./notification";
import { type Opened, wrongKey } from "./opening/open";
import type { Push } from "./push";
import { crc16Arc } from "./units/p1-units";
import { noNotes, type Unit } from "./units/unit";

const unconfirmed = { longInvokeId: null, confirmed: false } as const;
const slash = 0x2f;
/** @throws DlmsError if the content is not a push */
export function interpret(unit: Unit, opened: Opened, how: Interpretation): Push {
  const { plain } = opened;
  if (unit.kind === "text" || plain[0] === slash) return textPush(plain, unit, opened, how);
  if (plain[0] === 0xc2) return eventPush(unit, opened, how);
  try {
    return dataPush(unit, opened, how);
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
  const opened = { plain: bytes, security: null, systemTitle: null, title: null, notes: noNotes };
  return newDataPush(unit, opened, how, { longInvokeId: null, time: undefined, body: readBody(bytes) });
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
