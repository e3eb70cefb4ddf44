/** Starts the real servers that the tests in this folder use: each on a free port, with its data in a temporary folder. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/node-red-process";

/** Maximum characters of a server's output that are kept for messages. */
const maxOutput = 100_000;

interface User {
  readonly uid: number;
  readonly gid: number;
}

interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: User;
  /** text in the output when the server accepts connections */
  readonly ready: RegExp;
}

/** A server in its own process. */
export class Server {
  readonly port: number;
  readonly folder: string;
  readonly #program: Program;
  #child: ChildProcess;
  #output = "";

  private constructor(port: number, folder: string, program: Program) {
    this.port = port;
    this.folder = folder;
    this.#program = program;
    this.#child = this.#spawn();
  }

  /** @param describe the program for this port and data folder */
  static async start(
    describe: (port: number, folder: string) => Program | Promise<Program>,
    folder = mkdtempSync(join(tmpdir(), "dlms-service-")),
  ): Promise<Server> {
    const port = await freePort();
    const server = new Server(port, folder, await describe(port, folder));
    await server.#ready();
    return server;
  }

  get output(): string {
    return this.#output;
  }

  /** SIGKILL: what the server had not written is lost. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** The same server again, on its port and data. */
  async restart(): Promise<void> {
    this.#output = "";
    this.#child = this.#spawn();
    await this.#ready();
  }

  async stop(): Promise<void> {
    await this.#end("SIGINT");
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn(): ChildProcess {
    const { command, args, env, user } = this.#program;
    const child = spawn(command, args, { cwd: this.folder, env: { ...process.env, ...env }, ...user });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        if (this.#output.length < maxOutput) this.#output += chunk.toString();
        child.emit("output");
      });
    }
    child.on("error", (error) => {
      this.#output += error.message;
    });
    return child;
  }

  async #ready(): Promise<void> {
    const child = this.#child;
    await new Promise<void>((done, fail) => {
      const look = (): void => {
        if (this.#program.ready.test(this.#output)) done();
      };
      child.on("output", look);
      child.on("close", () => {
        fail(new Error(`${this.#program.command} ended before it was ready:\n${this.#output}`));
      });
    });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill(signal);
    await exited;
  }
}

/** Skips the tests of a suite, with the reason, where a server is not installed. */
export function skipWithout(context: Mocha.Context, ...commands: string[]): void {
  const absent = commands.filter((command) => programPath(command) === undefined);
  if (absent.length === 0) return;
  console.log(`skipped: needs ${absent.join(" and ")} (Debian packages: docs/development.md)`);
  context.skip();
}

const postgresVersions = "/usr/lib/postgresql";

/** Debian keeps servers in folders that are not on every PATH. */
function programPath(command: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  if (existsSync(postgresVersions)) {
    folders.unshift(...readdirSync(postgresVersions).map((version) => join(postgresVersions, version, "bin")));
  }
  return folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
}

function program(command: string): string {
  const path = programPath(command);
  if (path === undefined) throw new Error(`${command} is not installed`);
  return path;
}

/** Redis. @param durable every write is on the disk before it is acknowledged, so a kill loses none */
export function startRedis({ durable = false } = {}): Promise<Server> {
  const keeps = durable ? ["--appendonly", "yes", "--appendfsync", "always"] : ["--appendonly", "no"];
  return Server.start((port, folder) => ({
    command: program("redis-server"),
    args: ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", ...keeps],
    ready: /Ready to accept connections/,
  }));
}

export function startMosquitto(): Promise<Server> {
  return Server.start((port, folder) => {
    const settings = join(folder, "mosquitto.conf");
    writeFileSync(settings, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\n`);
    return { command: program("mosquitto"), args: ["-c", settings, "-v"], ready: /mosquitto version \S+ running/ };
  });
}

/** InfluxDB 1, which takes line protocol at /write and answers InfluxQL at /query. */
export function startInflux(): Promise<Server> {
  return Server.start(async (port, folder) => {
    const inner = await freePort();
    const settings = join(folder, "influxdb.conf");
    writeFileSync(
      settings,
      [
        "reporting-disabled = true",
        `bind-address = "127.0.0.1:${inner}"`,
        `[meta]\n  dir = "${folder}/meta"`,
        `[data]\n  dir = "${folder}/data"\n  wal-dir = "${folder}/wal"`,
        `[http]\n  bind-address = "127.0.0.1:${port}"\n  log-enabled = false`,
        "[monitor]\n  store-enabled = false",
      ].join("\n"),
    );
    return { command: program("influxd"), args: ["-config", settings], ready: /Listening for signals/ };
  });
}

/** PostgreSQL with the user `dlms` and its database `postgres`, without a password, on the loopback interface only. */
export function startPostgres(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "dlms-postgres-"));
  // PostgreSQL refuses to run as root
  const user = process.getuid?.() === 0 ? { uid: idOf("-u"), gid: idOf("-g") } : undefined;
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const initArgs = ["-D", data, "-U", "dlms", "-A", "trust", "-E", "UTF8", "--no-sync"];
  const made = spawnSync(program("initdb"), initArgs, { cwd: folder, encoding: "utf8", ...user });
  if (made.status !== 0) throw new Error(`initdb: ${made.stdout}${made.stderr}`);
  const options = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"];
  return Server.start(
    (port) => ({
      command: program("postgres"),
      args: ["-D", data, "-p", String(port), ...options],
      env: { TZ: "UTC" },
      ...(user === undefined ? {} : { user }),
      ready: /ready to accept connections/,
    }),
    folder,
  );
}

const idOf = (kind: "-u" | "-g"): number => Number(spawnSync("id", [kind, "postgres"], { encoding: "utf8" }).stdout);
