/** The exports of the package. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import * as api from "../../src/index";
import type {
  AddressTrial,
  Apdu,
  AssociationInfo,
  AssociationOptions,
  AttributeName,
  AttributeRef,
  BrowseOptions,
  ClassName,
  ConnectionStep,
  ConnectOptions,
  DlmsClient,
  DlmsValue,
  ErrorJson,
  Frame,
  InvocationCounterStore,
  Logger,
  MeterDefinition,
  MethodRef,
  ObisLike,
  ObjectDirectory,
  OperationOptions,
  Outcome,
  ProfileRange,
  ProfileReader,
  ProfileRow,
  Quirks,
  Reading,
  ReadOptions,
  SimulatedMeter,
  Timeouts,
  Transport,
  Unsubscribe,
} from "../../src/index";

/** What flows and programs name; the compiler looks for each. */
interface Named {
  readonly client: [DlmsClient, ConnectOptions, OperationOptions, ReadOptions, BrowseOptions, AssociationOptions];
  readonly settings: [Timeouts, Quirks, Logger, InvocationCounterStore, Transport, AssociationInfo, Unsubscribe];
  readonly references: [AttributeRef, MethodRef, ClassName, AttributeName, ObisLike];
  readonly results: [Reading, Outcome, DlmsValue, ObjectDirectory, ProfileRange, ProfileReader, ProfileRow, ErrorJson];
  readonly tools: [Apdu, Frame, AddressTrial, ConnectionStep, MeterDefinition, SimulatedMeter];
}

/**
 * All names that src/index.ts exports. Removing a name or changing its kind breaks programs; a new name is a
 * commitment.
 */
