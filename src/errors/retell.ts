import type { CodesOf, ErrorClassName, ErrorName } from "./codes";
import {
  DlmsAccessError,
  DlmsAssociationError,
  DlmsConfigError,
  DlmsConnectionError,
  DlmsDecodeError,
  type DlmsError,
  type DlmsErrorOptions,
  DlmsLinkError,
  DlmsSecurityError,
  DlmsServiceError,
  DlmsStateError,
  DlmsTimeoutError,
} from "./dlms-error";

const classes: Readonly<
  Record<ErrorClassName, new (code: never, message: string, options?: DlmsErrorOptions) => DlmsError>
> = {
  DlmsConfigError,
  DlmsStateError,
  DlmsConnectionError,
  DlmsLinkError,
  DlmsAssociationError,
  DlmsAccessError,
  DlmsServiceError,
  DlmsSecurityError,
  DlmsTimeoutError,
  DlmsDecodeError,
};

/** The same error with more to say: same code, and what comes next. */
export function repeated(error: DlmsError, next: string, details: Readonly<Record<string, unknown>>): DlmsError {
  return retold(error, `${error.message}; ${next}`, details);
}

/**
 * The error of a request that is not sent because of an earlier failure: same code. That failure names what was asked for
 * then, so it comes behind what is asked for now.
 */
export function notAsked(
  error: DlmsError,
  what: string | undefined,
  next: string,
  details: Readonly<Record<string, unknown>>,
): DlmsError {
  const now = what === undefined ? "" : `${what}: `;
  const same = now !== "" && error.message.startsWith(now);
  const then = same ? error.message.slice(now.length) : error.message;
  return retold(error, `${now}not asked ${same ? "again " : ""}now, since ${then}; ${next}`, details);
}

function retold(error: DlmsError, message: string, details: Readonly<Record<string, unknown>>): DlmsError {
  const cls = classes[error.name as ErrorClassName];
  return new cls(error.code.slice("DLMS_".length) as ErrorName as CodesOf<never>, message, {
    details: { ...error.details, ...details },
    cause: error,
    layer: error.layer,
    fault: error.fault,
    retry: error.retry,
  });
}
