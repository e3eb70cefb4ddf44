/** xDLMS InitiateRequest and InitiateResponse: reader and writer. */
import type { ByteReader, ByteWriter } from "../bytes";
import { DlmsConfigError } from "../errors";
import { hexByte, readOctets, readPresence, writeOctets, writeU16, writeU8 } from "./fields";
import type { InitiateRequest, InitiateResponse } from "./model";

/** xDLMS InitiateRequest; the tag has been read. */
export function readInitiateRequest(reader: ByteReader): InitiateRequest {
  const what = "initiate-request";
  const dedicatedKey = readPresence(reader, `${what}.dedicated-key`)
    ? readOctets(reader, `${what}.dedicated-key`)
    : undefined;
  const responseAllowed = readPresence(reader, `${what}.response-allowed`)
    ? reader.u8(`${what}.response-allowed`) !== 0
    : true;
  const qualityOfService = readQuality(reader, what);
  const dlmsVersion = reader.u8(`${what}.dlms-version`);
  const conformance = readConformance(reader, `${what}.conformance`);
  const maxPduSize = reader.u16(`${what}.client-max-receive-pdu-size`);
  return {
    apdu: "initiate-request",
    ...(dedicatedKey && { dedicatedKey }),
    responseAllowed,
    ...(qualityOfService !== undefined && { qualityOfService }),
    dlmsVersion,
    conformance,
    maxPduSize,
  };
}

export function writeInitiateRequest(writer: ByteWriter, apdu: InitiateRequest): void {
  writer.u8(0x01).u8(apdu.dedicatedKey ? 1 : 0);
  if (apdu.dedicatedKey) writeOctets(writer, apdu.dedicatedKey);
  if (apdu.responseAllowed) writer.u8(0);
  else writer.u8(1).u8(0);
  writeQuality(writer, apdu.qualityOfService);
  writeU8(writer, apdu.dlmsVersion, "dlms-version");
  writeConformance(writer, apdu.conformance);
  writeU16(writer, apdu.maxPduSize, "client-max-receive-pdu-size");
}

/** xDLMS InitiateResponse; the tag has been read. A maximum PDU size of 0 means that the server sets no limit. */
export function readInitiateResponse(reader: ByteReader): InitiateResponse {
  const what = "initiate-response";
  const qualityOfService = readQuality(reader, what);
  const dlmsVersion = reader.u8(`${what}.dlms-version`);
  const conformance = readConformance(reader, `${what}.conformance`);
  const maxPduSize = reader.u16(`${what}.server-max-receive-pdu-size`);
  const vaaName = reader.u16(`${what}.vaa-name`);
  return {
    apdu: "initiate-response",
    ...(qualityOfService !== undefined && { qualityOfService }),
    dlmsVersion,
    conformance,
    maxPduSize,
    vaaName,
  };
}

export function writeInitiateResponse(writer: ByteWriter, apdu: InitiateResponse): void {
  writer.u8(0x08);
  writeQuality(writer, apdu.qualityOfService);
  writeU8(writer, apdu.dlmsVersion, "dlms-version");
  writeConformance(writer, apdu.conformance);
  writeU16(writer, apdu.maxPduSize, "server-max-receive-pdu-size");
  writeU16(writer, apdu.vaaName, "vaa-name");
}

function readQuality(reader: ByteReader, what: string): number | undefined {
  return readPresence(reader, `${what}.quality-of-service`) ? reader.i8(`${what}.quality-of-service`) : undefined;
}

function writeQuality(writer: ByteWriter, quality: number | undefined): void {
  if (quality === undefined) {
    writer.u8(0);
    return;
  }
  if (!Number.isInteger(quality) || quality < -128 || quality > 127) {
    throw new DlmsConfigError("CONFIG_INVALID", `quality of service: expected -128 to 127, got ${quality}`);
  }
  writer.u8(1).i8(quality);
}

/** `5F 1F 04 00` and 24 bits; older Landis+Gyr meters leave out the 1F. */
function readConformance(reader: ByteReader, what: string): number {
  const tag = reader.u8(what);
  if (tag !== 0x5f) {
    reader.seek(reader.offset - 1);
    reader.fail("DECODE_TAG", what, `expected the tag 5f, got ${hexByte(tag)}`, { tag });
  }
  if (reader.peek() === 0x1f) reader.u8(what);
  const length = reader.length(what);
  if (length !== 4) reader.fail("DECODE_LENGTH", what, `expected 4 bytes, the length says ${length}`);
  return reader.u32(what) & 0xffffff;
}

function writeConformance(writer: ByteWriter, conformance: number): void {
  if (!Number.isInteger(conformance) || conformance < 0 || conformance > 0xffffff) {
    throw new DlmsConfigError("CONFIG_INVALID", `conformance: expected 24 bits, got ${conformance}`);
  }
  writer.u8(0x5f).u8(0x1f).u8(0x04).u32(conformance);
}
