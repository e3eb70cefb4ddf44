/** Shows values and APDUs in the notation of the shared vectors. */
import assert from "node:assert/strict";
import {
  type AccessSpecification,
  type Apdu,
  associationResultWord,
  apduName,
  type AttributeDescriptorWithSelection,
  confirmedServiceErrorWords,
  conformanceNames,
  type DataBlock,
  dataAccessResult,
  actionResult,
  exceptionServiceErrorWord,
  type GetDataResult,
  type MethodDescriptor,
  parseApdu,
  stateErrorWord,
} from "../../src/apdu";
import { ByteReader, toHex } from "../../src/bytes";
import { type DlmsValue, decodeValueBytes, type TypeDescription } from "../../src/codec";

/** Our values and APDUs in the notation of the shared vectors, so that each field can be compared. */

type View = unknown;

export function valueView(value: DlmsValue): View {
  switch (value.type) {
    case "null-data":
      return null;
    case "dont-care":
      return { "don't-care": null };
    case "array":
    case "structure":
      return { [value.type]: value.value.map(valueView) };
    case "compact-array":
      return { "compact-array": value.value.map(valueView), type: typeView(value.description) };
    case "octet-string":
      return { "octet-string": toHex(value.value) };
    case "date-time":
      return { "date-time": dateTimeView(value.value) };
    case "date":
    case "time":
      return { [value.type]: toHex(value.value) };
    case "long64":
    case "long64-unsigned": {
      const safe = value.value >= -(2n ** 53n) && value.value <= 2n ** 53n;
      return { [value.type]: safe ? Number(value.value) : String(value.value) };
    }
    default:
      return { [value.type]: value.value };
  }
}

function typeView(type: TypeDescription): View {
  if (type.type === "array") return { array: [type.count, typeView(type.element)] };
  return type.type === "structure" ? { structure: type.fields.map(typeView) } : type.type;
}

/** The fields of the 12 bytes; unspecified fields are null. */
export function dateTimeView(bytes: Uint8Array): View {
  assert.equal(bytes.length, 12);
  const reader = new ByteReader(bytes);
  const or = (value: number, unspecified: number): number | null => (value === unspecified ? null : value);
  return {
    year: or(reader.u16("year"), 0xffff),
    month: or(reader.u8("month"), 0xff),
    day: or(reader.u8("day"), 0xff),
    weekday: or(reader.u8("weekday"), 0xff),
    hour: or(reader.u8("hour"), 0xff),
    minute: or(reader.u8("minute"), 0xff),
    second: or(reader.u8("second"), 0xff),
    hundredths: or(reader.u8("hundredths"), 0xff),
    deviation: or(reader.i16("deviation"), -0x8000),
    status: or(reader.u8("status"), 0xff),
    hex: toHex(bytes),
  };
}

/** Vectors add the fields of a date-time to an octet-string that looks like one: check them, and take them off. */
export function withoutHints(expected: unknown): unknown {
  if (Array.isArray(expected)) return expected.map(withoutHints);
  if (typeof expected !== "object" || expected === null) return expected;
  const { "date-time": hint, ...rest } = expected as Record<string, unknown>;
  if (hint !== undefined && "octet-string" in rest) {
    assert.deepEqual(dateTimeView(Buffer.from(String(rest["octet-string"]), "hex")), hint);
    return rest;
  }
  return Object.fromEntries(Object.entries(expected).map(([key, value]) => [key, withoutHints(value)]));
}

const data = (bytes: Uint8Array): View => valueView(decodeValueBytes(bytes));
const obis = (bytes: Uint8Array): string => bytes.join(".");
const optionalHex = (bytes: Uint8Array | undefined): string | null => (bytes ? toHex(bytes) : null);
const time = (bytes: Uint8Array | undefined): View => (bytes ? dateTimeView(bytes) : null);

const invoke = (id: number): object => ({
  invokeId: id & 0x0f,
  serviceClass: id & 0x40 ? "confirmed" : "unconfirmed",
  priority: id & 0x80 ? "high" : "normal",
});

const longInvoke = (id: number): object => ({
  longInvokeId: id & 0xffffff,
  selfDescriptive: (id & 0x10000000) !== 0,
  processing: (id & 0x20000000) !== 0,
  serviceClass: id & 0x40000000 ? "confirmed" : "unconfirmed",
  priority: id >>> 31 ? "high" : "normal",
});

