/** Parses an APDU: one reader for each tag. */
import { ByteReader, toHex } from "../bytes";
import { readAarq, readAare, readRlre, readRlrq } from "./acse";
import { readAccessRequest, readAccessResponse } from "./access";
import { readActionRequest, readActionResponse } from "./action";
import { readGeneralBlockTransfer } from "./block-transfer";
import { hexByte } from "./fields";
import { readGetRequest, readGetResponse } from "./get";
import { readInitiateRequest, readInitiateResponse } from "./initiate";
import type { Apdu } from "./model";
import { readDataNotification, readDataNotificationConfirm, readEventNotification } from "./notification";
import { readGeneralCiphering, readGeneralGloCiphering, readGeneralSigning, readServiceCiphered } from "./protection";
import { readConfirmedServiceError, readExceptionResponse } from "./service-errors";
import { readSetRequest, readSetResponse } from "./set";
import {
  readInformationReport,
  readReadRequest,
  readReadResponse,
  readUnconfirmedWriteRequest,
  readWriteRequest,
  readWriteResponse,
} from "./short-name";
import { cipheredTag } from "./tags";

export interface ParseOptions {
  /** skip bytes after a complete APDU instead of refusing them (default false) */
  readonly allowTrailing?: boolean;
  /** called with the skipped bytes */
  readonly onTrailing?: (bytes: Uint8Array) => void;
  /**
   * the data of a get-response-normal, or of a read-response with one result, extend to the end of the APDU, whatever
   * their counts say: for values whose own decoder finds their end (default false)
   */
  readonly dataToEnd?: boolean;
}

const readers: Readonly<Partial<Record<number, (reader: ByteReader, options: ParseOptions) => Apdu>>> = {
  0x01: readInitiateRequest,
  0x05: readReadRequest,
  0x06: readWriteRequest,
  0x08: readInitiateResponse,
  0x0c: readReadResponse,
  0x0d: readWriteResponse,
  0x0e: readConfirmedServiceError,
  0x0f: readDataNotification,
  0x10: readDataNotificationConfirm,
  0x16: readUnconfirmedWriteRequest,
  0x18: readInformationReport,
  0x60: readAarq,
  0x61: readAare,
  0x62: readRlrq,
  0x63: readRlre,
  0xc0: readGetRequest,
  0xc1: readSetRequest,
  0xc2: readEventNotification,
  0xc3: readActionRequest,
  0xc4: readGetResponse,
  0xc5: readSetResponse,
  0xc7: readActionResponse,
  0xd8: readExceptionResponse,
  0xd9: readAccessRequest,
  0xda: readAccessResponse,
  0xdb: (reader) => readGeneralGloCiphering(reader, "general-glo-ciphering"),
  0xdc: (reader) => readGeneralGloCiphering(reader, "general-ded-ciphering"),
  0xdd: readGeneralCiphering,
  0xdf: readGeneralSigning,
  0xe0: readGeneralBlockTransfer,
};

/**
 * Parses one APDU. Its type comes from the tag alone. Byte fields are views of `bytes`; A-XDR values that are not part
 * of the service itself are cut out but stay encoded.
 * @throws DlmsDecodeError; DECODE_TAG for a tag that no APDU has, DECODE_TRAILING for bytes after the APDU
 */
export function parseApdu(bytes: Uint8Array, options: ParseOptions = {}): Apdu {
  // views of a Buffer would be Buffers
  const plain = Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
  const reader = new ByteReader(plain);
  const tag = reader.u8("apdu");
  const read = readers[tag];
  let apdu: Apdu;
  if (read) apdu = read(reader, options);
  else if (cipheredTag(tag)) apdu = readServiceCiphered(reader, tag);
  else return unknownTag(reader, tag);
  if (reader.remaining > 0) {
    if (!options.allowTrailing) reader.finish(apdu.apdu);
    options.onTrailing?.(reader.rest());
  }
  return apdu;
}

function unknownTag(reader: ByteReader, tag: number): never {
  const bytes = toHex(reader.source.subarray(0, 8));
  reader.seek(0);
  return reader.fail("DECODE_TAG", "apdu", `no APDU has the tag ${hexByte(tag)}; bytes ${bytes}`, { tag, bytes });
}
