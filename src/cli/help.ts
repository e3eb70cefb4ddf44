/** The texts of the help. docs/cli.md is written from them. */
import { dashed, type Setting, settingNames, settingOf, secretNames, variableOf } from "./settings";

export interface OptionHelp {
  /** without dashes */
  readonly name: string;
  /** placeholder of the value; absent: a flag */
  readonly value?: string;
  readonly help: string;
}

export interface CommandHelp {
  readonly name: string;
  /** one line: what the command does */
  readonly summary: string;
  readonly usage: string;
  readonly text: readonly string[];
  readonly options: readonly OptionHelp[];
  readonly examples: readonly string[];
  /** takes a meter, and so all settings of a meter */
  readonly meter: boolean;
  /** takes hex as an argument */
  readonly acceptsHex?: boolean;
}

const json: OptionHelp = { name: "json", help: "JSON on standard output; an error as JSON on standard error" };
const secrets: OptionHelp = { name: "secrets", value: "FILE", help: "JSON file with secrets that only you may read" };
const trace: OptionHelp = { name: "trace", help: "print each frame to standard error, secrets masked" };
const dates: OptionHelp = { name: "dates", value: "FORM", help: "iso (default) or epoch (ms since 1970)" };
const common = [json, secrets];

const pointText = [
  "OBJECT is OBIS, OBIS/ATTRIBUTE or CLASS/OBIS/ATTRIBUTE: 1-0:1.8.0*255, 1.0.1.8.0.255 or 1.8.0;",
  "the attribute by name or number (value); the class by name or number (REGISTER).",
];

