// The route that shows a dialog the bytes of a value, by the class table alone. It connects to no meter.
import {
  attribute,
  attributeType,
  describeData,
  DlmsConfigError,
  encodeData,
  isDlmsError,
  method,
  methodArgumentType,
  toDlmsValue,
  toHex,
  type ValueType,
} from "../../src/index";
import type { Request, Response } from "express";
import type { NodeAPI } from "node-red";
import { isAbsent, type RawSettings, textOf } from "../node-red/raw-settings";
import type { PreviewAnswer, RefusalAnswer } from "./answers";
import { objectOf } from "./streaming-route";

/** The OBIS code does not affect the type. */
const anyObject = "0.0.0.0.0.255";
/** A longer value is not shown while it is typed. */
const maxCharacters = 4000;

/** The value of a field by its type in the dialog. @throws DlmsConfigError */
function typedValue(value: unknown, valueType: string): unknown {
  if (typeof value !== "string") return value;
  if (value.length > maxCharacters) {
    throw new DlmsConfigError("CONFIG_INVALID", `value: too long to be shown here (${value.length} characters)`);
  }
  if (valueType === "bool") return value === "true";
  if (valueType !== "json") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch (error) {
    throw new DlmsConfigError("CONFIG_INVALID", `value: no JSON: ${String(error)}`);
  }
}

/** @throws DlmsConfigError */
function typeOf(raw: RawSettings): ValueType | string {
  const word = textOf(raw, "dataType", "AUTO").trim();
  if (word.toUpperCase() !== "AUTO") return word.toLowerCase();
  const objectType = textOf(raw, "objectType", "DATA");
  const type = isAbsent(raw.method)
    ? attributeType(attribute(objectType, anyObject, textOf(raw, "attributeId", "2")))
    : methodArgumentType(method(objectType, anyObject, textOf(raw, "method", "1")));
  if (type !== undefined) return type;
  throw new DlmsConfigError("CONFIG_INVALID", "dataType: the class table does not know the type; choose one");
}

/** The bytes that a value would be sent as. @throws DlmsConfigError */
export function previewOf(raw: RawSettings): PreviewAnswer {
  const type = typeOf(raw);
  const value = toDlmsValue(typedValue(raw.value, textOf(raw, "valueType", "str")), type as ValueType);
  return { raw: toHex(encodeData(value)), text: describeData(value) };
}

export function registerWritePreview(RED: NodeAPI): void {
  const allowed = RED.auth.needsPermission("dlms.read");
  RED.httpAdmin.post("/dlms/write-preview", allowed, (request: Request, response: Response) => {
    try {
      response.json(previewOf(objectOf(request.body)));
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      const answer: RefusalAnswer = { error: error.toJSON() };
      response.status(400).json(answer);
    }
  });
}
