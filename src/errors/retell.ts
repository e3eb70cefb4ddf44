/** Copies of errors with more information: advice, or the request that the error ended. */
import type { ErrorClassName, ErrorName } from "./codes";
import {
  DlmsAccessError,
  DlmsAssociationError,
  DlmsConfigError,
  DlmsConnectionError,
  DlmsDecodeError,
  type DlmsError,
  type DlmsErrorOptions,
  type RequestName,
  DlmsLinkError,
  DlmsPushError,
  DlmsSecurityError,
  DlmsServiceError,
  DlmsStateError,
  DlmsTimeoutError,
} from "./dlms-error";

type AnyError = new (code: ErrorName, message: string, options: DlmsErrorOptions) => DlmsError;

const classes: Readonly<Record<ErrorClassName, new (...made: never) => DlmsError>> = {
  DlmsConfigError,
  DlmsStateError,
  DlmsConnectionError,
  DlmsLinkError,
  DlmsPushError,
  DlmsAssociationError,
  DlmsAccessError,
  DlmsServiceError,
  DlmsSecurityError,
  DlmsTimeoutError,
  DlmsDecodeError,
};

/** The same error, with the same code and further advice. */
export function withAdvice(error: DlmsError, next: string, details: Readonly<Record<string, unknown>>): DlmsError {
  return remade(error, `${error.message}; ${next}`, {
    details: { ...error.details, ...details },
    cause: error,
    ...(error.request === undefined ? {} : { request: error.request }),
  });
}

/**
 * The error of a request that is not sent because of an earlier failure, with the same code. The sentence begins with
 * that failure and the request that it ended.
 */
export function neverSent(
  error: DlmsError,
  request: string | undefined,
  next: string,
  details: Readonly<Record<string, unknown>>,
): DlmsError {
  const again = request !== undefined && request === error.request;
  const now = `${request ?? "the request"} was not sent${again ? " again" : ""}`;
  return remade(error, `${error.message}; ${next} (${now})`, {
    details: { ...error.details, ...details },
    cause: error,
    ...(request === undefined ? {} : { request }),
  });
}

/**
 * The error with the name of the request that it ended: `no answer (read 1-0:1.8.0*255/2); check the address`. The
 * sentence begins with what failed, because lists show little more than that. An error that names a request is returned
 * as it is.
 */
export function nameRequest(error: DlmsError, name: RequestName): DlmsError {
  if (error.request !== undefined) return error;
  const request = typeof name === "function" ? name() : name;
  const { message, details, cause, stack } = error;
  const end = message.indexOf("; ");
  const [failure, then] = end < 0 ? [message, ""] : [message.slice(0, end), message.slice(end)];
  const named = remade(error, `${failure} (${request})${then}`, {
    details,
    request,
    ...(cause === undefined ? {} : { cause }),
  });
  // the lines of the stack trace
  const from = stack?.indexOf("\n    at ") ?? -1;
  if (stack !== undefined && from >= 0) named.stack = `${named.name}: ${named.message}${stack.slice(from)}`;
  return named;
}

function remade(error: DlmsError, message: string, options: DlmsErrorOptions): DlmsError {
  // code and details belong to the same class
  const Made = classes[error.name as ErrorClassName] as unknown as AnyError;
  const { layer, fault, retry } = error;
  return new Made(error.codeName, message, { layer, fault, retry, ...options });
}