function attribute({ classId, instanceId, attributeId, access }: AttributeDescriptorWithSelection): object {
  const selection = access ? { selector: access.selector, parameters: valueView(access.parameters) } : null;
  return { classId, obis: obis(instanceId), attribute: attributeId, access: selection };
}

const method = ({ classId, instanceId, methodId }: MethodDescriptor): object => ({
  classId,
  obis: obis(instanceId),
  method: methodId,
});

const block = ({ last, blockNumber, raw }: DataBlock): object => ({ lastBlock: last, blockNumber, rawData: toHex(raw) });

const getResult = (result: GetDataResult): object =>
  result.ok ? { data: data(result.data) } : { error: dataAccessResult(result.result).word };

function specification(item: AccessSpecification): object {
  if (item.kind === "action") return { choice: "action", ...method(item.method) };
  const { access, ...rest } = attribute(item.attribute) as Record<string, unknown>;
  return { choice: item.kind, ...rest, ...(access !== null && { access }) };
}

const contexts = ["", "LN", "SN", "LN-ciphered", "SN-ciphered"];
const mechanisms = ["none", "low", "high", "high-md5", "high-sha1", "high-gmac", "high-sha256", "high-ecdsa"];

function acse(apdu: Extract<Apdu, { apdu: "aarq" | "aare" }>): object {
  const calling = apdu.apdu === "aarq";
  const { applicationContext: context, mechanism, authenticationValue: authentication } = apdu;
  return {
    apdu: apdu.apdu.toUpperCase(),
    ...(context !== undefined && {
      applicationContext: contexts[context],
      applicationContextOid: `06076085740508010${context}`,
    }),
    ...(apdu.acseRequirements && { [calling ? "senderAcseRequirements" : "responderAcseRequirements"]: "0780" }),
    ...(mechanism !== undefined && { mechanism: mechanisms[mechanism] }),
    ...(authentication && {
      [calling ? "callingAuthenticationValue" : "respondingAuthenticationValue"]: toHex(authentication),
    }),
    ...userInformation(apdu.userInformation),
  };
}

function userInformation(bytes: Uint8Array | undefined): object {
  if (bytes === undefined) return {};
  return { userInformation: toHex(bytes), userInformationDecoded: apduView(parseApdu(bytes)) };
}

function ciphered(tag: number, content: Uint8Array): object {
  const control = content[0] ?? 0;
  return {
    apdu: apduName(tag),
    length: content.length,
    securityControl: toHex(content.subarray(0, 1)),
    suite: control & 0x0f,
    authenticated: (control & 0x10) !== 0,
    encrypted: (control & 0x20) !== 0,
    broadcastKey: (control & 0x40) !== 0,
    compressed: (control & 0x80) !== 0,
    invocationCounter: new ByteReader(content, 1).u32("counter"),
    tag: toHex(content.subarray(-12)),
  };
}

function initiate(apdu: Extract<Apdu, { apdu: "initiate-request" | "initiate-response" }>): object {
  const { qualityOfService: qos, dlmsVersion, conformance, maxPduSize } = apdu;
  const common = {
    apdu: apdu.apdu,
    qos: qos ?? null,
    dlmsVersion,
    conformance: conformanceNames(conformance),
    maxPdu: maxPduSize,
  };
  return apdu.apdu === "initiate-request"
    ? { ...common, dedicatedKey: optionalHex(apdu.dedicatedKey), responseAllowed: apdu.responseAllowed }
    : { ...common, vaaName: apdu.vaaName.toString(16).padStart(4, "0") };
}

