/** The errors of the session. */
import {
  type Apdu,
  associationDiagnosticWord,
  associationResultWord,
  type ConfirmedServiceError,
  type ConformanceName,
  confirmedServiceErrorWords,
  type ExceptionResponse,
  exceptionServiceErrorWord,
  stateErrorWord,
  userDiagnostic,
} from "../../apdu";
import {
  DlmsAssociationError,
  DlmsDecodeError,
  DlmsLinkError,
  DlmsSecurityError,
  DlmsServiceError,
  DlmsTimeoutError,
} from "../../errors";
import { exceptionAdvice, userAdvice } from "./advice";

/** An answer of the wrong kind. */
export function unexpectedAnswer(expected: string, got: Apdu): DlmsDecodeError | DlmsAssociationError {
  if (got.apdu === "rlre" || got.apdu === "aare") {
    return new DlmsAssociationError("ASSOC_RELEASED", `expected ${expected}, the meter sent ${got.apdu}`, {
      details: { expected, got: got.apdu },
    });
  }
  return new DlmsDecodeError("DECODE_TAG", `expected ${expected}, the meter sent ${got.apdu}`, {
    details: { expected, got: got.apdu },
  });
}

/** An answer of the right kind whose content contradicts the request. */
export function inconsistentAnswer(problem: string, details: Readonly<Record<string, unknown>> = {}): DlmsDecodeError {
  return new DlmsDecodeError("DECODE_VALUE", problem, { details });
}

/** A block of an earlier transfer was received in the current one. */
export function copiedBlock(blockNumber: number): DlmsLinkError {
  return new DlmsLinkError(
    "LINK_SEQUENCE",
    `general block ${blockNumber} seems to be a copy from an earlier answer; the session ends, so that no value is taken for another; ` +
      "look for a device on the path that duplicates messages",
    { fault: "network", details: { blockNumber } },
  );
}

export function limitExceeded(problem: string, limit: number): DlmsDecodeError {
  return new DlmsDecodeError("DECODE_LIMIT", problem, { details: { limit } });
}

/** The meter ciphers, the client has no keys. */
export function keysMissing(kind = "a ciphered APDU"): DlmsSecurityError {
  return new DlmsSecurityError(
    "SEC_KEY_MISSING",
    `the meter sent ${kind}, but no keys are configured; set the security policy and the keys`,
  );
}

/** Text of an exception-response. */
export function exceptionError(exception: ExceptionResponse): DlmsServiceError {
  const state = coded(stateErrorWord(exception.stateError), exception.stateError);
  const service = coded(exceptionServiceErrorWord(exception.serviceError), exception.serviceError);
  const counter = exception.invocationCounter;
  const expects = counter === undefined ? "" : ` (the meter expects ${counter})`;
  const advice = exceptionAdvice[exception.serviceError];
  const tip = advice === undefined ? "" : `; ${advice}`;
  return new DlmsServiceError(
    "EXCEPTION",
    `the meter answered with an exception: state error ${state}, service error ${service}${expects}${tip}`,
    {
      details: {
        stateError: exception.stateError,
        serviceError: exception.serviceError,
        ...(counter === undefined ? {} : { expectedInvocationCounter: counter }),
      },
    },
  );
}

/** Text of the three parts of a confirmedServiceError: "read: access / object-unavailable (4)". */
export function describeServiceError(error: ConfirmedServiceError): string {
  const { service, errorType, value } = confirmedServiceErrorWords(error);
  return `${service}: ${errorType} / ${coded(value, error.value)}`;
}

/** `word (number)`; the text of an unlisted code is its number. */
const coded = (word: string, code: number): string => (word.endsWith(`(${code})`) ? word : `${word} (${code})`);

function serviceErrorDetails(error: ConfirmedServiceError): Readonly<Record<string, number>> {
  return { service: error.service, errorType: error.errorType, value: error.value };
}

export function confirmedServiceError(error: ConfirmedServiceError): DlmsServiceError {
  return new DlmsServiceError(
    "SERVICE_ERROR",
    `the meter answered with a service error: ${describeServiceError(error)}`,
    { details: serviceErrorDetails(error) },
  );
}

export function initiateError(error: ConfirmedServiceError): DlmsAssociationError {
  return new DlmsAssociationError(
    "ASSOC_INITIATE_ERROR",
    `the meter refused the xDLMS context: ${describeServiceError(error)}; try another PDU size or fewer conformance bits`,
    { details: serviceErrorDetails(error) },
  );
}

