/**
 * Every APDU of the xDLMS and ACSE protocols that this stack supports (Green Book, IEC 62056-5-3), as plain data. The
 * discriminant is `apdu`. Byte fields are views of the received bytes. An A-XDR value that is not decoded here stays in
 * a `Uint8Array` named `data`, so that the bytes are available and the caller decodes large results only once.
 */
import type { DlmsValue } from "../codec/value";

/** Invoke-id-and-priority: low 4 bits id, bit 6 confirmed, bit 7 priority. The raw byte is kept. */
export type InvokeIdAndPriority = number;
/** Long form of ACCESS and DataNotification: low 24 bits id, top bits flags. The raw 32-bit value is kept. */
export type LongInvokeIdAndPriority = number;

export interface AttributeDescriptor {
  readonly classId: number;
  /** 6 bytes */
  readonly instanceId: Uint8Array;
  /** -128..127; 0 = all attributes */
  readonly attributeId: number;
}
export interface MethodDescriptor {
  readonly classId: number;
  readonly instanceId: Uint8Array;
  readonly methodId: number;
}
/** Selective access: 1 range, 2 entry for Profile generic; other selectors by class. */
export interface SelectiveAccess {
  readonly selector: number;
  readonly parameters: DlmsValue;
}
export interface AttributeDescriptorWithSelection extends AttributeDescriptor {
  readonly access?: SelectiveAccess;
}

/** Get-Data-Result: data, or a data-access-result code. */
export type GetDataResult =
  { readonly ok: true; readonly data: Uint8Array } | { readonly ok: false; readonly result: number };

/** One block of a blocked service. `raw` is the piece of the encoding that this block carries. */
export interface DataBlock {
  readonly last: boolean;
  readonly blockNumber: number;
  readonly raw: Uint8Array;
}

// --- ACSE -------------------------------------------------------------------------------------------------

/** Application context 2.16.756.5.8.1.n: 1 LN, 2 SN, 3 LN ciphered, 4 SN ciphered; 0 stands for any other name. */
export type ApplicationContext = number;

export interface Aarq {
  readonly apdu: "aarq";
  /** absent: not sent */
  readonly protocolVersion?: string;
  readonly applicationContext: ApplicationContext;
  readonly calledApTitle?: Uint8Array;
  readonly callingApTitle?: Uint8Array;
  /** certificate, or user id carrier */
  readonly callingAeQualifier?: Uint8Array;
  readonly callingAeInvocationId?: number;
  /** ACSE requirement "authentication" */
  readonly acseRequirements?: boolean;
  /** 2.16.756.5.8.2.n */
  readonly mechanism?: number;
  readonly authenticationValue?: Uint8Array;
  readonly implementationInformation?: Uint8Array;
  /** The xDLMS APDU inside: an initiate-request, or its glo form. */
  readonly userInformation?: Uint8Array;
  /** deviations that the reader tolerated, such as wrong lengths or a cut end; absent: none */
  readonly notes?: readonly string[];
}

export interface Aare {
  readonly apdu: "aare";
  readonly protocolVersion?: string;
  readonly applicationContext?: ApplicationContext;
  /** 0 accepted, 1 rejected-permanent, 2 rejected-transient */
  readonly result: number;
  readonly diagnosticSource: "service-user" | "service-provider";
  readonly diagnostic: number;
  readonly respondingApTitle?: Uint8Array;
  readonly respondingAeQualifier?: Uint8Array;
  readonly respondingAeInvocationId?: number;
  readonly acseRequirements?: boolean;
  readonly mechanism?: number;
  readonly authenticationValue?: Uint8Array;
  readonly implementationInformation?: Uint8Array;
  readonly userInformation?: Uint8Array;
  /** deviations that the reader tolerated, such as wrong lengths or a cut end; absent: none */
  readonly notes?: readonly string[];
}

export interface Rlrq {
  readonly apdu: "rlrq";
  /** 0 normal, 1 urgent, 30 user defined */
  readonly reason?: number;
  readonly userInformation?: Uint8Array;
  /** deviations that the reader tolerated, such as wrong lengths or a cut end; absent: none */
  readonly notes?: readonly string[];
}
export interface Rlre {
  readonly apdu: "rlre";
  readonly reason?: number;
  readonly userInformation?: Uint8Array;
  /** deviations that the reader tolerated, such as wrong lengths or a cut end; absent: none */
  readonly notes?: readonly string[];
}

// --- initiate ---------------------------------------------------------------------------------------------

