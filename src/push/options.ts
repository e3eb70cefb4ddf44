/** The options of a push decoder, and their checks. */
import type { DlmsError } from "../errors";
import { callback, invalid, knownKeys, object, oneOf } from "../errors/arguments";
import type { ReceivedCounterStore } from "../security";
import { compilePushList, type PushList, type PushListDefinition, pushLists } from "./lists";
import { checkSettings, Meters, type PushMeterSource, type PushSettings } from "./meters";
import type { CounterPolicy } from "./opening/counters";
import type { PushKeySource } from "./opening/keys";
import type { PushFraming } from "./units/unit";

export interface PushDecoderOptions {
  /**
   * "auto" (default): the first frame, telegram or APDU with a valid check determines the framing of the whole stream
   */
  readonly framing?: PushFraming | "auto";
  readonly keys?: PushKeySource;
  /**
   * Tries the key sets without a system title for a push with an unknown title (false): at most 16; the tag decides, or
   * without a tag the first key that yields an APDU.
   */
  readonly tryKeys?: boolean;
  /** settings of single meters, which win over those here */
  readonly meters?: PushMeterSource;
  /**
   * "strict" (default) refuses old pushes, "warn" notes them, "off" checks nothing; only for pushes with a verified tag
   */
  readonly counters?: CounterPolicy;
  /** counters of earlier runs, or shared by several decoders */
  readonly receivedCounters?: ReceivedCounterStore;
  /**
   * Authenticated pushes without a known authentication key, and untagged pushes of a meter that has sent a verified tag
   * before: "refuse" (default), or "mark" them as not verified.
   */
  readonly withoutAuthenticationKey?: "refuse" | "mark";
  /**
   * A ciphered push without a known key: "refuse" (default), or "raw" to return it as it was received, with kind "raw" and
   * without values. Its system title names the meter whose key is missing. A function is called for each such push.
   */
  readonly withoutKey?: "refuse" | "raw" | (() => "refuse" | "raw");
  /** "auto" (default), "none", or the id of a list table */
  readonly lists?: string;
  /** list tables of the user, in addition to those of this package */
  readonly customLists?: readonly PushListDefinition[];
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
  /** called for each refused or dropped item */
  readonly onProblem?: (problem: DlmsError) => void;
}

const known = [
  ...["framing", "keys", "tryKeys", "meters", "counters", "receivedCounters", "withoutAuthenticationKey", "lists"],
  ...[
    "customLists",
    "rememberObjects",
    "timeZone",
    "standardTime",
    "reversedDeviation",
    "peer",
    "onProblem",
    "withoutKey",
  ],
];
const maxCustomLists = 64;

/** The checked options: the list tables, and the settings for each meter. */
export interface CheckedOptions {
  readonly tables: readonly PushList[];
  readonly meters: Meters;
}

/** @throws DlmsConfigError CONFIG_INVALID */
export function checkPushOptions(options: PushDecoderOptions): CheckedOptions {
  object("options", options);
  knownKeys("options", options, known);
  oneOf("framing", options.framing ?? "auto", ["auto", "hdlc", "wrapper", "mbus", "apdu", "p1"]);
  const { onProblem, meters, tryKeys, peer, customLists } = options;
  const { withoutKey = "refuse" } = options;
  if (typeof withoutKey !== "function") oneOf("withoutKey", withoutKey, ["refuse", "raw"]);
  if (onProblem !== undefined) callback("onProblem", onProblem);
  if (meters !== undefined) callback("meters", meters);
  if (tryKeys !== undefined && typeof tryKeys !== "boolean") throw invalid("tryKeys", "true or false", tryKeys);
  if (peer !== undefined && typeof peer !== "string") throw invalid("peer", "a text", peer);
  const tables = customLists === undefined ? pushLists : [...customTables(customLists), ...pushLists];
  const ids = tables.map(({ id }) => id);
  checkSettings(options, "", ids);
  return { tables, meters: new Meters(meters, settingsOf(options), ids) };
}

function settingsOf(options: PushDecoderOptions): PushSettings {
  const { timeZone, standardTime, reversedDeviation, lists = "auto", counters = "strict" } = options;
  const { rememberObjects = false, withoutAuthenticationKey = "refuse" } = options;
  return {
    name: null,
    systemTitle: undefined,
    lists,
    dates: { timeZone, standardTime, reversedDeviation },
    rememberObjects,
    counters,
    withoutAuthenticationKey,
    learned: [],
  };
}

function customTables(given: readonly PushListDefinition[]): PushList[] {
  if (!Array.isArray(given) || given.length > maxCustomLists) {
    throw invalid("customLists", `an array of at most ${maxCustomLists} list tables`, given);
  }
  const taken = new Set(["auto", "none", ...pushLists.map(({ id }) => id)]);
  return given.map((each: unknown, i) => {
    const list = compilePushList(each, `customLists[${i}]`);
    if (taken.has(list.id)) throw invalid(`customLists[${i}].id`, "an id that no other table has", list.id);
    taken.add(list.id);
    return list;
  });
}
