/** ACTION request and response: reader and writer. */
import type { ByteReader, ByteWriter } from "../bytes";
import { sliceValue } from "../codec";
import { DlmsDecodeError } from "../errors";
import {
  readDataBlock,
  readDataList,
  readGetDataResult,
  readList,
  readMethod,
  isWholeValue,
  readPresence,
  unknownChoice,
  writeDataBlock,
  writeDataList,
  writeGetDataResult,
  writeList,
  writeMethod,
  writeU32,
  writeU8,
} from "./fields";
import type { ActionRequest, ActionResponse, ActionResult } from "./model";

/** ACTION request; the tag has been read. */
export function readActionRequest(reader: ByteReader): ActionRequest {
  const field = "action-request";
  const choice = reader.u8(field);
  if (choice < 1 || choice > 6) unknownChoice(reader, field, choice);
  const invokeId = reader.u8(`${field}.invoke-id-and-priority`);
  if (choice === 2) {
    return { apdu: "action-request-next-pblock", invokeId, blockNumber: reader.u32(`${field}.block-number`) };
  }
  if (choice === 6) {
    return { apdu: "action-request-with-pblock", invokeId, block: readDataBlock(reader, `${field}.pblock`) };
  }
  if (choice === 1 || choice === 4) {
    const method = readMethod(reader, `${field}.method`);
    if (choice === 4) {
      return {
        apdu: "action-request-with-first-pblock",
        invokeId,
        method,
        block: readDataBlock(reader, `${field}.pblock`),
      };
    }
    return readPresence(reader, `${field}.parameters`)
      ? { apdu: "action-request-normal", invokeId, method, parameters: sliceValue(reader, `${field}.parameters`) }
      : { apdu: "action-request-normal", invokeId, method };
  }
  const methods = readList(reader, `${field}.methods`, 9, (path) => readMethod(reader, path));
  return choice === 3
    ? { apdu: "action-request-with-list", invokeId, methods, parameters: readDataList(reader, `${field}.parameters`) }
    : {
        apdu: "action-request-with-list-and-first-pblock",
        invokeId,
        methods,
        block: readDataBlock(reader, `${field}.pblock`),
      };
}

const requestChoices = {
  "action-request-normal": 1,
  "action-request-next-pblock": 2,
  "action-request-with-list": 3,
  "action-request-with-first-pblock": 4,
  "action-request-with-list-and-first-pblock": 5,
  "action-request-with-pblock": 6,
} as const satisfies Record<ActionRequest["apdu"], number>;

export function writeActionRequest(writer: ByteWriter, apdu: ActionRequest): void {
  writeU8(writer.u8(0xc3).u8(requestChoices[apdu.apdu]), apdu.invokeId, "invoke-id-and-priority");
  switch (apdu.apdu) {
    case "action-request-normal":
      writeMethod(writer, apdu.method);
      if (apdu.parameters) writer.u8(1).bytes(apdu.parameters);
      else writer.u8(0);
      return;
    case "action-request-next-pblock":
      writeU32(writer, apdu.blockNumber, "block-number");
      return;
    case "action-request-with-list":
      writeList(writer, apdu.methods, (method) => writeMethod(writer, method));
      writeDataList(writer, apdu.parameters);
      return;
    case "action-request-with-first-pblock":
      writeMethod(writer, apdu.method);
      writeDataBlock(writer, apdu.block);
      return;
    case "action-request-with-list-and-first-pblock":
      writeList(writer, apdu.methods, (method) => writeMethod(writer, method));
      writeDataBlock(writer, apdu.block);
      return;
    case "action-request-with-pblock":
      writeDataBlock(writer, apdu.block);
  }
}

