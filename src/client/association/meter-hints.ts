/** Facts that a client has learned about its meter, over all associations. */
import type { RunOptions } from "./association";

/** Facts about a meter that remain true after a reconnect. */
export interface MeterHints {
  /** Lists were negotiated, but are refused or not answered. */
  listsRefused: boolean;
  /** A request for several attributes was answered: one that is not answered later got lost. */
  listsAnswered?: boolean;
  /** lists in a row whose answer could not be read; one may be the line's fault */
  garbledLists?: number;
  /** requests in a row that got no answer with lists, and one without */
  silentLists?: number;
  /** ACCESS was negotiated, but is refused or answered with nonsense. */
  accessRefused?: boolean;
  /** General block transfer was negotiated, but failed: it is not proposed any more. */
  generalBlocksFailed?: boolean;
  /** A block was not answered, so that the link may have to be recovered before the next association. */
  blocksLedNowhere?: boolean;
  /** An answer in general blocks came to its end: one that does not come later got lost, unless it is lost again. */
  generalBlocksCame?: boolean;
}

export interface FetchOptions extends RunOptions {
  readonly hints: MeterHints;
  readonly noGetWithList: boolean;
  /** for the trace */
  readonly note?: (text: string) => void;
}
