/** Result codes of the services, with the standard's names (IEC 62056-5-3 clause 8). Other codes stay numbers. */
import type { CodesOf } from "../errors";

interface AccessRow {
  readonly word: string;
  readonly errorName: CodesOf<"DlmsAccessError">;
}

/** Data-Access-Result of GET, SET and Read; Action-Result uses the same codes, with the exceptions below. */
export const dataAccessResults = {
  1: { word: "hardware-fault", errorName: "ACCESS_HARDWARE_FAULT" },
  2: { word: "temporary-failure", errorName: "ACCESS_TEMPORARY_FAILURE" },
  3: { word: "read-write-denied", errorName: "ACCESS_READ_WRITE_DENIED" },
  4: { word: "object-undefined", errorName: "ACCESS_OBJECT_UNDEFINED" },
  9: { word: "object-class-inconsistent", errorName: "ACCESS_OBJECT_CLASS_INCONSISTENT" },
  11: { word: "object-unavailable", errorName: "ACCESS_OBJECT_UNAVAILABLE" },
  12: { word: "type-unmatched", errorName: "ACCESS_TYPE_UNMATCHED" },
  13: { word: "scope-of-access-violated", errorName: "ACCESS_SCOPE_OF_ACCESS_VIOLATED" },
  14: { word: "data-block-unavailable", errorName: "ACCESS_DATA_BLOCK_UNAVAILABLE" },
  15: { word: "long-get-aborted", errorName: "ACCESS_LONG_GET_ABORTED" },
  16: { word: "no-long-get-in-progress", errorName: "ACCESS_NO_LONG_GET_IN_PROGRESS" },
  17: { word: "long-set-aborted", errorName: "ACCESS_LONG_SET_ABORTED" },
  18: { word: "no-long-set-in-progress", errorName: "ACCESS_NO_LONG_SET_IN_PROGRESS" },
  19: { word: "data-block-number-invalid", errorName: "ACCESS_DATA_BLOCK_NUMBER_INVALID" },
  250: { word: "other-reason", errorName: "ACCESS_OTHER_REASON" },
} as const satisfies Readonly<Record<number, AccessRow>>;

/** Action-Result: 15 and 16 concern actions instead of gets, 17 to 19 do not exist. */
export const actionResults = {
  1: dataAccessResults[1],
  2: dataAccessResults[2],
  3: dataAccessResults[3],
  4: dataAccessResults[4],
  9: dataAccessResults[9],
  11: dataAccessResults[11],
  12: dataAccessResults[12],
  13: dataAccessResults[13],
  14: dataAccessResults[14],
  15: { word: "long-action-aborted", errorName: "ACCESS_LONG_GET_ABORTED" },
  16: { word: "no-long-action-in-progress", errorName: "ACCESS_NO_LONG_GET_IN_PROGRESS" },
  250: dataAccessResults[250],
} as const satisfies Readonly<Record<number, AccessRow>>;

/** The word of a row: the row itself, or its `word`. */
type WordOf<Row> = Row extends { readonly word: infer Word } ? Word : Row;
type CodesByWord<Table> = {
  readonly [Code in keyof Table & number as WordOf<Table[Code]> & string]: Code;
};

/** The codes of a table by their words: `dataAccess["read-write-denied"]`. */
function codesByWord<const Table extends Readonly<Record<number, AccessRow | string>>>(
  table: Table,
): CodesByWord<Table> {
  const rows = Object.entries(table).map(([code, row]) => [typeof row === "string" ? row : row.word, Number(code)]);
  return Object.fromEntries(rows) as CodesByWord<Table>;
}

/** Codes of Data-Access-Result by the standard's words. */
export const dataAccess = { success: 0, ...codesByWord(dataAccessResults) } as const;
/** Codes of Action-Result by the standard's words. */
export const actionAccess = { success: 0, ...codesByWord(actionResults) } as const;

