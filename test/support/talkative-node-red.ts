/** A Node-RED process that logs everything, for tests that look for leaked secrets. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { freePort, root } from "./node-red-process";

/** A Node-RED process started by `npm start` that logs everything; optionally with a protected editor. */
export class TalkativeNodeRed {
  readonly #child: ChildProcess;
  readonly #userDir: string;
  readonly #waiting = new Set<() => void>();
  #output = "";
  url = "";

  private constructor(port: number, guarded: boolean) {
    this.#userDir = mkdtempSync(join(tmpdir(), "dlms-talkative-"));
    const empty = join(this.#userDir, "empty.json");
    writeFileSync(empty, "[]");
    const args = ["--port", String(port), "--user-dir", this.#userDir, "--example", empty];
    this.#child = fork(join(root, "scripts", "start.mjs"), args, {
      cwd: root,
      silent: true,
      execArgv: ["--import", "tsx"],
      env: {
        ...process.env,
        ...(guarded ? { TALKATIVE_AUTH: "1" } : {}),
        TALKATIVE_NODE_RED: process.env.NODE_RED_PATH ?? require.resolve("node-red"),
        NODE_RED_PATH: join(root, "test", "support", "talkative-node-red-child.ts"),
      },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#output += chunk.toString();
        for (const check of [...this.#waiting]) check();
      });
    }
    this.#child.on("exit", () => {
      for (const check of [...this.#waiting]) check();
    });
  }

  static async start(options: { readonly guarded?: boolean } = {}): Promise<TalkativeNodeRed> {
    const nodeRed = new TalkativeNodeRed(await freePort(), options.guarded === true);
    const match = await nodeRed.until(/is at {2}(\S+)/);
    nodeRed.url = match[1] ?? "";
    return nodeRed;
  }

  /** The whole output. */
  get output(): string {
    return this.#output;
  }

  until(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((done, fail) => {
      const check = (): void => {
        const match = pattern.exec(this.#output);
        if (match === null && this.#child.exitCode === null) return;
        this.#waiting.delete(check);
        if (match !== null) done(match);
        else fail(new Error(`Node-RED ended without ${String(pattern)}:\n${this.#output.slice(-5000)}`));
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** The files of the user directory by relative path. */
  files(): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    const look = (folder: string): void => {
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        if (name === "node_modules") continue;
        if (statSync(path).isDirectory()) look(path);
        else found.set(relative(this.#userDir, path), readFileSync(path));
      }
    };
    look(this.#userDir);
    return found;
  }

  async stop(): Promise<void> {
    const exited = new Promise((done) => {
      if (this.#child.exitCode !== null) done(undefined);
      else this.#child.once("exit", done);
    });
    this.#child.kill("SIGINT");
    await exited;
    rmSync(this.#userDir, { recursive: true, force: true });
  }
}