export const commands: readonly CommandHelp[] = [
  {
    name: "test",
    summary: "Test the connection step by step",
    usage: "dlms test TARGET [options]",
    text: [
      "Opens the line, sets up the link, associates and reads one value. Says what to try at the first step that fails.",
      "Each secret is sent once. The exit code is 0 when all steps succeed.",
    ],
    options: [...common],
    examples: [
      "dlms test tcp://192.0.2.7:4059",
      "dlms test hdlc+tcp://gateway.example:4001 --client-address 16 --physical-address 17",
      "DLMS_PASSWORD=... dlms test /dev/ttyUSB0 --client-address 1 --authentication LOW",
    ],
    meter: true,
  },
  {
    name: "find",
    summary: "Find the address of a meter",
    usage: "dlms find TARGET [options]",
    text: ["Tries the usual server addresses with client 16. Sends no secret. Stops at the first answer."],
    options: [
      ...common,
      { name: "serial-number", value: "NUMBER", help: "serial number on the meter; makers derive addresses from it" },
      { name: "all", help: "continue after the first answer, for lines with several meters" },
    ],
    examples: ["dlms find hdlc+tcp://gateway.example:4001", "dlms find /dev/ttyUSB0 --serial-number 12345678 --all"],
    meter: true,
  },
  {
    name: "browse",
    summary: "List the objects of a meter",
    usage: "dlms browse TARGET [options]",
    text: ["Reads the object list of the association: class, logical name, description, access rights (with --json)."],
    options: [...common, trace],
    examples: ["dlms browse tcp://192.0.2.7:4059", "dlms browse tcp://192.0.2.7:4059 --json > objects.json"],
    meter: true,
  },
  {
    name: "read",
    summary: "Read attributes",
    usage: "dlms read TARGET OBJECT... [options]",
    text: [
      ...pointText,
      "Several objects are read in as few requests as the meter allows. The exit code is 1 when one of them fails.",
    ],
    options: [...common, dates, trace],
    examples: [
      "dlms read tcp://192.0.2.7:4059 1.8.0 2.8.0",
      "dlms read tcp://192.0.2.7:4059 CLOCK/0-0:1.0.0*255/time --json",
      "DLMS_PASSWORD=... dlms read hdlc+tcp://gateway.example:4001 1-0:1.8.0*255 --client-address 1 --authentication LOW",
    ],
    meter: true,
  },
  {
    name: "profile",
    summary: "Read the rows of a profile",
    usage: "dlms profile TARGET [OBIS] [options]",
    text: [
      "OBIS is the logical name of a Profile generic (1-0:99.1.0*255). Rows are oldest first. CSV is written as the rows",
      "arrive, JSON and line protocol after the last row.",
    ],
    options: [
      ...common,
      { name: "format", value: "FORMAT", help: "csv (default), json or line (line protocol, times in ms)" },
      { name: "meter", value: "NAME", help: "tag of the meter in line protocol; default: its address" },
      { name: "last", value: "N", help: "the last N rows" },
      { name: "from", value: "TIME", help: "from this time, inclusive: ISO 8601; without an offset, meter time" },
      { name: "to", value: "TIME", help: "to this time, inclusive" },
      { name: "after", value: "TIME", help: "after this time, exclusive: to go on where a database ends" },
      { name: "range", value: "DAYS", help: "today, yesterday, this-month or last-month, by the meter's clock" },
      { name: "entries", value: "FIRST-LAST", help: "entries by number, 1 is the oldest" },
      { name: "columns", value: "KEYS", help: "columns by key or OBIS code, separated by commas" },
      dates,
      trace,
    ],
    examples: [
      "dlms profile tcp://192.0.2.7:4059 --range yesterday > yesterday.csv",
      "dlms profile tcp://192.0.2.7:4059 1-0:99.2.0*255 --from 2026-01-01 --to 2026-02-01 --format json",
    ],
    meter: true,
  },
  {
    name: "write",
    summary: "Write an attribute or call a method",
    usage: "dlms write TARGET OBJECT VALUE --yes [options], or dlms write TARGET --method METHOD [ARGUMENT] --yes",
    text: [
      ...pointText,
      "VALUE is a number, a text or JSON. It gets the type that the meter holds now, and is in the unit of the attribute.",
      "A value that does not fit exactly is refused. The attribute is read before and after; the exit code is 1 when the",
      "meter then holds another value. Nothing is sent twice. METHOD is CLASS/OBIS/METHOD, by name or number.",
    ],
    options: [
      ...common,
      { name: "yes", help: "do it; without this switch nothing is changed" },
      {
        name: "dangerous",
        help: "also what switches the supply, erases data, runs scripts, changes access or firmware",
      },
      { name: "method", value: "METHOD", help: "call this method instead of a write" },
      { name: "data-type", value: "TYPE", help: "the standard's name of the type, such as long-unsigned" },
      trace,
    ],
    examples: [
      "dlms write tcp://192.0.2.7:4059 PROFILE_GENERIC/1-0:99.1.0*255/capture_period 900 --yes",
      "dlms write tcp://192.0.2.7:4059 CLOCK/0-0:1.0.0*255/time 2026-01-15T12:00:00+01:00 --yes",
      "dlms write tcp://192.0.2.7:4059 --method DISCONNECT_CONTROL/0-0:96.3.10*255/remote_disconnect --yes --dangerous",
    ],
    meter: true,
  },
  {
    name: "listen",
    summary: "Receive pushes",
    usage: "dlms listen [TARGET] [options]",
    text: [
      "Listens on a TCP port (tcp://0.0.0.0:4059, the default without --host is 127.0.0.1), on a UDP port (udp://...) or",
      "on a serial port (/dev/ttyUSB0), or connects to a gateway with --connect. Prints each push until Ctrl-C.",
      "Keys come from DLMS_ENCRYPTION_KEY and DLMS_AUTHENTICATION_KEY, or from --secrets.",
    ],
    options: [
      ...common,
      { name: "connect", help: "connect to a gateway instead of listening" },
      { name: "baud-rate", value: "RATE", help: "bit/s of a serial port, or auto (default)" },
      { name: "serial-mode", value: "MODE", help: "8N1 (default), 8E1 or 7E1" },
      { name: "framing", value: "FRAMING", help: "AUTO (default), HDLC, WRAPPER, MBUS, APDU or P1" },
      { name: "lists", value: "TABLE", help: "auto (default), none or the id of a list table" },
      { name: "confirm", help: "confirm pushes that request it" },
      { name: "count", value: "N", help: "end after N pushes" },
      { name: "key-format", value: "FORMAT", help: "HEX (default) or TEXT" },
    ],
    examples: [
      "dlms listen tcp://0.0.0.0:4059 --json",
      "DLMS_ENCRYPTION_KEY=... DLMS_AUTHENTICATION_KEY=... dlms listen /dev/ttyUSB0",
    ],
    meter: false,
  },
  {
    name: "decode",
    summary: "Decode frames, APDUs, data or pushes",
    usage: "dlms decode [HEX...] [options]",
    text: [
      "HEX is a frame of HDLC or the wrapper, an APDU or A-XDR data. Without an argument each line of standard input is",
      "decoded. With --as PUSH the input is one payload, hex or bytes. Ciphered APDUs need DLMS_ENCRYPTION_KEY and",
      "DLMS_AUTHENTICATION_KEY, or --secrets.",
    ],
    options: [
      ...common,
      { name: "as", value: "KIND", help: "AUTO (default), HDLC, WRAPPER, APDU, DATA or PUSH" },
      { name: "system-title", value: "HEX", help: "system title of the sender, if the APDU does not carry it" },
      { name: "lists", value: "TABLE", help: "PUSH: auto (default), none or the id of a list table" },
      { name: "key-format", value: "FORMAT", help: "HEX (default) or TEXT" },
    ],
    examples: ["dlms decode 0001001000010007c4014100120fa0", "dlms decode --as PUSH --json < telegram.bin"],
    meter: false,
    acceptsHex: true,
  },
  {
    name: "simulate",
    summary: "Simulate a meter",
    usage: "dlms simulate [options]",
    text: [
      "A household's meter on a TCP port until Ctrl-C. Client 16 needs no secret, client 17 the password 12345678,",
      "client 18 GMAC and ciphering with public demo keys.",
    ],
    options: [
      json,
      { name: "host", value: "ADDRESS", help: "address to listen on (127.0.0.1)" },
      { name: "port", value: "PORT", help: "port to listen on (4059); 0: any free port" },
      { name: "framing", value: "FRAMING", help: "WRAPPER (default), HDLC or HDLC_MODE_E" },
      { name: "definition", value: "FILE", help: "JSON definition of another meter" },
      { name: "serial-number", value: "NUMBER", help: "serial number of the household's meter" },
    ],
    examples: ["dlms simulate", "dlms simulate --port 4060 --framing HDLC"],
    meter: false,
  },
];

