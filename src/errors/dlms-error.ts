import {
  type CodesOf,
  type ErrorClassName,
  type ErrorCode,
  type ErrorFault,
  type ErrorLayer,
  type ErrorName,
  type ErrorRetry,
  errorCodes,
} from "./codes";

/** Facts that belong to an error, safe to log: never a key or a password. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

export interface DlmsErrorOptions {
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
  readonly layer?: ErrorLayer;
  readonly fault?: ErrorFault;
  readonly retry?: ErrorRetry;
  /** the request that the message names already */
  readonly request?: string;
}

/** The request that an error is about, "read 1-0:1.8.0*255/2": the text, or a function that makes it when it is needed. */
export type RequestName = string | (() => string);

/** The plain form of an error, as it travels in `msg.dlmsError`. */
export interface ErrorJson {
  readonly name: string;
  readonly code: ErrorCode;
  readonly layer: ErrorLayer;
  readonly fault: ErrorFault;
  readonly retry: ErrorRetry;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly cause?: { readonly name: string; readonly message: string; readonly code?: string };
}

/** The most characters of a message and of a text in the details: what a meter sends may stand in them. */
const longestText = 4096;
const shownEnd = 1024;

/** A text whose middle is left out where it is too long: the end says what to try. */
function bounded(text: string): string {
  if (text.length <= longestText) return text;
  const start = longestText - shownEnd;
  return `${text.slice(0, start)}... (${text.length - longestText} characters left out) ...${text.slice(-shownEnd)}`;
}

function boundedDetails(details: ErrorDetails = {}): ErrorDetails {
  const long = Object.values(details).some((value) => typeof value === "string" && value.length > longestText);
  if (!long) return details;
  const entries = Object.entries(details);
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === "string" ? bounded(value) : value]));
}

/**
 * The base of every error that this package throws. `code` is stable and made for programs, `message`
 * is a sentence for people: what failed on which object, what was expected, what came, what to try.
 */
export abstract class DlmsError extends Error {
  readonly code: ErrorCode;
  readonly layer: ErrorLayer;
  readonly fault: ErrorFault;
  readonly retry: ErrorRetry;
  readonly details: ErrorDetails;
  readonly #request: string | undefined;

  protected constructor(name: ErrorClassName, code: ErrorName, message: string, options: DlmsErrorOptions = {}) {
    super(bounded(message), options.cause === undefined ? undefined : { cause: options.cause });
    const row = errorCodes[code];
    Object.defineProperty(this, "name", { value: name, enumerable: false });
    this.code = `DLMS_${code}`;
    this.layer = options.layer ?? row.layer;
    this.fault = options.fault ?? row.fault;
    this.retry = options.retry ?? row.retry;
    this.details = boundedDetails(options.details);
    this.#request = options.request;
  }

  /** The request that the message names: "read 1-0:1.8.0*255/2". */
  get request(): string | undefined {
    return this.#request;
  }

  toJSON(): ErrorJson {
    const json = {
      name: this.name,
      code: this.code,
      layer: this.layer,
      fault: this.fault,
      retry: this.retry,
      message: this.message,
      details: this.details,
    };
    if (!(this.cause instanceof Error)) return json;
    const code = (this.cause as { code?: unknown }).code;
    const cause = { name: this.cause.name, message: bounded(this.cause.message) };
    return { ...json, cause: typeof code === "string" ? { ...cause, code } : cause };
  }
}

/** A setting is missing, malformed, contradictory or not supported. */
export class DlmsConfigError extends DlmsError {
  constructor(code: CodesOf<"DlmsConfigError">, message: string, options?: DlmsErrorOptions) {
    super("DlmsConfigError", code, message, options);
  }
}

/** The call does not fit the state of the client: closed, busy, or its queue is full. */
export class DlmsStateError extends DlmsError {
  constructor(code: CodesOf<"DlmsStateError">, message: string, options?: DlmsErrorOptions) {
    super("DlmsStateError", code, message, options);
  }
}

/** The socket or the serial port could not be opened, or was lost. */
export class DlmsConnectionError extends DlmsError {
  constructor(code: CodesOf<"DlmsConnectionError">, message: string, options?: DlmsErrorOptions) {
    super("DlmsConnectionError", code, message, options);
  }
}

/** The data link (HDLC, wrapper, mode E) failed. */
export class DlmsLinkError extends DlmsError {
  constructor(code: CodesOf<"DlmsLinkError">, message: string, options?: DlmsErrorOptions) {
    super("DlmsLinkError", code, message, options);
  }
}

/** The meter refused the association, or authentication failed. */
export class DlmsAssociationError extends DlmsError {
  constructor(code: CodesOf<"DlmsAssociationError">, message: string, options?: DlmsErrorOptions) {
    super("DlmsAssociationError", code, message, options);
  }
}

/** The meter answered one item with a data-access-result or an action-result other than success. */
export class DlmsAccessError extends DlmsError {
  constructor(code: CodesOf<"DlmsAccessError">, message: string, options?: DlmsErrorOptions) {
    super("DlmsAccessError", code, message, options);
  }
}

/** The meter answered with an exception-response or a confirmedServiceError. */
export class DlmsServiceError extends DlmsError {
  constructor(code: CodesOf<"DlmsServiceError">, message: string, options?: DlmsErrorOptions) {
    super("DlmsServiceError", code, message, options);
  }
}

/** Ciphering, keys, counters or system titles do not fit. Never carries a key. */
export class DlmsSecurityError extends DlmsError {
  constructor(code: CodesOf<"DlmsSecurityError">, message: string, options?: DlmsErrorOptions) {
    super("DlmsSecurityError", code, message, options);
  }
}

/** A wait came to its bound. */
export class DlmsTimeoutError extends DlmsError {
  constructor(code: CodesOf<"DlmsTimeoutError">, message: string, options?: DlmsErrorOptions) {
    super("DlmsTimeoutError", code, message, options);
  }
}

/** Bytes do not have the form that the standard gives them. */
export class DlmsDecodeError extends DlmsError {
  constructor(code: CodesOf<"DlmsDecodeError">, message: string, options?: DlmsErrorOptions) {
    super("DlmsDecodeError", code, message, options);
  }
}

/** Whether a thrown value belongs to the family. */
export function isDlmsError(error: unknown): error is DlmsError {
  return error instanceof DlmsError;
}
