/** ConfirmedServiceError and exception-response: reader and writer. */
import type { ByteReader, ByteWriter } from "../bytes";
import { DlmsConfigError } from "../errors";
import { writeU32, writeU8 } from "./fields";
import type { ConfirmedServiceError, ExceptionResponse } from "./model";
import { serviceErrorCode } from "./results";

export function readConfirmedServiceError(reader: ByteReader): ConfirmedServiceError {
  const field = "confirmed-service-error";
  const service = reader.u8(`${field}.service`);
  const errorType = reader.u8(`${field}.error-type`);
  return { apdu: "confirmed-service-error", service, errorType, value: reader.u8(`${field}.value`) };
}

export function writeConfirmedServiceError(writer: ByteWriter, apdu: ConfirmedServiceError): void {
  writeU8(writer.u8(0x0e), apdu.service, "service");
  writeU8(writer, apdu.errorType, "error type");
  writeU8(writer, apdu.value, "error value");
}

/** The counter has 4 bytes in the standard; some meters send 8. */
export function readExceptionResponse(reader: ByteReader): ExceptionResponse {
  const field = "exception-response";
  const stateError = reader.u8(`${field}.state-error`);
  const serviceError = reader.u8(`${field}.service-error`);
  const error = { apdu: "exception-response", stateError, serviceError } as const;
  if (serviceError !== serviceErrorCode["invocation-counter-error"] || reader.remaining < 4) return error;
  const counter =
    reader.remaining >= 8 ? Number(reader.u64(`${field}.counter`)) : reader.u32(`${field}.invocation-counter`);
  return Number.isSafeInteger(counter) ? { ...error, invocationCounter: counter } : error;
}

export function writeExceptionResponse(writer: ByteWriter, apdu: ExceptionResponse): void {
  writeU8(writer.u8(0xd8), apdu.stateError, "state-error");
  writeU8(writer, apdu.serviceError, "service-error");
  if (apdu.invocationCounter === undefined) return;
  if (apdu.serviceError !== serviceErrorCode["invocation-counter-error"]) {
    throw new DlmsConfigError("CONFIG_INVALID", "exception-response: a counter is allowed with service error 6 only");
  }
  writeU32(writer, apdu.invocationCounter, "invocation-counter");
}
