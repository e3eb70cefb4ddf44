// Benchmarks, each with a peer in the same run: npm run bench [-- read decode cipher]. Prints figures, asserts nothing.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bench = join(root, "test", "bench");
const java = join(root, "test", "interop", "java", "target");
const classPath = `${join(java, "interop-peer.jar")}:${join(java, "lib", "*")}`;
const pinned = spawnSync("taskset", ["-c", "0", "true"]).status === 0;
const onOneCpu = (command, args) => (pinned ? ["taskset", ["-c", "0", command, ...args]] : [command, args]);
const tsx = (script, ...args) => [process.execPath, ["--import", "tsx", join(bench, script), ...args.map(String)]];

/** Users run code compiled by tsc; tsx adds work to every closure, which counts where few microseconds are measured. */
function compiled(name) {
  const out = join(root, ".cache", "bench");
  spawnSync("npx", ["tsc", "-p", "tsconfig.test.json", "--noEmit", "false", "--outDir", out], { cwd: root });
  return [process.execPath, [join(out, "test", "bench", `${name}.js`)]];
}

function run(command, args) {
  const [file, list] = onOneCpu(command, args);
  const result = spawnSync(file, list, { cwd: root, encoding: "utf8", maxBuffer: 64 << 20 });
  const line = (result.stdout ?? "")
    .split("\n")
    .reverse()
    .find((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`${command} ${args.join(" ")} gave no result: ${result.stderr}`);
  return JSON.parse(line);
}

/** Plain JavaScript, as it is installed: a loader that rewrites functions would be measured along with them. */
function compile() {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const result = spawnSync(process.execPath, [tsc, "-p", bench], { cwd: root, encoding: "utf8" });
  if (result.status !== 0) throw new Error(`the benchmark was not compiled: ${result.stdout}${result.stderr}`);
  const out = join(root, ".cache", "bench", "test", "bench");
  return (name, ...rest) => [process.execPath, [join(out, `${name}.js`), ...rest.map(String)]];
}

function startServer(command, commandArgs) {
  const [file, list] = onOneCpu(command, commandArgs);
  const child = spawn(file, list, { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  return new Promise((resolve) => {
    child.stdout.once("data", (text) => resolve({ port: Number(String(text).trim()), stop: () => child.kill() }));
  });
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function readBench() {
  const script = compile();
  const server = await startServer(...script("canned-server"));
  const rounds = 20_000;
  const blocks = 5;
  const results = { bare: [], ours: [], java: [] };
  const hasJava = existsSync(join(java, "interop-peer.jar"));
  const javaArgs = ["-cp", classPath, "peer.Main", "client", "--port", String(server.port), "--repeat", String(rounds)];
  // in turns, so that other load on the machine affects all candidates equally
  for (let block = 0; block < blocks; block++) {
    results.bare.push(run(...script("bare-client", server.port, rounds)).medianMicroseconds);
    results.ours.push(run(...script("read-client", server.port, rounds)).medianMicroseconds);
    if (hasJava) results.java.push(run("java", [...javaArgs, "--read", "3/1.0.1.8.0.255/2"]).medianMicroseconds);
  }
  server.stop();
  const [bare, ours] = [median(results.bare), median(results.ours)];
  const where = pinned ? ", one CPU" : "";
  console.log(`one register read over loopback TCP, median of ${blocks} medians of ${rounds / 2} warm reads${where}:`);
  console.log(`  bare node:net exchange of the same bytes  ${bare.toFixed(1)} us`);
  console.log(
    `  client.read                               ${ours.toFixed(1)} us  (${(ours / bare).toFixed(2)} x bare)`,
  );
  if (hasJava) console.log(`  Gurux Java client, warm                   ${median(results.java).toFixed(1)} us`);
  else console.log("  Gurux Java client: not built (npm run interop:setup)");
}

/** Ciphered pushes to named, scaled values, in turns with Gurux for Java decoding the same bytes. */
function pushDecodeBench() {
  const script = compile();
  const blocks = 5;
  const [ours, peers] = [[], []];
  let results = [];
  let length = 0;
  for (let block = 0; block < blocks; block++) {
    const { mean, sum, time, file, bytes } = run(...script("push-decode", 100));
    ours.push(mean);
    results = [`${sum} ${time}`];
    length = bytes;
    if (!existsSync(join(java, "interop-peer.jar"))) continue;
    const peer = run("java", ["-cp", classPath, "peer.Main", "bench-push", "--file", file, "--rounds", "100"]);
    peers.push(peer.mean);
    results.push(`${peer.sum} ${peer.time}`);
  }
  const own = median(ours);
  const where = pinned ? ", one CPU" : "";
  console.log(
    `pushes of ${length} bytes with 10 registers decoded a second of processor time, median of ${blocks} runs${where}:`,
  );
  console.log(`  PushDecoder, named and scaled values      ${own.toFixed(0)}`);
  if (peers.length === 0) console.log("  Gurux Java: not built (npm run interop:setup)");
  else
    console.log(
      `  Gurux Java                                ${median(peers).toFixed(0)} (ours ${(own / median(peers)).toFixed(2)} x)`,
    );
  if (new Set(results).size > 1)
    console.log(`  THE VALUES DIFFER: sums of values and last times ${results.join(", ")}`);
}

/** Number of meters, and minutes in which each pushes once a minute. */
const fleetSize = [10_000, 2];

/** Many meters push to one TCP port; the sender is a separate process. */
function pushFleetBench() {
  const script = compile();
  const [file, args] = script("push-fleet-meters", ...fleetSize);
  // two sockets for each meter are open, in two processes
  const quoted = [file, ...args].map((part) => `'${part}'`).join(" ");
  const result = spawnSync("sh", ["-c", `ulimit -n "$(ulimit -H -n)"; exec ${quoted}`], {
    cwd: root,
    encoding: "utf8",
  });
  const line = (result.stdout ?? "").split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`the benchmark gave no result: ${result.stderr}`);
  const of = JSON.parse(line);
  const own = of.heapPerMeterAfterPushes - of.bareBytes;
  console.log(`${of.meters} meters, one ciphered push a minute each over TCP, ${of.seconds} s, one process:`);
  console.log(`  pushes sent, received, distinct           ${of.sent}, ${of.pushes}, ${of.distinct}`);
  console.log(
    `  memory of a meter beyond its bare socket  ${own} bytes (socket ${of.bareBytes}, before its first push ${of.heapPerConnection - of.bareBytes})`,
  );
  console.log(
    `  event loop delay, p99 and maximum         ${of.delayP99ms.toFixed(1)} ms, ${of.delayMaxMs.toFixed(1)} ms`,
  );
  console.log(
    `  processor time of the listener            ${of.cpuSeconds.toFixed(1)} s; resident ${(of.rss / 2 ** 20).toFixed(0)} MB`,
  );
  if (of.sent !== of.pushes)
    console.log(`  LOST PUSHES: refused ${JSON.stringify(of.refused)}, dropped ${JSON.stringify(of.dropped)}`);
}

async function main() {
  mkdirSync(join(root, ".cache"), { recursive: true });
  const benches = { read: readBench };
  for (const name of ["decode", "cipher", "stream"]) {
    if (!existsSync(join(bench, `${name}.ts`))) continue;
    benches[name] = () => {
      const [file, list] = onOneCpu(...(name === "cipher" ? compiled(name) : tsx(`${name}.ts`)));
      spawnSync(file, list, { cwd: root, stdio: "inherit" });
    };
  }
  const wanted = process.argv.slice(2);
  for (const [name, start] of Object.entries(benches)) {
    if (wanted.length === 0 || wanted.includes(name)) await start();
  }
  if (wanted.length === 0 || wanted.includes("push") || wanted.includes("push-decode")) pushDecodeBench();
  // takes minutes, so it runs only on request
  if (wanted.includes("push") || wanted.includes("push-fleet")) pushFleetBench();
}

await main();