export interface InitiateRequest {
  readonly apdu: "initiate-request";
  readonly dedicatedKey?: Uint8Array;
  /** default true */
  readonly responseAllowed: boolean;
  readonly qualityOfService?: number;
  readonly dlmsVersion: number;
  /** 24 bits; bit 0 of the standard is 0x800000 here */
  readonly conformance: number;
  readonly maxPduSize: number;
}
export interface InitiateResponse {
  readonly apdu: "initiate-response";
  readonly qualityOfService?: number;
  readonly dlmsVersion: number;
  readonly conformance: number;
  readonly maxPduSize: number;
  /** 0x0007 for LN, 0xFA00 for SN */
  readonly vaaName: number;
}
export interface ConfirmedServiceError {
  readonly apdu: "confirmed-service-error";
  readonly service: number;
  readonly errorType: number;
  readonly value: number;
}
export interface ExceptionResponse {
  readonly apdu: "exception-response";
  readonly stateError: number;
  readonly serviceError: number;
  /** with service error 6 */
  readonly invocationCounter?: number;
}

// --- GET --------------------------------------------------------------------------------------------------

export interface GetRequestNormal {
  readonly apdu: "get-request-normal";
  readonly invokeId: InvokeIdAndPriority;
  readonly attribute: AttributeDescriptorWithSelection;
}
export interface GetRequestNext {
  readonly apdu: "get-request-next";
  readonly invokeId: InvokeIdAndPriority;
  readonly blockNumber: number;
}
export interface GetRequestWithList {
  readonly apdu: "get-request-with-list";
  readonly invokeId: InvokeIdAndPriority;
  readonly attributes: readonly AttributeDescriptorWithSelection[];
}
export interface GetResponseNormal {
  readonly apdu: "get-response-normal";
  readonly invokeId: InvokeIdAndPriority;
  readonly result: GetDataResult;
}
export interface GetResponseWithDatablock {
  readonly apdu: "get-response-with-datablock";
  readonly invokeId: InvokeIdAndPriority;
  readonly last: boolean;
  readonly blockNumber: number;
  /** ok: the raw piece of the A-XDR encoding */
  readonly result: GetDataResult;
}
export interface GetResponseWithList {
  readonly apdu: "get-response-with-list";
  readonly invokeId: InvokeIdAndPriority;
  readonly results: readonly GetDataResult[];
}

// --- SET --------------------------------------------------------------------------------------------------

export interface SetRequestNormal {
  readonly apdu: "set-request-normal";
  readonly invokeId: InvokeIdAndPriority;
  readonly attribute: AttributeDescriptorWithSelection;
  readonly data: Uint8Array;
}
export interface SetRequestWithFirstDatablock {
  readonly apdu: "set-request-with-first-datablock";
  readonly invokeId: InvokeIdAndPriority;
  readonly attribute: AttributeDescriptorWithSelection;
  readonly block: DataBlock;
}
export interface SetRequestWithDatablock {
  readonly apdu: "set-request-with-datablock";
  readonly invokeId: InvokeIdAndPriority;
  readonly block: DataBlock;
}
export interface SetRequestWithList {
  readonly apdu: "set-request-with-list";
  readonly invokeId: InvokeIdAndPriority;
  readonly attributes: readonly AttributeDescriptorWithSelection[];
  readonly values: readonly Uint8Array[];
}
export interface SetRequestWithListAndFirstDatablock {
  readonly apdu: "set-request-with-list-and-first-datablock";
  readonly invokeId: InvokeIdAndPriority;
  readonly attributes: readonly AttributeDescriptorWithSelection[];
  readonly block: DataBlock;
}
export interface SetResponseNormal {
  readonly apdu: "set-response-normal";
  readonly invokeId: InvokeIdAndPriority;
  readonly result: number;
}
export interface SetResponseDatablock {
  readonly apdu: "set-response-datablock";
  readonly invokeId: InvokeIdAndPriority;
  readonly blockNumber: number;
}
export interface SetResponseLastDatablock {
  readonly apdu: "set-response-last-datablock";
  readonly invokeId: InvokeIdAndPriority;
  readonly result: number;
  readonly blockNumber: number;
}
export interface SetResponseLastDatablockWithList {
  readonly apdu: "set-response-last-datablock-with-list";
  readonly invokeId: InvokeIdAndPriority;
  readonly results: readonly number[];
  readonly blockNumber: number;
}
export interface SetResponseWithList {
  readonly apdu: "set-response-with-list";
  readonly invokeId: InvokeIdAndPriority;
  readonly results: readonly number[];
}

// --- ACTION -----------------------------------------------------------------------------------------------