/** The block transfer ended before the last block. */
export const blockTransferFailed: ReadonlySet<number> = new Set([
  dataAccess["data-block-unavailable"],
  dataAccess["long-get-aborted"],
  dataAccess["no-long-get-in-progress"],
  dataAccess["data-block-number-invalid"],
]);
/** The answer does not fit into one APDU, and the meter does not send it in blocks. */
export const answerTooLong: ReadonlySet<number> = new Set([
  dataAccess["data-block-unavailable"],
  dataAccess["long-get-aborted"],
]);
/** The object or attribute does not exist. */
export const notThere: ReadonlySet<number> = new Set([
  dataAccess["object-undefined"],
  dataAccess["object-class-inconsistent"],
  dataAccess["object-unavailable"],
]);
/** The attribute does not exist, or this client has no right to read it. */
export const notReadable: ReadonlySet<number> = new Set([
  ...notThere,
  dataAccess["read-write-denied"],
  dataAccess["scope-of-access-violated"],
]);
/** A temporary fault: the meter may answer the same request later. */
export const mayPass: ReadonlySet<number> = new Set([dataAccess["hardware-fault"], dataAccess["temporary-failure"]]);

const success = "success";

/** Meaning of a result code: the standard's name (or the number as text), and the resulting error. */
export interface ResultMeaning {
  readonly word: string;
  /** undefined for success */
  readonly errorName: CodesOf<"DlmsAccessError"> | undefined;
}

export function dataAccessResult(code: number): ResultMeaning {
  return accessMeaning(dataAccessResults, code);
}

export function actionResult(code: number): ResultMeaning {
  return accessMeaning(actionResults, code);
}

function accessMeaning(table: Readonly<Partial<Record<number, AccessRow>>>, code: number): ResultMeaning {
  if (code === 0) return { word: success, errorName: undefined };
  return table[code] ?? { word: `unknown result ${code}`, errorName: "ACCESS_UNKNOWN" };
}

type Words = Readonly<Partial<Record<number, string>>>;

function wordOf(table: Words, code: number): string {
  return table[code] ?? `unknown (${code})`;
}

/** AARE result. */
export const associationResults = {
  0: "accepted",
  1: "rejected-permanent",
  2: "rejected-transient",
} as const satisfies Words;

/** Codes of the AARE result by the standard's words. */
export const associationResult = codesByWord(associationResults);

/** AARE diagnostic from the service user. */
export const userDiagnostics = {
  0: "null",
  1: "no-reason-given",
  2: "application-context-name-not-supported",
  3: "calling-AP-title-not-recognized",
  4: "calling-AP-invocation-identifier-not-recognized",
  5: "calling-AE-qualifier-not-recognized",
  6: "calling-AE-invocation-identifier-not-recognized",
  7: "called-AP-title-not-recognized",
  8: "called-AP-invocation-identifier-not-recognized",
  9: "called-AE-qualifier-not-recognized",
  10: "called-AE-invocation-identifier-not-recognized",
  11: "authentication-mechanism-name-not-recognised",
  12: "authentication-mechanism-name-required",
  13: "authentication-failure",
  14: "authentication-required",
} as const satisfies Words;

/** Codes of the service user's diagnostic by the standard's words. */
export const userDiagnostic = codesByWord(userDiagnostics);

/** AARE diagnostic from the service provider. */
export const providerDiagnostics = {
  0: "null",
  1: "no-reason-given",
  2: "no-common-acse-version",
} as const satisfies Words;

export function associationResultWord(result: number): string {
  return wordOf(associationResults, result);
}

export function associationDiagnosticWord(source: "service-user" | "service-provider", diagnostic: number): string {
  return wordOf(source === "service-user" ? userDiagnostics : providerDiagnostics, diagnostic);
}

/** RLRQ reason. */
export const releaseRequestReasons = { 0: "normal", 1: "urgent", 30: "user-defined" } as const satisfies Words;
/** RLRE reason. */
export const releaseResponseReasons = { 0: "normal", 1: "not-finished", 30: "user-defined" } as const satisfies Words;

export function releaseReasonWord(apdu: "rlrq" | "rlre", reason: number): string {
  return wordOf(apdu === "rlrq" ? releaseRequestReasons : releaseResponseReasons, reason);
}

/** exception-response, state-error. */
export const stateErrors = { 1: "service-not-allowed", 2: "service-unknown" } as const satisfies Words;

