/** Services of short-name referencing: Read, Write, UnconfirmedWrite and InformationReport. */
import type { ByteReader, ByteWriter } from "../bytes";
import { sliceValue } from "../codec";
import {
  readBoolean,
  readDataList,
  readList,
  readOctets,
  readPresence,
  unknownChoice,
  writeDataList,
  writeList,
  writeOctets,
  writeU16,
  writeU8,
} from "./fields";
import type {
  DataBlock,
  InformationReport,
  ReadRequest,
  ReadResponse,
  ReadResult,
  UnconfirmedWriteRequest,
  VariableAccess,
  WriteRequest,
  WriteResponse,
  WriteResult,
} from "./model";

/** Variable-Access-Specification, IEC 62056-5-3 clause 8. */
function readVariable(reader: ByteReader, field: string): VariableAccess {
  const choice = reader.u8(field);
  switch (choice) {
    case 2:
      return { kind: "variable-name", name: reader.u16(`${field}.name`) };
    case 4: {
      const name = reader.u16(`${field}.name`);
      const selector = reader.u8(`${field}.selector`);
      return { kind: "parameterized-access", name, selector, data: sliceValue(reader, `${field}.parameter`) };
    }
    case 5:
      return { kind: "block-number-access", blockNumber: reader.u16(`${field}.block-number`) };
    case 6:
      return { kind: "read-data-block-access", block: readShortBlock(reader, field) };
    case 7: {
      const last = readBoolean(reader, `${field}.last-block`);
      return { kind: "write-data-block-access", last, blockNumber: reader.u16(`${field}.block-number`) };
    }
    default:
      return unknownChoice(reader, field, choice);
  }
}

function writeVariable(writer: ByteWriter, variable: VariableAccess): void {
  switch (variable.kind) {
    case "variable-name":
      writeU16(writer.u8(2), variable.name, "variable-name");
      return;
    case "parameterized-access":
      writeU16(writer.u8(4), variable.name, "variable-name");
      writeU8(writer, variable.selector, "selector");
      writer.bytes(variable.data);
      return;
    case "block-number-access":
      writeU16(writer.u8(5), variable.blockNumber, "block-number");
      return;
    case "read-data-block-access":
      writeShortBlock(writer.u8(6), variable.block);
      return;
    case "write-data-block-access":
      writeU16(writer.u8(7).u8(variable.last ? 1 : 0), variable.blockNumber, "block-number");
  }
}

/** Blocks of the short-name services have 16-bit numbers. */
function readShortBlock(reader: ByteReader, field: string): DataBlock {
  const last = readBoolean(reader, `${field}.last-block`);
  const blockNumber = reader.u16(`${field}.block-number`);
  return { last, blockNumber, raw: readOctets(reader, `${field}.raw-data`) };
}

function writeShortBlock(writer: ByteWriter, block: DataBlock): void {
  writeU16(writer.u8(block.last ? 1 : 0), block.blockNumber, "block-number");
  writeOctets(writer, block.raw);
}

function readVariables(reader: ByteReader, field: string): VariableAccess[] {
  return readList(reader, `${field}.variables`, 3, (path) => readVariable(reader, path));
}

function writeVariables(writer: ByteWriter, variables: readonly VariableAccess[]): void {
  writeList(writer, variables, (variable) => writeVariable(writer, variable));
}

export function readReadRequest(reader: ByteReader): ReadRequest {
  return { apdu: "read-request", variables: readVariables(reader, "read-request") };
}

export function writeReadRequest(writer: ByteWriter, apdu: ReadRequest): void {
  writeVariables(writer.u8(0x05), apdu.variables);
}

export function readReadResponse(reader: ByteReader, { dataToEnd = false }: { dataToEnd?: boolean }): ReadResponse {
  const toEnd = dataToEnd && reader.peek() === 1;
  const results = readList(reader, "read-response.results", 2, (path): ReadResult => {
    const choice = reader.u8(path);
    switch (choice) {
      case 0:
        return { kind: "data", data: toEnd ? reader.rest() : sliceValue(reader, path) };
      case 1:
        return { kind: "error", result: reader.u8(`${path}.data-access-error`) };
      case 2:
        return { kind: "data-block", block: readShortBlock(reader, path) };
      case 3:
        return { kind: "block-number", blockNumber: reader.u16(`${path}.block-number`) };
      default:
        return unknownChoice(reader, path, choice);
    }
  });
  return { apdu: "read-response", results };
}

export function writeReadResponse(writer: ByteWriter, apdu: ReadResponse): void {
  writeList(writer.u8(0x0c), apdu.results, (result) => {
    switch (result.kind) {
      case "data":
        writer.u8(0).bytes(result.data);
        return;
      case "error":
        writeU8(writer.u8(1), result.result, "data-access-error");
        return;
      case "data-block":
        writeShortBlock(writer.u8(2), result.block);
        return;
      case "block-number":
        writeU16(writer.u8(3), result.blockNumber, "block-number");
    }
  });
}

export function readWriteRequest(reader: ByteReader): WriteRequest {
  const variables = readVariables(reader, "write-request");
  return { apdu: "write-request", variables, values: readDataList(reader, "write-request.values") };
}

export function readUnconfirmedWriteRequest(reader: ByteReader): UnconfirmedWriteRequest {
  const field = "unconfirmed-write-request";
  const variables = readVariables(reader, field);
  return { apdu: "unconfirmed-write-request", variables, values: readDataList(reader, `${field}.values`) };
}

export function writeWriteRequest(writer: ByteWriter, apdu: WriteRequest | UnconfirmedWriteRequest): void {
  writeVariables(writer.u8(apdu.apdu === "write-request" ? 0x06 : 0x16), apdu.variables);
  writeDataList(writer, apdu.values);
}

export function readWriteResponse(reader: ByteReader): WriteResponse {
  const results = readList(reader, "write-response.results", 1, (path): WriteResult => {
    const choice = reader.u8(path);
    switch (choice) {
      case 0:
        return { kind: "success" };
      case 1:
        return { kind: "error", result: reader.u8(`${path}.data-access-error`) };
      case 2:
        return { kind: "block-number", blockNumber: reader.u16(`${path}.block-number`) };
      default:
        return unknownChoice(reader, path, choice);
    }
  });
  return { apdu: "write-response", results };
}

export function writeWriteResponse(writer: ByteWriter, apdu: WriteResponse): void {
  writeList(writer.u8(0x0d), apdu.results, (result) => {
    if (result.kind === "success") writer.u8(0);
    else if (result.kind === "error") writeU8(writer.u8(1), result.result, "data-access-error");
    else writeU16(writer.u8(2), result.blockNumber, "block-number");
  });
}

export function readInformationReport(reader: ByteReader): InformationReport {
  const field = "information-report";
  const time = readPresence(reader, `${field}.current-time`) ? readOctets(reader, `${field}.current-time`) : undefined;
  const variables = readVariables(reader, field);
  const values = readDataList(reader, `${field}.values`);
  const report = { apdu: "information-report", variables, values } as const;
  return time === undefined ? report : { ...report, currentTime: Buffer.from(time).toString("latin1") };
}

export function writeInformationReport(writer: ByteWriter, apdu: InformationReport): void {
  writer.u8(0x18).u8(apdu.currentTime === undefined ? 0 : 1);
  if (apdu.currentTime !== undefined) writeOctets(writer, Buffer.from(apdu.currentTime, "latin1"));
  writeVariables(writer, apdu.variables);
  writeDataList(writer, apdu.values);
}
