/** ACCESS-Request and ACCESS-Response: several gets, sets and actions in one APDU. */
import type { ByteReader, ByteWriter } from "../bytes";
import {
  readAttribute,
  readDataList,
  readDateTime,
  readList,
  readMethod,
  readPresence,
  readSelectiveAccess,
  unknownChoice,
  writeAttribute,
  writeDataList,
  writeDateTime,
  writeList,
  writeMethod,
  writeSelectiveAccess,
  writeU32,
  writeU8,
} from "./fields";
import type { AccessRequest, AccessResponse, AccessSpecification } from "./model";

const kinds = ["get", "set", "action"] as const;

function readSpecification(reader: ByteReader, field: string): AccessSpecification {
  const choice = reader.u8(field);
  switch (choice) {
    case 1:
    case 2:
      return { kind: choice === 1 ? "get" : "set", attribute: readAttribute(reader, field) };
    case 3:
      return { kind: "action", method: readMethod(reader, field) };
    case 4:
    case 5: {
      const attribute = readAttribute(reader, field);
      const access = readSelectiveAccess(reader, field);
      return { kind: choice === 4 ? "get" : "set", attribute: { ...attribute, access } };
    }
    default:
      return unknownChoice(reader, field, choice);
  }
}

function writeSpecification(writer: ByteWriter, specification: AccessSpecification): void {
  if (specification.kind === "action") {
    writeMethod(writer.u8(3), specification.method);
    return;
  }
  const { kind, attribute } = specification;
  writer.u8((kind === "get" ? 1 : 2) + (attribute.access ? 3 : 0));
  writeAttribute(writer, attribute);
  if (attribute.access) writeSelectiveAccess(writer, attribute.access);
}

function readSpecifications(reader: ByteReader, field: string): AccessSpecification[] {
  return readList(reader, `${field}.specifications`, 10, (path) => readSpecification(reader, path));
}

export function readAccessRequest(reader: ByteReader): AccessRequest {
  const field = "access-request";
  const longInvokeId = reader.u32(`${field}.long-invoke-id-and-priority`);
  const dateTime = readDateTime(reader, `${field}.date-time`);
  const specifications = readSpecifications(reader, field);
  const data = readDataList(reader, `${field}.data`);
  const request = { apdu: "access-request", longInvokeId, specifications, data } as const;
  return dateTime === undefined ? request : { ...request, dateTime };
}

export function writeAccessRequest(writer: ByteWriter, apdu: AccessRequest): void {
  writeU32(writer.u8(0xd9), apdu.longInvokeId, "long-invoke-id-and-priority");
  writeDateTime(writer, apdu.dateTime);
  writeList(writer, apdu.specifications, (specification) => writeSpecification(writer, specification));
  writeDataList(writer, apdu.data);
}

export function readAccessResponse(reader: ByteReader): AccessResponse {
  const field = "access-response";
  const longInvokeId = reader.u32(`${field}.long-invoke-id-and-priority`);
  const dateTime = readDateTime(reader, `${field}.date-time`);
  const specifications = readPresence(reader, `${field}.specifications`)
    ? readSpecifications(reader, field)
    : undefined;
  const data = readDataList(reader, `${field}.data`);
  const results = readList(reader, `${field}.results`, 2, (path) => {
    const choice = reader.u8(path);
    const kind = kinds[choice - 1] ?? unknownChoice(reader, path, choice);
    return { kind, result: reader.u8(`${path}.result`) };
  });
  return {
    apdu: "access-response",
    longInvokeId,
    ...(dateTime && { dateTime }),
    ...(specifications && { specifications }),
    data,
    results,
  };
}

export function writeAccessResponse(writer: ByteWriter, apdu: AccessResponse): void {
  writeU32(writer.u8(0xda), apdu.longInvokeId, "long-invoke-id-and-priority");
  writeDateTime(writer, apdu.dateTime);
  writer.u8(apdu.specifications ? 1 : 0);
  if (apdu.specifications) {
    writeList(writer, apdu.specifications, (specification) => writeSpecification(writer, specification));
  }
  writeDataList(writer, apdu.data);
  writeList(writer, apdu.results, ({ kind, result }) => {
    writeU8(writer.u8(kinds.indexOf(kind) + 1), result, "result");
  });
}
