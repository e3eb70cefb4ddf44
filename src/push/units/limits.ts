/** Limits for the unfinished messages of a stream. */
import { DlmsPushError } from "../../errors";
import type { DroppedSeries } from "../../bytes";

/** Maximum bytes of one pushed APDU or telegram. */
export const maxPushBytes = 65_536;
/** Maximum number of unfinished messages of one stream, by sender. */
export const maxUnfinished = 8;
/** ms after which an unfinished message is dropped. */
export const maxUnfinishedMs = 30_000;

/** ms of silence after which bytes begin a new unit. */
export const maxSilenceMs = 2000;

export const seriesLimits = { maxBytes: maxPushBytes, maxOpen: maxUnfinished, maxAgeMs: maxUnfinishedMs } as const;

/** A unit inside which the next one begins. */
export function cutError(what: string, bytes: number): DlmsPushError {
  return new DlmsPushError(
    "PUSH_INCOMPLETE",
    `incomplete push: ${what} ends after ${bytes} bytes, because another begins there; it was dropped. ` +
      "The next push is not affected; if this happens often, check the line",
    { details: { bytes } },
  );
}

/** A message received in pieces that was abandoned. */
export function droppedError(pieceName: string, { sender, pieces, bytes, why }: DroppedSeries): DlmsPushError {
  return new DlmsPushError(
    "PUSH_INCOMPLETE",
    `incomplete push from ${sender}: ${why}; ${pieces} ${pieceName} with ${bytes} bytes were dropped. ` +
      "The next push is not affected; if this happens often, check the line",
    { details: { sender, pieces, bytes } },
  );
}