/** The contents of a refusing AARE. */
export interface Refusal {
  readonly result: number;
  readonly diagnosticSource: "service-user" | "service-provider";
  readonly diagnostic: number;
  /** the meter names the opposite context of the proposed one, with or without ciphering */
  readonly context?: "plain" | "ciphered";
  /** in the user-information of some refusals */
  readonly initiateError?: ConfirmedServiceError;
}

/**
 * Text of a refusing AARE. `authenticated`: whether the AARQ carried a password or a challenge; `ciphered`: whether
 * keys were used on it.
 */
export function refusedAssociation(refusal: Refusal, authenticated: boolean, ciphered = false): DlmsAssociationError {
  const user = refusal.diagnosticSource === "service-user";
  const result = associationResultWord(refusal.result);
  const diagnostic = coded(associationDiagnosticWord(refusal.diagnosticSource, refusal.diagnostic), refusal.diagnostic);
  const inner = refusal.initiateError;
  const details = {
    result: refusal.result,
    diagnosticSource: refusal.diagnosticSource,
    diagnostic: refusal.diagnostic,
    ...(inner === undefined ? {} : { initiateError: serviceErrorDetails(inner) }),
  };
  const because = inner === undefined ? "" : `, ${describeServiceError(inner)}`;
  const advice = refusalAdvice(refusal, authenticated, ciphered);
  const text = `the meter refused the association: ${result}, ${diagnostic}${because}${advice}`;
  const failed = refusal.diagnostic === userDiagnostic["authentication-failure"];
  const secret =
    user && (failed || (refusal.diagnostic === userDiagnostic["authentication-required"] && authenticated));
  if (secret) return new DlmsAssociationError("ASSOC_AUTH_FAILED", text, { details });
  // an unspecific refusal because of the initiate request is reported as the initiate request's failure
  const code = inner !== undefined && inner.value !== 0 ? "ASSOC_INITIATE_ERROR" : "ASSOC_REJECTED";
  return new DlmsAssociationError(code, text, { details });
}

const contextAdvice = {
  plain: "; the meter answers without ciphering: set the security policy to NONE",
  ciphered: "; the meter answers with ciphering: set the security policy and the keys",
} as const;

/** An answer in the other context is explained by the context, and by the explicit reason if there is one. */
function refusalAdvice(refusal: Refusal, authenticated: boolean, ciphered: boolean): string {
  const { context, diagnosticSource, diagnostic, initiateError } = refusal;
  const user = diagnosticSource === "service-user";
  if (context === undefined) return adviceFor(user, diagnostic) + secretAdvice(refusal, authenticated, ciphered);
  const unsaid = diagnostic <= userDiagnostic["application-context-name-not-supported"] && initiateError === undefined;
  return contextAdvice[context] + (unsaid ? "" : adviceFor(user, diagnostic));
}

/** Many meters refuse a password or a key without a reason. */
function secretAdvice({ diagnostic }: Refusal, authenticated: boolean, ciphered: boolean): string {
  if (diagnostic > 1 || (!authenticated && !ciphered)) return "";
  const used = ciphered ? "the keys (GUEK, GAK), the client's system title and the password" : "the password or key";
  return (
    `; some meters refuse a wrong secret without a reason: check ${used} too, ` +
    "before another attempt, because meters lock the account after a few attempts"
  );
}

function adviceFor(user: boolean, diagnostic: number): string {
  const advice = user ? userAdvice[diagnostic] : "check the client address and try again later";
  return advice === undefined ? "" : `; ${advice}`;
}

/** The request got no answer, so it may be sent again. */
export function isNoAnswer(error: unknown): boolean {
  return error instanceof DlmsTimeoutError && error.is("TIMEOUT_RESPONSE", "TIMEOUT_ASSOCIATE");
}

/** A service whose conformance bit was not agreed. */
export function notNegotiated(service: ConformanceName, agreed: readonly string[]): DlmsAssociationError {
  const offered = agreed.length === 0 ? "nothing" : agreed.join(", ");
  return new DlmsAssociationError(
    "ASSOC_SERVICE_NOT_NEGOTIATED",
    `the meter does not offer "${service}" to this client (agreed: ${offered}); try another client address or authentication`,
    { details: { service, conformance: agreed } },
  );
}
