/** Bounds of what a stream may leave unfinished. */
import { DlmsPushError } from "../../errors";
import type { DroppedSeries } from "../../bytes";

/** Bytes of one pushed APDU or telegram. */
export const maxPushBytes = 65_536;
/** Unfinished messages of one stream, by sender. */
export const maxUnfinished = 8;
/** ms after which an unfinished message is dropped. */
export const maxUnfinishedMs = 30_000;

export const seriesLimits = { maxBytes: maxPushBytes, maxOpen: maxUnfinished, maxAgeMs: maxUnfinishedMs } as const;

/** A message that came in pieces and was given up. */
export function droppedError(what: string, { sender, pieces, bytes, why }: DroppedSeries): DlmsPushError {
  return new DlmsPushError(
    "PUSH_INCOMPLETE",
    `incomplete push from ${sender}: ${why}; ${pieces} ${what} with ${bytes} bytes were dropped. ` +
      "The next push is not affected; if this happens often, check the line",
    { details: { sender, pieces, bytes } },
  );
}
