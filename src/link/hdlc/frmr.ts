/** Text for a frame reject (FRMR) response. */
import { controlText, decodeControl } from "./frame";

const reasons = [
  [0x01, "control field invalid or not implemented"],
  [0x02, "frame with an information field that is not permitted"],
  [0x04, "information field too long"],
  [0x08, "invalid N(R)"],
] as const;

/** The meaning of an FRMR in words (ISO/IEC 13239, 5.5.3.4.2; three bytes in modulo 8). */
export function frameRejectText(info: Uint8Array): string {
  const [control, sequences, flags] = info;
  if (control === undefined) return "no reason given";
  const why = reasons.filter(([bit]) => ((flags ?? 0) & bit) !== 0).map(([, text]) => text);
  const state =
    sequences === undefined
      ? ""
      : `; the meter's V(S) is ${(sequences >>> 1) & 7}, its V(R) is ${(sequences >>> 5) & 7}`;
  return `${why.length > 0 ? why.join(", ") : "no reason given"}; rejected frame: ${controlText(decodeControl(control))}${state}`;
}
