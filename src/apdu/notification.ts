/** EventNotification, DataNotification and its confirmation: reader and writer. */
import type { ByteReader, ByteWriter } from "../bytes";
import { sliceValue } from "../codec";
import { DlmsConfigError } from "../errors";
import {
  readAttribute,
  readDateTime,
  readPresence,
  writeAttribute,
  writeDateTime,
  writeOctets,
  writeU32,
} from "./fields";
import type { DataNotification, DataNotificationConfirm, EventNotification } from "./model";

export function readEventNotification(reader: ByteReader): EventNotification {
  const field = "event-notification";
  const time = readPresence(reader, `${field}.time`) ? readEventTime(reader, `${field}.time`) : undefined;
  const attribute = readAttribute(reader, `${field}.attribute`);
  const data = sliceValue(reader, `${field}.value`);
  const event = { apdu: "event-notification", attribute, data } as const;
  return time === undefined ? event : { ...event, time };
}

/**
 * Meters send 12 bytes after a length, or after a data tag and a length (09 0C). Without a length, as the fixed size in
 * the standard suggests, the first byte belongs to the year: 07 from 1792 to 2047.
 */
function readEventTime(reader: ByteReader, field: string): Uint8Array | undefined {
  const first = reader.peek();
  if (first === 7 || first === 8 || first === 0xff) return reader.bytes(12, field);
  return readDateTime(reader, field);
}

export function writeEventNotification(writer: ByteWriter, apdu: EventNotification): void {
  writer.u8(0xc2).u8(apdu.time ? 1 : 0);
  if (apdu.time) {
    if (apdu.time.length !== 12) {
      throw new DlmsConfigError("CONFIG_INVALID", `event time: expected 12 bytes, got ${apdu.time.length}`);
    }
    writeOctets(writer, apdu.time);
  }
  writeAttribute(writer, apdu.attribute);
  writer.bytes(apdu.data);
}

export function readDataNotification(reader: ByteReader): DataNotification {
  const field = "data-notification";
  const longInvokeId = reader.u32(`${field}.long-invoke-id-and-priority`);
  const dateTime = readDateTime(reader, `${field}.date-time`);
  const data = sliceValue(reader, `${field}.body`);
  const notification = { apdu: "data-notification", longInvokeId, data } as const;
  return dateTime === undefined ? notification : { ...notification, dateTime };
}

export function writeDataNotification(writer: ByteWriter, apdu: DataNotification): void {
  writeU32(writer.u8(0x0f), apdu.longInvokeId, "long-invoke-id-and-priority");
  writeDateTime(writer, apdu.dateTime);
  writer.bytes(apdu.data);
}

export function readDataNotificationConfirm(reader: ByteReader): DataNotificationConfirm {
  const apduName = "data-notification-confirm";
  const longInvokeId = reader.u32(`${apduName}.long-invoke-id-and-priority`);
  const dateTime = readDateTime(reader, `${apduName}.date-time`);
  const confirm = { apdu: apduName, longInvokeId } as const;
  return dateTime === undefined ? confirm : { ...confirm, dateTime };
}

export function writeDataNotificationConfirm(writer: ByteWriter, apdu: DataNotificationConfirm): void {
  writeU32(writer.u8(0x10), apdu.longInvokeId, "long-invoke-id-and-priority");
  writeDateTime(writer, apdu.dateTime);
}
