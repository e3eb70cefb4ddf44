// Compiles src/ and nodes/ to dist/ and puts the editor's files where Node-RED looks for them: beside the compiled
// nodes. The result replaces dist/ in one step, so that a running Node-RED never sees half of it.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const fresh = join(root, `dist.${process.pid}.tmp`);
const dist = join(root, "dist");
const { nodes: nodeFiles } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))["node-red"];
const nodeTypes = Object.keys(nodeFiles);

function compile() {
  const require = createRequire(import.meta.url);
  let tsc;
  try {
    tsc = require.resolve("typescript/bin/tsc");
  } catch {
    throw new Error("typescript is not installed: run `npm ci` first");
  }
  const result = spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.json"), "--outDir", fresh], {
    stdio: "inherit",
  });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error("the TypeScript compiler reported errors");
}

function copyEditorFiles() {
  const nodes = join(fresh, "nodes");
  for (const type of nodeTypes) {
    for (const name of [`${type}.html`, "locales"]) {
      cpSync(join(root, "nodes", type, name), join(nodes, type, name), { recursive: true });
    }
    const icon = join(root, "icons", `${type}.svg`);
    if (existsSync(icon)) cpSync(icon, join(nodes, type, "icons", `${type}.svg`));
  }
}

/** What a build that was killed has left behind; one that still runs is left alone. */
function clean() {
  for (const name of readdirSync(root)) {
    const pid = Number(/^dist\.(\d+)\.tmp(\.old)?$/.exec(name)?.[1]);
    if (!pid || pid === process.pid || runs(pid)) continue;
    rmSync(join(root, name), { recursive: true, force: true });
  }
}

function runs(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

try {
  clean();
  compile();
  copyEditorFiles();
  const old = `${fresh}.old`;
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
} catch (error) {
  console.error(`build: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
