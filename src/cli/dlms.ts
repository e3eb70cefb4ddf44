#!/usr/bin/env node
/** The command `dlms`: connects a command line to the streams and signals of this process. */
import { EndOfCommand, exitCodes, run } from "./run";
import type { Sink } from "./output";

function sinkOf(stream: NodeJS.WriteStream, end: (exitCode: number) => void): Sink {
  stream.on("error", ({ code }: NodeJS.ErrnoException) => {
    // EPIPE: the reader of a pipe has gone, as in `dlms browse ... | head`
    end(code === "EPIPE" ? exitCodes.success : exitCodes.meter);
  });
  return {
    isTTY: stream.isTTY,
    write: (text) =>
      new Promise((resolve) => {
        stream.write(text, () => {
          resolve();
        });
      }),
  };
}

async function main(): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const end = (exitCode: number): void => {
    if (!signal.aborted) controller.abort(new EndOfCommand(exitCode));
  };
  const interrupt = (exitCode: number): void => {
    // the second signal does not wait for the session to close
    if (signal.aborted) process.exit(exitCode);
    end(exitCode);
  };
  process.on("SIGINT", () => {
    interrupt(exitCodes.interrupted);
  });
  process.on("SIGTERM", () => {
    interrupt(exitCodes.terminated);
  });
  signal.addEventListener("abort", () => {
    process.stdin.destroy();
  });
  process.exitCode = await run(process.argv.slice(2), {
    out: sinkOf(process.stdout, end),
    err: sinkOf(process.stderr, end),
    input: process.stdin,
    environment: process.env,
    signal,
    now: () => performance.now(),
  });
}

main().catch((error: unknown) => {
  process.exitCode = exitCodes.meter;
  process.stderr.write(`dlms: internal error: ${error instanceof Error ? (error.stack ?? "") : String(error)}\n`);
});
