/** Applies the rule of `account-guard` to an association: which secret it sends, when, and with which outcome. */

import { associationResult, serviceErrorCode, userDiagnostic } from "../../apdu";
import { type DlmsError, DlmsTimeoutError, isDlmsError } from "../../errors";
import type { Account, AccountGuard, Attempt, Lock, SecretMessage } from "../account/account-guard";
import { withAdvice } from "../../errors/retell";
import { duration } from "./failure";

/** Possible effect of a failed association on the account. */
export type AccountRisk = "none" | "unanswered" | "refused";

interface SecretSettings {
  readonly auth: { readonly mechanism: string };
  readonly security?: { readonly policy: string } | undefined;
}

/** One association of one account. Reports to the guard when the secret leaves, and the outcome. */
export class SecretAttempt {
  readonly #guard: AccountGuard;
  readonly #account: Account;
  readonly #inRequest: boolean;
  readonly #inProof: boolean;
  #attempt: Attempt | undefined;
  #message: SecretMessage | undefined;
  #stopped = false;

  constructor(guard: AccountGuard, account: Account, { auth: { mechanism }, security }: SecretSettings) {
    this.#guard = guard;
    this.#account = account;
    // a password and ciphered content leave with the association request, the proof of HLS after it
    this.#inRequest = mechanism === "lls" || (security !== undefined && security.policy !== "none");
    this.#inProof = mechanism !== "none" && mechanism !== "lls";
  }

  /** Why the secret may not be sent now. */
  get lock(): Lock | undefined {
    return this.#guard.lockOf(this.#account);
  }

  /** The meter has answered something that carried no secret. */
  answers(): void {
    this.#guard.seen(this.#account, "answering");
  }

  /** @throws the error of the last attempt, while the secret may not be sent */
  check(): void {
    const { lock } = this;
    if (lock === undefined) return;
    this.#stopped = true;
    const { error, remainingMs } = lock;
    const next = `the secret is not sent again for ${duration(remainingMs)}, because meters lock accounts`;
    throw withAdvice(error, next, { retryInMs: remainingMs, retryAfter: Math.ceil(remainingMs / 1000) });
  }

  /** A request of the association is sent now. */
  sending(message: SecretMessage): void {
    if (message === "request" ? !this.#inRequest : !this.#inProof) return;
    this.#attempt?.notJudged();
    this.#message = message;
    this.#attempt = this.#guard.sent(this.#account, message);
  }

  accepted(): void {
    this.#attempt?.accepted();
  }

  /** @param error the error that ended the association, or the reason for the abort */
  failed(error: unknown): AccountRisk {
    if (this.#stopped) return "none";
    const known = isDlmsError(error) && error.layer !== "state" ? error : undefined;
    if (known !== undefined && refusesSecret(known, this.#inRequest || this.#inProof)) {
      (this.#attempt ?? this.#guard.sent(this.#account, "request")).refused(known);
      return "refused";
    }
    if (this.#attempt === undefined) {
      if (known !== undefined && isSilent(known)) this.#guard.seen(this.#account, "silent");
      return "none";
    }
    // aborted: the guard already counts it as unanswered
    if (known === undefined) return "none";
    if (this.#message === "request" && !saysNothing(known)) {
      this.#attempt.notJudged();
      return "none";
    }
    this.#attempt.unanswered(known);
    return this.#message === "proof" ? "refused" : "unanswered";
  }
}

/**
 * Whether no readable answer was received, or an error instead of an answer to the association: some meters refuse a
 * secret in this way.
 */
function saysNothing(error: DlmsError): boolean {
  if (["transport", "link", "codec"].includes(error.layer) || error instanceof DlmsTimeoutError) return true;
  return error.layer === "service" && !judgesNoSecret.has(error.details.serviceError);
}

/** Service errors of an exception-response that have a cause other than the secret. */
const judgesNoSecret: ReadonlySet<unknown> = new Set([
  serviceErrorCode["invocation-counter-error"],
  serviceErrorCode["pdu-too-long"],
]);

/** Whether the meter behaves as if it has no power. */
function isSilent(error: DlmsError): boolean {
  return error instanceof DlmsTimeoutError || error.is("CONN_REFUSED", "CONN_UNREACHABLE", "CONN_LOST");
}

/**
 * Whether a secret was refused, or may have been. Only for errors received while associating. Many meters give no
 * reason, or a wrong one, when they refuse a password, so every permanent refusal counts.
 * @param authenticated whether a secret is used at all
 */
export function refusesSecret(error: DlmsError, authenticated: boolean): boolean {
  // the public client that reads the counter has no secret
  if (error.details.reading === "invocation-counter") return false;
  // "deciphering-error" to an association request: the keys are not the meter's
  if (error.is("EXCEPTION") && error.details.serviceError === serviceErrorCode["deciphering-error"])
    return authenticated;
  if (error.is("ASSOC_AUTH_FAILED", "ASSOC_SERVER_UNPROVEN")) return true;
  if (error.layer === "security") return error.retry === "no";
  if (!authenticated || !error.is("ASSOC_REJECTED")) return false;
  const { result, diagnostic } = error.details;
  // permanent: the same request would be refused again, and some meters count it
  if (result === associationResult["rejected-permanent"]) return true;
  // null or no-reason-given, from either source: this is how many meters refuse a password
  return diagnostic === userDiagnostic.null || diagnostic === userDiagnostic["no-reason-given"];
}
