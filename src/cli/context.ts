/** What a command works with. */
import { type ConnectOptions, connect, type DlmsClient, type Logger } from "../index";
import { type Arguments, flag, text } from "./arguments";
import { connectOptionsOf, rawSettingsOf } from "./meter-options";
import { printable, type Sink } from "./output";
import { type Environment, readSecrets, type Secrets } from "./secrets";
import { StateFolder, stateFolderOf } from "./state-folder";
import type { RawSettings } from "./target";
import { usage } from "./usage";

/** The surroundings of the process. */
export interface Surroundings {
  readonly out: Sink;
  readonly err: Sink;
  readonly input: AsyncIterable<Uint8Array>;
  readonly environment: Environment;
  /** aborted when the command is to end */
  readonly signal: AbortSignal;
  /** ms of a clock that never goes back, for the pace of progress */
  readonly now: () => number;
}

export interface Context extends Surroundings {
  readonly args: Arguments;
}

/** Runs a command; resolves with its exit code. */
export type Command = (context: Context) => Promise<number>;

export const secretsOf = ({ args, environment }: Context): Secrets => readSecrets(environment, text(args, "secrets"));

/** The target and the other positionals. With --host or --serial-port there is no target. @throws DlmsConfigError */
export function positionalsOf({ args: { positionals, options } }: Context): {
  readonly target: string | undefined;
  readonly others: readonly string[];
} {
  if (options["host"] !== undefined || options["serial-port"] !== undefined) {
    return { target: undefined, others: positionals };
  }
  const [target, ...others] = positionals;
  if (target !== undefined) return { target, others };
  throw usage("no target: expected host, tcp://host:port or a serial port; dlms --help shows examples");
}

/** For commands that take a target alone. @throws DlmsConfigError */
export function refuseOthers(context: Context): void {
  const [other] = positionalsOf(context).others;
  if (other !== undefined) throw usage(`unexpected argument "${other}"; dlms --help shows examples`);
}

/** The settings of the meter. A serial port needs no further option. @throws DlmsConfigError */
export function meterSettingsOf(context: Context): RawSettings {
  const { options } = context.args;
  const serial = options["serial-port"] !== undefined && options["transport-type"] === undefined;
  const raw = rawSettingsOf(positionalsOf(context).target, context.args);
  return serial ? { ...raw, transportType: "SERIAL" } : raw;
}

/** Warnings of the library go to standard error. */
export function loggerOf({ err }: Context): Logger {
  const say = (message: string | (() => string)): void => {
    void err.write(`${printable(typeof message === "function" ? message() : message)}\n`);
  };
  return { debug: () => undefined, info: () => undefined, warn: say, error: say };
}

/** @throws DlmsConfigError */
export function meterOptions(context: Context): ConnectOptions {
  const raw = meterSettingsOf(context);
  const state = new StateFolder(stateFolderOf(context.environment));
  return { ...connectOptionsOf(raw, secretsOf(context), state), logger: loggerOf(context) };
}

/** Connects, runs and closes the session, also after a failure or Ctrl-C. */
export async function withMeter<T>(context: Context, run: (client: DlmsClient) => Promise<T>): Promise<T> {
  const client = await connect(meterOptions(context), { signal: context.signal });
  try {
    traceTo(context, client);
    return await run(client);
  } finally {
    await client.close();
  }
}

function traceTo({ args, err }: Context, client: DlmsClient): void {
  if (!flag(args, "trace")) return;
  client.on("trace", (event) => {
    const what = event.kind === "note" ? event.text : `${event.direction} ${event.layer} ${event.hex}`;
    void err.write(`${event.time} ${printable(what)}\n`);
  });
}
