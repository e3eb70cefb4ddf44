/** Proposes no general block transfer to meters whose blocks do not work. */
import { type DlmsError, DlmsTimeoutError } from "../../errors";
import type { Association } from "../association/association";
import type { ClientParts } from "./establish";
import type { MeterHints } from "../association/meter-hints";
import { withoutGeneralBlocks } from "./factories";

/**
 * The same parts, but their sessions do not propose general block transfer after it has failed once with this meter.
 */
export function adaptingBlocks(parts: ClientParts, hints: MeterHints): ClientParts {
  return {
    ...parts,
    makeSession: (settings) =>
      parts.makeSession(hints.generalBlocksFailed === true ? withoutGeneralBlocks(settings) : settings),
    takeBlockFailure: () => {
      const failed = hints.blocksLedNowhere === true;
      hints.blocksLedNowhere = false;
      return failed;
    },
  };
}

/**
 * Learns from the failure of a request: returns true if general block transfer failed, so that the next association
 * omits it and the request should be retried. That happens once in the life of a client. If general blocks were
 * received before, a missing answer counts only the second time in a row, because the first may be a lost block.
 */
export function leavesBlocks(
  { session }: Association,
  error: DlmsError,
  hints: MeterHints,
  note: (text: string) => void,
): boolean {
  if (session.generalBlocksFailed !== true || hints.generalBlocksFailed === true) return false;
  const silent = error instanceof DlmsTimeoutError || error.is("LINK_DISCONNECTED");
  hints.blocksLedNowhere = silent;
  if (silent && hints.generalBlocksCame === true) {
    hints.generalBlocksCame = false;
    return false;
  }
  hints.generalBlocksFailed = true;
  note(`general block transfer is no longer used with this meter: ${error.message}`);
  return true;
}

/** Learns from a request that was answered. */
export function keepsBlocks({ session }: Association, hints: MeterHints): void {
  if (session.generalBlocksCame === true && session.generalBlocksFailed !== true) hints.generalBlocksCame = true;
}
