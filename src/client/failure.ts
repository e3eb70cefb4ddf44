import {
  type CodesOf,
  DlmsAccessError,
  DlmsAssociationError,
  DlmsConfigError,
  DlmsConnectionError,
  DlmsDecodeError,
  DlmsError,
  type DlmsErrorOptions,
  DlmsLinkError,
  DlmsSecurityError,
  DlmsServiceError,
  DlmsStateError,
  DlmsTimeoutError,
  type ErrorClassName,
  type ErrorName,
} from "../errors";

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

/** Whether the association cannot be used after this error. `fresh`: it has not answered a request yet. */
export function breaksSession(error: unknown, fresh: boolean): boolean {
  if (!(error instanceof DlmsError)) return true;
  switch (error.layer) {
    case "transport":
    case "link":
    case "security":
      return true;
    case "service":
      // a meter that says so right after the association means the request, not the association
      return error.retry === "reconnect" && !fresh;
    // of the association: a service that was not negotiated is refused before anything is sent
    case "association":
    case "codec":
    case "config":
    case "state":
    case "access":
      return error.retry === "reconnect";
  }
}

/** Whether a read may be asked once more on a new association: it was lost on the way, not answered. */
export function worthRepeating(error: unknown): boolean {
  return error instanceof DlmsError && error.retry === "reconnect" && error.layer !== "codec";
}

/** "4 s", "4 min 30 s" */
export function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const rest = seconds % 60;
  return rest === 0 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 60)} min ${rest} s`;
}
