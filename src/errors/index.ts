/** The error family of the stack, and checks that throw its errors. */

export {
  type CodesOf,
  type ErrorClassName,
  type ErrorCode,
  errorCodes,
  type ErrorFault,
  type ErrorLayer,
  type ErrorName,
  type ErrorRetry,
} from "./codes";
export type { DetailsByClass, DetailsByCode, DetailsOf, EndpointDetails, ErrorDetails, TransportKind } from "./details";
export {
  DlmsAccessError,
  DlmsAssociationError,
  DlmsConfigError,
  DlmsConnectionError,
  DlmsDecodeError,
  DlmsError,
  type DlmsErrorOf,
  type DlmsErrorOptions,
  type ErrorArguments,
  type RequestName,
  DlmsLinkError,
  DlmsPushError,
  DlmsSecurityError,
  DlmsServiceError,
  DlmsStateError,
  DlmsTimeoutError,
  type ErrorJson,
  isDlmsError,
} from "./dlms-error";
