/** Pushes on the command line: their keys and how they are printed. */
import { parseSecret, type Push, type PushKeys } from "../index";
import { type Arguments, word } from "./arguments";
import { table, shown } from "./output";
import type { Secrets } from "./secrets";
import { variableOf } from "./settings";

/** @throws DlmsConfigError */
export function pushKeys(secrets: Secrets, args: Arguments): PushKeys | undefined {
  const format = word(args, "key-format", ["hex", "text"], "hex");
  const found: { encryptionKey?: Uint8Array; authenticationKey?: Uint8Array; broadcastKey?: Uint8Array } = {};
  for (const name of ["encryptionKey", "authenticationKey", "broadcastKey"] as const) {
    const value = secrets[name];
    if (value !== undefined) found[name] = parseSecret(value, format, variableOf(name));
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

export function pushTable(push: Push): string {
  const from = [push.meter ?? push.meterId, push.systemTitle, push.link.peer].filter((part) => part !== null);
  const head = [push.time ?? push.clock ?? push.receivedAt ?? "no time", ...from].join("  ");
  const rows = push.items.map(({ name, value, unit }) => [name, shown(value), unit ?? ""]);
  const notes = push.notes.map((note) => `note: ${note}\n`).join("");
  return `${head}\n${table(["object", "value", "unit"], rows)}${notes}\n`;
}