/** exception-response, service-error. */
export const exceptionServiceErrors = {
  1: "operation-not-possible",
  2: "service-not-supported",
  3: "other-reason",
  4: "pdu-too-long",
  5: "deciphering-error",
  6: "invocation-counter-error",
} as const satisfies Words;

/** Codes of an exception-response by the standard's words. */
export const stateErrorCode = codesByWord(stateErrors);
export const serviceErrorCode = codesByWord(exceptionServiceErrors);

export function stateErrorWord(code: number): string {
  return wordOf(stateErrors, code);
}

export function exceptionServiceErrorWord(code: number): string {
  return wordOf(exceptionServiceErrors, code);
}

/** ConfirmedServiceError: the service that failed. */
export const confirmedServices = {
  1: "initiateError",
  2: "getStatus",
  3: "getNameList",
  4: "getVariableAttribute",
  5: "read",
  6: "write",
  7: "getDataSetAttribute",
  8: "getTIAttribute",
  9: "changeScope",
  10: "start",
  11: "stop",
  12: "resume",
  13: "makeUsable",
  14: "initiateLoad",
  15: "loadSegment",
  16: "terminateLoad",
  17: "initiateUpLoad",
  18: "upLoadSegment",
  19: "terminateUpLoad",
} as const satisfies Words;

interface ErrorGroup {
  readonly word: string;
  readonly values: Words;
}

/** ServiceError: type, and the meaning of its values. */
export const serviceErrorGroups = {
  0: {
    word: "application-reference",
    values: {
      0: "other",
      1: "time-elapsed",
      2: "application-unreachable",
      3: "application-reference-invalid",
      4: "application-context-unsupported",
      5: "provider-communication-error",
      6: "deciphering-error",
    },
  },
  1: {
    word: "hardware-resource",
    values: {
      0: "other",
      1: "memory-unavailable",
      2: "processor-resource-unavailable",
      3: "mass-storage-unavailable",
      4: "other-resource-unavailable",
    },
  },
  2: {
    word: "vde-state-error",
    values: { 0: "other", 1: "no-dlms-context", 2: "loading-data-set", 3: "status-nochange", 4: "status-inoperable" },
  },
  3: {
    word: "service",
    values: { 0: "other", 1: "pdu-size", 2: "service-unsupported" },
  },
  4: {
    word: "definition",
    values: {
      0: "other",
      1: "object-undefined",
      2: "object-class-inconsistent",
      3: "object-attribute-inconsistent",
    },
  },
  5: {
    word: "access",
    values: {
      0: "other",
      1: "scope-of-access-violated",
      2: "object-access-violated",
      3: "hardware-fault",
      4: "object-unavailable",
    },
  },
  6: {
    word: "initiate",
    values: {
      0: "other",
      1: "dlms-version-too-low",
      2: "incompatible-conformance",
      3: "pdu-size-too-short",
      4: "refused-by-the-VDE-Handler",
    },
  },
  7: {
    word: "load-data-set",
    values: {
      0: "other",
      1: "primitive-out-of-sequence",
      2: "not-loadable",
      3: "dataset-size-too-large",
      4: "not-awaited-segment",
      5: "interpretation-failure",
      6: "storage-failure",
      7: "data-set-not-ready",
    },
  },
  8: { word: "change-scope", values: { 0: "other" } },
  9: {
    word: "task",
    values: { 0: "other", 1: "no-remote-control", 2: "ti-stopped", 3: "ti-running", 4: "ti-unusable" },
  },
  10: { word: "other", values: { 0: "other" } },
} as const satisfies Readonly<Record<number, ErrorGroup>>;

const groups: Readonly<Partial<Record<number, ErrorGroup>>> = serviceErrorGroups;

/** Text of the three parts of a ConfirmedServiceError. */
export function confirmedServiceErrorWords(error: {
  readonly service: number;
  readonly errorType: number;
  readonly value: number;
}): { readonly service: string; readonly errorType: string; readonly value: string } {
  const group = groups[error.errorType];
  return {
    service: wordOf(confirmedServices, error.service),
    errorType: group?.word ?? `unknown (${error.errorType})`,
    value: wordOf(group?.values ?? {}, error.value),
  };
}
