/** The facts that the errors of each class carry in `details`, with their types. */
import type { ErrorClassName, ErrorName, errorCodes } from "./codes";

/** Facts that belong to an error, safe to log: never a key or a password. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** The kinds of transport that a client can use. */
export type TransportKind = "tcp" | "tls" | "udp" | "serial" | "memory";

/** Facts about a failed connection. */
export interface EndpointDetails {
  readonly transport?: TransportKind;
  /** "tcp meter.example:4059" */
  readonly endpoint?: string;
  readonly phase?: string;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
}

/** The typed facts by class; an error may carry further facts. */
export interface DetailsByClass {
  readonly DlmsConfigError: {
    /** the wrong option: "security.encryptionKey" */
    readonly setting?: string;
    /** the wrong property of the message */
    readonly property?: string;
  };
  readonly DlmsStateError: {
    readonly waitedMs?: number;
  };
  readonly DlmsConnectionError: EndpointDetails & {
    /** code of the operating system: "ECONNREFUSED" */
    readonly cause?: string;
  };
  readonly DlmsLinkError: {
    /** number of the lost block of a block transfer */
    readonly blockNumber?: number;
  };
  readonly DlmsAssociationError: {
    /** association-result of the AARE */
    readonly result?: number;
    readonly diagnosticSource?: "service-user" | "service-provider";
    /** associate-source-diagnostic of the AARE */
    readonly diagnostic?: number;
  };
  readonly DlmsAccessError: {
    /** data-access-result or action-result */
    readonly result?: number;
    readonly word?: string;
    readonly classId?: number;
    readonly logicalName?: string;
    readonly attributeId?: number;
    readonly methodId?: number;
  };
  readonly DlmsServiceError: {
    /** state-error of the exception-response */
    readonly stateError?: number;
    /** service-error of the exception-response */
    readonly serviceError?: number;
    readonly expectedInvocationCounter?: number;
  };
  readonly DlmsSecurityError: {
    readonly systemTitle?: string;
    readonly invocationCounter?: number;
  };
  readonly DlmsTimeoutError: EndpointDetails & {
    readonly timeoutMs?: number;
  };
  readonly DlmsDecodeError: {
    /** path of the value: "[3].value" */
    readonly path?: string;
    readonly offset?: number;
  };
  readonly DlmsPushError: {
    /** the meter's system title, if known */
    readonly systemTitle?: string;
    /** the sender: an address of the link, or the other end of the connection */
    readonly sender?: string;
  };
}

/** Facts that belong to single codes, besides those of their class. */
export interface DetailsByCode {
  readonly STATE_QUEUE_FULL: {
    /** requests that may wait */
    readonly limit?: number;
  };
  readonly SEC_REPLAY: {
    /** which key: "global", "global unicast", "dedicated", "broadcast" and so on */
    readonly keyRole?: string;
    /** invocation counter of the message, or its transaction-id in hex */
    readonly received?: number | string;
    /** highest invocation counter that was accepted before */
    readonly last?: number;
    /** the first message of an association, with a right tag: the meter has restarted its counter */
    readonly restarted?: boolean;
  };
  readonly SEC_TAG: {
    readonly keyRole?: string;
  };
  readonly SEC_POLICY: {
    /** protection that the settings require */
    readonly required?: string;
    /** protection, APDU or security suite that was received */
    readonly received?: string | number;
  };
  readonly WRITE_OUTCOME_UNKNOWN: {
    /** whether a request left this host without an answer; false: the line broke between the requests of a list */
    readonly sent?: boolean;
    /** attributes or methods of the request, and how many of them the meter had answered */
    readonly items?: number;
    readonly answered?: number;
    /** code of the error that ended the request */
    readonly reason?: string;
  };
  readonly DECODE_TRUNCATED: {
    /** bytes that the value needs, and bytes available */
    readonly need?: number;
    readonly have?: number;
  };
  readonly DECODE_LIMIT: {
    readonly limit?: number;
  };
  readonly PUSH_INCOMPLETE: {
    /** number of pieces received */
    readonly pieces?: number;
    readonly bytes?: number;
  };
  readonly PUSH_NO_UNIT: {
    readonly bytes?: number;
    /** the first bytes, in hex */
    readonly first?: string;
    /** kind of the hint: "parity", "speed", "inverted" and so on */
    readonly hint?: string;
  };
  readonly PUSH_SILENT: {
    readonly silenceMs?: number;
  };
  readonly PUSH_LIMIT: {
    readonly limit?: number;
  };
}

/** The facts of an error with this code, without its `DLMS_`. */
export type DetailsOf<N extends ErrorName> = DetailsByClass[(typeof errorCodes)[N]["class"] & ErrorClassName] &
  (N extends keyof DetailsByCode ? DetailsByCode[N] : unknown);
