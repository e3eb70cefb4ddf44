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
    /** the meter's system title, where it is known */
    readonly systemTitle?: string;
    /** who sent it: an address of the link, or the other end of the connection */
    readonly sender?: string;
  };
}

/** The facts of an error with this code, without its `DLMS_`. */
export type DetailsOf<N extends ErrorName> = DetailsByClass[(typeof errorCodes)[N]["class"] & ErrorClassName];
