/** Finds secrets in APDUs, so that traces can mask them. */
import { type Apdu, associationShortName, classIds, parseApdu, type VariableAccess } from "../apdu";
import { DlmsDecodeError } from "../errors";

/**
 * Parts of an APDU that must not be shown: passwords and challenges, dedicated keys, passes of the high level
 * security, transferred keys. Each is a view of the APDU's bytes.
 */
export function secretParts(apdu: Apdu): readonly Uint8Array[] {
  switch (apdu.apdu) {
    case "aarq":
    case "aare":
      return [...some(apdu.authenticationValue), ...nested(apdu.userInformation)];
    case "rlrq":
    case "rlre":
      return nested(apdu.userInformation);
    case "initiate-request":
      return some(apdu.dedicatedKey);
    case "set-request-normal":
      return isSecretAttribute(apdu.attribute) ? [apdu.data] : [];
    case "set-request-with-first-datablock":
      return isSecretAttribute(apdu.attribute) ? [apdu.block.raw] : [];
    case "set-request-with-list":
      return apdu.values.filter((_, i) => isSecretAttribute(apdu.attributes[i]));
    case "set-request-with-list-and-first-datablock":
      return apdu.attributes.some(isSecretAttribute) ? [apdu.block.raw] : [];
    case "action-request-normal":
      return isSecretMethod(apdu.method) ? some(apdu.parameters) : [];
    case "action-request-with-list":
      return apdu.parameters.filter((_, i) => isSecretMethod(apdu.methods[i]));
    case "action-request-with-first-pblock":
      return isSecretMethod(apdu.method) ? [apdu.block.raw] : [];
    case "action-request-with-list-and-first-pblock":
      return apdu.methods.some(isSecretMethod) ? [apdu.block.raw] : [];
    // a later block does not name its method
    case "action-request-with-pblock":
      return [apdu.block.raw];
    default:
      return rareSecretParts(apdu);
  }
}

function rareSecretParts(apdu: Apdu): readonly Uint8Array[] {
  switch (apdu.apdu) {
    case "access-request":
      return apdu.data.filter((_, i) => {
        const item = apdu.specifications[i];
        return item?.kind === "action"
          ? isSecretMethod(item.method)
          : item?.kind === "set" && isSecretAttribute(item.attribute);
      });
    case "read-request":
      return apdu.variables.flatMap((variable) =>
        variable.kind === "parameterized-access" && isAssociationName(variable) ? [variable.data] : [],
      );
    case "write-request":
    case "unconfirmed-write-request":
      return apdu.values.filter((_, i) => isAssociationName(apdu.variables[i]));
    case "general-signing":
      return nested(apdu.content);
    case "general-block-transfer":
      return carriesSecret(apdu.data) ? [apdu.data] : [];
    default:
      return [];
  }
}

/** Whether an APDU is the third pass of the high level security, whose answer is the fourth. */
export function isHlsPass(apdu: Apdu): boolean {
  if (apdu.apdu === "action-request-normal")
    return apdu.method.classId === classIds["association-ln"] && apdu.method.methodId === 1;
  return apdu.apdu === "read-request" && secretParts(apdu).length > 0;
}

/** The proof in the answer to an HLS pass. */
export function hlsAnswerParts(apdu: Apdu): readonly Uint8Array[] {
  if (apdu.apdu === "action-response-normal") {
    const { returnParameters } = apdu.response;
    return returnParameters?.ok ? [returnParameters.data] : [];
  }
  if (apdu.apdu !== "read-response") return [];
  return apdu.results.flatMap((result) => (result.kind === "data" ? [result.data] : []));
}

/** Whether the beginning of an APDU may belong to an APDU with secrets. */
export function carriesSecret(start: Uint8Array): boolean {
  const tag = start[0] ?? 0;
  if (tag === 0x60 || tag === 0x61 || tag === 0x01 || tag === 0x05 || tag === 0x06) return true;
  if (tag !== 0xc3 && tag !== 0xc1 && tag !== 0xd9) return false;
  // the class id follows tag, form and invoke id; further items of a list are not searched
  const classId = (start[3] ?? 0) * 256 + (start[4] ?? 0);
  return tag === 0xd9 || start[1] !== 1 || classId in secretMethods || classId in secretAttributes;
}

/** Association LN: reply_to_HLS_authentication, change_HLS_secret. Security setup: key transfer. */
const secretMethods: Readonly<Partial<Record<number, readonly number[]>>> = { 15: [1, 2], 64: [2] };
/** Association LN: secret. PPP setup: PPP_authentication. */
const secretAttributes: Readonly<Partial<Record<number, readonly number[]>>> = { 15: [7], 44: [5] };

function isSecretMethod(method: { readonly classId: number; readonly methodId: number } | undefined): boolean {
  return method !== undefined && (secretMethods[method.classId]?.includes(method.methodId) ?? false);
}

function isSecretAttribute(attribute: { readonly classId: number; readonly attributeId: number } | undefined): boolean {
  return attribute !== undefined && (secretAttributes[attribute.classId]?.includes(attribute.attributeId) ?? false);
}

/** Short names from FA00 are those of the current association: its secret and its methods. */
function isAssociationName(variable: VariableAccess | undefined): boolean {
  if (variable?.kind !== "variable-name" && variable?.kind !== "parameterized-access") return false;
  return (variable.name & 0xff00) === associationShortName;
}

function some(bytes: Uint8Array | undefined): readonly Uint8Array[] {
  return bytes === undefined || bytes.length === 0 ? [] : [bytes];
}

function nested(bytes: Uint8Array | undefined): readonly Uint8Array[] {
  if (bytes === undefined || bytes.length === 0) return [];
  try {
    return secretParts(parseApdu(bytes, { allowTrailing: true }));
  } catch (error) {
    if (!(error instanceof DlmsDecodeError)) throw error;
    // unreadable bytes may contain a secret
    return carriesSecret(bytes) ? [bytes] : [];
  }
}