const values = words(`
  activateSecurityPolicy transferKeys
  readClock readRelay setClock switchRelay
  attributeType encodeData encodeDateTime isDlmsValue isWithoutArgument methodArgumentType scaledValue toDlmsValue typeLike valueTypeOf
  AccessRegistry DlmsAccessError DlmsAssociationError DlmsClient DlmsConfigError DlmsConnectionError
  DlmsDecodeError DlmsError DlmsLinkError DlmsPushError DlmsSecurityError DlmsServiceError DlmsStateError DlmsTimeoutError
  MemoryAccountGuard acceptMeters MeterPool ProfileReader SharedMeter accountOf afterRunning attribute attributeName
  className classTitle clientIdentity connect createClient createMeter createRuntime decodeApdu decodeData
  decodeFrame decodePush decryptedPem parsePushList pushConfirmation pushCounterFile pushCounterStore PushDecoder pushValues demoKeys demoPassword describeApdu describeClass describeData describeFrame describeObis
  describeUnit endpointKey endpointOf errorCodes fileCounterStore fileReceivedCounters findAddress
  findAttribute findClass fromHex householdDefinition isDlmsError isObis companions eventOf keyOf keysOf isTimeZone keyFingerprint listClasses
  listenPush listPorts makeSystemTitle memoryCounterStore memoryReceivedCounters method obisDotted obisLanguage
  obisLanguages obisPrinted parseDefinition parseKey parseObis parseSecret parseSystemTitle
  scopeOfMeter scopeOfSession secretFingerprint secretOf settledWithin systemClock systemRandom testConnection
  convertTable differencesOf inKilo isCumulative lineProtocol newRowsOf pointsOfProfile pointsOfValues rangeOfNew rowMoment tableOfProfile
  tableOfValues timeColumn toHex unitSymbol withAdvice withExclusiveAccess
`);
const types = words(`
  ActivatePolicyOptions KeyTransferState KeyTransferStore TransferKeysOptions TransferredKeyName TransferredKeys
  ClockOptions ClockReading ClockWay ControlledClient Relay RelayMode RelayOptions RelayState SetClockOptions SetClockResult
  SwitchRelayResult
  AttributeWrite DateParts DateTimeParts EncodeDateTimeOptions InvokeOptions InvokeOutcome MethodCall OctetOptions SpecialDay SpecialMonth
  TimeParts ValueType WriteOptions WriteOutcome WriteValueOptions WriteValues
  ConvertOptions DifferenceOptions Differences FieldValue InfluxPoint LinePrecision NewRows NewRowsRange NewestRows PointOptions
  Points Quantity ReadValue RowMoment Sample ShownColumn ShownTable UnknownUse UnknownUseAt
  Companion EventWords KeySource ProfileDays DialInOptions PushHandle PushMessage PushProtection PushSetup PushTarget PushedAttribute PushedValue
  SimulatedPushFraming SimulatedPushList StopHandle
  CounterPolicy Push PushDecoderOptions PushEvent PushFacts PushFraming PushItem PushKeySet PushKeySource PushKeys
  PushLink PushSecurity PushKeyStyle PushListDefinition PushListEntryDefinition PushMeter PushMeterSource PushObject
  PushSetupObject PushCounterStore PushCounterStoreOptions
  ListenBytes ListenConnection ListenerFacts ListenLimits ListenLogger ListenProblem
  ListenPushOptions ListenState ListenStateEvent ListenTransport NoiseHint NoiseKind PushListener PushListenerEvents PushCounterFileOptions
  AcceptMetersOptions HeartbeatOptions IncomingMeter MeterAcceptor MeterAcceptorEvents MeterEvidence
  PushSerialMode SerialLine ServerTlsOptions UnknownTitle
  Aare Aarq AccessRequest AccessResponse AccessSpecification Account AccountGuard ActionRequest
  ActionRequestNextPblock ActionRequestNormal ActionRequestWithFirstPblock ActionRequestWithList
  ActionRequestWithListAndFirstPblock ActionRequestWithPblock ActionResponse ActionResponseNextPblock
  ActionResponseNormal ActionResponseWithList ActionResponseWithPblock ActionResult AddressCandidate
  AddressSize AddressTrial Apdu ApplicationContext AssociationInfo AssociationOptions Attempt AttributeAccess
  AttributeDefinition AttributeDescriptor AttributeDescriptorWithSelection AttributeEntry AttributeName
  AttributeRef AuthenticationOptions Behaviour BehaviourLine BrowseOptions BytesLike CaptureObject
  ClassDefinition ClassName ClientEvents ClientFacts ClientState ClientStatistics Clock CloseOptions CodesOf
  ConfirmedServiceError ConnectOptions Connection ConnectionEvents ConnectionFacts ConnectionHint
  ConnectionHintKey ConnectionStep ConnectionStepName CounterFileHandle CounterFileSystem CounterSourceOptions
  CreateMeterOptions DataBlock DataNotification DataNotificationConfirm DataTag DataType DateTimeInfo DescribeOptions DetailsByClass DetailsByCode DetailsOf DlmsErrorOf DlmsErrorOptions
  DlmsValue EndpointAccess EndpointDetails EndpointScope ErrorArguments ErrorClassName ErrorCode ErrorDetails ErrorFault ErrorJson ErrorLayer
  ErrorName ErrorRetry EventNotification ExceptionResponse ExclusiveAccess FieldDefinition FileCounterOptions
  FileReceivedCountersOptions GatewayOptions FindAddressOptions Frame FrameVerdict GeneralBlockTransfer GeneralCiphering
  GeneralCipheringOptions GeneralGloCiphering GeneralSigning GeneralSigningOptions GetDataResult GetRequest
  GetRequestNext GetRequestNormal GetRequestWithList GetResponse GetResponseNormal GetResponseWithDatablock
  GetResponseWithList GuardedClient HdlcAddress HdlcControl HdlcFrameInfo HdlcOptions HdlcParameters Holder
  HouseholdOptions IncomingFrame InformationReport InitiateRequest InitiateResponse InspectKeys InspectOptions
  InvocationCounterStore InvokeIdAndPriority KeyInfo Lease LineAction LinkOptions LinkSizes Lock Logger
  LongInvokeIdAndPriority Mechanism MemoryLine MemoryPeer MeterCounters MeterDefinition MeterListenOptions
  MeterPhase MeterSettings MeterUser MeterView MethodAccess MethodDefinition MethodDescriptor MethodEntry
  MethodRef Moment NotificationEvent NumberDataType ObisLanguageTag ObisLike ObjectDirectory ObjectEntry
  OperationOptions Outcome PoolLimits Presentation ProfileColumn ProfileOptions ProfileProgress ProfileRange
  ProfileRow ProfileRows ProfileTable Protection Quirks RandomSource ReadOptions ReadRequest ReadResponse
  ReadResult Reading ReceivedCounter ReceivedCounterStore ReceivedItem RetryEvent Rlre Rlrq RunningWait
  Runtime RuntimeParts Scope SecretFormat SecretMessage SecurityOptions SecurityPolicy SecuritySuite
  SelectionUsed SelectiveAccess SerialMode SerialPortInfo ServiceCiphered SetRequest SetRequestNormal
  SetRequestWithDatablock SetRequestWithFirstDatablock SetRequestWithList SetRequestWithListAndFirstDatablock
  SetResponse SetResponseDatablock SetResponseLastDatablock SetResponseLastDatablockWithList SetResponseNormal
  SetResponseWithList SharedMeterOptions SimulatedAssociation SimulatedMeter SimulatedMethod SimulatedObject
  StateEvent TcpListener Timeouts TimerHandle TraceEvent Transport TransportKind TransportLineSettings TransportOptions
  TypeDescription UnconfirmedWriteRequest UnprovenCounter Unsubscribe ValueOptions VariableAccess WaitOptions
  WrapperFrameInfo WriteRequest WriteResponse WriteResult connectionHints dataTags
`);

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/).sort();
}

