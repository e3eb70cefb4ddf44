/** Layer of the stack that detected a failure. */
export type ErrorLayer =
  "config" | "state" | "transport" | "link" | "association" | "access" | "service" | "security" | "codec";
/** Probable origin of a failure. */
export type ErrorFault = "user" | "meter" | "network" | "internal";
/** Whether and how a retry makes sense. */
export type ErrorRetry = "no" | "same-session" | "reconnect";

export type ErrorClassName =
  | "DlmsConfigError"
  | "DlmsStateError"
  | "DlmsConnectionError"
  | "DlmsLinkError"
  | "DlmsAssociationError"
  | "DlmsAccessError"
  | "DlmsServiceError"
  | "DlmsSecurityError"
  | "DlmsTimeoutError"
  | "DlmsDecodeError"
  | "DlmsPushError";

interface CodeRow {
  readonly class: ErrorClassName;
  readonly layer: ErrorLayer;
  readonly fault: ErrorFault;
  readonly retry: ErrorRetry;
}

const row = <const C extends ErrorClassName>(
  cls: C,
  layer: ErrorLayer,
  fault: ErrorFault,
  retry: ErrorRetry,
): { class: C; layer: ErrorLayer; fault: ErrorFault; retry: ErrorRetry } => ({ class: cls, layer, fault, retry });

/**
 * Every error code with its class and its usual layer, fault and retry advice. The `DLMS_` prefix is
 * added when an error is made. A code is never renamed.
 */
