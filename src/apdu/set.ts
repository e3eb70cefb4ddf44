/** SET request and response: reader and writer. */
import type { ByteReader, ByteWriter } from "../bytes";
import { sliceValue } from "../codec";
import {
  readAttributeWithSelection,
  readDataBlock,
  readDataList,
  readList,
  unknownChoice,
  writeAttributeWithSelection,
  writeDataBlock,
  writeDataList,
  writeList,
  writeU32,
  writeU8,
} from "./fields";
import type { SetRequest, SetResponse } from "./model";

/** SET request; the tag has been read. */
export function readSetRequest(reader: ByteReader): SetRequest {
  const field = "set-request";
  const choice = reader.u8(field);
  if (choice < 1 || choice > 5) unknownChoice(reader, field, choice);
  const invokeId = reader.u8(`${field}.invoke-id-and-priority`);
  if (choice === 3) {
    return { apdu: "set-request-with-datablock", invokeId, block: readDataBlock(reader, `${field}.block`) };
  }
  if (choice <= 2) {
    const attribute = readAttributeWithSelection(reader, `${field}.attribute`);
    return choice === 1
      ? { apdu: "set-request-normal", invokeId, attribute, data: sliceValue(reader, `${field}.value`) }
      : {
          apdu: "set-request-with-first-datablock",
          invokeId,
          attribute,
          block: readDataBlock(reader, `${field}.block`),
        };
  }
  const attributes = readList(reader, `${field}.attributes`, 10, (path) => readAttributeWithSelection(reader, path));
  return choice === 4
    ? { apdu: "set-request-with-list", invokeId, attributes, values: readDataList(reader, `${field}.values`) }
    : {
        apdu: "set-request-with-list-and-first-datablock",
        invokeId,
        attributes,
        block: readDataBlock(reader, `${field}.block`),
      };
}

const requestChoices = {
  "set-request-normal": 1,
  "set-request-with-first-datablock": 2,
  "set-request-with-datablock": 3,
  "set-request-with-list": 4,
  "set-request-with-list-and-first-datablock": 5,
} as const satisfies Record<SetRequest["apdu"], number>;

export function writeSetRequest(writer: ByteWriter, apdu: SetRequest): void {
  writeU8(writer.u8(0xc1).u8(requestChoices[apdu.apdu]), apdu.invokeId, "invoke-id-and-priority");
  switch (apdu.apdu) {
    case "set-request-normal":
      writeAttributeWithSelection(writer, apdu.attribute);
      writer.bytes(apdu.data);
      return;
    case "set-request-with-first-datablock":
      writeAttributeWithSelection(writer, apdu.attribute);
      writeDataBlock(writer, apdu.block);
      return;
    case "set-request-with-datablock":
      writeDataBlock(writer, apdu.block);
      return;
    case "set-request-with-list":
      writeList(writer, apdu.attributes, (attribute) => writeAttributeWithSelection(writer, attribute));
      writeDataList(writer, apdu.values);
      return;
    case "set-request-with-list-and-first-datablock":
      writeList(writer, apdu.attributes, (attribute) => writeAttributeWithSelection(writer, attribute));
      writeDataBlock(writer, apdu.block);
  }
}

/** SET response; the tag has been read. */
export function readSetResponse(reader: ByteReader): SetResponse {
  const field = "set-response";
  const choice = reader.u8(field);
  if (choice < 1 || choice > 5) unknownChoice(reader, field, choice);
  const invokeId = reader.u8(`${field}.invoke-id-and-priority`);
  if (choice === 1) return { apdu: "set-response-normal", invokeId, result: reader.u8(`${field}.result`) };
  if (choice === 2)
    return { apdu: "set-response-datablock", invokeId, blockNumber: reader.u32(`${field}.block-number`) };
  if (choice === 3) {
    const result = reader.u8(`${field}.result`);
    return { apdu: "set-response-last-datablock", invokeId, result, blockNumber: reader.u32(`${field}.block-number`) };
  }
  const results = readList(reader, `${field}.results`, 1, (path) => reader.u8(path));
  if (choice === 5) return { apdu: "set-response-with-list", invokeId, results };
  const blockNumber = reader.u32(`${field}.block-number`);
  return { apdu: "set-response-last-datablock-with-list", invokeId, results, blockNumber };
}

const responseChoices = {
  "set-response-normal": 1,
  "set-response-datablock": 2,
  "set-response-last-datablock": 3,
  "set-response-last-datablock-with-list": 4,
  "set-response-with-list": 5,
} as const satisfies Record<SetResponse["apdu"], number>;

export function writeSetResponse(writer: ByteWriter, apdu: SetResponse): void {
  writeU8(writer.u8(0xc5).u8(responseChoices[apdu.apdu]), apdu.invokeId, "invoke-id-and-priority");
  switch (apdu.apdu) {
    case "set-response-normal":
      writeU8(writer, apdu.result, "data-access-result");
      return;
    case "set-response-datablock":
      writeU32(writer, apdu.blockNumber, "block-number");
      return;
    case "set-response-last-datablock":
      writeU8(writer, apdu.result, "data-access-result");
      writeU32(writer, apdu.blockNumber, "block-number");
      return;
    case "set-response-last-datablock-with-list":
      writeList(writer, apdu.results, (result) => writeU8(writer, result, "data-access-result"));
      writeU32(writer, apdu.blockNumber, "block-number");
      return;
    case "set-response-with-list":
      writeList(writer, apdu.results, (result) => writeU8(writer, result, "data-access-result"));
  }
}
