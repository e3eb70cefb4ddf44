/** Fields that several services share: reader and writer of each, side by side. */
import { ByteReader, type ByteWriter } from "../bytes";
import { decodeValue, encodeValue, sliceValue } from "../codec";
import { DlmsConfigError, DlmsDecodeError } from "../errors";
import type {
  AttributeDescriptor,
  AttributeDescriptorWithSelection,
  DataBlock,
  GetDataResult,
  MethodDescriptor,
  SelectiveAccess,
} from "./model";

/** A one-byte flag of an OPTIONAL or a CHOICE between absence and presence. */
export function readPresence(reader: ByteReader, field: string): boolean {
  const flag = reader.u8(field);
  if (flag > 1) {
    reader.seek(reader.offset - 1);
    reader.fail("DECODE_VALUE", field, `expected 00 (absent) or 01 (present), got ${hexByte(flag)}`);
  }
  return flag === 1;
}

/** A BOOLEAN: meters send 01, FF and others for true. */
export function readBoolean(reader: ByteReader, field: string): boolean {
  return reader.u8(field) !== 0;
}

/**
 * Maximum number of entries in a list of one APDU. Requests have a few hundred at most; a refused item takes two bytes
 * on the line and 100 in memory.
 */
export const maxListEntries = 65_535;

/** An element count, checked against the remaining bytes before memory is allocated. */
export function readCount(reader: ByteReader, field: string, minSize: number): number {
  const count = reader.length(field);
  if (count * minSize > reader.remaining) {
    reader.fail("DECODE_TRUNCATED", field, `${count} entries are declared, ${reader.remaining} bytes are left`, {
      need: count * minSize,
    });
  }
  if (count > maxListEntries) {
    reader.fail("DECODE_LIMIT", field, `${count} entries are declared, at most ${maxListEntries} are taken`, { count });
  }
  return count;
}

export function readList<T>(reader: ByteReader, field: string, minSize: number, read: (field: string) => T): T[] {
  const count = readCount(reader, field, minSize);
  const list: T[] = [];
  for (let i = 0; i < count; i++) list.push(read(`${field}[${i}]`));
  return list;
}

export function writeList<T>(writer: ByteWriter, list: readonly T[], write: (item: T) => void): void {
  writer.writeLength(list.length);
  for (const item of list) write(item);
}

/** An OCTET STRING with its length. */
export function readOctets(reader: ByteReader, field: string): Uint8Array {
  return reader.bytes(reader.length(field), field);
}

export function writeOctets(writer: ByteWriter, bytes: Uint8Array): void {
  writer.writeLength(bytes.length).bytes(bytes);
}

/** A list of A-XDR values, each as its raw bytes. */
export function readDataList(reader: ByteReader, field: string): Uint8Array[] {
  return readList(reader, field, 1, (path) => sliceValue(reader, path));
}

export function writeDataList(writer: ByteWriter, list: readonly Uint8Array[]): void {
  writeList(writer, list, (data) => writer.bytes(data));
}

export function readAttribute(reader: ByteReader, field: string): AttributeDescriptor {
  const classId = reader.u16(`${field}.class-id`);
  const instanceId = reader.bytes(6, `${field}.instance-id`);
  return { classId, instanceId, attributeId: reader.i8(`${field}.attribute-id`) };
}

export function writeAttribute(writer: ByteWriter, attribute: AttributeDescriptor): void {
  writeU16(writer, attribute.classId, "class-id");
  writer.bytes(instanceId(attribute.instanceId));
  writeI8(writer, attribute.attributeId, "attribute-id");
}

export function readMethod(reader: ByteReader, field: string): MethodDescriptor {
  const classId = reader.u16(`${field}.class-id`);
  const instance = reader.bytes(6, `${field}.instance-id`);
  return { classId, instanceId: instance, methodId: reader.i8(`${field}.method-id`) };
}

export function writeMethod(writer: ByteWriter, method: MethodDescriptor): void {
  writeU16(writer, method.classId, "class-id");
  writer.bytes(instanceId(method.instanceId));
  writeI8(writer, method.methodId, "method-id");
}

export function readSelectiveAccess(reader: ByteReader, field: string): SelectiveAccess {
  const selector = reader.u8(`${field}.access-selector`);
  return { selector, parameters: decodeValue(reader, undefined, `${field}.access-parameters`) };
}

export function writeSelectiveAccess(writer: ByteWriter, access: SelectiveAccess): void {
  writeU8(writer, access.selector, "access-selector");
  encodeValue(writer, access.parameters, "access-parameters");
}

