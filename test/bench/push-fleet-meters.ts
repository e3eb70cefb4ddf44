/** Many meters that push to one TCP port: the sender of the benchmark, which starts the listener as its child. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cipheredPush } from "../support/meter-pushes";

const meters = Number(process.argv[2] ?? 10_000);
const minutes = Number(process.argv[3] ?? 2);

/** A listener that only keeps the sockets open, for comparison. */
const bare = `
const net = require("net");
const sockets = [];
const memory = () => { gc(); gc(); const m = process.memoryUsage(); return m.heapUsed + m.external; };
let before = 0;
const server = net.createServer({ noDelay: true, keepAlive: true }, (s) => {
  sockets.push(s); s.on("data", () => undefined); s.on("error", () => undefined); s.on("close", () => undefined);
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, () => console.log("PORT " + server.address().port));
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "connecting") before = memory();
  else if (line === "connected") console.log(JSON.stringify({ heapPerConnection: Math.round((memory() - before) / sockets.length) }));
}).on("close", () => process.exit());`;

interface Child {
  readonly port: number;
  tell(line: string): void;
  /** Ends its input; the child closes its sockets and exits. */
  end(): void;
  result(): Promise<Record<string, unknown>>;
}

async function start(args: readonly string[]): Promise<Child> {
  const child = spawn(process.execPath, ["--expose-gc", ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => (await lines.next()).value as string;
  const port = Number((await next()).replace("PORT ", ""));
  return {
    port,
    tell: (line) => void child.stdin.write(`${line}\n`),
    end: () => {
      child.stdin.end();
    },
    result: async () => JSON.parse(await next()) as Record<string, unknown>,
  };
}

async function connectAll(port: number): Promise<net.Socket[]> {
  const sockets: net.Socket[] = [];
  for (let first = 0; first < meters; first += 200) {
    const some = Array.from({ length: Math.min(200, meters - first) }, () => net.connect({ port, host: "127.0.0.1" }));
    await Promise.all(some.map((socket) => once(socket, "connect")));
    sockets.push(...some);
  }
  return sockets;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function main(): Promise<void> {
  const plain = await start(["-e", bare]);
  plain.tell("connecting");
  const idle = await connectAll(plain.port);
  await pause(500);
  plain.tell("connected");
  const { heapPerConnection: bareBytes } = await plain.result();
  for (const socket of idle) socket.destroy();
  plain.end();

  const listener = await start([join(__dirname, "push-fleet.js"), String(meters)]);
  listener.tell("connecting");
  await pause(500);
  const sockets = await connectAll(listener.port);
  await pause(500);
  listener.tell("connected");
  await pause(2000);
  listener.tell("pushing");
  await pause(500);
  const started = performance.now();
  const total = meters * minutes;
  const every = 60_000 / meters;
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.ceil((performance.now() - started) / every));
    for (; sent < due; sent++) {
      const meter = sent % meters;
      sockets[meter]?.write(cipheredPush({ meter: meter + 1, counter: 1 + Math.floor(sent / meters), value: sent }));
    }
    await pause(10);
  }
  await pause(1000);
  listener.tell("pushed");
  const result = await listener.result();
  listener.end();
  for (const socket of sockets) socket.destroy();
  console.log(JSON.stringify({ meters, sent: total, seconds: 60 * minutes, bareBytes, ...result }));
}

void main();
