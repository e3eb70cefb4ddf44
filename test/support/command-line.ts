/** Runs command lines of `dlms`, in this process or as a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/cli/run";
import type { ErrorJson } from "../../src/index";
import { bundledChild } from "./bundled-child";

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CommandSurroundings {
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  readonly signal?: AbortSignal;
  readonly terminal?: boolean;
  /** receives the text of standard output as it comes */
  readonly onOut?: (text: string) => void;
  readonly onErr?: (text: string) => void;
}

/** Runs a command line in this process. The clock of progress advances by a second with each look. */
export async function commandLine(
  args: readonly string[],
  { environment = {}, input = "", signal, terminal = false, onOut, onErr }: CommandSurroundings = {},
): Promise<CommandResult> {
  const texts = { out: "", err: "" };
  let now = 0;
  const sink = (name: "out" | "err") => ({
    isTTY: terminal,
    write: (text: string): Promise<void> => {
      texts[name] += text;
      (name === "out" ? onOut : onErr)?.(text);
      return Promise.resolve();
    },
  });
  async function* inputBytes(): AsyncGenerator<Uint8Array> {
    yield typeof input === "string" ? Buffer.from(input) : input;
  }
  const code = await run(args, {
    ...{ out: sink("out"), err: sink("err"), input: inputBytes(), environment },
    signal: signal ?? new AbortController().signal,
    now: () => (now += 1000),
  });
  return { code, ...texts };
}

export const errorOf = ({ err }: CommandResult): ErrorJson => JSON.parse(err) as ErrorJson;

/** A folder for one test file, deleted when this process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "dlms-cli-"));
  process.once("exit", () => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** The program `dlms` as a process, bundled once. */
export class Program {
  readonly #file = bundledChild(join(__dirname, "../../src/cli/dlms.ts"));

  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcessWithoutNullStreams {
    return spawn(process.execPath, [this.#file, ...args], { env: { ...process.env, ...environment } });
  }

  async run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
    const child = this.start(args, environment);
    child.stdin.end();
    const texts = { out: "", err: "" };
    child.stdout.on("data", (part: Buffer) => (texts.out += part.toString()));
    child.stderr.on("data", (part: Buffer) => (texts.err += part.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    return { code: code ?? -1, ...texts };
  }
}
