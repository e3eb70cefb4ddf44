/** Ciphered and signed APDUs: glo, ded, general-glo-ciphering, general-ciphering and general-signing. */
import type { ByteReader, ByteWriter } from "../bytes";
import { readOctets, readPresence, unknownChoice, writeOctets, writeU8 } from "./fields";
import type { GeneralCiphering, GeneralGloCiphering, GeneralSigning, KeyInfo, ServiceCiphered } from "./model";

/** glo- and ded- APDUs of one service: an OCTET STRING of security header and ciphertext. */
export function readServiceCiphered(reader: ByteReader, tag: number): ServiceCiphered {
  return { apdu: "service-ciphered", tag, content: readOctets(reader, "ciphered-apdu") };
}

export function writeServiceCiphered(writer: ByteWriter, apdu: ServiceCiphered): void {
  writeU8(writer, apdu.tag, "tag");
  writeOctets(writer, apdu.content);
}

export function readGeneralGloCiphering(reader: ByteReader, apdu: GeneralGloCiphering["apdu"]): GeneralGloCiphering {
  const systemTitle = readOctets(reader, `${apdu}.system-title`);
  return { apdu, systemTitle, content: readOctets(reader, `${apdu}.ciphered-content`) };
}

export function writeGeneralGloCiphering(writer: ByteWriter, apdu: GeneralGloCiphering): void {
  writer.u8(apdu.apdu === "general-glo-ciphering" ? 0xdb : 0xdc);
  writeOctets(writer, apdu.systemTitle);
  writeOctets(writer, apdu.content);
}

interface ProtectionHeader {
  readonly transactionId: Uint8Array;
  readonly originatorSystemTitle: Uint8Array;
  readonly recipientSystemTitle: Uint8Array;
  readonly dateTime: Uint8Array;
  readonly otherInformation: Uint8Array;
}

function readHeader(reader: ByteReader, field: string): ProtectionHeader {
  return {
    transactionId: readOctets(reader, `${field}.transaction-id`),
    originatorSystemTitle: readOctets(reader, `${field}.originator-system-title`),
    recipientSystemTitle: readOctets(reader, `${field}.recipient-system-title`),
    dateTime: readOctets(reader, `${field}.date-time`),
    otherInformation: readOctets(reader, `${field}.other-information`),
  };
}

function writeHeader(writer: ByteWriter, header: ProtectionHeader): void {
  writeOctets(writer, header.transactionId);
  writeOctets(writer, header.originatorSystemTitle);
  writeOctets(writer, header.recipientSystemTitle);
  writeOctets(writer, header.dateTime);
  writeOctets(writer, header.otherInformation);
}

export function readGeneralCiphering(reader: ByteReader): GeneralCiphering {
  const field = "general-ciphering";
  const header = readHeader(reader, field);
  const keyInfo = readPresence(reader, `${field}.key-info`) ? readKeyInfo(reader, `${field}.key-info`) : undefined;
  const content = readOctets(reader, `${field}.ciphered-content`);
  return { apdu: "general-ciphering", ...header, ...(keyInfo && { keyInfo }), content };
}

export function writeGeneralCiphering(writer: ByteWriter, apdu: GeneralCiphering): void {
  writeHeader(writer.u8(0xdd), apdu);
  writer.u8(apdu.keyInfo ? 1 : 0);
  if (apdu.keyInfo) writeKeyInfo(writer, apdu.keyInfo);
  writeOctets(writer, apdu.content);
}

function readKeyInfo(reader: ByteReader, field: string): KeyInfo {
  const choice = reader.u8(field);
  switch (choice) {
    case 0:
      return { kind: "identified-key", keyId: reader.u8(`${field}.key-id`) };
    case 1: {
      const kekId = reader.u8(`${field}.kek-id`);
      return { kind: "wrapped-key", kekId, wrappedKey: readOctets(reader, `${field}.key-ciphered-data`) };
    }
    case 2: {
      const parameters = readOctets(reader, `${field}.key-parameters`);
      return { kind: "agreed-key", parameters, cipheredData: readOctets(reader, `${field}.key-ciphered-data`) };
    }
    default:
      return unknownChoice(reader, field, choice);
  }
}

function writeKeyInfo(writer: ByteWriter, keyInfo: KeyInfo): void {
  switch (keyInfo.kind) {
    case "identified-key":
      writeU8(writer.u8(0), keyInfo.keyId, "key-id");
      return;
    case "wrapped-key":
      writeU8(writer.u8(1), keyInfo.kekId, "kek-id");
      writeOctets(writer, keyInfo.wrappedKey);
      return;
    case "agreed-key":
      writeOctets(writer.u8(2), keyInfo.parameters);
      writeOctets(writer, keyInfo.cipheredData);
  }
}

export function readGeneralSigning(reader: ByteReader): GeneralSigning {
  const field = "general-signing";
  const header = readHeader(reader, field);
  const content = readOctets(reader, `${field}.content`);
  return { apdu: "general-signing", ...header, content, signature: readOctets(reader, `${field}.signature`) };
}

export function writeGeneralSigning(writer: ByteWriter, apdu: GeneralSigning): void {
  writeHeader(writer.u8(0xdf), apdu);
  writeOctets(writer, apdu.content);
  writeOctets(writer, apdu.signature);
}
