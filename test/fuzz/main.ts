/** Command line of the fuzz runner; see scripts/fuzz.mjs. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { allSeeds, seedsFor, writeCorpus } from "./corpus";
import { fuzzInputs, wanted } from "./inputs";
import { fuzzSessions, tallyText } from "./sessions";
import { kinds } from "./sessions/kinds";

/** The fixed seed of the short run, so that it finds the same on every machine. */
const smokeSeed = 20_261_130;

const say = (line: string): void => {
  console.log(line);
};

interface Options {
  readonly root: string;
  readonly cache: string;
  readonly seed: number;
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

function countOf(options: Options, name: string, fallback: number): number {
  const given = options.values[name];
  const count = typeof given === "string" ? Number(given) : fallback;
  if (!Number.isInteger(count) || count < 0)
    throw new Error(`--${name}: expected a whole number, got ${String(given)}`);
  return count;
}

function textOf(options: Options, name: string): string | undefined {
  const given = options.values[name];
  return typeof given === "string" ? given : undefined;
}

async function sessions(options: Options): Promise<number> {
  const kind = textOf(options, "kind");
  if (kind !== undefined && !kinds.some(({ name }) => name === kind)) {
    throw new Error(`no kind ${kind}; there are: ${kinds.map(({ name }) => name).join("; ")}`);
  }
  const { seed } = options;
  const count = countOf(options, "count", 10_000);
  const from = countOf(options, "from", 0);
  say(`${count} sessions from ${from}, seed ${seed}`);
  const keepGoing = options.values["keep-going"] === true;
  const tally = await fuzzSessions({ count, seed, from, keepGoing, ...(kind === undefined ? {} : { kind }) }, say);
  say(tallyText(tally));
  return tally.findings;
}

async function inputs(options: Options): Promise<number> {
  const { root, seed } = options;
  const only = textOf(options, "target");
  const runs = countOf(options, "runs", 1_000_000);
  const findings = join(options.cache, "findings");
  const done = await fuzzInputs({ root, runs, seed, findings, ...(only === undefined ? {} : { only }) }, say);
  say(`${done.inputs} inputs, seed ${seed}, ${done.findings} findings`);
  return done.findings;
}

async function corpus(options: Options): Promise<number> {
  const seeds = await allSeeds(options.root);
  for (const target of wanted(textOf(options, "target"))) {
    const own = seedsFor(target, seeds);
    writeCorpus(join(options.cache, "corpus", target.name), own);
    // scripts/fuzz.mjs reads these names
    say(`corpus ${target.name} ${own.length}`);
  }
  return 0;
}

async function repeat(options: Options, file: string | undefined): Promise<number> {
  const name = textOf(options, "target");
  if (file === undefined || name === undefined) throw new Error("repeat: a file and --target are needed");
  for (const target of wanted(name)) await target.run(Uint8Array.from(readFileSync(file)));
  say("no finding");
  return 0;
}

async function smoke(options: Options): Promise<number> {
  const fixed = { ...options, seed: smokeSeed };
  const found = await inputs({ ...fixed, values: { runs: "16000" } });
  return found + (await sessions({ ...fixed, values: { count: "400", "keep-going": true } }));
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      root: { type: "string", default: "." },
      seed: { type: "string" },
      runs: { type: "string" },
      count: { type: "string" },
      from: { type: "string" },
      kind: { type: "string" },
      target: { type: "string" },
      "keep-going": { type: "boolean" },
    },
  });
  const root = resolve(values.root);
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  if (!Number.isInteger(seed)) throw new Error(`--seed: expected a whole number, got ${String(values.seed)}`);
  const options: Options = { root, cache: join(root, ".cache", "fuzz"), seed, values };
  const [command, file] = positionals;
  switch (command) {
    case "sessions":
      return sessions(options);
    case "inputs":
      return inputs(options);
    case "corpus":
      return corpus(options);
    case "repeat":
      return repeat(options, file);
    case "smoke":
      return smoke(options);
    default:
      throw new Error(`no command ${String(command)}`);
  }
}

main().then(
  (findings) => {
    process.exitCode = findings === 0 ? 0 : 1;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    process.exitCode = 2;
  },
);
