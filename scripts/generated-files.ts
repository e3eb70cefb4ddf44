// Files, or parts of files, that are written from tables of the code. `npm run generate` writes them, and a test
// compares them with the files in the repository.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { rowOf, type SettingName } from "../nodes/meters/settings-rules";
import { pushSourceSettings } from "../nodes/push/source-table";
import { meterSettings, type Need, type Range, type SettingRow } from "../nodes/meters/settings-table";
import { connectionHints } from "../src/client/diagnosis/hints";

import { cliDocument } from "./cli-document";

export const root = resolve(__dirname, "..");
const englishTexts = "nodes/dlms-meter/locales/en-US/dlms-meter.json";
const sourceTexts = "nodes/dlms-push-source/locales/en-US/dlms-push-source.json";

interface Texts {
  "dlms-meter": { label: Record<string, string>; test: { advice: Record<string, string> } };
}

const code = (value: unknown): string => `\`${String(value)}\``;
const whole = (value: number): string => value.toLocaleString("en-US");
const span = ([min, max]: Range): string => `${whole(min)} to ${whole(max)}`;

const forms = {
  systemTitle: "16 hex digits",
  obis: "an OBIS code",
  timeZone: "a name like `Europe/Vienna`",
} as const;

function valuesOf(row: SettingRow): string {
  switch (row.kind) {
    case "text":
      return row.form === undefined ? "a text" : forms[row.form];
    case "integer":
      if ("hdlc" in row.range) return `${span(row.range.wrapper)}; HDLC: ${span(row.range.hdlc)}`;
      return row.unit === undefined ? span(row.range) : `${span(row.range)} ${row.unit}`;
    case "flag":
      return `${code(true)} ${code(false)}`;
    case "choice":
      return Object.keys(row.choices)
        .map((word) => code(word === "" ? '""' : word))
        .join(" ");
    case "names":
      return `any of ${row.names.map(code).join(" ")}`;
    case "secret":
      return neededText(row.needed);
  }
}

function neededText(need: Need | undefined): string {
  if (need === undefined) return "optional";
  const parts = [
    ...(need.ciphered ? ["ciphered messages and `HIGH_GMAC`"] : []),
    ...[...(need.authentication ?? []), ...(need.ciphering ?? [])].map(code),
    ...(need.signed ? [code("signMessages")] : []),
  ];
  return `needed for ${parts.join(", ")}`;
}

const applicabilities = {
  network: "TCP, TLS, UDP",
  serial: "serial ports",
  incoming: "meters that dial in",
  hdlc: "HDLC",
  modeE: "mode E",
} as const;

/** The part of docs/settings.md about push sources. */
function sourceDocument(labels: Readonly<Record<string, string>>): string {
  const lines = Object.entries<SettingRow>(pushSourceSettings).map(([name, row]) => {
    const appliesTo = row.appliesTo === undefined ? "" : ` (${sourceApplicabilities[row.appliesTo]} only)`;
    const fallback = row.kind === "secret" ? "" : code(row.default === "" ? '""' : row.default);
    return `| ${[code(name), labels[name] ?? "", valuesOf(row) + appliesTo, fallback].join(" | ")} |`;
  });
  return `
# Settings of a push source

Every setting of a \`dlms-push-source\` node. This part is written from \`nodes/push/source-table.ts\`.

| property | in the dialog | values | default |
|---|---|---|---|
${lines.join("\n")}

\`meters\` is a list of \`{name, systemTitle, peer, list, timeZone, standardTime, reversedDeviation, meter, slot}\`; everything in
it is optional. The keys of the first are the credentials \`encryptionKey\`, \`authenticationKey\`, \`broadcastKey\` and \`dedicatedKey\`,
those of others have the number of the meter (\`slot\`, else its place in the list) behind the name: \`encryptionKey2\`. \`meter\` is the id of a
\`dlms-meter\` that reads the same meter: its push setups are read once and name the values.

\`keyFile\` is JSON, a list of such objects with their keys beside the other properties, or CSV with the names in its first row. A value may be
\`\${NAME}\`. The file is read again when it changes; it is refused when other users of the machine may read or write it.

\`ownLists\` is JSON: \`[{"id": "mine", "entries": [{"obis": "1-0:1.7.0", "unit": "W"}, {"obis": null}]}]\`, chosen by its id in *lists* or
by the \`listId\` that the meter sends first.
`;
}

const sourceApplicabilities = {
  network: "TCP, UDP",
  serial: "serial ports",
  incoming: "meters that dial in",
  hdlc: "HDLC",
  modeE: "mode E",
} as const;

/** docs/settings.md */
function settingsDocument(labels: Readonly<Record<string, string>>): string {
  const all = Object.keys(meterSettings) as SettingName[];
  const line = (name: SettingName): string => {
    const row = rowOf(name);
    const fallback = row.kind === "secret" ? [] : [code(row.default === "" ? '""' : row.default)];
    const appliesTo = row.appliesTo === undefined ? "" : ` (${applicabilities[row.appliesTo]} only)`;
    const option = row.option === undefined ? "" : code(row.option);
    const cells = [
      code(name),
      labels[name] ?? "",
      valuesOf(row) + appliesTo + (row.literal ? ", never `${NAME}`" : ""),
      ...fallback,
      row.message ? "yes" : "no",
      option,
    ];
    return `| ${cells.join(" | ")} |`;
  };
  const properties = all.filter((name) => rowOf(name).kind !== "secret").map(line);
  const secrets = all.filter((name) => rowOf(name).kind === "secret").map(line);
  return `# Settings of a meter

Every setting of a \`dlms-meter\` node. This page is written by \`npm run generate\` from
\`nodes/meters/settings-table.ts\`. Numbers may also be texts, decimal or with \`0x\`; each setting may be \`\${NAME}\` of an
environment variable; an empty one takes its default. *In \`msg.meter\`* says whether a message may override the setting.
The last column is the option of the library (\`connect()\`) that the setting sets.

| property | in the dialog | values | default | in \`msg.meter\` | option |
|---|---|---|---|---|---|
${properties.join("\n")}

## Secrets

Node-RED stores them encrypted, apart from the flow. A message may bring one only where *Secrets in messages* is set.

| credential | in the dialog | when | in \`msg.meter\` | option |
|---|---|---|---|---|
${secrets.join("\n")}
`;
}

/** The content of each generated file, by its path below the root. */
export function generatedFiles(): Readonly<Record<string, string>> {
  const texts = JSON.parse(readFileSync(join(root, englishTexts), "utf8")) as Texts;
  const { label, test } = texts["dlms-meter"];
  const source = JSON.parse(readFileSync(join(root, sourceTexts), "utf8")) as {
    "dlms-push-source": { label: Record<string, string> };
  };
  test.advice = { ...connectionHints };
  return {
    "docs/cli.md": cliDocument(),
    "docs/settings.md": settingsDocument(label) + sourceDocument(source["dlms-push-source"].label),
    [englishTexts]: `${JSON.stringify(texts, null, 2)}\n`,
  };
}
