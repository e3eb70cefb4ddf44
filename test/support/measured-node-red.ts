/** A Node-RED process whose heap, timers and listeners are measured. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./node-red-process";

export interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly [property: string]: unknown;
}

export type DeployKind = "full" | "flows" | "nodes";

/** The objects alive after a garbage collection. */
export interface Measurement {
  /** in bytes */
  readonly heapUsed: number;
  /** handles that keep the process alive, by kind */
  readonly resources: Readonly<Record<string, number>>;
  /** listeners by event */
  readonly listeners: Readonly<Record<string, number>>;
  /** of each meter: users of its session, and nodes that get its errors */
  readonly users: Readonly<Record<string, readonly [session: number, node: number]>>;
  /** by class or type of node: number of live objects among those created since the start */
  readonly instances: Readonly<Record<string, number>>;
}

type Order =
  | { readonly do: "deploy"; readonly flow: readonly FlowNode[]; readonly kind: DeployKind }
  | { readonly do: "receive"; readonly messages: readonly { readonly node: string; readonly msg: object }[] }
  | { readonly do: "measure" };
export type Command = Order & { readonly number: number };

interface Reply {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** V8 compiles each function once and not again as it gets busy: the heap then holds what the program keeps, not what the compiler adds. */
const compiledOnce = ["--no-opt", "--no-sparkplug", "--no-flush-bytecode", "--no-lazy-feedback-allocation"];

/** A whole Node-RED by `npm start`, in a separate process, which a test deploys to and measures. */
export class MeasuredNodeRed {
  readonly #child: ChildProcess;
  readonly #userDir: string;
  readonly #pending = new Map<number, { done(result: unknown): void; fail(error: Error): void }>();
  #output = "";
  #number = 0;

  private constructor() {
    this.#userDir = mkdtempSync(join(tmpdir(), "dlms-measured-"));
    const empty = join(this.#userDir, "empty.json");
    writeFileSync(empty, "[]");
    const args = ["--port", "0", "--user-dir", this.#userDir, "--example", empty];
    this.#child = fork(join(root, "scripts", "start.mjs"), args, {
      cwd: root,
      silent: true,
      execArgv: ["--import", "tsx", "--expose-gc", ...compiledOnce],
      env: {
        ...process.env,
        MEASURED_NODE_RED: process.env.NODE_RED_PATH ?? require.resolve("node-red"),
        NODE_RED_PATH: join(root, "test", "support", "measured-node-red-child.ts"),
      },
    });
    this.#child.on("message", ({ number, result, error }: Reply) => {
      const waiting = this.#pending.get(number);
      this.#pending.delete(number);
      if (error === undefined) waiting?.done(result);
      else waiting?.fail(new Error(error));
    });
  }

  static async start(): Promise<MeasuredNodeRed> {
    const nodeRed = new MeasuredNodeRed();
    await nodeRed.#started();
    return nodeRed;
  }

  #started(): Promise<void> {
    return new Promise((done, fail) => {
      for (const stream of [this.#child.stdout, this.#child.stderr]) {
        stream?.on("data", (chunk: Buffer) => {
          this.#output = (this.#output + chunk.toString()).slice(-20_000);
          if (/is at {2}\S+/.test(this.#output)) done();
        });
      }
      this.#child.on("exit", (code, signal) => {
        const error = new Error(`Node-RED ended (${signal ?? code}):\n${this.#output}`);
        fail(error);
        for (const one of this.#pending.values()) one.fail(error);
        this.#pending.clear();
      });
    });
  }

  get #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** The end of the process output. */
  get output(): string {
    return this.#output;
  }

  /** Resolves when the flows have started. */
  async deploy(flow: readonly FlowNode[], kind: DeployKind): Promise<void> {
    await this.#order({ do: "deploy", flow, kind });
  }

  async receive(messages: readonly { readonly node: string; readonly msg: object }[]): Promise<void> {
    await this.#order({ do: "receive", messages });
  }

  async measure(): Promise<Measurement> {
    return (await this.#order({ do: "measure" })) as Measurement;
  }

  #order(order: Order): Promise<unknown> {
    const number = ++this.#number;
    return new Promise((done, fail) => {
      if (this.#ended) {
        fail(new Error(`Node-RED ended:\n${this.#output}`));
        return;
      }
      this.#pending.set(number, { done, fail });
      this.#child.send({ ...order, number });
    });
  }

  async stop(): Promise<void> {
    const exited = new Promise((done) => {
      if (this.#ended) done(undefined);
      else this.#child.once("exit", done);
    });
    this.#child.kill("SIGINT");
    await exited;
    rmSync(this.#userDir, { recursive: true, force: true });
  }
}
