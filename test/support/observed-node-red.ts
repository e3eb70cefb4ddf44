/** A Node-RED process that reports every message its nodes receive. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, root } from "./node-red-process";

export interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly [property: string]: unknown;
}

export interface Arrival {
  readonly node: string;
  readonly type: string;
  readonly msg: Record<string, unknown>;
}

export interface ObservedOptions {
  /** packages of this repository that are installed in the user directory */
  readonly modules?: readonly string[];
  /** the caller's user directory, which `stop` leaves; default: a temporary one */
  readonly userDir?: string;
}

/** A Node-RED process started by `npm start` that reports every message a node receives. */
export class ObservedNodeRed {
  readonly #child: ChildProcess;
  readonly #userDir: string;
  readonly #keepsUserDir: boolean;
  readonly #arrivals: Arrival[] = [];
  readonly #waiting = new Set<() => void>();
  #output = "";
  url = "";

  private constructor(port: number, env: NodeJS.ProcessEnv, { modules = [], userDir }: ObservedOptions) {
    this.#keepsUserDir = userDir !== undefined;
    this.#userDir = userDir ?? mkdtempSync(join(tmpdir(), "dlms-observed-"));
    installModules(this.#userDir, modules);
    const empty = join(this.#userDir, "empty.json");
    writeFileSync(empty, "[]");
    const args = ["--port", String(port), "--user-dir", this.#userDir, "--example", empty];
    this.#child = fork(join(root, "scripts", "start.mjs"), args, {
      cwd: root,
      silent: true,
      execArgv: ["--import", "tsx"],
      env: {
        ...process.env,
        ...env,
        OBSERVED_NODE_RED: process.env.NODE_RED_PATH ?? require.resolve("node-red"),
        NODE_RED_PATH: join(root, "test", "support", "observed-node-red-child.ts"),
      },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#output += chunk.toString();
        this.#changed();
      });
    }
    this.#child.on("message", (arrival) => {
      this.#arrivals.push(arrival as Arrival);
      this.#changed();
    });
    this.#child.on("exit", () => {
      this.#changed();
    });
  }

  static async start(env: NodeJS.ProcessEnv = {}, options: ObservedOptions = {}): Promise<ObservedNodeRed> {
    const nodeRed = new ObservedNodeRed(await freePort(), env, options);
    nodeRed.url = await nodeRed.#until(() => /is at {2}(\S+)/.exec(nodeRed.#output)?.[1], "its address");
    return nodeRed;
  }

  get output(): string {
    return this.#output;
  }

  async deploy(flow: readonly FlowNode[], kind: "full" | "nodes" = "full"): Promise<void> {
    const response = await fetch(`${this.url}flows`, {
      method: "POST",
      headers: { "content-type": "application/json", "Node-RED-Deployment-Type": kind },
      body: JSON.stringify(flow),
    });
    if (!response.ok) throw new Error(`deploy: ${response.status} ${await response.text()}`);
  }

  /** Presses the button of an inject node. */
  async inject(node: string): Promise<void> {
    const response = await fetch(`${this.url}inject/${node}`, { method: "POST" });
    if (!response.ok) throw new Error(`inject: ${response.status} ${await response.text()}`);
  }

  /** All messages that the node has received. */
  received(node: string): Record<string, unknown>[] {
    return this.#arrivals.filter((arrival) => arrival.node === node).map(({ msg }) => msg);
  }

  receivedByType(type: string): Arrival[] {
    return this.#arrivals.filter((arrival) => arrival.type === type);
  }

  /** The first `count` matching messages at a node, past ones included. */
  arrivals(
    node: string,
    count: number,
    fits: (msg: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>[]> {
    return this.#until(() => {
      const found = this.received(node).filter(fits);
      return found.length >= count ? found.slice(0, count) : undefined;
    }, `${count} messages at ${node}`);
  }

  /** The first matching message at a node. */
  async arrival(node: string, fits?: (msg: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    return (await this.arrivals(node, 1, fits))[0] ?? {};
  }

  #changed(): void {
    for (const check of [...this.#waiting]) check();
  }

  #until<T>(look: () => T | undefined, what: string): Promise<T> {
    return new Promise((done, fail) => {
      const check = (): void => {
        const found = look();
        if (found !== undefined) {
          this.#waiting.delete(check);
          done(found);
        } else if (this.#ended) {
          this.#waiting.delete(check);
          fail(
            new Error(
              `Node-RED ended (${this.#child.exitCode ?? this.#child.signalCode}) before ${what}:\n${this.#output}`,
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

  /** Freezes and continues the process. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  async stop(signal: NodeJS.Signals = "SIGINT"): Promise<void> {
    if (!this.#ended) {
      const exited = once(this.#child, "exit");
      this.#child.kill(signal);
      await exited;
    }
    if (!this.#keepsUserDir) rmSync(this.#userDir, { recursive: true, force: true });
  }
}

/** As `npm install` in the user directory leaves them: Node-RED loads only modules that its package.json names. */
function installModules(userDir: string, modules: readonly string[]): void {
  if (modules.length === 0 || existsSync(join(userDir, "node_modules"))) return;
  mkdirSync(join(userDir, "node_modules"));
  const dependencies: Record<string, string> = {};
  for (const name of modules) {
    symlinkSync(join(root, "node_modules", name), join(userDir, "node_modules", name), "dir");
    dependencies[name] = "*";
  }
  writeFileSync(join(userDir, "package.json"), JSON.stringify({ name: "user", private: true, dependencies }));
}
