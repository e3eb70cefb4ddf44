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

/** Other names that operators and manufacturers use for keys. */
const keyAliases: Readonly<Record<string, readonly string[]>> = {
  encryptionKey: ["encryptionKey", "guek", "ek", "gpk60", "key"],
  authenticationKey: ["authenticationKey", "gak", "ak", "gpk61"],
  broadcastKey: ["broadcastKey", "gbek"],
  dedicatedKey: ["dedicatedKey"],
  systemTitle: ["systemTitle", "title"],
};

/** A value by its name or an alias, in any case, with or without separators. */
function valueOf(raw: RawSettings, name: string): unknown {
  const wanted = (keyAliases[name] ?? [name]).map(bare);
  const found = Object.keys(raw).find((key) => wanted.includes(bare(key)) && !isAbsent(raw[key]));
  return found === undefined ? undefined : raw[found];
}

const bare = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");

function keyOf(raw: RawSettings, name: string, where: string): Uint8Array | undefined {
  const value = valueOf(raw, name);
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

function keysOf(raw: RawSettings, where: string, systemTitle: string): PushKeys | undefined {
  const found = keyNames.flatMap((name) => {
    const key = keyOf(raw, name, where);
    return key === undefined ? [] : [[name, key] as const];
  });
  if (found.length === 0) return undefined;
  return { ...Object.fromEntries(found), ...(systemTitle !== "" && { systemTitle }) };
}

/** A title that is wrong is not quoted: in a file with columns in another order it could be a key. */
function titleOf(text: string, property: string): string {
  try {
    return toHex(parseSystemTitle(text)).toUpperCase();
  } catch (error) {
    if (!isDlmsError(error)) throw error;
    throw new DlmsConfigError("CONFIG_INVALID", `${property}: expected 16 hex digits`, { details: { property } });
  }
}

/**
 * @param where the position of the meter in error messages: "meters[0]."
 * @throws DlmsConfigError; no message contains the text of a key
 */
export function knownMeter(raw: RawSettings, where: string): KnownMeter {
  const text = (name: string): string => {
    const property = `${where}${name}`;
    return textOf({ [property]: valueOf(raw, name) }, property, "");
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
  return {
    name: text("name"),
    systemTitle,
    peer: text("peer"),
    list: list === "" || list === "AUTO" ? undefined : list,
    timeZone: timeZone === "" ? undefined : timeZone,
    standardTime: flagOf({ standardTime: valueOf(raw, "standardTime") }, "standardTime", false),
    reversedDeviation: flagOf({ reversedDeviation: valueOf(raw, "reversedDeviation") }, "reversedDeviation", false),
    meter: meter === "" ? undefined : meter,
    keys: keysOf(raw, where, systemTitle),
  };
}
