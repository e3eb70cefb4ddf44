/** GET request and response: reader and writer. */
import type { ByteReader, ByteWriter } from "../bytes";
import {
  isWholeValue,
  readAttributeWithSelection,
  readBoolean,
  readGetDataResult,
  readList,
  readOctets,
  readPresence,
  unknownChoice,
  writeAttributeWithSelection,
  writeGetDataResult,
  writeList,
  writeOctets,
  writeU32,
  writeU8,
} from "./fields";
import type { GetDataResult, GetRequest, GetResponse } from "./model";

/** GET request, IEC 62056-5-3 clause 7.3.2.4; the tag has been read. */
export function readGetRequest(reader: ByteReader): GetRequest {
  const field = "get-request";
  const choice = reader.u8(field);
  if (choice < 1 || choice > 3) unknownChoice(reader, field, choice);
  const invokeId = reader.u8(`${field}.invoke-id-and-priority`);
  if (choice === 1) {
    return {
      apdu: "get-request-normal",
      invokeId,
      attribute: readAttributeWithSelection(reader, `${field}.attribute`),
    };
  }
  if (choice === 2) {
    return { apdu: "get-request-next", invokeId, blockNumber: reader.u32(`${field}.block-number`) };
  }
  const attributes = readList(reader, `${field}.attributes`, 10, (path) => readAttributeWithSelection(reader, path));
  return { apdu: "get-request-with-list", invokeId, attributes };
}

export function writeGetRequest(writer: ByteWriter, apdu: GetRequest): void {
  writer.u8(0xc0);
  switch (apdu.apdu) {
    case "get-request-normal":
      writeU8(writer.u8(1), apdu.invokeId, "invoke-id-and-priority");
      writeAttributeWithSelection(writer, apdu.attribute);
      return;
    case "get-request-next":
      writeU8(writer.u8(2), apdu.invokeId, "invoke-id-and-priority");
      writeU32(writer, apdu.blockNumber, "block-number");
      return;
    case "get-request-with-list":
      writeU8(writer.u8(3), apdu.invokeId, "invoke-id-and-priority");
      writeList(writer, apdu.attributes, (attribute) => writeAttributeWithSelection(writer, attribute));
  }
}

/** GET response; the tag has been read. */
export function readGetResponse(reader: ByteReader, { dataToEnd = false }: { dataToEnd?: boolean }): GetResponse {
  const field = "get-response";
  const choice = reader.u8(field);
  if (choice < 1 || choice > 3) unknownChoice(reader, field, choice);
  const invokeId = reader.u8(`${field}.invoke-id-and-priority`);
  if (choice === 1) {
    return { apdu: "get-response-normal", invokeId, result: readLoneResult(reader, `${field}.result`, dataToEnd) };
  }
  if (choice === 2) {
    const last = readBoolean(reader, `${field}.last-block`);
    const blockNumber = reader.u32(`${field}.block-number`);
    const result: GetDataResult = readPresence(reader, `${field}.result`)
      ? { ok: false, result: reader.u8(`${field}.result.data-access-result`) }
      : { ok: true, data: readOctets(reader, `${field}.raw-data`) };
    return { apdu: "get-response-with-datablock", invokeId, last, blockNumber, result };
  }
  const results = readList(reader, `${field}.results`, 2, (path) => readGetDataResult(reader, path));
  return { apdu: "get-response-with-list", invokeId, results };
}

/** @throws DlmsDecodeError DECODE_VALUE for an array without its choice octet, whose tag reads as that of a refusal */
function readLoneResult(reader: ByteReader, field: string, dataToEnd: boolean): GetDataResult {
  const start = reader.offset;
  const result = readGetDataResult(reader, field, dataToEnd);
  if (!result.ok && reader.remaining > 0 && isWholeValue(reader.source.subarray(start, reader.end))) {
    reader.fail("DECODE_VALUE", field, "the choice octet before the array is missing");
  }
  return result;
}

export function writeGetResponse(writer: ByteWriter, apdu: GetResponse): void {
  writer.u8(0xc4);
  switch (apdu.apdu) {
    case "get-response-normal":
      writeU8(writer.u8(1), apdu.invokeId, "invoke-id-and-priority");
      writeGetDataResult(writer, apdu.result);
      return;
    case "get-response-with-datablock":
      writeU8(writer.u8(2), apdu.invokeId, "invoke-id-and-priority");
      writeU32(writer.u8(apdu.last ? 1 : 0), apdu.blockNumber, "block-number");
      if (apdu.result.ok) writeOctets(writer.u8(0), apdu.result.data);
      else writeU8(writer.u8(1), apdu.result.result, "data-access-result");
      return;
    case "get-response-with-list":
      writeU8(writer.u8(3), apdu.invokeId, "invoke-id-and-priority");
      writeList(writer, apdu.results, (result) => writeGetDataResult(writer, result));
  }
}
