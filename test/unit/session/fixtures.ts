import type { AttributeDescriptor } from "../../../src/apdu/model";
import { fromHex } from "../../../src/bytes";
import { Session, type SessionOptions } from "../../../src/session";
import { Correlation } from "../../../src/session/steps/correlation";
import { aare } from "../../support/apdus";
import { drive } from "./drive";

/** The bits of the conformance block 00 7E 1F: the proposal of most LN clients. */
export const usualConformance = 0x007e1f;
export const everything = 0x7fffff;

export function options(more: Partial<SessionOptions> = {}): SessionOptions {
  return {
    referencing: "ln",
    maxPduSize: 1200,
    conformance: usualConformance,
    auth: { mechanism: "none" },
    // the frames in these tests have invoke-id 1, as most recordings
    correlation: new Correlation(1, 1),
    random: (count) => Uint8Array.from({ length: count }, (_, i) => i + 1),
    ...more,
  };
}

/** A session that is associated, without authentication. */
export function associated(
  o: { conformance?: number; maxPduSize?: number; vaaName?: number } & Partial<
    Omit<SessionOptions, "conformance" | "maxPduSize">
  > = {},
): Session {
  const { conformance = everything, maxPduSize = 0, vaaName = 0x0007, ...more } = o;
  const session = new Session(options({ conformance: everything, ...more }));
  drive(session.associate(), [{ in: aare(conformance, maxPduSize, vaaName, vaaName === 0xfa00 ? 2 : 1) }]);
  return session;
}

/** Register 1-0:1.8.0*255, value. */
export const energy: AttributeDescriptor = { classId: 3, instanceId: fromHex("0100010800ff"), attributeId: 2 };
export const energyHex = "00030100010800ff0200";
