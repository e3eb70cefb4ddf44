/** The conformance block that a simulated meter proposes. */
import type { ConformanceName } from "../../apdu";
import type { MeterDefinition } from "./definition";

/** Conformance of a simulated meter with logical names. */
const simulatedLn = [
  "general-protection",
  "priority-mgmt-supported",
  "block-transfer-with-get-or-read",
  "block-transfer-with-set-or-write",
  "block-transfer-with-action",
  "multiple-references",
  "data-notification",
  "access",
  "get",
  "set",
  "selective-access",
  "event-notification",
  "action",
] as const satisfies readonly ConformanceName[];

/** Conformance of a simulated meter with short names. */
const simulatedSn = [
  "general-protection",
  "read",
  "write",
  "unconfirmed-write",
  "block-transfer-with-get-or-read",
  "block-transfer-with-set-or-write",
  "multiple-references",
  "information-report",
  "parameterized-access",
] as const satisfies readonly ConformanceName[];

/** Offers general block transfer only if the definition has a window for it: many clients do not support it. */
export function defaultConformance(definition: MeterDefinition): readonly ConformanceName[] {
  const own = definition.referencing === "sn" ? simulatedSn : simulatedLn;
  return definition.generalBlockTransferWindow === undefined ? own : [...own, "general-block-transfer"];
}

/** The 24 bits as a bit-string, bit 0 first. */
export function conformanceText(conformance: number): string {
  return conformance.toString(2).padStart(24, "0");
}
