// Runs the tests once and records their coverage: `node scripts/coverage.mjs test`. `vectors` adds the coverage of the
// vectors, and `report` compares the sum with the floor in .c8rc.json. Without an argument: `test`, then `report`.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const data = join(root, "coverage", "tmp");

function run(command, args, env = {}) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  if (status !== 0) process.exit(status ?? 1);
}

function test() {
  rmSync(data, { recursive: true, force: true });
  run("npm", ["run", "--silent", "typecheck"]);
  run("npm", ["run", "--silent", "test:run"], { NODE_V8_COVERAGE: data });
}

function vectors() {
  run("npm", ["run", "--silent", "test:vectors"], { NODE_V8_COVERAGE: data });
}

/** Omits code that was not loaded from a file, because c8 fails at its source map. */
function onlyFiles(path) {
  const coverage = JSON.parse(readFileSync(path, "utf8"));
  const maps = Object.entries(coverage["source-map-cache"] ?? {});
  const ofFiles = maps.filter(([url]) => url.startsWith("file:"));
  if (ofFiles.length === maps.length) return;
  writeFileSync(path, JSON.stringify({ ...coverage, "source-map-cache": Object.fromEntries(ofFiles) }));
}

function report() {
  for (const file of readdirSync(data)) onlyFiles(join(data, file));
  run("npx", ["c8", "report", "--temp-directory", data]);
}

const [what] = process.argv.slice(2);
if (what === undefined || what === "test") test();
if (what === "vectors") vectors();
if (what === undefined || what === "report") report();