/** Covers the APDUs that the shared vectors have. */
export function apduView(apdu: Apdu): object {
  const head = { apdu: apdu.apdu };
  switch (apdu.apdu) {
    case "aarq":
      return { ...acse(apdu), ...(apdu.callingApTitle && { callingApTitle: toHex(apdu.callingApTitle) }) };
    case "aare":
      return {
        ...acse(apdu),
        result: associationResultWord(apdu.result),
        resultSource: `acse-${apdu.diagnosticSource}`,
        diagnostic: apdu.diagnostic,
        ...(apdu.respondingApTitle && { respondingApTitle: toHex(apdu.respondingApTitle) }),
      };
    case "rlrq":
    case "rlre":
      return {
        apdu: apdu.apdu.toUpperCase(),
        ...(apdu.reason !== undefined && { reason: apdu.reason }),
        ...userInformation(apdu.userInformation),
      };
    case "initiate-request":
    case "initiate-response":
      return initiate(apdu);
    case "confirmed-service-error": {
      const { service, errorType, value } = confirmedServiceErrorWords(apdu);
      return { ...head, service, errorGroup: errorType, error: value };
    }
    case "exception-response":
      return {
        ...head,
        stateError: stateErrorWord(apdu.stateError),
        serviceError: exceptionServiceErrorWord(apdu.serviceError),
      };
    case "service-ciphered":
      return ciphered(apdu.tag, apdu.content);
    case "event-notification": {
      const { access: _access, ...rest } = attribute(apdu.attribute) as Record<string, unknown>;
      return { apdu: "event-notification-request", time: time(apdu.time), ...rest, value: data(apdu.data) };
    }
    case "data-notification":
      return { ...head, ...longInvoke(apdu.longInvokeId), dateTime: time(apdu.dateTime), body: data(apdu.data) };
    case "access-request":
      return {
        ...head,
        ...longInvoke(apdu.longInvokeId),
        dateTime: time(apdu.dateTime),
        specifications: apdu.specifications.map(specification),
        data: apdu.data.map(data),
      };
    default:
      return "invokeId" in apdu ? { ...head, ...invoke(apdu.invokeId), ...serviceView(apdu) } : assert.fail(apdu.apdu);
  }
}

function serviceView(apdu: Extract<Apdu, { invokeId: number }>): object {
  switch (apdu.apdu) {
    case "get-request-normal":
      return attribute(apdu.attribute);
    case "get-request-with-list":
      return { list: apdu.attributes.map(attribute) };
    case "get-response-normal":
      return { result: getResult(apdu.result) };
    case "get-response-with-datablock": {
      const { last, blockNumber, result } = apdu;
      const piece = result.ok ? { rawData: toHex(result.data) } : { error: dataAccessResult(result.result).word };
      return { lastBlock: last, blockNumber, ...piece };
    }
    case "get-response-with-list":
      return { results: apdu.results.map(getResult) };
    case "set-request-normal":
      return { ...attribute(apdu.attribute), value: data(apdu.data) };
    case "set-request-with-first-datablock":
      return { ...attribute(apdu.attribute), block: block(apdu.block) };
    case "set-request-with-list":
      return { list: apdu.attributes.map(attribute), values: apdu.values.map(data) };
    case "set-request-with-list-and-first-datablock":
      return { list: apdu.attributes.map(attribute), block: block(apdu.block) };
    case "set-response-normal":
      return { result: dataAccessResult(apdu.result).word };
    case "set-response-last-datablock":
      return { result: dataAccessResult(apdu.result).word, blockNumber: apdu.blockNumber };
    case "set-response-last-datablock-with-list":
      return { results: apdu.results.map((code) => dataAccessResult(code).word), blockNumber: apdu.blockNumber };
    case "set-response-with-list":
      return { results: apdu.results.map((code) => dataAccessResult(code).word) };
    case "action-request-normal":
      return { ...method(apdu.method), parameters: apdu.parameters ? data(apdu.parameters) : "(absent)" };
    case "action-request-with-list":
      return { list: apdu.methods.map(method), parameters: apdu.parameters.map(data) };
    case "action-request-with-first-pblock":
      return { ...method(apdu.method), block: block(apdu.block) };
    case "action-request-with-list-and-first-pblock":
      return { list: apdu.methods.map(method), block: block(apdu.block) };
    case "action-response-normal":
      return actionView(apdu.response);
    case "action-response-with-list":
      return { list: apdu.responses.map(actionView) };
    case "set-request-with-datablock":
    case "action-request-with-pblock":
    case "action-response-with-pblock":
      return { block: block(apdu.block) };
    default:
      return { blockNumber: apdu.blockNumber };
  }
}

function actionView(response: { readonly result: number; readonly returnParameters?: GetDataResult }): object {
  const { result, returnParameters } = response;
  const word = actionResult(result).word;
  return returnParameters ? { result: word, return: getResult(returnParameters) } : { result: word };
}
