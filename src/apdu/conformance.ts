/** The conformance block: which services client and meter offer each other. */
import { DlmsConfigError } from "../errors";

/** The conformance block, IEC 62056-5-3 clause 7.3.1: bit number -> the standard's name. Bit 0 is sent first. */
export const conformanceBits = {
  0: "reserved-zero",
  1: "general-protection",
  2: "general-block-transfer",
  3: "read",
  4: "write",
  5: "unconfirmed-write",
  6: "delta-value-encoding",
  7: "reserved-seven",
  8: "attribute0-supported-with-set",
  9: "priority-mgmt-supported",
  10: "attribute0-supported-with-get",
  11: "block-transfer-with-get-or-read",
  12: "block-transfer-with-set-or-write",
  13: "block-transfer-with-action",
  14: "multiple-references",
  15: "information-report",
  16: "data-notification",
  17: "access",
  18: "parameterized-access",
  19: "get",
  20: "set",
  21: "selective-access",
  22: "event-notification",
  23: "action",
} as const satisfies Readonly<Record<number, string>>;

export type ConformanceName = (typeof conformanceBits)[keyof typeof conformanceBits];

const masks = new Map<string, number>(
  Object.entries(conformanceBits).map(([bit, name]) => [name, 0x800000 >>> Number(bit)]),
);

/** Common short spellings of the standard's names. */
const spellings: Readonly<Partial<Record<string, ConformanceName>>> = {
  "attribute0-with-set": "attribute0-supported-with-set",
  "attribute0-with-get": "attribute0-supported-with-get",
  "priority-management": "priority-mgmt-supported",
};

/**
 * The 24-bit mask of a list of names.
 * @throws DlmsConfigError CONFIG_INVALID for a name that is not in the table
 */
export function conformanceMask(names: Iterable<string>): number {
  let mask = 0;
  for (const name of names) {
    const bit = masks.get(spellings[name] ?? name);
    if (bit === undefined) {
      const known = [...masks.keys()].filter((word) => !word.startsWith("reserved")).join(", ");
      throw new DlmsConfigError("CONFIG_INVALID", `conformance: "${name}" is not one of ${known}`);
    }
    mask |= bit;
  }
  return mask;
}

/** The names of the set bits, in the standard's order. */
export function conformanceNames(mask: number): ConformanceName[] {
  return Object.entries(conformanceBits)
    .filter(([bit]) => (mask & (0x800000 >>> Number(bit))) !== 0)
    .map(([, name]) => name);
}

/** Whether one service was proposed, or negotiated. */
export function hasConformance(mask: number, name: ConformanceName): boolean {
  return (mask & (masks.get(name) ?? 0)) !== 0;
}
