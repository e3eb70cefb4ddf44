/** Runs one command line and decides on its exit code. */
import { DlmsConfigError, type DlmsError, isDlmsError } from "../index";
import { flag, parseArguments } from "./arguments";
import { browse } from "./commands/browse";
import { decode } from "./commands/decode";
import { find } from "./commands/find";
import { listen } from "./commands/listen";
import { profile } from "./commands/profile";
import { read } from "./commands/read";
import { simulate } from "./commands/simulate";
import { test } from "./commands/test";
import { write } from "./commands/write";
import type { Command, Surroundings } from "./context";
import { commandHelp, findCommand, generalHelp, meterHelp } from "./help";
import { namedAsOption } from "./meter-options";
import { jsonLine, printable } from "./output";
import { usage } from "./usage";

const runners: Readonly<Record<string, Command>> = {
  test,
  find,
  browse,
  read,
  profile,
  write,
  listen,
  decode,
  simulate,
};

export const exitCodes = { success: 0, meter: 1, usage: 2, interrupted: 130, terminated: 143 } as const;

/** The reason of an abort that ends the command without an error message. */
export class EndOfCommand extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super("the command was ended");
    this.exitCode = exitCode;
  }
}

function helpFor(topic: string | undefined): string {
  if (topic === undefined) return generalHelp();
  if (topic === "meter") return meterHelp();
  const command = findCommand(topic);
  if (command === undefined) throw usage(`unknown command "${topic}"; dlms --help lists them`);
  return commandHelp(command);
}

async function dispatch(given: readonly string[], surroundings: Surroundings): Promise<number> {
  const [name, ...rest] = given;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    await surroundings.out.write(helpFor(name === "help" ? rest[0] : undefined));
    return name === undefined ? exitCodes.usage : exitCodes.success;
  }
  const command = findCommand(name);
  const runner = runners[name];
  if (command === undefined || runner === undefined) throw usage(`unknown command "${name}"; dlms --help lists them`);
  const args = parseArguments(command, rest);
  if (flag(args, "help")) {
    await surroundings.out.write(commandHelp(command));
    return exitCodes.success;
  }
  return runner({ ...surroundings, args });
}

async function report(error: DlmsError, asJson: boolean, { err }: Surroundings): Promise<void> {
  const message = namedAsOption(error.message);
  await err.write(asJson ? jsonLine({ ...error.toJSON(), message }) : `dlms: ${printable(message)}\n`);
}

/** Runs a command line. Rejects only for a fault of this program. */
export async function run(given: readonly string[], surroundings: Surroundings): Promise<number> {
  const { signal } = surroundings;
  try {
    const code = await dispatch(given, surroundings);
    return signal.reason instanceof EndOfCommand ? signal.reason.exitCode : code;
  } catch (error) {
    if (signal.reason instanceof EndOfCommand) return signal.reason.exitCode;
    if (!isDlmsError(error)) throw error;
    await report(error, given.includes("--json"), surroundings);
    return error instanceof DlmsConfigError ? exitCodes.usage : exitCodes.meter;
  }
}
