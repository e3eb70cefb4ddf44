/** Arguments of a command: options, positionals, and the refusal of secrets. */
import { parseArgs } from "node:util";
import { type CommandHelp, type OptionHelp } from "./help";
import { dashed, namesSecret, secretNames, settingNames, settingOf, variableOf } from "./settings";
import { secretRefused, usage } from "./usage";

export interface Arguments {
  readonly positionals: readonly string[];
  /** option values by the option's name without dashes; true for a flag */
  readonly options: Readonly<Record<string, string | true>>;
}

type Config = Record<string, { type: "string" | "boolean"; short?: string }>;

/** A key as hex digits. A meter's serial number or an OBIS code is shorter. */
const looksLikeKey = /^(0x)?([0-9a-f]{32}|[0-9a-f]{64})$/i;

/** `--clientAddress=1` -> `--client-address=1` */
function withDashes(argument: string): string {
  const [name = ""] = argument.split("=", 1);
  return name.startsWith("--") ? dashed(name) + argument.slice(name.length) : argument;
}

/** @throws DlmsConfigError; no message repeats the secret */
function refuseSecrets(args: readonly string[], acceptsHex: boolean): void {
  for (const argument of args) {
    if (argument === "--") return;
    const [option = ""] = argument.split("=", 1);
    const name = option.replace(/^--?/, "");
    if (option.startsWith("-") && namesSecret(name)) {
      const known = secretNames.find((secret) => dashed(secret) === dashed(name).toLowerCase());
      throw secretRefused(option, known === undefined ? undefined : variableOf(known));
    }
    const value = option.startsWith("-") ? argument.slice(option.length + 1) : argument;
    if (!acceptsHex && looksLikeKey.test(value)) throw secretRefused("an argument looks like a key");
  }
}

function configOf(command: CommandHelp): Config {
  const config: Config = { help: { type: "boolean", short: "h" } };
  const add = ({ name, value }: OptionHelp): void => {
    config[name] = { type: value === undefined ? "boolean" : "string" };
  };
  command.options.forEach(add);
  if (!command.meter) return config;
  for (const name of settingNames) {
    config[dashed(name)] ??= { type: settingOf(name).kind === "flag" ? "boolean" : "string" };
  }
  return config;
}

/** @throws DlmsConfigError */
export function parseArguments(command: CommandHelp, given: readonly string[]): Arguments {
  const args = given.map(withDashes);
  refuseSecrets(args, command.acceptsHex === true);
  try {
    const { values, positionals } = parseArgs({
      args,
      options: configOf(command),
      strict: true,
      allowPositionals: true,
    });
    const options: Record<string, string | true> = {};
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === "string" || value === true) options[name] = value;
    }
    return { positionals, options };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (typeof code !== "string" || !code.startsWith("ERR_PARSE_ARGS")) throw error;
    throw usage(`${message}; see dlms help ${command.name}`);
  }
}

export const text = ({ options }: Arguments, name: string): string | undefined => {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
};

export const flag = ({ options }: Arguments, name: string): boolean => options[name] === true;

/** @throws DlmsConfigError */
export function whole(args: Arguments, name: string, min: number, max: number): number | undefined {
  const value = text(args, name);
  if (value === undefined) return undefined;
  const number = /^\d+$/.test(value) ? Number(value) : NaN;
  if (number >= min && number <= max) return number;
  throw usage(`--${name}: expected a whole number from ${min} to ${max}, got "${value}"`);
}

/** One of several words, in any case. @throws DlmsConfigError */
export function word<const W extends string>(
  args: Arguments,
  name: string,
  words: readonly W[],
  fallback: NoInfer<W>,
): W {
  const value = text(args, name);
  if (value === undefined) return fallback;
  const found = words.find((one) => one.toLowerCase() === value.toLowerCase());
  if (found !== undefined) return found;
  throw usage(`--${name}: expected ${words.join(", ")}, got "${value}"`);
}
