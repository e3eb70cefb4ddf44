/** The error family: one base class with code, layer, fault and retry advice, and a class for each kind of failure. */
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
import type { DetailsByClass, DetailsOf, ErrorDetails } from "./details";

export interface DlmsErrorOptions<Details = unknown> {
  readonly details?: ErrorDetails & Details;
  readonly cause?: unknown;
  readonly layer?: ErrorLayer;
  readonly fault?: ErrorFault;
  readonly retry?: ErrorRetry;
  /** the request that the message already names */
  readonly request?: string;
}

/**
 * The request that an error is about, "read 1-0:1.8.0*255/2": the text, or a function that returns the text when it is
 * needed.
 */
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

/**
 * Maximum number of characters of a message and of a text in the details, because both may contain text that a meter
 * sent.
 */
const maxTextLength = 4096;
const shownEnd = 1024;

/** Cuts the middle out of a text that is too long, because the end says what to try. */
function bounded(text: string): string {
  if (text.length <= maxTextLength) return text;
  const start = maxTextLength - shownEnd;
  return `${text.slice(0, start)}... (${text.length - maxTextLength} characters left out) ...${text.slice(-shownEnd)}`;
}

function boundedDetails(details: ErrorDetails = {}): ErrorDetails {
  const long = Object.values(details).some((value) => typeof value === "string" && value.length > maxTextLength);
  if (!long) return details;
  const entries = Object.entries(details);
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === "string" ? bounded(value) : value]));
}

/** An error with one of these codes, and the facts that belong to it. */
export type DlmsErrorOf<N extends ErrorName> = DlmsError & {
  readonly code: `DLMS_${N}`;
  readonly codeName: N;
  readonly details: DetailsOf<N>;
};

/**
 * The base of every error that this package throws. `code` is stable and meant for programs. `message` is a sentence
 * for people: what failed on which object, what was expected, what was received, what to try.
 */
export abstract class DlmsError extends Error {
  readonly code: ErrorCode;
  readonly layer: ErrorLayer;
  readonly fault: ErrorFault;
  readonly retry: ErrorRetry;
  readonly details: ErrorDetails;
  readonly #codeName: ErrorName;
  readonly #request: string | undefined;

  protected constructor(name: ErrorClassName, code: ErrorName, message: string, options: DlmsErrorOptions = {}) {
    super(bounded(message), options.cause === undefined ? undefined : { cause: options.cause });
    const row = errorCodes[code];
    Object.defineProperty(this, "name", { value: name, enumerable: false });
    this.code = `DLMS_${code}`;
    this.#codeName = code;
    this.layer = options.layer ?? row.layer;
    this.fault = options.fault ?? row.fault;
    this.retry = options.retry ?? row.retry;
    this.details = boundedDetails(options.details);
    this.#request = options.request;
  }

  /** The code without `DLMS_`, as constructors take it: "TIMEOUT_LINK". */
  get codeName(): ErrorName {
    return this.#codeName;
  }

  /** Whether the error has one of these codes, given without `DLMS_`; its details are typed then. */
  is<const N extends ErrorName>(...names: readonly N[]): this is DlmsErrorOf<N> {
    return (names as readonly ErrorName[]).includes(this.#codeName);
  }

  /** The request in the message: "read 1-0:1.8.0*255/2". */
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

/** Constructor arguments of an error: the facts in its details fit its code. */
export type ErrorArguments<C extends ErrorClassName> = {
  [N in CodesOf<C>]: [code: N, message: string, options?: DlmsErrorOptions<DetailsOf<N>>];
}[CodesOf<C>];

/** A setting is missing, malformed, contradictory or not supported. */
export class DlmsConfigError extends DlmsError {
  declare readonly details: ErrorDetails & DetailsByClass["DlmsConfigError"];

  constructor(...[code, message, options]: ErrorArguments<"DlmsConfigError">) {
    super("DlmsConfigError", code, message, options);
  }
}

/** The call does not fit the state of the client: closed, busy, or its queue is full. */
export class DlmsStateError extends DlmsError {
  declare readonly details: ErrorDetails & DetailsByClass["DlmsStateError"];

  constructor(...[code, message, options]: ErrorArguments<"DlmsStateError">) {
    super("DlmsStateError", code, message, options);
  }
}

/** The socket or the serial port could not be opened, or was lost. */
export class DlmsConnectionError extends DlmsError {
  declare readonly details: ErrorDetails & DetailsByClass["DlmsConnectionError"];

  constructor(...[code, message, options]: ErrorArguments<"DlmsConnectionError">) {
    super("DlmsConnectionError", code, message, options);
  }
}

/** The data link (HDLC, wrapper, mode E) failed. */
export class DlmsLinkError extends DlmsError {
  declare readonly details: ErrorDetails & DetailsByClass["DlmsLinkError"];

  constructor(...[code, message, options]: ErrorArguments<"DlmsLinkError">) {
    super("DlmsLinkError", code, message, options);
  }
}

/** The meter refused the association, or authentication failed. */
export class DlmsAssociationError extends DlmsError {
  declare readonly details: ErrorDetails & DetailsByClass["DlmsAssociationError"];

  constructor(...[code, message, options]: ErrorArguments<"DlmsAssociationError">) {
    super("DlmsAssociationError", code, message, options);
  }
}

/** The meter answered one item with a data-access-result or an action-result other than success. */
export class DlmsAccessError extends DlmsError {
  declare readonly details: ErrorDetails & DetailsByClass["DlmsAccessError"];

  constructor(...[code, message, options]: ErrorArguments<"DlmsAccessError">) {
    super("DlmsAccessError", code, message, options);
  }
}

/**
 * The meter answered with an exception-response or a confirmedServiceError, or the answer to a write or a method call
 * was lost.
 */
export class DlmsServiceError extends DlmsError {
  declare readonly details: ErrorDetails & DetailsByClass["DlmsServiceError"];

  constructor(...[code, message, options]: ErrorArguments<"DlmsServiceError">) {
    super("DlmsServiceError", code, message, options);
  }
}

/** Ciphering, keys, counters or system titles do not match. Never carries a key. */
export class DlmsSecurityError extends DlmsError {
  declare readonly details: ErrorDetails & DetailsByClass["DlmsSecurityError"];

  constructor(...[code, message, options]: ErrorArguments<"DlmsSecurityError">) {
    super("DlmsSecurityError", code, message, options);
  }
}

/** A wait reached its limit. */
export class DlmsTimeoutError extends DlmsError {
  declare readonly details: ErrorDetails & DetailsByClass["DlmsTimeoutError"];

  constructor(...[code, message, options]: ErrorArguments<"DlmsTimeoutError">) {
    super("DlmsTimeoutError", code, message, options);
  }
}

/** Bytes do not have the form that the standard gives them. */
export class DlmsDecodeError extends DlmsError {
  declare readonly details: ErrorDetails & DetailsByClass["DlmsDecodeError"];

  constructor(...[code, message, options]: ErrorArguments<"DlmsDecodeError">) {
    super("DlmsDecodeError", code, message, options);
  }
}

/** A push cannot be delivered: no key, incomplete, unknown framing, too much data, or no data at all. */
export class DlmsPushError extends DlmsError {
  declare readonly details: ErrorDetails & DetailsByClass["DlmsPushError"];

  constructor(...[code, message, options]: ErrorArguments<"DlmsPushError">) {
    super("DlmsPushError", code, message, options);
  }
}

/** Whether a thrown value belongs to the family. */
export function isDlmsError(error: unknown): error is DlmsError {
  return error instanceof DlmsError;
}
