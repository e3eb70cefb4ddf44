/** Starts a Node-RED with this package in a separate process, and finds free ports. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const root = resolve(__dirname, "..", "..");

const given = new Set<number>();

function isFree(port: number): Promise<boolean> {
  const server = net.createServer();
  return new Promise((done) => {
    server.once("error", () => {
      done(false);
    });
    server.listen(port, "127.0.0.1", () =>
      server.close(() => {
        done(true);
      }),
    );
  });
}

/**
 * A free port, never the same twice. It lies below the range of ephemeral ports, because an outgoing connection could
 * otherwise take it before the server starts.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = randomInt(15_000, 32_000);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error("no free port between 15000 and 32000");
}

/** An example with its simulator on another port, so that tests do not use a running simulator. */
export function exampleOn(name: string, port: number): string {
  return readFileSync(join(root, "examples", name), "utf8").replace(/"(4059|4060)"/g, `"${port}"`);
}

/** `npm start` in a separate process, with an empty user directory. */
export class NodeRedProcess {
  readonly #child: ChildProcess;
  readonly #userDir: string;
  #output = "";
  readonly #waiting = new Set<() => void>();

  constructor(options: { flow: string; args?: readonly string[]; port?: number }) {
    this.#userDir = mkdtempSync(join(tmpdir(), "dlms-node-red-"));
    const flow = join(this.#userDir, "example.json");
    writeFileSync(flow, options.flow);
    const args = ["scripts/start.mjs", "--port", String(options.port ?? 0), "--user-dir", this.#userDir];
    this.#child = spawn(
      process.env.DLMS_TEST_NODE ?? process.execPath,
      [...args, "--example", flow, ...(options.args ?? [])],
      { cwd: root },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#output += chunk.toString();
        for (const check of this.#waiting) check();
      });
    }
    this.#child.on("exit", () => {
      for (const check of this.#waiting) check();
    });
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves with the first match in the output; rejects when the process ends without one. */
  until(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((done, fail) => {
      const check = (): void => {
        const match = pattern.exec(this.#output);
        if (match !== null) {
          this.#waiting.delete(check);
          done(match);
        } else if (this.#ended) {
          this.#waiting.delete(check);
          fail(
            new Error(
              `Node-RED ended (${this.#child.exitCode ?? this.#child.signalCode}) without ${String(pattern)}:\n${this.#output}`,
            ),
          );
        }
      };
      this.#waiting.add(check);
      check();
    });
  }

  get #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  exited(): Promise<number | null> {
    return new Promise((done) => {
      if (this.#ended) done(this.#child.exitCode);
      else this.#child.once("exit", done);
    });
  }

  async stop(signal: NodeJS.Signals = "SIGINT"): Promise<number | null> {
    const exited = this.exited();
    this.#child.kill(signal);
    const code = await exited;
    rmSync(this.#userDir, { recursive: true, force: true });
    return code;
  }
}
