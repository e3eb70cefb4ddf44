/** Challenges, keys and the form of the answer for passes 3 and 4 of HLS in the simulated meter. */
import { classIds } from "../../apdu/class-ids";
import type { Aarq, Apdu, MethodDescriptor } from "../../apdu";
import { bytesEqual } from "../../bytes";
import { parseObis } from "../../cosem/obis";
import {
  type HlsContext,
  importPrivateKey,
  importPublicKey,
  landisGyrChallenge,
  makeChallenge,
  type RandomSource,
} from "../../security";
import type { SimulatedAssociation } from "../definition/definition";
import { currentAssociation } from "../../cosem/well-known-objects";

/** Method reply_to_HLS_authentication of Association SN, as a short name. */
export const shortNameOfReplyToHls = 0xfa58;

const curves = ["P-256", "P-384"] as const;

export function secretBytes(secret: Uint8Array | string | undefined): Uint8Array {
  return typeof secret === "string" ? new TextEncoder().encode(secret) : (secret ?? new Uint8Array(0));
}

/** The challenges and keys from which both proofs are computed; undefined for mechanisms without proofs. */
export function hlsContext(
  aarq: Aarq,
  account: SimulatedAssociation,
  meter: { readonly systemTitle: Uint8Array; readonly random: RandomSource },
): HlsContext | undefined {
  const { mechanism = "none", encryptionKey, authenticationKey } = account;
  if (mechanism === "none" || mechanism === "lls") return undefined;
  const landisGyr = mechanism === "hls-2" && account.landisGyrHls2 === true;
  return {
    mechanism,
    ...(landisGyr ? { hls2Form: "landis-gyr" as const } : {}),
    role: "server",
    clientChallenge: aarq.authenticationValue ?? new Uint8Array(0),
    serverChallenge: landisGyr ? landisGyrChallenge(meter.random) : makeChallenge(mechanism, meter.random),
    clientTitle: aarq.callingApTitle,
    serverTitle: meter.systemTitle,
    suite: account.suite ?? 0,
    secret: secretBytes(account.secret),
    ...(encryptionKey && authenticationKey ? { keys: { encryptionKey, authenticationKey } } : {}),
    ...(mechanism === "hls-ecdsa"
      ? {
          signingKey: importPrivateKey(account.signingKey, curves, "signingKey"),
          peerSigningKey: importPublicKey(account.clientSigningCertificate, curves, "clientSigningCertificate"),
        }
      : {}),
  };
}

/** Whether an ACTION invokes reply_to_HLS_authentication of the current association. */
export function isHlsReply(method: MethodDescriptor): boolean {
  return (
    method.classId === classIds["association-ln"] &&
    method.methodId === 1 &&
    bytesEqual(method.instanceId, parseObis(currentAssociation))
  );
}

/** Converts the ACTION response with the proof into a Read response. */
export function readAnswer(apdu: Apdu): Apdu {
  if (apdu.apdu !== "action-response-normal") return apdu;
  const { result, returnParameters } = apdu.response;
  // a method that succeeds without data reads as null-data
  const none = result === 0 ? Uint8Array.of(0) : undefined;
  const data = returnParameters?.ok === true ? returnParameters.data : none;
  return {
    apdu: "read-response",
    results: [data === undefined ? { kind: "error", result } : { kind: "data", data }],
  };
}
