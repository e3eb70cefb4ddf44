/** The facts that the errors of each class carry in `details`, with their types. */
import type { ErrorClassName, ErrorName, errorCodes } from "./codes";

/** Facts that belong to an error, safe to log: never a key or a password. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** The kinds of transport that a client can use. */
export type TransportKind = "tcp" | "tls" | "udp" | "serial" | "memory";

/** What a transport knows of a connection that failed. */
export interface EndpointDetails {
  readonly transport?: TransportKind;
  /** "tcp meter.example:4059" */
  readonly endpoint?: string;
  readonly phase?: string;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
}

/** The typed facts by class; further ones may stand beside them. */
export interface DetailsByClass {
  readonly DlmsConfigError: {
    /** the option that is wrong: "security.encryptionKey" */
    readonly setting?: string;
    /** the property of the message that is wrong */
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
    /** the block of a block transfer that was lost */
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
    /** where the value is: "[3].value" */
    readonly path?: string;
    readonly offset?: number;
  };
}

/** The facts of an error with this code, without its `DLMS_`. */
export type DetailsOf<N extends ErrorName> = DetailsByClass[(typeof errorCodes)[N]["class"] & ErrorClassName];
