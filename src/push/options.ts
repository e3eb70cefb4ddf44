/** The options of a push decoder, and their checks. */
import type { DlmsError } from "../errors";
import { callback, invalid, knownKeys, object, oneOf } from "../errors/arguments";
import { isTimeZone } from "../cosem";
import type { ReceivedCounterStore } from "../security";
import { pushLists } from "./lists";
import type { CounterPolicy } from "./opening/counters";
import type { PushKeySource } from "./opening/keys";
import type { PushFraming } from "./units/unit";

export interface PushDecoderOptions {
  /** "auto" (default): the first frame, telegram or APDU whose check holds decides for the whole stream */
  readonly framing?: PushFraming | "auto";
  readonly keys?: PushKeySource;
  /** "strict" (default) refuses old pushes, "warn" notes them, "off" checks nothing; only where a tag was verified */
  readonly counters?: CounterPolicy;
  /** counters of earlier runs, or shared by several decoders */
  readonly receivedCounters?: ReceivedCounterStore;
  /** authenticated pushes whose authentication key is not known: "refuse" (default), or "mark" them as not verified */
  readonly withoutAuthenticationKey?: "refuse" | "mark";
  /** "auto" (default), "none", or the id of a list table */
  readonly lists?: string;
  /** an object list that was pushed also names later pushes of the same sender that have as many values (false) */
  readonly rememberObjects?: boolean;
  /** IANA zone of meters that send local time without an offset */
  readonly timeZone?: string;
  /** such meters keep standard time all year (false) */
  readonly standardTime?: boolean;
  /** the meter sends the deviation with the wrong sign (false) */
  readonly reversedDeviation?: boolean;
  /** the other end of the connection, for messages and for the keys */
  readonly peer?: string;
  /** is told of what was refused or dropped */
  readonly onProblem?: (problem: DlmsError) => void;
}

const known = [
  ...["framing", "keys", "counters", "receivedCounters", "withoutAuthenticationKey", "lists", "rememberObjects"],
  ...["timeZone", "standardTime", "reversedDeviation", "peer", "onProblem"],
];

/** @throws DlmsConfigError CONFIG_INVALID */
export function checkPushOptions(options: PushDecoderOptions): void {
  object("options", options);
  knownKeys("options", options, known);
  oneOf("framing", options.framing ?? "auto", ["auto", "hdlc", "wrapper", "mbus", "apdu", "p1"]);
  oneOf("counters", options.counters ?? "strict", ["strict", "warn", "off"]);
  oneOf("withoutAuthenticationKey", options.withoutAuthenticationKey ?? "refuse", ["refuse", "mark"]);
  oneOf("lists", options.lists ?? "auto", ["auto", "none", ...pushLists.map(({ id }) => id)]);
  if (options.onProblem !== undefined) callback("onProblem", options.onProblem);
  const { timeZone } = options;
  if (timeZone !== undefined && !isTimeZone(timeZone)) throw invalid("timeZone", "an IANA time zone", timeZone);
}
