/** Recognizes the heartbeats of modems: text or bytes that a modem sends between the frames of its meter. */
import { bytesEqual, latin1 } from "../bytes";
import { invalid } from "../errors/arguments";

export interface HeartbeatOptions {
  /**
   * form of a heartbeat: these bytes or this text, or a regular expression over the bytes as Latin-1 text, whose first
   * group is the meter's name. It is matched where a piece of received bytes begins.
   */
  readonly pattern: RegExp | string | Uint8Array;
  /** sent back for each heartbeat; absent = heartbeats are only skipped */
  readonly answer?: string | Uint8Array;
}

export interface FoundHeartbeat {
  /** the first group of the pattern, else the whole heartbeat */
  readonly name: string;
  readonly length: number;
}

/** Maximum bytes of one heartbeat. */
export const maxHeartbeatBytes = 1024;

export const heartbeatBytes = (value: string | Uint8Array): Uint8Array =>
  typeof value === "string" ? new TextEncoder().encode(value) : value;

/** @throws DlmsConfigError CONFIG_INVALID */
export function heartbeatFinder({ pattern }: HeartbeatOptions): (bytes: Uint8Array) => FoundHeartbeat | undefined {
  if (pattern instanceof RegExp) {
    // at the first byte only, and without the state of the flags g and y
    const atStart = new RegExp(`^(?:${pattern.source})`, pattern.flags.replaceAll(/[gy]/g, ""));
    return (bytes) => {
      const found = atStart.exec(latin1(bytes.subarray(0, maxHeartbeatBytes)));
      if (found === null || found[0] === "") return undefined;
      return { name: (found[1] ?? found[0]).trim(), length: found[0].length };
    };
  }
  if (typeof pattern !== "string" && !((pattern as unknown) instanceof Uint8Array)) {
    throw invalid("heartbeat.pattern", "a regular expression, a text or bytes", pattern);
  }
  const fixed = heartbeatBytes(pattern);
  if (fixed.length === 0 || fixed.length > maxHeartbeatBytes) {
    throw invalid("heartbeat.pattern", `1 to ${maxHeartbeatBytes} bytes`, fixed.length);
  }
  const name = latin1(fixed).trim();
  return (bytes) => (bytesEqual(bytes.subarray(0, fixed.length), fixed) ? { name, length: fixed.length } : undefined);
}
