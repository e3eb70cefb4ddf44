// The settings of a `dlms-push-source`, read and checked by the table.
import { DlmsConfigError, type ListenLimits, type PushFraming, type PushListDefinition } from "../../src/index";
import {
  choiceOf,
  flagOf,
  integerOf,
  isAbsent,
  neededTextOf,
  type RawSettings,
  textOf,
} from "../node-red/raw-settings";
import { type DialIn, dialInOf } from "./dial-in";
import { type KnownMeter, knownMeter } from "./known-meter";
import { credentialName, keyNames, maxTableMeters, pushSourceSettings as table } from "./source-table";

type Table = typeof table;
type NameOf<Kind extends string> = {
  [Name in keyof Table]: Table[Name]["kind"] extends Kind ? Name : never;
}[keyof Table];

/** The origin of the bytes. */
export type PushPlace =
  | { readonly from: "SERIAL"; readonly path: string; readonly baudRate: number; readonly mode: "8N1" | "8E1" | "7E1" }
  | { readonly from: "TCP_LISTEN" | "TCP_CONNECT" | "UDP"; readonly host: string; readonly port: number }
  | { readonly from: "MESSAGE" };

export interface PushSourceSettings {
  readonly place: PushPlace;
  /** search for the speed and parity of the line */
  readonly findLine: boolean;
  /** id of a core `tls-config` node; "" for none */
  readonly tls: string;
  /** `dlms-meter` nodes ask meters over the connections that these open; undefined = they only push */
  readonly dialIn: DialIn | undefined;
  readonly framing: PushFraming | "auto";
  readonly meters: readonly KnownMeter[];
  readonly keyFile: string;
  readonly counters: "strict" | "warn" | "off";
  readonly withoutAuthenticationKey: "refuse" | "mark";
  /** ms; 0 = never */
  readonly silenceAfter: number;
  /** ms without a byte after which a connection is closed */
  readonly idleTimeout: number;
  readonly limits: Pick<ListenLimits, "connections" | "messagesPerSecond">;
  /** confirm pushes that request it */
  readonly confirm: boolean;
  readonly lists: string;
  /** list tables of the user */
  readonly ownLists: readonly PushListDefinition[];
  readonly rememberObjects: boolean;
}

type Credentials = Readonly<Record<string, string | undefined>>;

const text = (raw: RawSettings, name: NameOf<"text">): string => textOf(raw, name, table[name].default);
const flag = (raw: RawSettings, name: NameOf<"flag">): boolean => flagOf(raw, name, table[name].default);
function integer(raw: RawSettings, name: NameOf<"integer">): number {
  const { default: fallback, range } = table[name];
  return integerOf(raw, name, { fallback, min: range[0], max: range[1] });
}
function choice<Name extends NameOf<"choice">>(raw: RawSettings, name: Name): keyof Table[Name]["choices"] & string {
  const { choices, default: fallback } = table[name];
  return choiceOf(raw, name, Object.keys(choices), fallback) as keyof Table[Name]["choices"] & string;
}

function placeOf(raw: RawSettings): PushPlace {
  const from = choice(raw, "from");
  switch (from) {
    case "MESSAGE":
      return { from };
    case "SERIAL":
      return {
        from,
        path: neededTextOf(raw, "serialPort", table.serialPort.default, "the path of a serial port"),
        baudRate: integer(raw, "baudRate"),
        mode: choice(raw, "serialMode"),
      };
    default:
      return {
        from,
        host: neededTextOf(raw, "host", table.host.default, "an address"),
        port: integer(raw, "port"),
      };
  }
}

/** The rows of the table; from flows that were written by hand also as JSON. */
function rowsOf(raw: RawSettings): readonly RawSettings[] {
  let rows: unknown = raw.meters;
  const bad = (): DlmsConfigError =>
    new DlmsConfigError("CONFIG_INVALID", "meters: expected a list of {name, systemTitle, peer, list, timeZone}", {
      details: { property: "meters" },
    });
  if (isAbsent(rows)) return [];
  if (typeof rows === "string") {
    try {
      rows = JSON.parse(rows) as unknown;
    } catch {
      throw bad();
    }
  }
  if (!Array.isArray(rows) || !rows.every((row) => typeof row === "object" && row !== null)) throw bad();
  if (rows.length > maxTableMeters) {
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `meters: the table holds ${rows.length}, at most ${maxTableMeters} are taken; use a key file for more`,
      { details: { property: "meters", min: 0, max: maxTableMeters } },
    );
  }
  return rows as readonly RawSettings[];
}

/** The number of a row's credentials: as stored by the dialog, else its position in the table. */
function slotOf(row: RawSettings, index: number): number {
  return integerOf(row, "slot", { fallback: index + 1, min: 1, max: maxTableMeters });
}

function metersOf(raw: RawSettings, credentials: Credentials): KnownMeter[] {
  const rows = rowsOf(raw);
  const keysOf = (slot: number): RawSettings =>
    Object.fromEntries(keyNames.map((key) => [key, credentials[credentialName(key, slot)]]));
  // keys without a row belong to the only meter
  const all = rows.length === 0 && keyNames.some((key) => !isAbsent(credentials[key])) ? [{}] : rows;
  return all.map((row, index) => knownMeter({ ...row, ...keysOf(slotOf(row, index)) }, `meters[${index}].`));
}

/** JSON of one list table or several; the decoder checks their contents. */
function ownListsOf(raw: RawSettings): readonly PushListDefinition[] {
  const given = raw.ownLists;
  if (isAbsent(given)) return [];
  try {
    const lists: unknown = typeof given === "string" ? JSON.parse(given) : given;
    return (Array.isArray(lists) ? lists : [lists]) as readonly PushListDefinition[];
  } catch {
    throw new DlmsConfigError("CONFIG_INVALID", "ownLists: expected JSON of a list table, or an array of them", {
      details: { property: "ownLists" },
    });
  }
}

/** @throws DlmsConfigError */
export function pushSourceSettingsOf(raw: RawSettings, credentials: Credentials): PushSourceSettings {
  const lists = text(raw, "lists");
  const place = placeOf(raw);
  const isDialIn = place.from === "TCP_LISTEN" && flag(raw, "dialIn");
  return {
    place,
    dialIn: isDialIn ? dialInOf(text(raw, "heartbeat"), text(raw, "heartbeatAnswer")) : undefined,
    findLine: flag(raw, "findLine"),
    tls: text(raw, "tls"),
    framing: table.framing.choices[choice(raw, "framing")],
    meters: metersOf(raw, credentials),
    keyFile: text(raw, "keyFile"),
    counters: table.counters.choices[choice(raw, "counters")],
    withoutAuthenticationKey: table.withoutAuthenticationKey.choices[choice(raw, "withoutAuthenticationKey")],
    silenceAfter: integer(raw, "silenceAfter") * 1000,
    idleTimeout: integer(raw, "idleTimeout") * 1000,
    limits: { connections: integer(raw, "maxConnections"), messagesPerSecond: integer(raw, "messagesPerSecond") },
    confirm: flag(raw, "confirm"),
    lists: ["AUTO", "NONE"].includes(lists.toUpperCase()) ? lists.toLowerCase() : lists,
    ownLists: ownListsOf(raw),
    rememberObjects: flag(raw, "rememberObjects"),
  };
}
