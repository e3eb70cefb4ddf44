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

/**
 * Whether a secret was refused, or may have been: another try could lock the account (after a few, many meters do).
 * Only meant for errors that came while associating. `authenticated`: whether a secret was used at all. Many meters
 * give no reason, or a wrong one, when they refuse a password, so every permanent refusal counts.
 */
export function endangersAccount(error: DlmsError, authenticated: boolean): boolean {
  // the public client that reads the counter has no secret
  if (error.details.reading === "invocation-counter") return false;
  // "deciphering-error" to an association request: the keys are not the meter's
  if (error.code === "DLMS_EXCEPTION" && error.details.serviceError === 5) return authenticated;
  if (error.code === "DLMS_ASSOC_AUTH_FAILED" || error.code === "DLMS_ASSOC_SERVER_UNPROVEN") return true;
  if (error.layer === "security") return error.retry === "no";
  if (!authenticated || error.code !== "DLMS_ASSOC_REJECTED") return false;
  const { result, diagnostic } = error.details;
  // permanent: the same request would be refused again, and some meters count it
  if (result === 1) return true;
  // null or no-reason-given, from either source: this is how many meters refuse a password
  return diagnostic === 0 || diagnostic === 1;
}

/** What of a secret had left when associating failed: the request that carries a password or is ciphered, the proof. */
export type SentSecret = "nothing" | "request" | "proof";

/**
 * What another try could do to the account. `refused`: nothing is tried again by itself. `doubtful`: the meter fell
 * silent or hung up on a secret, as some do that refuse it, and as a bad line does; a repetition is allowed.
 */
export type AccountRisk = "none" | "doubtful" | "refused";

export function accountRisk(error: DlmsError, authenticated: boolean, sent: SentSecret): AccountRisk {
  if (endangersAccount(error, authenticated) || sent === "proof") return "refused";
  if (sent === "nothing") return "none";
  return error.layer === "transport" || error.layer === "link" || error.layer === "codec" || isSilence(error)
    ? "doubtful"
    : "none";
}

function isSilence(error: DlmsError): boolean {
  return error instanceof DlmsTimeoutError;
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
