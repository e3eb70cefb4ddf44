import type { ConformanceName } from "../apdu";

/** What a simulated meter with logical names can do. */
export const simulatedLn = [
  "general-protection",
  "priority-mgmt-supported",
  "block-transfer-with-get-or-read",
  "block-transfer-with-set-or-write",
  "block-transfer-with-action",
  "multiple-references",
  "data-notification",
  "get",
  "set",
  "selective-access",
  "event-notification",
  "action",
] as const satisfies readonly ConformanceName[];

/** The 24 bits as a bit-string, bit 0 first. */
export function conformanceText(conformance: number): string {
  return conformance.toString(2).padStart(24, "0");
}