export const findCommand = (name: string): CommandHelp | undefined => commands.find((one) => one.name === name);

export const targetText = [
  "TARGET is where the meter is:",
  "  host, host:port, tcp://host:port, tls://host:port, udp://host:port",
  "  /dev/ttyUSB0, COM3, serial:///dev/ttyUSB0",
  "A framing may stand before it: wrapper+, hdlc+ or mode-e+, as in hdlc+tcp://host:4001.",
  "Settings may follow as a query: tcp://host?client-address=1. An option wins over the target.",
  "With --host or --serial-port there is no TARGET.",
] as const;

export const secretText = [
  "Secrets come from the environment, or from the file of --secrets, a JSON object with the names of the settings",
  '({"password": "...", "encryptionKey": "..."}) that only its owner may read. They are never taken from arguments.',
  "Keys and certificates of PEM form may be the path of a PEM file.",
] as const;

export const exitText = [
  "0    success",
  "1    the meter or the line: refused, no answer, a value that could not be read",
  "2    usage: an argument, a setting or a secret is missing or wrong",
  "130  interrupted by Ctrl-C, after the session was closed",
] as const;

export const environmentText: readonly (readonly [name: string, text: string])[] = [
  ...secretNames.map((name) => [variableOf(name), name] as const),
  ["DLMS_STATE_DIR", "where the system title and the invocation counters are kept"],
];

export const groupTitles = {
  line: "Line",
  address: "Address and link",
  access: "Access",
  other: "Time and values",
} as const;

/** The value's placeholder and the words of a setting. */
export function settingForm(row: Setting): string {
  switch (row.kind) {
    case "flag":
      return "";
    case "integer":
      return "N";
    case "text":
      return "TEXT";
    case "choice":
      return Object.keys(row.choices)
        .filter((word) => word !== "")
        .join("|");
  }
}

export function settingDefault(row: Setting): string {
  return row.kind === "flag" || row.default === undefined || row.default === "" ? "" : String(row.default);
}

const indent = (lines: readonly string[], by = "  "): string => lines.map((line) => `${by}${line}\n`).join("");

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = rows.reduce((most, [left]) => Math.max(most, left.length), 0);
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd() + "\n").join("");
}

const optionRow = ({ name, value, help }: OptionHelp): readonly [string, string] => [
  `--${name}${value === undefined ? "" : ` ${value}`}`,
  help,
];

export function generalHelp(): string {
  return [
    "dlms: read DLMS/COSEM meters\n\n",
    "Usage: dlms COMMAND [TARGET] [options]\n\nCommands:\n",
    columns(commands.map(({ name, summary }) => [name, summary])),
    "\n",
    indent(targetText, ""),
    "\n",
    indent(secretText, ""),
    "\nExit codes:\n",
    indent(exitText),
    "\nExamples:\n",
    indent(["dlms simulate", "dlms test localhost", "dlms read localhost 1.8.0", "dlms profile localhost --last 4"]),
    "\ndlms help COMMAND explains a command, dlms help meter lists the settings of a meter.\n",
  ].join("");
}

export function meterHelp(): string {
  const groups = Object.entries(groupTitles).map(([group, title]) => {
    const rows = settingNames.flatMap((name): [string, string][] => {
      const row = settingOf(name);
      if (row.group !== group) return [];
      const form = settingForm(row);
      const fallback = settingDefault(row);
      const help = fallback === "" ? row.help : `${row.help} (${fallback})`;
      return [[`--${dashed(name)}${form === "" ? "" : ` ${form}`}`, help]];
    });
    return `${title}:\n${columns(rows)}\n`;
  });
  return [
    "Settings of a meter, with the names of a dlms-meter node (--client-address or --clientAddress).\n\n",
    ...groups,
    "Environment:\n",
    columns(environmentText),
    "\n",
    indent(secretText, ""),
  ].join("");
}

export function commandHelp(command: CommandHelp): string {
  return [
    `${command.summary}\n\nUsage: ${command.usage}\n\n`,
    indent(command.text, ""),
    ...(command.meter ? ["\n", indent(targetText, "")] : []),
    "\nOptions:\n",
    columns(command.options.map(optionRow)),
    ...(command.meter ? ["  and the settings of a meter: dlms help meter\n"] : []),
    "\nExamples:\n",
    indent(command.examples),
  ].join("");
}
