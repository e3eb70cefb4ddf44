/** Starts the foreign implementations of the interoperability tests. */
import { type ChildProcessWithoutNullStreams, execFile, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Context } from "mocha";

/**
 * Other implementations, each in a separate process: the Java libraries `org.gurux:gurux.dlms` and `org.openmuc:jdlms`
 * behind the small mains in test/interop/java and test/interop/jdlms, and the Python clients of test/interop/python.
 * `npm run interop:setup` builds the ones and installs the others.
 */
const root = join(__dirname, "..", "..");
const javaTarget = join(root, "test", "interop", "java", "target");
const python = join(root, ".cache", "interop-venv", "bin", "python");

const jdlmsTarget = join(root, "test", "interop", "jdlms", "target");

const jdlmsClassPath = `${join(jdlmsTarget, "interop-jdlms.jar")}:${join(jdlmsTarget, "lib", "*")}`;
const classPath = `${join(javaTarget, "interop-peer.jar")}:${join(javaTarget, "lib", "*")}`;

function missing(context: Context, what: string): never {
  const reason = `${what} is missing: run "npm run interop:setup" (needs a JDK 17, Maven and Python 3)`;
  if (process.env.CI === "true") throw new Error(reason);
  console.log(`      skipped: ${reason}`);
  return context.skip();
}

/** Skip this test, with the reason, if the Java peer was not built; in CI that is a failure. */
export function needsJava(context: Context): void {
  if (!existsSync(join(javaTarget, "interop-peer.jar"))) missing(context, "the Java peer");
}

/** Skip this test, with the reason, if the peer on jDLMS was not built; in CI that is a failure. */
export function needsJdlms(context: Context): void {
  if (!existsSync(join(jdlmsTarget, "interop-jdlms.jar"))) missing(context, "the jDLMS peer");
}

/** Skip this test, with the reason, if the Python peers were not installed; in CI that is a failure. */
export function needsPython(context: Context): void {
  if (!existsSync(python)) missing(context, "the Python peers");
}

/** Skip this test, with the reason, if socat is missing; in CI that is a failure. */
export function needsSocat(context: Context): void {
  if (spawnSync("socat", ["-V"]).status !== 0) missing(context, "socat");
}

/** A pseudo terminal that leads to a TCP port of this machine, by a link that keeps its name. */
export interface SerialCable {
  readonly path: string;
  /** Pulls the cable: the port is gone. */
  close(): Promise<void>;
}

export async function startSerialCable(
  port: number,
  path = join(mkdtempSync(join(tmpdir(), "dlms-serial-")), "tty"),
): Promise<SerialCable> {
  const child = spawn("socat", ["-d", "-d", `PTY,link=${path},raw,echo=0`, `TCP:127.0.0.1:${port},nodelay`]);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let log = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      if (log.includes("starting data transfer loop")) resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`socat ended with ${code}: ${log}`)));
  });
  return {
    path,
    close: async () => {
      child.kill();
      await ended;
    },
  };
}

export type PeerOptions = Readonly<Record<string, string | number | boolean>>;

function commandLine(options: PeerOptions): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** A meter on Gurux' server classes, on a separate loopback port. */
export interface JavaMeter {
  readonly port: number;
  /** its standard error output so far */
  readonly log: () => string;
  close(): Promise<void>;
}

