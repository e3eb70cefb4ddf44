/** ACSE APDUs: AARQ, AARE, RLRQ and RLRE. */
import type { ByteReader, ByteWriter } from "../bytes";
import { ber, berBits, berBitsContents, berInteger, berIntegerValue, dlmsOid, dlmsOidNumber } from "../codec";
import {
  acseApdu,
  type AcseFields,
  type FieldOrder,
  contextArc,
  mechanismArc,
  explicitOctets,
  inner,
  innerOctets,
  optional,
  readAcseFields,
  userInformationField,
} from "./acse-fields";
import type { Aare, Aarq, Rlre, Rlrq } from "./model";

/** Field tags that AARQ and AARE have in different places. */
const aarqTags = { invocationId: 0xa9, requirements: 0x8a, mechanism: 0x8b, authentication: 0xac } as const;
const aareTags = { invocationId: 0xa7, requirements: 0x88, mechanism: 0x89, authentication: 0xaa } as const;
const protocolVersionTag = 0x80;
const contextTag = 0xa1;
const implementationTag = 0x9d;
const userInformation = [0xbe, 0x04, 0x01, 0x08, 0x0e, 0x21, 0x28, 0xdb, 0xdc] as const;

/** Fields in their order, and the first bytes of their contents (IEC 62056-5-3, table of the ACSE APDUs). */
const aarqOrder: FieldOrder = [
  [protocolVersionTag],
  [contextTag, 0x06, 0x60],
  [0xa2, 0x04],
  [0xa3, 0x04, 0x02],
  [0xa4, 0x02],
  [0xa5, 0x02],
  [0xa6, 0x04],
  [0xa7, 0x04],
  [0xa8, 0x02],
  [aarqTags.invocationId, 0x02],
  [aarqTags.requirements],
  [aarqTags.mechanism, 0x60, 0x06],
  [aarqTags.authentication, 0x80],
  [implementationTag],
  userInformation,
];
const aareOrder: FieldOrder = [
  [protocolVersionTag],
  [contextTag, 0x06, 0x60],
  [0xa2, 0x02],
  [0xa3, 0xa1, 0xa2],
  [0xa4, 0x04],
  [0xa5, 0x04],
  [0xa6, 0x02],
  [aareTags.invocationId, 0x02],
  [aareTags.requirements],
  [aareTags.mechanism, 0x60, 0x06],
  [aareTags.authentication, 0x80],
  [implementationTag],
  userInformation,
];
const releaseOrder: FieldOrder = [[0x80], userInformation];

/** The fields that AARQ and AARE share, each only if it is present. */
function readShared(
  { fields, userInformation, notes }: AcseFields,
  tags: typeof aarqTags | typeof aareTags,
): Pick<
  Aarq,
  | "protocolVersion"
  | "acseRequirements"
  | "mechanism"
  | "authenticationValue"
  | "implementationInformation"
  | "userInformation"
  | "notes"
> {
  const version = fields.get(protocolVersionTag);
  const requirements = fields.get(tags.requirements);
  const mechanism = oidNumber(fields.get(tags.mechanism), mechanismArc);
  const authentication = fields.get(tags.authentication);
  const implementation = fields.get(implementationTag);
  return {
    ...(version && { protocolVersion: berBits(version) }),
    ...(requirements && { acseRequirements: berBits(requirements).startsWith("1") }),
    ...(mechanism !== undefined && { mechanism }),
    ...(authentication && { authenticationValue: inner(authentication)?.contents ?? authentication }),
    ...(implementation && { implementationInformation: implementation }),
    ...(userInformation && { userInformation }),
    ...(notes.length > 0 && { notes }),
  };
}

function writeShared(apdu: Aarq | Aare, tags: typeof aarqTags | typeof aareTags): Uint8Array[] {
  return [
    optional(apdu.acseRequirements, (flag) => ber(tags.requirements, berBitsContents(flag ? "1" : "0"))),
    optional(apdu.mechanism, (n) => ber(tags.mechanism, dlmsOid(mechanismArc, n))),
    optional(apdu.authenticationValue, (value) => ber(tags.authentication, ber(0x80, value))),
    optional(apdu.implementationInformation, (value) => ber(implementationTag, value)),
    userInformationField(apdu.userInformation),
  ];
}

/** n of the context or mechanism name, with or without its own tag. */
function oidNumber(contents: Uint8Array | undefined, arc: number): number | undefined {
  if (contents === undefined) return undefined;
  const field = contents[0] === 0x06 ? inner(contents) : undefined;
  return dlmsOidNumber(field?.contents ?? contents, arc);
}

function integer(contents: Uint8Array | undefined): number | undefined {
  const field = inner(contents);
  return field?.tag === 0x02 ? berIntegerValue(field.contents) : undefined;
}

/** AARQ; the tag has been read. A context outside the arc of the DLMS UA becomes 0. */
export function readAarq(reader: ByteReader): Aarq {
  const found = readAcseFields(reader, "aarq", aarqOrder);
  const { fields } = found;
  const called = innerOctets(fields.get(0xa2));
  const calling = innerOctets(fields.get(0xa6));
  const qualifier = innerOctets(fields.get(0xa7));
  const invocationId = integer(fields.get(aarqTags.invocationId));
  return {
    apdu: "aarq",
    applicationContext: oidNumber(fields.get(contextTag), contextArc) ?? 0,
    ...(called && { calledApTitle: called }),
    ...(calling && { callingApTitle: calling }),
    ...(qualifier && { callingAeQualifier: qualifier }),
    ...(invocationId !== undefined && { callingAeInvocationId: invocationId }),
    ...readShared(found, aarqTags),
  };
}

