// A meter that pushes: its name, identification, keys and value settings, from the node's table or a key file.
import {
  DlmsConfigError,
  isDlmsError,
  isTimeZone,
  parseSecret,
  parseSystemTitle,
  type PushKeys,
  toHex,
} from "../../src/index";
import { flagOf, isAbsent, type RawSettings, textOf } from "../node-red/raw-settings";
import { keyNames } from "./source-table";

export interface KnownMeter {
  readonly name: string;
  /** 16 hex digits in capitals; "" for none */
  readonly systemTitle: string;
  /** address of the sender, or the topic of its messages; "" for none */
  readonly peer: string;
  readonly list: string | undefined;
  readonly timeZone: string | undefined;
  readonly standardTime: boolean;
  readonly reversedDeviation: boolean;
  /** id of the `dlms-meter` that reads the same meter */
  readonly meter: string | undefined;
  /** undefined: no key is known */
  readonly keys: PushKeys | undefined;
}

/** The properties of a meter, and other names that operators and manufacturers use for them. */
const aliases = {
  name: [],
  systemTitle: ["title"],
  encryptionKey: ["guek", "ek", "gpk60", "key"],
  authenticationKey: ["gak", "ak", "gpk61"],
  broadcastKey: ["gbek"],
  dedicatedKey: [],
  peer: [],
  list: [],
  timeZone: [],
  standardTime: [],
  reversedDeviation: [],
  meter: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export const meterProperties: readonly string[] = Object.keys(aliases);

const bare = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");

const byBareName: ReadonlyMap<string, string> = new Map(
  Object.entries(aliases).flatMap(([name, others]) => [name, ...others].map((one) => [bare(one), name] as const)),
);

/** Names of columns and properties, in any case and with or without separators. Each is looked up once. */
export class PropertyNames {
  readonly #names = new Map<string, string | undefined>();

  /** The names that are no property of a meter. */
  get unknown(): string[] {
    return [...this.#names].flatMap(([name, property]) => (property === undefined ? [name] : []));
  }

  /** The values by property; of two with the same property the first that is set. */
  values(raw: RawSettings): RawSettings {
    const values: Record<string, unknown> = {};
    for (const name in raw) {
      const property = this.#property(name);
      if (property !== undefined && isAbsent(values[property])) values[property] = raw[name];
    }
    return values;
  }

  #property(name: string): string | undefined {
    if (!this.#names.has(name)) this.#names.set(name, byBareName.get(bare(name)));
    return this.#names.get(name);
  }
}

function keyOf(raw: RawSettings, name: string, where: string): Uint8Array | undefined {
  const value = raw[name];
  if (isAbsent(value)) return undefined;
  const property = `${where}${name}`;
  const bytes = parseSecret(textOf({ [property]: value }, property, ""), "hex", property);
  if (bytes.length === 16 || bytes.length === 32) return bytes;
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `${property}: expected 16 bytes (32 hex digits), or 32 bytes for suite 2, got ${bytes.length}`,
    { details: { property, got: bytes.length, expected: 16 } },
  );
}

/** A key in the usual form, which is decoded when the meter pushes: a fleet's file has hundred thousands of them. */
const plainKey = /^(?:[0-9a-f]{32}|[0-9a-f]{64})$/i;

/** The keys of a meter. All are checked here; those in the usual form are decoded at the first use. */
function keysOf(raw: RawSettings, where: string, systemTitle: string): () => PushKeys | undefined {
  let isPlain = true;
  for (const name of keyNames) {
    const value = raw[name];
    if (!isAbsent(value) && (typeof value !== "string" || !plainKey.test(value))) isPlain = false;
  }
  let keys: PushKeys | undefined;
  let isDecoded = false;
  const decoded = (): PushKeys | undefined => {
    if (!isDecoded) keys = decodedKeys(raw, where, systemTitle);
    isDecoded = true;
    return keys;
  };
  if (!isPlain) decoded();
  return decoded;
}

function decodedKeys(raw: RawSettings, where: string, systemTitle: string): PushKeys | undefined {
  const found = keyNames.flatMap((name) => {
    const key = keyOf(raw, name, where);
    return key === undefined ? [] : [[name, key] as const];
  });
  if (found.length === 0) return undefined;
  return { ...Object.fromEntries(found), ...(systemTitle !== "" && { systemTitle }) };
}

/** A title that is wrong is not quoted: in a file with columns in another order it could be a key. */
function titleOf(text: string, property: string): string {
  if (/^[0-9a-f]{16}$/i.test(text)) return text.toUpperCase();
  try {
    return toHex(parseSystemTitle(text)).toUpperCase();
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    throw new DlmsConfigError("CONFIG_INVALID", `${property}: expected 16 hex digits`, { details: { property } });
  }
}

/**
 * @param where the position of the meter in error messages: "meters[0]."
 * @param names shared by all rows of a file
 * @throws DlmsConfigError; no message contains the text of a key
 */
export function knownMeter(row: RawSettings, where: string, names = new PropertyNames()): KnownMeter {
  const raw = names.values(row);
  const text = (name: string): string => {
    if (isAbsent(raw[name])) return "";
    const property = `${where}${name}`;
    return textOf({ [property]: raw[name] }, property, "");
  };
  const title = text("systemTitle");
  const systemTitle = title === "" ? "" : titleOf(title, `${where}systemTitle`);
  const timeZone = text("timeZone");
  if (timeZone !== "" && !isTimeZone(timeZone)) {
    throw new DlmsConfigError("CONFIG_INVALID", `${where}timeZone: expected a name like Europe/Vienna`, {
      details: { property: `${where}timeZone` },
    });
  }
  const list = text("list");
  const meter = text("meter");
  const keys = keysOf(raw, where, systemTitle);
  return {
    name: text("name"),
    systemTitle,
    peer: text("peer"),
    list: list === "" || list === "AUTO" ? undefined : list,
    timeZone: timeZone === "" ? undefined : timeZone,
    standardTime: flagOf(raw, "standardTime", false),
    reversedDeviation: flagOf(raw, "reversedDeviation", false),
    meter: meter === "" ? undefined : meter,
    get keys() {
      return keys();
    },
  };
}
