import type { AttributeDescriptor } from "../../../src/apdu/model";
import { fromHex } from "../../../src/bytes";
import { Session, type SessionOptions } from "../../../src/session";
import { Correlation } from "../../../src/session/steps/correlation";
import { drive } from "./drive";

/** The bits of the conformance block 00 7E 1F: what most LN clients propose. */
export const usualConformance = 0x007e1f;
export const everything = 0x7fffff;

/** AARQ without authentication, conformance 7E1F, PDU size 1200 (u9n/dlms-cosem, MIT). */
export const aarqNone = "601da109060760857405080101be10040e01000000065f1f0400007e1f04b0";

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

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

/** An accepting AARE with a plain initiate-response, typed from the standard's example. */
export function aare(conformance: number, maxPduSize: number, vaaName = 0x0007, context = 1): string {
  const initiate = `0800065f1f0400${hex(conformance, 6)}${hex(maxPduSize, 4)}${hex(vaaName, 4)}`;
  return `6129a1090607608574050801${hex(context, 2)}a203020100a305a103020100be10040e${initiate}`;
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