/** The names of all export clauses of src/index.ts, types apart from values. */
function exported(): { values: string[]; types: string[] } {
  const path = join(__dirname, "../../src/index.ts");
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2023, true);
  const found = { values: [] as string[], types: [] as string[] };
  for (const statement of source.statements) {
    assert.ok(ts.isExportDeclaration(statement), "src/index.ts holds re-exports only");
    const clause = statement.exportClause;
    assert.ok(clause !== undefined && ts.isNamedExports(clause), "each name is written out");
    for (const { name, isTypeOnly } of clause.elements) {
      found[statement.isTypeOnly || isTypeOnly ? "types" : "values"].push(name.text);
    }
  }
  return { values: found.values.sort(), types: found.types.sort() };
}

describe("public API", () => {
  it("exports the listed names and no others", () => {
    assert.deepEqual(exported(), { values, types });
    assert.deepEqual(Object.keys(api).sort(), values);
  });

  it("has the functions that programs call", () => {
    const functions: readonly (keyof typeof api)[] = [
      "connect",
      "attribute",
      "method",
      "fileCounterStore",
      "decodeData",
      "decodeApdu",
      "decodeFrame",
      "findAddress",
      "testConnection",
      "createMeter",
      "isDlmsError",
    ];
    for (const name of functions) assert.equal(typeof api[name], "function", name);
  });

  it("accepts every spelling of class, object and attribute", () => {
    const names = (cls: ClassName | number, obis: ObisLike, attribute: AttributeName | number): AttributeRef =>
      api.attribute(cls, obis, attribute);
    const expected: Named["references"][0] = { classId: 3, logicalName: "1.0.1.8.0.255", attributeId: 2 };
    assert.deepEqual(names("REGISTER", "1-0:1.8.0*255", "value"), expected);
    assert.deepEqual(names("register", "1-0:1.8.0", 2), expected);
    assert.deepEqual(names(3, "0100010800ff", "value"), expected);
  });
});