export const errorCodes = {
  CONFIG_INVALID: row("DlmsConfigError", "config", "user", "no"),
  CONFIG_MISSING: row("DlmsConfigError", "config", "user", "no"),
  CONFIG_UNSUPPORTED: row("DlmsConfigError", "config", "user", "no"),

  STATE_CLOSED: row("DlmsStateError", "state", "user", "no"),
  STATE_BUSY: row("DlmsStateError", "state", "user", "same-session"),
  STATE_QUEUE_FULL: row("DlmsStateError", "state", "user", "same-session"),

  CONN_REFUSED: row("DlmsConnectionError", "transport", "network", "reconnect"),
  CONN_UNREACHABLE: row("DlmsConnectionError", "transport", "network", "reconnect"),
  CONN_DNS: row("DlmsConnectionError", "transport", "network", "reconnect"),
  CONN_TLS: row("DlmsConnectionError", "transport", "network", "reconnect"),
  CONN_PORT_BUSY: row("DlmsConnectionError", "transport", "user", "reconnect"),
  CONN_PORT_MISSING: row("DlmsConnectionError", "transport", "user", "reconnect"),
  CONN_PORT_FORBIDDEN: row("DlmsConnectionError", "transport", "user", "reconnect"),
  CONN_LOST: row("DlmsConnectionError", "transport", "network", "reconnect"),

  LINK_REFUSED: row("DlmsLinkError", "link", "meter", "reconnect"),
  LINK_DISCONNECTED: row("DlmsLinkError", "link", "meter", "reconnect"),
  LINK_FRAME_REJECTED: row("DlmsLinkError", "link", "meter", "reconnect"),
  LINK_FCS: row("DlmsLinkError", "link", "network", "reconnect"),
  LINK_SEQUENCE: row("DlmsLinkError", "link", "meter", "reconnect"),
  LINK_ADDRESS: row("DlmsLinkError", "link", "user", "reconnect"),
  LINK_FRAME_INVALID: row("DlmsLinkError", "link", "network", "reconnect"),
  LINK_WRAPPER_HEADER: row("DlmsLinkError", "link", "user", "reconnect"),
  LINK_MODE_E: row("DlmsLinkError", "link", "meter", "reconnect"),

  ASSOC_REJECTED: row("DlmsAssociationError", "association", "user", "reconnect"),
  ASSOC_AUTH_FAILED: row("DlmsAssociationError", "association", "user", "no"),
  ASSOC_SERVER_UNPROVEN: row("DlmsAssociationError", "association", "meter", "no"),
  ASSOC_INITIATE_ERROR: row("DlmsAssociationError", "association", "meter", "reconnect"),
  ASSOC_SERVICE_NOT_NEGOTIATED: row("DlmsAssociationError", "association", "user", "no"),
  ASSOC_RELEASED: row("DlmsAssociationError", "association", "meter", "reconnect"),

  ACCESS_HARDWARE_FAULT: row("DlmsAccessError", "access", "meter", "no"),
  ACCESS_TEMPORARY_FAILURE: row("DlmsAccessError", "access", "meter", "same-session"),
  ACCESS_READ_WRITE_DENIED: row("DlmsAccessError", "access", "user", "no"),
  ACCESS_OBJECT_UNDEFINED: row("DlmsAccessError", "access", "user", "no"),
  ACCESS_OBJECT_CLASS_INCONSISTENT: row("DlmsAccessError", "access", "user", "no"),
  ACCESS_OBJECT_UNAVAILABLE: row("DlmsAccessError", "access", "meter", "no"),
  ACCESS_TYPE_UNMATCHED: row("DlmsAccessError", "access", "user", "no"),
  ACCESS_SCOPE_OF_ACCESS_VIOLATED: row("DlmsAccessError", "access", "user", "no"),
  ACCESS_DATA_BLOCK_UNAVAILABLE: row("DlmsAccessError", "access", "meter", "same-session"),
  ACCESS_LONG_GET_ABORTED: row("DlmsAccessError", "access", "meter", "same-session"),
  ACCESS_NO_LONG_GET_IN_PROGRESS: row("DlmsAccessError", "access", "meter", "same-session"),
  ACCESS_LONG_SET_ABORTED: row("DlmsAccessError", "access", "meter", "same-session"),
  ACCESS_NO_LONG_SET_IN_PROGRESS: row("DlmsAccessError", "access", "meter", "same-session"),
  ACCESS_DATA_BLOCK_NUMBER_INVALID: row("DlmsAccessError", "access", "meter", "same-session"),
  ACCESS_OTHER_REASON: row("DlmsAccessError", "access", "meter", "no"),
  ACCESS_UNKNOWN: row("DlmsAccessError", "access", "meter", "no"),

  EXCEPTION: row("DlmsServiceError", "service", "meter", "reconnect"),
  SERVICE_ERROR: row("DlmsServiceError", "service", "meter", "same-session"),
  WRITE_OUTCOME_UNKNOWN: row("DlmsServiceError", "service", "network", "no"),

  SEC_TAG: row("DlmsSecurityError", "security", "user", "no"),
  SEC_REPLAY: row("DlmsSecurityError", "security", "meter", "reconnect"),
  SEC_COUNTER_REJECTED: row("DlmsSecurityError", "security", "user", "reconnect"),
  SEC_COUNTER_EXHAUSTED: row("DlmsSecurityError", "security", "user", "no"),
  SEC_POLICY: row("DlmsSecurityError", "security", "meter", "no"),
  SEC_KEY_MISSING: row("DlmsSecurityError", "security", "user", "no"),
  SEC_SYSTEM_TITLE: row("DlmsSecurityError", "security", "user", "no"),

  TIMEOUT_CONNECT: row("DlmsTimeoutError", "transport", "network", "reconnect"),
  TIMEOUT_LINK: row("DlmsTimeoutError", "link", "network", "reconnect"),
  TIMEOUT_ASSOCIATE: row("DlmsTimeoutError", "association", "network", "reconnect"),
  TIMEOUT_RESPONSE: row("DlmsTimeoutError", "link", "network", "reconnect"),
  TIMEOUT_INTERFRAME: row("DlmsTimeoutError", "link", "network", "reconnect"),
  TIMEOUT_CLOSE: row("DlmsTimeoutError", "link", "network", "no"),

  DECODE_TRUNCATED: row("DlmsDecodeError", "codec", "meter", "reconnect"),
  DECODE_TAG: row("DlmsDecodeError", "codec", "meter", "reconnect"),
  DECODE_LENGTH: row("DlmsDecodeError", "codec", "meter", "reconnect"),
  DECODE_VALUE: row("DlmsDecodeError", "codec", "meter", "reconnect"),
  DECODE_TRAILING: row("DlmsDecodeError", "codec", "meter", "reconnect"),
  DECODE_LIMIT: row("DlmsDecodeError", "codec", "meter", "reconnect"),

  PUSH_NO_KEY: row("DlmsPushError", "security", "user", "no"),
  PUSH_INCOMPLETE: row("DlmsPushError", "link", "network", "no"),
  PUSH_NO_UNIT: row("DlmsPushError", "link", "user", "no"),
  PUSH_SILENT: row("DlmsPushError", "link", "network", "no"),
  PUSH_LIMIT: row("DlmsPushError", "link", "network", "no"),
} as const satisfies Record<string, CodeRow>;

/** An error code without its `DLMS_` prefix. */
export type ErrorName = keyof typeof errorCodes;
/** An error code as it appears in `err.code`. */
export type ErrorCode = `DLMS_${ErrorName}`;

/** The codes that belong to one class of the family. */
export type CodesOf<C extends ErrorClassName> = {
  [K in ErrorName]: (typeof errorCodes)[K]["class"] extends C ? K : never;
}[ErrorName];
