// Refuses requests that the dialogs of the meter and of the node do not allow. Nothing is sent before.
import { attributeName, className, DlmsConfigError } from "../../src/index";
import { dangerOfAttribute, dangerOfMethod, dangers, methodName } from "../meters/dangerous";
import type { WriteRight } from "../meters/write-rights";
import type { WriteRequest } from "./write-request";

function refused(property: "allowWriting" | "allowDangerous", text: string): DlmsConfigError {
  return new DlmsConfigError("CONFIG_INVALID", text, { details: { property } });
}

/** Why a request needs the second switch, in words; undefined if it does not. */
function dangerOf(request: WriteRequest): string | undefined {
  if (request.action === "SET_CLOCK") return undefined;
  const { action, ref } = request;
  const danger = action === "WRITE" ? dangerOfAttribute(ref) : dangerOfMethod(ref);
  if (danger === undefined) return undefined;
  const member =
    action === "WRITE"
      ? `writing ${attributeName(ref.classId, ref.attributeId, ref.version)}`
      : `the method ${methodName(ref) ?? ref.methodId}`;
  return `${member} of ${className(ref.classId)} ${dangers[danger]}`;
}

/** @param allowed the second switch of the node's dialog @throws DlmsConfigError */
export function refuseDangerous(request: WriteRequest, allowed: boolean): void {
  const danger = allowed ? undefined : dangerOf(request);
  if (danger === undefined) return;
  throw refused(
    "allowDangerous",
    `Not sent: ${danger}; switch on "Allow dangerous requests" in the dialog of this dlms-write (a message cannot)`,
  );
}

/** @param right what the meter's `dlms-meter` allows @param meter its name @throws DlmsConfigError */
export function refuseUnpermitted(request: WriteRequest, right: WriteRight, meter: string): void {
  if (right === "ALL" || (right === "CLOCK" && request.action === "SET_CLOCK")) return;
  const allows = right === "NO" ? "is read-only" : "allows SET_CLOCK only";
  throw refused(
    "allowWriting",
    `Not sent: ${meter} ${allows} (allowWriting ${right}); choose "Allow writing" in the dialog of its dlms-meter (a message cannot)`,
  );
}