export function writeAarq(writer: ByteWriter, apdu: Aarq): void {
  writer.bytes(
    acseApdu(0x60, [
      optional(apdu.protocolVersion, (bits) => ber(protocolVersionTag, berBitsContents(bits))),
      ber(contextTag, ber(0x06, dlmsOid(contextArc, apdu.applicationContext))),
      explicitOctets(0xa2, apdu.calledApTitle),
      explicitOctets(0xa6, apdu.callingApTitle),
      explicitOctets(0xa7, apdu.callingAeQualifier),
      optional(apdu.callingAeInvocationId, (id) => ber(aarqTags.invocationId, berInteger(0x02, id))),
      ...writeShared(apdu, aarqTags),
    ]),
  );
}

/**
 * AARE; the tag has been read. Result and diagnostic are reported even if other fields are broken.
 * @throws DlmsDecodeError DECODE_VALUE if there is no result
 */
export function readAare(reader: ByteReader): Aare {
  const found = readAcseFields(reader, "aare", aareOrder);
  const { fields } = found;
  const result = resultOf(fields.get(0xa2));
  if (result === undefined) reader.fail("DECODE_VALUE", "aare.result", "the association response has no result");
  const context = oidNumber(fields.get(contextTag), contextArc);
  const title = innerOctets(fields.get(0xa4));
  const qualifier = innerOctets(fields.get(0xa5));
  const invocationId = integer(fields.get(aareTags.invocationId));
  const shared = readShared(found, aareTags);
  const diagnostic = diagnosticOf(fields.get(0xa3));
  const notes = diagnostic ? shared.notes : [...(shared.notes ?? []), "no diagnostic can be read"];
  return {
    apdu: "aare",
    ...(context !== undefined && { applicationContext: context }),
    result,
    ...(diagnostic ?? { diagnosticSource: "service-user", diagnostic: 0 }),
    ...(title && { respondingApTitle: title }),
    ...(qualifier && { respondingAeQualifier: qualifier }),
    ...(invocationId !== undefined && { respondingAeInvocationId: invocationId }),
    ...shared,
    ...(notes && { notes }),
  };
}

/** `02 01 rr`; with a wrong length inside, the last byte. */
function resultOf(contents: Uint8Array | undefined): number | undefined {
  return contents?.[0] === 0x02 && contents.length >= 3 ? contents[contents.length - 1] : undefined;
}

/** `A1 03 02 01 dd` from the service user, `A2 03 02 01 dd` from the service provider. */
function diagnosticOf(contents: Uint8Array | undefined): Pick<Aare, "diagnosticSource" | "diagnostic"> | undefined {
  const source = contents?.[0];
  const diagnostic = contents === undefined || contents.length < 5 ? undefined : contents[contents.length - 1];
  if (diagnostic === undefined || (source !== 0xa1 && source !== 0xa2)) return undefined;
  return { diagnosticSource: source === 0xa1 ? "service-user" : "service-provider", diagnostic };
}

export function writeAare(writer: ByteWriter, apdu: Aare): void {
  const source = apdu.diagnosticSource === "service-user" ? 0xa1 : 0xa2;
  writer.bytes(
    acseApdu(0x61, [
      optional(apdu.protocolVersion, (bits) => ber(protocolVersionTag, berBitsContents(bits))),
      optional(apdu.applicationContext, (n) => ber(contextTag, ber(0x06, dlmsOid(contextArc, n)))),
      ber(0xa2, berInteger(0x02, apdu.result)),
      ber(0xa3, ber(source, berInteger(0x02, apdu.diagnostic))),
      explicitOctets(0xa4, apdu.respondingApTitle),
      explicitOctets(0xa5, apdu.respondingAeQualifier),
      optional(apdu.respondingAeInvocationId, (id) => ber(aareTags.invocationId, berInteger(0x02, id))),
      ...writeShared(apdu, aareTags),
    ]),
  );
}

/** RLRQ; the tag has been read. A release never fails because of its form. */
export function readRlrq(reader: ByteReader): Rlrq {
  return { apdu: "rlrq", ...readRelease(reader, "rlrq") };
}

/** RLRE; the tag has been read. One byte alone, or wrong lengths, are fine. */
export function readRlre(reader: ByteReader): Rlre {
  return { apdu: "rlre", ...readRelease(reader, "rlre") };
}

function readRelease(reader: ByteReader, field: string): Omit<Rlrq, "apdu"> {
  const { fields, userInformation, notes } = readAcseFields(reader, field, releaseOrder);
  const contents = fields.get(0x80);
  const reason = contents && releaseReason(contents);
  return {
    ...(reason !== undefined && { reason }),
    ...(userInformation && { userInformation }),
    ...(notes.length > 0 && { notes }),
  };
}

/** The reason, which some meters send as a complete INTEGER inside its field: `80 03 02 01 00`. */
function releaseReason(contents: Uint8Array): number | undefined {
  const isWhole = contents[0] === 0x02 && contents.length > 1 && contents[1] === contents.length - 2;
  return berIntegerValue(isWhole ? contents.subarray(2) : contents);
}

export function writeRelease(writer: ByteWriter, apdu: Rlrq | Rlre): void {
  writer.bytes(
    acseApdu(apdu.apdu === "rlrq" ? 0x62 : 0x63, [
      optional(apdu.reason, (reason) => berInteger(0x80, reason)),
      userInformationField(apdu.userInformation),
    ]),
  );
}