export function readAttributeWithSelection(reader: ByteReader, field: string): AttributeDescriptorWithSelection {
  const attribute = readAttribute(reader, field);
  if (!readPresence(reader, `${field}.access-selection`)) return attribute;
  return { ...attribute, access: readSelectiveAccess(reader, field) };
}

export function writeAttributeWithSelection(writer: ByteWriter, attribute: AttributeDescriptorWithSelection): void {
  writeAttribute(writer, attribute);
  writer.u8(attribute.access ? 1 : 0);
  if (attribute.access) writeSelectiveAccess(writer, attribute.access);
}

/** Get-Data-Result: 00 data, 01 data-access-result. */
export function readGetDataResult(reader: ByteReader, field: string, toEnd = false): GetDataResult {
  return readPresence(reader, field)
    ? { ok: false, result: reader.u8(`${field}.data-access-result`) }
    : { ok: true, data: toEnd ? reader.rest() : sliceValue(reader, `${field}.data`) };
}

/** Whether the bytes are one value and nothing else. */
export function isWholeValue(bytes: Uint8Array): boolean {
  const reader = new ByteReader(bytes);
  try {
    sliceValue(reader, "data");
    return reader.remaining === 0;
  } catch (error) {
    if (error instanceof DlmsDecodeError) return false;
    throw error;
  }
}

export function writeGetDataResult(writer: ByteWriter, result: GetDataResult): void {
  if (result.ok) writer.u8(0).bytes(result.data);
  else writeU8(writer.u8(1), result.result, "data-access-result");
}

/** DataBlock-SA: last, number, raw. */
export function readDataBlock(reader: ByteReader, field: string): DataBlock {
  const last = readBoolean(reader, `${field}.last-block`);
  const blockNumber = reader.u32(`${field}.block-number`);
  return { last, blockNumber, raw: readOctets(reader, `${field}.raw-data`) };
}

export function writeDataBlock(writer: ByteWriter, block: DataBlock): void {
  writer.u8(block.last ? 1 : 0);
  writeU32(writer, block.blockNumber, "block-number");
  writeOctets(writer, block.raw);
}

/** Date-time of DataNotification and ACCESS: 00, or 0C and 12 bytes; Kaifa meters put a data tag before it (09 0C, 09 00). */
export function readDateTime(reader: ByteReader, field: string): Uint8Array | undefined {
  const first = reader.u8(field);
  if (first === 0) return undefined;
  if (first === 9 && reader.peek() === 0) {
    reader.u8(field);
    return undefined;
  }
  if (first === 9 && reader.peek() === 12) reader.u8(field);
  else if (first !== 12) {
    reader.seek(reader.offset - 1);
    reader.fail("DECODE_LENGTH", field, `expected a date-time of 0 or 12 bytes, got ${first}`);
  }
  return reader.bytes(12, field);
}

export function writeDateTime(writer: ByteWriter, dateTime: Uint8Array | undefined): void {
  if (dateTime !== undefined && dateTime.length !== 12) {
    throw new DlmsConfigError("CONFIG_INVALID", `date-time: expected 12 bytes, got ${dateTime.length}`);
  }
  writeOctets(writer, dateTime ?? new Uint8Array(0));
}

export function writeU8(writer: ByteWriter, value: number, field: string): void {
  writer.u8(inRange(value, 0, 0xff, field));
}

export function writeI8(writer: ByteWriter, value: number, field: string): void {
  writer.i8(inRange(value, -0x80, 0x7f, field));
}

export function writeU16(writer: ByteWriter, value: number, field: string): void {
  writer.u16(inRange(value, 0, 0xffff, field));
}

export function writeU32(writer: ByteWriter, value: number, field: string): void {
  writer.u32(inRange(value, 0, 0xffffffff, field));
}

/** Refuses a choice byte that no form of the service has. */
export function unknownChoice(reader: ByteReader, field: string, choice: number): never {
  reader.seek(reader.offset - 1);
  return reader.fail("DECODE_TAG", field, `choice ${hexByte(choice)} does not belong to this service`, { choice });
}

export function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function inRange(value: number, low: number, high: number, field: string): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `${field}: expected a whole number from ${low} to ${high}, got ${value}`,
    );
  }
  return value;
}

function instanceId(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 6) {
    throw new DlmsConfigError("CONFIG_INVALID", `instance-id: expected 6 bytes, got ${bytes.length}`);
  }
  return bytes;
}
