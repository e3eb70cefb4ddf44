/** The record of a file of received counters: encoding, decoding and its check value. */
import { createHash } from "node:crypto";
import { fromHex, toHex } from "../bytes";
import { DlmsConfigError } from "../errors";

const recordType = "dlms-received-counters";

/** Contents of a file of received counters. */
export interface ReceivedRecord {
  /** salt of the hash that names the keys */
  readonly salt: Uint8Array;
  readonly counters: readonly (readonly [string, number])[];
}

const checkOf = (salt: string, counters: object): string =>
  createHash("sha256")
    .update(`${recordType}:1:${salt}:${JSON.stringify(counters)}`)
    .digest("hex")
    .slice(0, 16);

export function encodeReceivedRecord(salt: Uint8Array, entries: readonly (readonly [string, number])[]): string {
  const counters = Object.fromEntries(entries);
  const hex = toHex(salt);
  return `${JSON.stringify({ type: recordType, version: 1, salt: hex, counters, check: checkOf(hex, counters) })}\n`;
}

/**
 * @param path for messages
 * @throws DlmsConfigError CONFIG_INVALID for an incomplete or changed record
 */
export function decodeReceivedRecord(text: string, path: string): ReceivedRecord {
  const record = recordOf(text);
  if (record !== undefined) return record;
  throw new DlmsConfigError(
    "CONFIG_INVALID",
    `received counter file ${path}: expected a record of received counters, got ${text.length === 0 ? "an empty file" : `${text.length} damaged or foreign characters`}; ` +
      "it is left as it is. Restore it from a backup, or remove it: after that, messages recorded earlier are accepted again",
    { details: { path, length: text.length } },
  );
}

function recordOf(text: string): ReceivedRecord | undefined {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof record !== "object" || record === null) return undefined;
  const { type, version, salt, counters, check } = record as Record<string, unknown>;
  if (type !== recordType || version !== 1 || typeof salt !== "string" || !/^([0-9a-f]{2}){8,64}$/.test(salt)) {
    return undefined;
  }
  if (typeof counters !== "object" || counters === null || check !== checkOf(salt, counters)) return undefined;
  const entries = Object.entries(counters as Record<string, unknown>);
  const isEntry = (entry: [string, unknown]): entry is [string, number] =>
    Number.isInteger(entry[1]) && Number(entry[1]) >= 0 && Number(entry[1]) <= 0xffff_ffff;
  return entries.every(isEntry) ? { salt: fromHex(salt), counters: entries } : undefined;
}