export interface ActionResult {
  readonly result: number;
  readonly returnParameters?: GetDataResult;
}
export interface ActionRequestNormal {
  readonly apdu: "action-request-normal";
  readonly invokeId: InvokeIdAndPriority;
  readonly method: MethodDescriptor;
  readonly parameters?: Uint8Array;
}
export interface ActionRequestNextPblock {
  readonly apdu: "action-request-next-pblock";
  readonly invokeId: InvokeIdAndPriority;
  readonly blockNumber: number;
}
export interface ActionRequestWithList {
  readonly apdu: "action-request-with-list";
  readonly invokeId: InvokeIdAndPriority;
  readonly methods: readonly MethodDescriptor[];
  readonly parameters: readonly Uint8Array[];
}
export interface ActionRequestWithFirstPblock {
  readonly apdu: "action-request-with-first-pblock";
  readonly invokeId: InvokeIdAndPriority;
  readonly method: MethodDescriptor;
  readonly block: DataBlock;
}
export interface ActionRequestWithListAndFirstPblock {
  readonly apdu: "action-request-with-list-and-first-pblock";
  readonly invokeId: InvokeIdAndPriority;
  readonly methods: readonly MethodDescriptor[];
  readonly block: DataBlock;
}
export interface ActionRequestWithPblock {
  readonly apdu: "action-request-with-pblock";
  readonly invokeId: InvokeIdAndPriority;
  readonly block: DataBlock;
}
export interface ActionResponseNormal {
  readonly apdu: "action-response-normal";
  readonly invokeId: InvokeIdAndPriority;
  readonly response: ActionResult;
}
export interface ActionResponseWithPblock {
  readonly apdu: "action-response-with-pblock";
  readonly invokeId: InvokeIdAndPriority;
  readonly block: DataBlock;
}
export interface ActionResponseWithList {
  readonly apdu: "action-response-with-list";
  readonly invokeId: InvokeIdAndPriority;
  readonly responses: readonly ActionResult[];
}
export interface ActionResponseNextPblock {
  readonly apdu: "action-response-next-pblock";
  readonly invokeId: InvokeIdAndPriority;
  readonly blockNumber: number;
}

// --- short names ------------------------------------------------------------------------------------------

export type VariableAccess =
  | { readonly kind: "variable-name"; readonly name: number }
  | {
      readonly kind: "parameterized-access";
      readonly name: number;
      readonly selector: number;
      readonly data: Uint8Array;
    }
  | { readonly kind: "block-number-access"; readonly blockNumber: number }
  | { readonly kind: "read-data-block-access"; readonly block: DataBlock }
  | { readonly kind: "write-data-block-access"; readonly last: boolean; readonly blockNumber: number };

export type ReadResult =
  | { readonly kind: "data"; readonly data: Uint8Array }
  | { readonly kind: "error"; readonly result: number }
  | { readonly kind: "data-block"; readonly block: DataBlock }
  | { readonly kind: "block-number"; readonly blockNumber: number };

export interface ReadRequest {
  readonly apdu: "read-request";
  readonly variables: readonly VariableAccess[];
}
export interface ReadResponse {
  readonly apdu: "read-response";
  readonly results: readonly ReadResult[];
}
export interface WriteRequest {
  readonly apdu: "write-request";
  readonly variables: readonly VariableAccess[];
  readonly values: readonly Uint8Array[];
}
export type WriteResult =
  | { readonly kind: "success" }
  | { readonly kind: "error"; readonly result: number }
  | { readonly kind: "block-number"; readonly blockNumber: number };
export interface WriteResponse {
  readonly apdu: "write-response";
  readonly results: readonly WriteResult[];
}
export interface UnconfirmedWriteRequest {
  readonly apdu: "unconfirmed-write-request";
  readonly variables: readonly VariableAccess[];
  readonly values: readonly Uint8Array[];
}
export interface InformationReport {
  readonly apdu: "information-report";
  /** ASN.1 GeneralizedTime text, as received */
  readonly currentTime?: string;
  readonly variables: readonly VariableAccess[];
  readonly values: readonly Uint8Array[];
}

// --- notifications ----------------------------------------------------------------------------------------

export interface EventNotification {
  readonly apdu: "event-notification";
  /** 12 bytes, as received */
  readonly time?: Uint8Array;
  readonly attribute: AttributeDescriptor;
  readonly data: Uint8Array;
}
export interface DataNotification {
  readonly apdu: "data-notification";
  readonly longInvokeId: LongInvokeIdAndPriority;
  readonly dateTime?: Uint8Array;
  readonly data: Uint8Array;
}
/** The receiver of a confirmed data-notification has accepted it. */
export interface DataNotificationConfirm {
  readonly apdu: "data-notification-confirm";
  readonly longInvokeId: LongInvokeIdAndPriority;
  readonly dateTime?: Uint8Array;
}

// --- ACCESS -----------------------------------------------------------------------------------------------

