// Fuzzing: npm run fuzz -- help. Compiled to .cache/fuzz; the engine is installed there on first use.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { olderNames } from "./fuzz-engine.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const cache = join(root, ".cache", "fuzz");
const build = join(cache, "build", "test", "fuzz");
const engineFolder = join(cache, "engine");
/** Coverage-guided (libFuzzer), Apache-2.0. Its package carries the native parts, so nothing else is downloaded. */
const engine = "@jazzer.js/core@4.0.0";
const engineCli = join(engineFolder, "node_modules", "@jazzer.js", "core", "dist", "cli.js");

const nativePart = join(
  ...[engineFolder, "node_modules", "@jazzer.js", "fuzzer", "prebuilds"],
  `fuzzer-${process.platform}-${process.arch}.node`,
);

const help = `npm run fuzz -- inputs [--runs N] [--seed S] [--target NAME] [--without-engine]
    N inputs over all targets (1000000), guided by coverage; without the engine, seeds that are mutated
npm run fuzz -- sessions [--count N] [--seed S] [--from I] [--kind NAME] [--keep-going]
    N sessions of client and simulated meter on a disturbed line (10000)
npm run fuzz -- smoke
    20 seconds of both with a fixed seed, without the engine
npm run fuzz -- repeat FILE --target NAME
    one input once more
Without --seed every run has another one, which it prints. The corpus is in .cache/fuzz/corpus and grows with every run of
the engine; findings are in .cache/fuzz/findings.`;

function compile() {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const result = spawnSync(process.execPath, [tsc, "-p", join(root, "test", "fuzz")], { cwd: root, encoding: "utf8" });
  if (result.status !== 0) throw new Error(`test/fuzz was not compiled: ${result.stdout}${result.stderr}`);
}

function main(...args) {
  // sessions make and drop many small objects
  const command = ["--max-semi-space-size=64", join(build, "main.js"), ...args, "--root", root];
  return spawnSync(process.execPath, command, { cwd: root, stdio: "inherit" }).status ?? 1;
}

function loads() {
  return spawnSync(process.execPath, ["-e", "require(process.argv[1])", nativePart], { encoding: "utf8" });
}

/** Whether the engine is installed and its native part loads on this system. */
function engineIsReady() {
  if (!existsSync(engineCli)) {
    mkdirSync(engineFolder, { recursive: true });
    writeFileSync(join(engineFolder, "package.json"), JSON.stringify({ private: true }));
    const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", engine];
    spawnSync("npm", args, { cwd: engineFolder, stdio: "inherit" });
  }
  if (!existsSync(nativePart)) return false;
  let { status, stderr } = loads();
  if (status !== 0 && /GLIBC/.test(stderr)) {
    olderNames(nativePart);
    ({ status, stderr } = loads());
  }
  if (status !== 0) console.log(`The engine does not load here; seeds are mutated without it.\n${stderr}`);
  return status === 0;
}

/** The targets by name, each with its corpus written. */
function writeCorpus(target) {
  const args = [
    join(build, "main.js"),
    "corpus",
    "--root",
    root,
    ...(target === undefined ? [] : ["--target", target]),
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`the corpus was not made: ${stderr}`);
  return [...stdout.matchAll(/^corpus (\S+) (\d+)$/gm)].map(([, name, seeds]) => ({ name, seeds: Number(seeds) }));
}

/** Runs one target under the engine. Resolves with the number of executions and the result. */
function guided(name, runs, seed) {
  const corpus = join(cache, "corpus", name);
  const findings = join(cache, "findings");
  mkdirSync(findings, { recursive: true });
  // one target waits for a promise, the others need not
  const sync = name === "read-request" ? [] : ["--sync"];
  const args = [
    ...[engineCli, join(build, "engine-target.js"), corpus, ...sync, "--timeout", "10000"],
    ...["--disableBugDetectors", ".*", "-i", ".cache/fuzz/build/src/", "-i", ".cache/fuzz/build/nodes/", "--"],
    ...[`-runs=${runs}`, `-seed=${seed}`, "-max_len=4096", "-rss_limit_mb=2048", "-print_final_stats=1"],
    `-artifact_prefix=${join(findings, `${name}-`)}`,
  ];
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, FUZZ_TARGET: name } });
  let text = "";
  const keep = (chunk) => {
    text = (text + chunk).slice(-20_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return new Promise((resolve) => {
    child.on("close", (status) => {
      const executed = Number(
        /number_of_executed_units:\s*(\d+)/.exec(text)?.[1] ?? /^#(\d+)\s+DONE/m.exec(text)?.[1] ?? 0,
      );
      resolve({ status, text, executed });
    });
  });
}

async function inputs(args) {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: "string", default: "1000000" },
      seed: { type: "string", default: String(Date.now() % 2 ** 31) },
      target: { type: "string" },
      "without-engine": { type: "boolean", default: false },
    },
  });
  if (values["without-engine"] || !engineIsReady()) {
    const only = values.target === undefined ? [] : ["--target", values.target];
    return main("inputs", "--runs", values.runs, "--seed", values.seed, ...only);
  }
  const targets = writeCorpus(values.target);
  const each = Math.ceil(Number(values.runs) / targets.length);
  let [total, failed] = [0, 0];
  console.log(`${targets.length} targets, ${each} inputs each, seed ${values.seed}`);
  for (const { name, seeds } of targets) {
    const { status, text, executed } = await guided(name, each, values.seed);
    total += executed;
    if (status === 0) {
      const done = /^#\d+\s+DONE\s+(.*)$/m.exec(text)?.[1] ?? "";
      console.log(`${name}: ${executed} inputs from ${seeds} seeds, ${done}`);
      continue;
    }
    failed++;
    console.log(`FINDING in ${name} after ${executed} inputs:\n${text.slice(-6000)}`);
    console.log(`repeat it: npm run fuzz -- repeat FILE --target ${name}, with the file named above`);
  }
  console.log(`${total} inputs, seed ${values.seed}, findings in ${failed} of ${targets.length} targets`);
  return failed === 0 ? 0 : 1;
}

const [command, ...rest] = process.argv.slice(2);
if (command === undefined || !["inputs", "sessions", "smoke", "repeat"].includes(command)) {
  console.log(help);
  process.exit(command === undefined || command === "help" ? 0 : 2);
}
compile();
process.exit(command === "inputs" ? await inputs(rest) : main(command, ...rest));
