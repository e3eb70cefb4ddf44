/** The values of the Java meter, for comparison. */
import type { ObisLike } from "../../src";

/** The values of the Java meter of test/interop/java (Household.java), as our reader returns them. */
export interface HeldValue {
  readonly objectType: string;
  readonly logicalName: ObisLike;
  readonly attributeId: number;
  readonly value: unknown;
  readonly unit: string | null;
  readonly type: string;
}

const held = (
  objectType: string,
  logicalName: string,
  attributeId: number,
  value: unknown,
  unit: string | null,
  type: string,
): HeldValue => ({ objectType, logicalName, attributeId, value, unit, type });

export const longText = "0123456789ABCDEF".repeat(300);

export const heldValues: readonly HeldValue[] = [
  held("DATA", "0.0.96.1.0.255", 2, "GX-0042", null, "octet-string"),
  held("DATA", "0.0.96.15.0.255", 2, 123456789, null, "double-long-unsigned"),
  held("DATA", "0.0.96.15.1.255", 2, "9007199254740993", null, "long64-unsigned"),
  held("DATA", "0.0.96.50.0.255", 2, longText, null, "octet-string"),
  held("REGISTER", "1.0.1.8.0.255", 2, 12345678, "Wh", "double-long-unsigned"),
  held("REGISTER", "1.0.32.7.0.255", 2, 230.5, "V", "long-unsigned"),
  held("REGISTER", "1.0.31.7.0.255", 2, -1.234, "A", "long"),
  held("REGISTER", "1.0.1.7.0.255", 2, 432, "W", "double-long"),
  held("REGISTER", "1.0.2.8.0.255", 2, 77000, "Wh", "double-long-unsigned"),
  held("EXTENDED_REGISTER", "1.0.1.6.0.255", 2, 4321, "W", "double-long-unsigned"),
  held("EXTENDED_REGISTER", "1.0.1.6.0.255", 5, "2026-01-01T12:00:00Z", null, "octet-string"),
  held("CLOCK", "0.0.1.0.0.255", 2, "2026-01-01T00:00:00Z", null, "octet-string"),
];