export type AccessSpecification =
  | { readonly kind: "get" | "set"; readonly attribute: AttributeDescriptorWithSelection }
  | { readonly kind: "action"; readonly method: MethodDescriptor };
export interface AccessRequest {
  readonly apdu: "access-request";
  readonly longInvokeId: LongInvokeIdAndPriority;
  readonly dateTime?: Uint8Array;
  readonly specifications: readonly AccessSpecification[];
  /** one per specification, `00` (null-data) for a get */
  readonly data: readonly Uint8Array[];
}
export interface AccessResponse {
  readonly apdu: "access-response";
  readonly longInvokeId: LongInvokeIdAndPriority;
  readonly dateTime?: Uint8Array;
  readonly specifications?: readonly AccessSpecification[];
  readonly data: readonly Uint8Array[];
  readonly results: readonly { readonly kind: "get" | "set" | "action"; readonly result: number }[];
}

// --- general block transfer and protection -----------------------------------------------------------------

export interface GeneralBlockTransfer {
  readonly apdu: "general-block-transfer";
  readonly last: boolean;
  readonly streaming: boolean;
  /** 0..63 */
  readonly window: number;
  readonly blockNumber: number;
  readonly blockNumberAck: number;
  readonly data: Uint8Array;
}

/** glo-... and ded-... by service (21, 28, 25.., C8..CF, D0..D7): `content` is security header and ciphertext. */
export interface ServiceCiphered {
  readonly apdu: "service-ciphered";
  readonly tag: number;
  readonly content: Uint8Array;
}
export interface GeneralGloCiphering {
  readonly apdu: "general-glo-ciphering" | "general-ded-ciphering";
  /** 8 bytes, or empty: use the one of the association */
  readonly systemTitle: Uint8Array;
  readonly content: Uint8Array;
}
export type KeyInfo =
  | { readonly kind: "identified-key"; /** 0 global-unicast, 1 global-broadcast */ readonly keyId: number }
  | { readonly kind: "wrapped-key"; /** 0 master key (KEK) */ readonly kekId: number; readonly wrappedKey: Uint8Array }
  | { readonly kind: "agreed-key"; readonly parameters: Uint8Array; readonly cipheredData: Uint8Array };
export interface GeneralCiphering {
  readonly apdu: "general-ciphering";
  readonly transactionId: Uint8Array;
  readonly originatorSystemTitle: Uint8Array;
  readonly recipientSystemTitle: Uint8Array;
  readonly dateTime: Uint8Array;
  readonly otherInformation: Uint8Array;
  readonly keyInfo?: KeyInfo;
  readonly content: Uint8Array;
}
export interface GeneralSigning {
  readonly apdu: "general-signing";
  readonly transactionId: Uint8Array;
  readonly originatorSystemTitle: Uint8Array;
  readonly recipientSystemTitle: Uint8Array;
  readonly dateTime: Uint8Array;
  readonly otherInformation: Uint8Array;
  readonly content: Uint8Array;
  readonly signature: Uint8Array;
}

export type GetRequest = GetRequestNormal | GetRequestNext | GetRequestWithList;
export type GetResponse = GetResponseNormal | GetResponseWithDatablock | GetResponseWithList;
export type SetRequest =
  | SetRequestNormal
  | SetRequestWithFirstDatablock
  | SetRequestWithDatablock
  | SetRequestWithList
  | SetRequestWithListAndFirstDatablock;
export type SetResponse =
  | SetResponseNormal
  | SetResponseDatablock
  | SetResponseLastDatablock
  | SetResponseLastDatablockWithList
  | SetResponseWithList;
export type ActionRequest =
  | ActionRequestNormal
  | ActionRequestNextPblock
  | ActionRequestWithList
  | ActionRequestWithFirstPblock
  | ActionRequestWithListAndFirstPblock
  | ActionRequestWithPblock;
export type ActionResponse =
  ActionResponseNormal | ActionResponseWithPblock | ActionResponseWithList | ActionResponseNextPblock;

export type Apdu =
  | Aarq
  | Aare
  | Rlrq
  | Rlre
  | InitiateRequest
  | InitiateResponse
  | ConfirmedServiceError
  | ExceptionResponse
  | GetRequest
  | GetResponse
  | SetRequest
  | SetResponse
  | ActionRequest
  | ActionResponse
  | ReadRequest
  | ReadResponse
  | WriteRequest
  | WriteResponse
  | UnconfirmedWriteRequest
  | InformationReport
  | EventNotification
  | DataNotification
  | DataNotificationConfirm
  | AccessRequest
  | AccessResponse
  | GeneralBlockTransfer
  | ServiceCiphered
  | GeneralGloCiphering
  | GeneralCiphering
  | GeneralSigning;