export async function startJavaMeter(options: PeerOptions = {}): Promise<JavaMeter> {
  const child: ChildProcessWithoutNullStreams = spawn("java", [
    "-XX:TieredStopAtLevel=1",
    "-cp",
    classPath,
    "peer.Main",
    "server",
    ...commandLine(options),
  ]);
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log = (log + text).slice(-20_000);
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const ready = /^READY (\d+)$/.exec(line);
      if (ready) resolve(Number(ready[1]));
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the Java meter ended with ${code}: ${log}`)));
  });
  return {
    port,
    log: () => log,
    close: async () => {
      child.stdin.end();
      child.kill();
      await ended;
    },
  };
}

/** What a foreign client reports: values and errors by `class/obis/attribute`. */
export interface PeerReport {
  readonly associated: boolean;
  readonly error?: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly errors: Readonly<Record<string, string>>;
  readonly medianMicroseconds?: number;
}

function run(command: string, args: readonly string[]): Promise<PeerReport> {
  return new Promise((resolve, reject) => {
    execFile(command, [...args], { timeout: 60_000, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      const line = stdout
        .split("\n")
        .reverse()
        .find((text) => text.startsWith("{"));
      if (line === undefined) reject(new Error(`${command} printed no result: ${error?.message ?? ""} ${stderr}`));
      else resolve(JSON.parse(line) as PeerReport);
    });
  });
}

/** Read a meter with Gurux' Java client. */
export function readWithJava(options: PeerOptions & { readonly read: string }): Promise<PeerReport> {
  return run("java", ["-XX:TieredStopAtLevel=1", "-cp", classPath, "peer.Main", "client", ...commandLine(options)]);
}

export interface PythonOptions {
  readonly port: number;
  readonly read: readonly string[];
  readonly [name: string]: unknown;
}

/** Read a meter with the client of dlms-cosem (Python). */
export function readWithDlmsCosem(options: PythonOptions): Promise<PeerReport> {
  return run(python, [join(__dirname, "python", "read_dlms_cosem.py"), JSON.stringify(options)]);
}

/** Read a meter with the client classes of gurux-dlms (Python). */
export function readWithGuruxPython(options: PythonOptions): Promise<PeerReport> {
  return run(python, [join(__dirname, "python", "read_gurux.py"), JSON.stringify(options)]);
}

/** Many meters and clients of a library in one process, for tests of many combinations. Commands are taken one by one. */
export interface Fleet {
  /** Start a meter; its port. */
  meter(options: PeerOptions): Promise<number>;
  /** Let a client associate, read and release. */
  read(options: PeerOptions): Promise<PeerReport>;
  readonly log: () => string;
  close(): Promise<void>;
}

/** Gurux' Java library, which also opens and builds single messages. */
export interface JavaFleet extends Fleet {
  /** What is inside a general-ciphering APDU, in hex. */
  open(options: PeerOptions): Promise<{ readonly plain: string }>;
  /** A general-ciphering APDU in hex. */
  seal(options: PeerOptions): Promise<{ readonly apdu: string }>;
}

function startFleet(peer: string, args: readonly string[]): JavaFleet {
  const child = spawn("java", ["-XX:TieredStopAtLevel=1", "-cp", ...args]);
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log = (log + text).slice(-20_000);
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const waiting: { answer(line: string): void; fail(error: Error): void }[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    // the library itself prints too
    if (/^(\{|READY )/.test(line)) waiting.shift()?.answer(line);
  });
  child.once("exit", (code) => {
    for (const one of waiting.splice(0)) one.fail(new Error(`${peer} ended with ${code}: ${log}`));
  });
  const command = (name: string, options: PeerOptions): Promise<string> =>
    new Promise((answer, fail) => {
      waiting.push({ answer, fail });
      child.stdin.write(`${name} ${commandLine(options).join(" ")}\n`);
    });
  return {
    meter: async (options) => {
      const answer = await command("server", options);
      const port = Number(/^READY (\d+)$/.exec(answer)?.[1]);
      if (Number.isNaN(port)) throw new Error(`the meter did not start: ${answer}`);
      return port;
    },
    read: async (options) => JSON.parse(await command("client", options)) as PeerReport,
    open: async (options) => JSON.parse(await command("open", options)) as { plain: string },
    seal: async (options) => JSON.parse(await command("seal", options)) as { apdu: string },
    log: () => log,
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

export const startJavaFleet = (): JavaFleet => startFleet("the Java fleet", [classPath, "peer.Main", "fleet"]);

export const startJdlmsFleet = (): Fleet => startFleet("the jDLMS fleet", [jdlmsClassPath, "peer.Main"]);

/** Sign or verify on P-384 with the package `cryptography` (Python). */
export function runP384(task: {
  readonly do: "sign" | "verify";
  readonly key: string;
  readonly data: string;
  readonly signature?: string;
}): Promise<{ readonly ok?: boolean; readonly signature?: string }> {
  return new Promise((resolve, reject) => {
    const script = join(__dirname, "python", "p384.py");
    execFile(python, [script, JSON.stringify(task)], { timeout: 30_000 }, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`p384.py: ${error.message} ${stderr}`));
      else resolve(JSON.parse(stdout) as { ok?: boolean; signature?: string });
    });
  });
}

/** One APDU of general-ciphering or general-signing, and the keys of its recipient; all but the suite in hex. */
export interface OpenTask {
  readonly apdu: string;
  readonly suite: number;
  readonly encryptionKey: string;
  readonly authenticationKey: string;
  readonly masterKey: string;
  readonly agreementKey: string;
  readonly agreementCertificate: string;
  readonly signingCertificate: string;
}

/** A script of test/interop/python that reads a list of tasks as JSON and prints a list of answers. */
function runPython<Answer>(name: string, tasks: readonly object[]): Promise<readonly Answer[]> {
  return new Promise((resolve, reject) => {
    const script = join(__dirname, "python", name);
    const child = execFile(python, [script], { timeout: 30_000, maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`${name}: ${error.message} ${stderr}`));
      else resolve(JSON.parse(stdout) as Answer[]);
    });
    child.stdin?.end(JSON.stringify(tasks));
  });
}

/** Open messages with the package `cryptography` (Python). */
export function openWithPython(
  tasks: readonly OpenTask[],
): Promise<readonly { readonly key?: string; readonly plain?: string; readonly error?: string }[]> {
  return runPython("open_messages.py", tasks);
}

export interface PushTask {
  /** name of Gurux' InterfaceType */
  readonly framing: "WRAPPER" | "HDLC" | "WIRED_MBUS";
  /** hex */
  readonly bytes: string;
  readonly encryptionKey?: string;
  readonly authenticationKey?: string;
}

/** Decode pushes with Gurux for Python. */
export function decodePushesWithGurux(
  tasks: readonly PushTask[],
): Promise<readonly { readonly value?: unknown; readonly error?: string }[]> {
  return runPython("decode_pushes.py", tasks);
}

/** A push that Gurux for Python or dlms-cosem builds and sends; keys and title in hex. */
export interface SendPushTask {
  readonly library: "gurux" | "dlms-cosem";
  /** name of Gurux' InterfaceType */
  readonly framing: "WRAPPER" | "HDLC";
  readonly transport: "tcp" | "udp";
  readonly port: number;
  readonly value: number;
  /** general blocks of 64 bytes */
  readonly blocks?: boolean;
  readonly title?: string;
  readonly encryptionKey?: string;
  readonly authenticationKey?: string;
  /** name of Gurux' Security */
  readonly security?: "AUTHENTICATION" | "ENCRYPTION" | "AUTHENTICATION_ENCRYPTION";
  readonly counter?: number;
}

/** Sends pushes with Gurux for Python or dlms-cosem, each over a separate socket. */
export function sendPushesWithPython(tasks: readonly SendPushTask[]): Promise<readonly { readonly bytes: string }[]> {
  return runPython("send_pushes.py", tasks);
}

/** Push the values 1 to `count` with the notify classes of Gurux for Java, over one TCP connection. */
export async function pushWithJava(
  options: PeerOptions & { readonly port: number; readonly count: number },
): Promise<void> {
  await run("java", ["-XX:TieredStopAtLevel=1", "-cp", classPath, "peer.Main", "push", ...commandLine(options)]);
}
