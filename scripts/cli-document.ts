// docs/cli.md, from the texts of the help.
import {
  type CommandHelp,
  commands,
  environmentText,
  exitText,
  groupTitles,
  secretText,
  settingDefault,
  settingForm,
  targetText,
} from "../src/cli/help";
import { dashed, settingNames, settingOf } from "../src/cli/settings";

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll("|", "\\|");
const block = (lines: readonly string[]): string => ["```sh", ...lines, "```"].join("\n");

function commandPart({ name, summary, usage, text, options, examples, meter }: CommandHelp): string {
  const rows = options.map((option) => {
    const value = option.value === undefined ? "" : ` ${option.value}`;
    return `| ${code(`--${option.name}${value}`)} | ${cell(option.help)} |`;
  });
  return [
    `## dlms ${name}\n`,
    `${summary}: ${code(usage)}\n`,
    `${text.join("\n")}\n`,
    ["| option | |", "|---|---|", ...rows].join("\n"),
    ...(meter ? ["\n...and the [settings of a meter](#settings-of-a-meter)."] : []),
    `\n${block(examples)}\n`,
  ].join("\n");
}

function settingsPart(): string {
  const groups = Object.entries(groupTitles).map(([group, title]) => {
    const rows = settingNames.flatMap((name) => {
      const row = settingOf(name);
      if (row.group !== group) return [];
      const words = row.kind === "choice" ? settingForm(row).split("|").map(code).join(" ") : settingForm(row);
      const fallback = settingDefault(row);
      const cells = [code(`--${dashed(name)}`), words, fallback === "" ? "" : code(fallback), cell(row.help)];
      return [`| ${cells.join(" | ")} |`];
    });
    return `### ${title}\n\n| option | value | default | |\n|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  return groups.join("\n");
}

export function cliDocument(): string {
  const [targetHead = "", ...targets] = targetText;
  const [success = "", ...others] = exitText.map((line) => {
    const [number = "", ...words] = line.split(/\s+/);
    return `| ${number} | ${words.join(" ")} |`;
  });
  return `# The command line tool \`dlms\`

This page is written by \`npm run generate\` from the texts of \`dlms help\`. After \`npm install -g node-red-contrib-dlms\` the program is on the path;
without an installation \`npx -p node-red-contrib-dlms dlms\` runs it.

${block(["dlms simulate", "dlms test localhost", "dlms read localhost 1.8.0", "dlms profile localhost --last 4"])}

${targetHead}

${targets.flatMap((line) => (line.startsWith(" ") ? [`- ${line.trim()}`] : [])).join("\n")}

${targets.filter((line) => !line.startsWith(" ")).join("\n")}

${secretText.join("\n")}

| exit code | |
|---|---|
${[success, ...others].join("\n")}

With \`--json\` a command prints JSON on standard output, and an error as one line of JSON on standard error: \`name\`, \`code\`, \`layer\`, \`fault\`, \`retry\`,
\`message\`, \`details\`. \`test\`, \`find\`, \`listen\` and \`decode\` print one line of JSON for each result.

${commands.map(commandPart).join("\n")}
## Settings of a meter

They have the names of a \`dlms-meter\` node, as \`--client-address\` or \`--clientAddress\`.

${settingsPart()}
### Environment

| variable | |
|---|---|
${environmentText.map(([name, text]) => `| ${code(name)} | ${text} |`).join("\n")}
`;
}
