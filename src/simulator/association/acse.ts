/** Checks of an AARQ and its initiate-request: which account it may use, or the AARE that rejects it. */
import { type Aare, type Aarq, type InitiateRequest, minPduBytes } from "../../apdu";
import { mechanismIds } from "../../security";
import { usesKeys } from "../objects/generated";
import type { MeterDefinition, SimulatedAssociation } from "../definition/definition";

/** Why an AARQ is rejected: result, source and diagnostic of the AARE. */
export interface Refusal {
  readonly result: 1 | 2;
  readonly source: "service-user" | "service-provider";
  readonly diagnostic: number;
  /** confirmedServiceError of the initiate service, value of its "initiate" error type */
  readonly initiateError?: number;
}

const userDiagnostic = {
  "no-reason-given": 1,
  "application-context-name-not-supported": 2,
  "calling-ap-title-not-recognized": 3,
  "authentication-mechanism-name-not-recognised": 11,
  "authentication-mechanism-name-required": 12,
  "authentication-failure": 13,
} as const;

export const initiateError = {
  "dlms-version-too-low": 1,
  "incompatible-conformance": 2,
  "pdu-size-too-short": 3,
} as const;

/** User diagnostic of an AARE that accepts the association while HLS passes 3 and 4 are outstanding. */
export const authenticationRequired = 14;

export function refusal(diagnostic: keyof typeof userDiagnostic): Refusal {
  return { result: 1, source: "service-user", diagnostic: userDiagnostic[diagnostic] };
}

export function initiateRefusal(error: keyof typeof initiateError): Refusal {
  return { ...refusal("no-reason-given"), initiateError: initiateError[error] };
}

/** 1 LN, 2 SN; ciphered contexts are 2 higher. */
function baseContext(definition: MeterDefinition): number {
  return definition.referencing === "sn" ? 2 : 1;
}

/** Whether the account uses a ciphered application context. */
export function isCiphered(account: SimulatedAssociation): boolean {
  return (account.policy ?? "none") !== "none";
}

function titleNeeded(account: SimulatedAssociation): boolean {
  const { mechanism } = account;
  return usesKeys(account) || mechanism === "hls-sha256" || mechanism === "hls-ecdsa";
}

/** The meter sends its system title whenever it needs the title of the client. */
export const needsTitles = titleNeeded;

/**
 * Finds the account for an AARQ, or the reason for a rejection. Checks protocol version, context, client, mechanism and
 * title in the order of IEC 62056-5-3, 4.2. If a client has several accounts, the mechanism decides.
 */
export function checkAarq(aarq: Aarq, client: number, definition: MeterDefinition): SimulatedAssociation | Refusal {
  if (aarq.protocolVersion !== undefined && !aarq.protocolVersion.startsWith("1")) {
    return { result: 1, source: "service-provider", diagnostic: 2 };
  }
  const base = baseContext(definition);
  if (aarq.applicationContext !== base && aarq.applicationContext !== base + 2) {
    return refusal("application-context-name-not-supported");
  }
  const accounts = definition.associations.filter((account) => account.client === client);
  const [first] = accounts;
  if (first === undefined) return refusal("no-reason-given");
  const asked = aarq.mechanism ?? 0;
  const account = accounts.find((candidate) => mechanismIds[candidate.mechanism ?? "none"] === asked);
  if (account === undefined) {
    return refusal(
      aarq.mechanism === undefined
        ? "authentication-mechanism-name-required"
        : "authentication-mechanism-name-not-recognised",
    );
  }
  if (isCiphered(account) !== (aarq.applicationContext === base + 2)) {
    return refusal("application-context-name-not-supported");
  }
  if (titleNeeded(account) && aarq.callingApTitle?.length !== 8) return refusal("calling-ap-title-not-recognized");
  return account;
}

/** Checks version, conformance and PDU size of an initiate-request; undefined = accepted. */
export function checkInitiate(request: InitiateRequest, conformance: number): Refusal | undefined {
  if (request.dlmsVersion < 6) return initiateRefusal("dlms-version-too-low");
  if ((request.conformance & conformance) === 0) return initiateRefusal("incompatible-conformance");
  if (request.maxPduSize !== 0 && request.maxPduSize < minPduBytes) return initiateRefusal("pdu-size-too-short");
  return undefined;
}

/** The AARE that rejects an AARQ. It names the requested context if the meter supports it, else its own. */
export function refusingAare(
  definition: MeterDefinition,
  aarq: Aarq | undefined,
  why: Refusal,
  userInformation?: Uint8Array,
): Aare {
  const base = baseContext(definition);
  const asked = aarq?.applicationContext ?? base;
  return {
    apdu: "aare",
    applicationContext: asked === base + 2 ? asked : base,
    result: why.result,
    diagnosticSource: why.source,
    diagnostic: why.diagnostic,
    ...(userInformation === undefined ? {} : { userInformation }),
  };
}
