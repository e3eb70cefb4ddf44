import fc from "fast-check";
import type {
  AccessSpecification,
  Apdu,
  AttributeDescriptorWithSelection,
  DataBlock,
  GetDataResult,
  KeyInfo,
  MethodDescriptor,
  ReadResult,
  VariableAccess,
  WriteResult,
} from "../../../src/apdu";
import { encodeValueBytes } from "../../../src/codec";
import { anyValue } from "../codec/arbitraries";

/** Any APDU of each kind, with every field within its range. */

const u8 = fc.integer({ min: 0, max: 0xff });
const i8 = fc.integer({ min: -0x80, max: 0x7f });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u24 = fc.integer({ min: 0, max: 0xffffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const sized = (min: number, max: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((bytes) => new Uint8Array(bytes));
const bytes = sized(0, 200);
const some = sized(1, 40);
const dateTime = sized(12, 12);
const data = anyValue.map(encodeValueBytes);
const list = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { maxLength: 4 });

/** All keys of `required`, and any of `optional`; never a key that is undefined. */
function record<R extends object, O extends object = object>(
  required: { [K in keyof R]: fc.Arbitrary<R[K]> },
  optional?: { [K in keyof O]: fc.Arbitrary<O[K]> },
): fc.Arbitrary<R & Partial<O>> {
  const all: object = { ...required, ...optional };
  const constraints: object = { requiredKeys: Object.keys(required), noNullPrototype: true };
  const made: unknown = fc.record(all, constraints);
  return made as fc.Arbitrary<R & Partial<O>>;
}

const word = <const T extends string>(text: T): fc.Arbitrary<T> => fc.constant(text);

const method: fc.Arbitrary<MethodDescriptor> = record({ classId: u16, instanceId: sized(6, 6), methodId: i8 });
const attribute = record({ classId: u16, instanceId: sized(6, 6), attributeId: i8 });
const selected: fc.Arbitrary<AttributeDescriptorWithSelection> = record(
  { classId: u16, instanceId: sized(6, 6), attributeId: i8 },
  { access: record({ selector: u8, parameters: anyValue }) },
);
const block: fc.Arbitrary<DataBlock> = record({ last: fc.boolean(), blockNumber: u32, raw: bytes });
const shortBlock: fc.Arbitrary<DataBlock> = record({ last: fc.boolean(), blockNumber: u16, raw: bytes });
const failed: fc.Arbitrary<GetDataResult> = record({ ok: fc.constant(false as const), result: u8 });
const result: fc.Arbitrary<GetDataResult> = fc.oneof(record({ ok: fc.constant(true as const), data }), failed);
const actionResult = record({ result: u8 }, { returnParameters: result });
const variable: fc.Arbitrary<VariableAccess> = fc.oneof(
  record({ kind: word("variable-name"), name: u16 }),
  record({ kind: word("parameterized-access"), name: u16, selector: u8, data }),
  record({ kind: word("block-number-access"), blockNumber: u16 }),
  record({ kind: word("read-data-block-access"), block: shortBlock }),
  record({ kind: word("write-data-block-access"), last: fc.boolean(), blockNumber: u16 }),
);
const readResult: fc.Arbitrary<ReadResult> = fc.oneof(
  record({ kind: word("data"), data }),
  record({ kind: word("error"), result: u8 }),
  record({ kind: word("data-block"), block: shortBlock }),
  record({ kind: word("block-number"), blockNumber: u16 }),
);
const writeResult: fc.Arbitrary<WriteResult> = fc.oneof(
  record({ kind: word("success") }),
  record({ kind: word("error"), result: u8 }),
  record({ kind: word("block-number"), blockNumber: u16 }),
);
const specification: fc.Arbitrary<AccessSpecification> = fc.oneof(
  record({ kind: fc.constantFrom("get", "set"), attribute: selected }),
  record({ kind: word("action"), method }),
);
const keyInfo: fc.Arbitrary<KeyInfo> = fc.oneof(
  record({ kind: word("identified-key"), keyId: u8 }),
  record({ kind: word("wrapped-key"), kekId: u8, wrappedKey: bytes }),
  record({ kind: word("agreed-key"), parameters: bytes, cipheredData: bytes }),
);
const bits = fc.array(fc.constantFrom("0", "1"), { minLength: 1, maxLength: 12 }).map((list) => list.join(""));
const arc = fc.integer({ min: 0, max: 0x7f });

const initiate = { dlmsVersion: u8, conformance: u24, maxPduSize: u16 };
const protection = {
  transactionId: bytes,
  originatorSystemTitle: bytes,
  recipientSystemTitle: bytes,
  dateTime: bytes,
  otherInformation: bytes,
};
const acse = {
  protocolVersion: bits,
  acseRequirements: fc.boolean(),
  mechanism: arc,
  authenticationValue: some,
  implementationInformation: some,
  userInformation: some,
};

type Kinds = { readonly [K in Apdu["apdu"]]: fc.Arbitrary<Extract<Apdu, { readonly apdu: K }>> };

const kind = <const K extends Apdu["apdu"], R extends object, O extends object = object>(
  apdu: K,
  required: { [F in keyof R]: fc.Arbitrary<R[F]> },
  optional?: { [F in keyof O]: fc.Arbitrary<O[F]> },
): fc.Arbitrary<Extract<Apdu, { readonly apdu: K }>> =>
  record<R, O>(required, optional).map((fields) => ({ apdu, ...fields })) as unknown as fc.Arbitrary<
    Extract<Apdu, { readonly apdu: K }>
  >;

export const apdus: Kinds = {
  aarq: kind(
    "aarq",
    { applicationContext: arc },
    {
      ...acse,
      calledApTitle: some,
      callingApTitle: some,
      callingAeQualifier: some,
      callingAeInvocationId: fc.integer(),
    },
  ),
  aare: kind(
    "aare",
    {
      result: fc.integer({ min: 0, max: 2 }),
      diagnosticSource: fc.constantFrom("service-user", "service-provider"),
      diagnostic: fc.integer({ min: 0, max: 14 }),
    },
    {
      ...acse,
      applicationContext: arc,
      respondingApTitle: some,
      respondingAeQualifier: some,
      respondingAeInvocationId: fc.integer(),
    },
  ),
  rlrq: kind("rlrq", {}, { reason: arc, userInformation: some }),
  rlre: kind("rlre", {}, { reason: arc, userInformation: some }),
  "initiate-request": kind(
    "initiate-request",
    { ...initiate, responseAllowed: fc.boolean() },
    { dedicatedKey: some, qualityOfService: i8 },
  ),
  "initiate-response": kind("initiate-response", { ...initiate, vaaName: u16 }, { qualityOfService: i8 }),
  "confirmed-service-error": kind("confirmed-service-error", { service: u8, errorType: u8, value: u8 }),
  "exception-response": fc.oneof(
    kind("exception-response", { stateError: u8, serviceError: u8.filter((code) => code !== 6) }),
    kind("exception-response", { stateError: u8, serviceError: fc.constant(6) }, { invocationCounter: u32 }),
  ),
  "get-request-normal": kind("get-request-normal", { invokeId: u8, attribute: selected }),
  "get-request-next": kind("get-request-next", { invokeId: u8, blockNumber: u32 }),
  "get-request-with-list": kind("get-request-with-list", { invokeId: u8, attributes: list(selected) }),
  "get-response-normal": kind("get-response-normal", { invokeId: u8, result }),
  "get-response-with-datablock": kind("get-response-with-datablock", {
    invokeId: u8,
    last: fc.boolean(),
    blockNumber: u32,
    result: fc.oneof(record({ ok: fc.constant(true as const), data: bytes }), failed),
  }),
  "get-response-with-list": kind("get-response-with-list", { invokeId: u8, results: list(result) }),
  "set-request-normal": kind("set-request-normal", { invokeId: u8, attribute: selected, data }),
  "set-request-with-first-datablock": kind("set-request-with-first-datablock", {
    invokeId: u8,
    attribute: selected,
    block,
  }),
  "set-request-with-datablock": kind("set-request-with-datablock", { invokeId: u8, block }),
  "set-request-with-list": kind("set-request-with-list", {
    invokeId: u8,
    attributes: list(selected),
    values: list(data),
  }),
  "set-request-with-list-and-first-datablock": kind("set-request-with-list-and-first-datablock", {
    invokeId: u8,
    attributes: list(selected),
    block,
  }),
  "set-response-normal": kind("set-response-normal", { invokeId: u8, result: u8 }),
  "set-response-datablock": kind("set-response-datablock", { invokeId: u8, blockNumber: u32 }),
  "set-response-last-datablock": kind("set-response-last-datablock", { invokeId: u8, result: u8, blockNumber: u32 }),
  "set-response-last-datablock-with-list": kind("set-response-last-datablock-with-list", {
    invokeId: u8,
    results: list(u8),
    blockNumber: u32,
  }),
  "set-response-with-list": kind("set-response-with-list", { invokeId: u8, results: list(u8) }),
  "action-request-normal": kind("action-request-normal", { invokeId: u8, method }, { parameters: data }),
  "action-request-next-pblock": kind("action-request-next-pblock", { invokeId: u8, blockNumber: u32 }),
  "action-request-with-list": kind("action-request-with-list", {
    invokeId: u8,
    methods: list(method),
    parameters: list(data),
  }),
  "action-request-with-first-pblock": kind("action-request-with-first-pblock", { invokeId: u8, method, block }),
  "action-request-with-list-and-first-pblock": kind("action-request-with-list-and-first-pblock", {
    invokeId: u8,
    methods: list(method),
    block,
  }),
  "action-request-with-pblock": kind("action-request-with-pblock", { invokeId: u8, block }),
  "action-response-normal": kind("action-response-normal", { invokeId: u8, response: actionResult }),
  "action-response-with-pblock": kind("action-response-with-pblock", { invokeId: u8, block }),
  "action-response-with-list": kind("action-response-with-list", { invokeId: u8, responses: list(actionResult) }),
  "action-response-next-pblock": kind("action-response-next-pblock", { invokeId: u8, blockNumber: u32 }),
  "read-request": kind("read-request", { variables: list(variable) }),
  "read-response": kind("read-response", { results: list(readResult) }),
  "write-request": kind("write-request", { variables: list(variable), values: list(data) }),
  "write-response": kind("write-response", { results: list(writeResult) }),
  "unconfirmed-write-request": kind("unconfirmed-write-request", { variables: list(variable), values: list(data) }),
  "information-report": kind(
    "information-report",
    { variables: list(variable), values: list(data) },
    { currentTime: fc.constant("20260102030405.67Z") },
  ),
  "event-notification": kind("event-notification", { attribute, data }, { time: dateTime }),
  "data-notification-confirm": kind("data-notification-confirm", { longInvokeId: u32 }, { dateTime }),
  "data-notification": kind("data-notification", { longInvokeId: u32, data }, { dateTime }),
  "access-request": kind(
    "access-request",
    { longInvokeId: u32, specifications: list(specification), data: list(data) },
    { dateTime },
  ),
  "access-response": kind(
    "access-response",
    {
      longInvokeId: u32,
      data: list(data),
      results: list(record({ kind: fc.constantFrom("get", "set", "action"), result: u8 })),
    },
    { dateTime, specifications: list(specification) },
  ),
  "general-block-transfer": kind("general-block-transfer", {
    last: fc.boolean(),
    streaming: fc.boolean(),
    window: fc.integer({ min: 0, max: 63 }),
    blockNumber: u16,
    blockNumberAck: u16,
    data: bytes,
  }),
  "service-ciphered": kind("service-ciphered", {
    tag: fc.constantFrom(0x21, 0x28, 0x25, 0x4c, 0xc8, 0xcf, 0xd0, 0xd7),
    content: bytes,
  }),
  "general-glo-ciphering": kind("general-glo-ciphering", { systemTitle: bytes, content: bytes }),
  "general-ded-ciphering": kind("general-ded-ciphering", { systemTitle: bytes, content: bytes }),
  "general-ciphering": kind("general-ciphering", { ...protection, content: bytes }, { keyInfo }),
  "general-signing": kind("general-signing", { ...protection, content: bytes, signature: bytes }),
};
