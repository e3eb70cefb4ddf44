/** Encodes an APDU: one writer for each type in the model. */
import { ByteWriter } from "../bytes";
import { DlmsConfigError } from "../errors";
import { writeAare, writeAarq, writeRelease } from "./acse";
import { writeAccessRequest, writeAccessResponse } from "./access";
import { writeActionRequest, writeActionResponse } from "./action";
import { writeGeneralBlockTransfer } from "./block-transfer";
import { writeGetRequest, writeGetResponse } from "./get";
import { writeInitiateRequest, writeInitiateResponse } from "./initiate";
import type { Apdu } from "./model";
import { writeDataNotification, writeDataNotificationConfirm, writeEventNotification } from "./notification";
import {
  writeGeneralCiphering,
  writeGeneralGloCiphering,
  writeGeneralSigning,
  writeServiceCiphered,
} from "./protection";
import { writeConfirmedServiceError, writeExceptionResponse } from "./service-errors";
import { writeSetRequest, writeSetResponse } from "./set";
import {
  writeInformationReport,
  writeReadRequest,
  writeReadResponse,
  writeWriteRequest,
  writeWriteResponse,
} from "./short-name";

type Writers = {
  readonly [K in Apdu["apdu"]]: (writer: ByteWriter, apdu: Extract<Apdu, { readonly apdu: K }>) => void;
};

const writers: Writers = {
  aarq: writeAarq,
  aare: writeAare,
  rlrq: writeRelease,
  rlre: writeRelease,
  "initiate-request": writeInitiateRequest,
  "initiate-response": writeInitiateResponse,
  "confirmed-service-error": writeConfirmedServiceError,
  "exception-response": writeExceptionResponse,
  "get-request-normal": writeGetRequest,
  "get-request-next": writeGetRequest,
  "get-request-with-list": writeGetRequest,
  "get-response-normal": writeGetResponse,
  "get-response-with-datablock": writeGetResponse,
  "get-response-with-list": writeGetResponse,
  "set-request-normal": writeSetRequest,
  "set-request-with-first-datablock": writeSetRequest,
  "set-request-with-datablock": writeSetRequest,
  "set-request-with-list": writeSetRequest,
  "set-request-with-list-and-first-datablock": writeSetRequest,
  "set-response-normal": writeSetResponse,
  "set-response-datablock": writeSetResponse,
  "set-response-last-datablock": writeSetResponse,
  "set-response-last-datablock-with-list": writeSetResponse,
  "set-response-with-list": writeSetResponse,
  "action-request-normal": writeActionRequest,
  "action-request-next-pblock": writeActionRequest,
  "action-request-with-list": writeActionRequest,
  "action-request-with-first-pblock": writeActionRequest,
  "action-request-with-list-and-first-pblock": writeActionRequest,
  "action-request-with-pblock": writeActionRequest,
  "action-response-normal": writeActionResponse,
  "action-response-with-pblock": writeActionResponse,
  "action-response-with-list": writeActionResponse,
  "action-response-next-pblock": writeActionResponse,
  "read-request": writeReadRequest,
  "read-response": writeReadResponse,
  "write-request": writeWriteRequest,
  "write-response": writeWriteResponse,
  "unconfirmed-write-request": writeWriteRequest,
  "information-report": writeInformationReport,
  "event-notification": writeEventNotification,
  "data-notification": writeDataNotification,
  "data-notification-confirm": writeDataNotificationConfirm,
  "access-request": writeAccessRequest,
  "access-response": writeAccessResponse,
  "general-block-transfer": writeGeneralBlockTransfer,
  "service-ciphered": writeServiceCiphered,
  "general-glo-ciphering": writeGeneralGloCiphering,
  "general-ded-ciphering": writeGeneralGloCiphering,
  "general-ciphering": writeGeneralCiphering,
  "general-signing": writeGeneralSigning,
};

/**
 * The bytes of an APDU. Byte fields are copied without a check.
 * @throws DlmsConfigError CONFIG_INVALID for a number or a size that its field cannot hold
 */
export function encodeApdu(apdu: Apdu): Uint8Array {
  // the table's type ties each writer to its APDU, but a look-up by a union loses that
  const write = writers[apdu.apdu] as ((writer: ByteWriter, apdu: Apdu) => void) | undefined;
  if (write === undefined) throw new DlmsConfigError("CONFIG_INVALID", `"${String(apdu.apdu)}" is not an APDU`);
  const writer = new ByteWriter();
  write(writer, apdu);
  return writer.toBytes();
}