/** ACTION response; the tag has been read. */
export function readActionResponse(reader: ByteReader): ActionResponse {
  const field = "action-response";
  const choice = reader.u8(field);
  if (choice < 1 || choice > 4) unknownChoice(reader, field, choice);
  const invokeId = reader.u8(`${field}.invoke-id-and-priority`);
  if (choice === 1) return { apdu: "action-response-normal", invokeId, response: readLoneResult(reader, field) };
  if (choice === 2) {
    return { apdu: "action-response-with-pblock", invokeId, block: readDataBlock(reader, `${field}.pblock`) };
  }
  if (choice === 3) {
    const responses = readList(reader, `${field}.responses`, 2, (path) => readActionResult(reader, path));
    refuseMissingResult(reader, field, responses.at(-1));
    return { apdu: "action-response-with-list", invokeId, responses };
  }
  return { apdu: "action-response-next-pblock", invokeId, blockNumber: reader.u32(`${field}.block-number`) };
}

const responseChoices = {
  "action-response-normal": 1,
  "action-response-with-pblock": 2,
  "action-response-with-list": 3,
  "action-response-next-pblock": 4,
} as const satisfies Record<ActionResponse["apdu"], number>;

export function writeActionResponse(writer: ByteWriter, apdu: ActionResponse): void {
  writeU8(writer.u8(0xc7).u8(responseChoices[apdu.apdu]), apdu.invokeId, "invoke-id-and-priority");
  switch (apdu.apdu) {
    case "action-response-normal":
      writeActionResult(writer, apdu.response);
      return;
    case "action-response-with-pblock":
      writeDataBlock(writer, apdu.block);
      return;
    case "action-response-with-list":
      writeList(writer, apdu.responses, (response) => writeActionResult(writer, response));
      return;
    case "action-response-next-pblock":
      writeU32(writer, apdu.blockNumber, "block-number");
  }
}

/**
 * The result of one method, which extends to the end. Old meters omit octets of its options: if the standard's form
 * does not fit and the rest is one complete value, that value is the data.
 */
function readLoneResult(reader: ByteReader, field: string): ActionResult {
  const start = reader.offset;
  let problem: DlmsDecodeError | undefined;
  try {
    const result = readActionResult(reader, field);
    if (reader.remaining === 0) return result;
  } catch (error) {
    if (!(error instanceof DlmsDecodeError)) throw error;
    problem = error;
  }
  const end = reader.offset;
  reader.seek(start);
  const data = dataOfShortened(reader.source.subarray(start, reader.end));
  if (data !== undefined) {
    reader.rest();
    return { result: 0, returnParameters: { ok: true, data } };
  }
  if (problem !== undefined) throw problem;
  const result = readActionResult(reader, field);
  reader.seek(end);
  refuseMissingResult(reader, field, result);
  return result;
}

/** `01 00` before further octets may be presence and choice of a value that is cut short, not a refusal. */
function refuseMissingResult(reader: ByteReader, field: string, last: ActionResult | undefined): void {
  if (last?.result !== 1 || last.returnParameters !== undefined) return;
  if (reader.source.subarray(reader.offset, reader.end).every((byte) => byte === 0)) return;
  reader.fail("DECODE_VALUE", `${field}.result`, "the result octet is missing, and the value after it is not complete");
}

/** Possible octets before the data: two of result, presence and choice, the result or presence alone, none. */
const shortenedHeads = [[0, 1], [0, 0], [1, 0], [0], [1], []] as const;

function dataOfShortened(bytes: Uint8Array): Uint8Array | undefined {
  for (const head of shortenedHeads) {
    const data = bytes.subarray(head.length);
    // two octets could also be the start of the standard's form, and null-data could be padding
    const enough = data.length > (head.length === 2 ? 1 : 2);
    if (enough && head.every((byte, i) => bytes[i] === byte) && data[0] !== 0 && isWholeValue(data)) return data;
  }
  return undefined;
}

function readActionResult(reader: ByteReader, field: string): ActionResult {
  const result = reader.u8(`${field}.result`);
  // some meters leave out the presence byte when there is nothing to return
  if (reader.remaining === 0 || !readPresence(reader, `${field}.return-parameters`)) return { result };
  return { result, returnParameters: readGetDataResult(reader, `${field}.return-parameters`) };
}

function writeActionResult(writer: ByteWriter, response: ActionResult): void {
  writeU8(writer, response.result, "action-result");
  writer.u8(response.returnParameters ? 1 : 0);
  if (response.returnParameters) writeGetDataResult(writer, response.returnParameters);
}
