/** Facts that a client has learned about its meter, over all associations. */
import type { RunOptions } from "./association";

/** Facts about a meter that remain true after a reconnect. */
export interface MeterHints {
  /** Lists were negotiated, but are refused or not answered. */
  listsRefused: boolean;
  /** A request for several attributes was answered, so a later one without an answer was lost. */
  listsAnswered?: boolean;
  /** consecutive lists whose answer could not be decoded; one may be a fault of the line */
  garbledLists?: number;
  /** consecutive requests without an answer with lists, followed by one without lists */
  silentLists?: number;
  /** ACCESS was negotiated, but is refused or answered with nonsense. */
  accessRefused?: boolean;
  /** General block transfer was negotiated, but failed: it is no longer proposed. */
  generalBlocksFailed?: boolean;
  /** A block was not answered, so that the link may have to be recovered before the next association. */
  blocksLedNowhere?: boolean;
  /** An answer in general blocks was complete, so a later incomplete one was lost, unless the next one is lost too. */
  generalBlocksCame?: boolean;
}

export interface FetchOptions extends RunOptions {
  readonly hints: MeterHints;
  readonly noGetWithList: boolean;
  /** for the trace */
  readonly note?: (text: string) => void;
}
