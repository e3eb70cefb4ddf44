// Compiles src/ and nodes/ to dist/ and puts the editor's files where Node-RED looks for them: in the folder of the compiled
// nodes, and their scripts in resources/. The result replaces dist/ and resources/ in one step each, so that a running
// Node-RED never sees half of it.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const fresh = join(root, `dist.${process.pid}.tmp`);
const dist = join(root, "dist");
const freshResources = join(root, `resources.${process.pid}.tmp`);
const resources = join(root, "resources");
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
    const from = join(root, "nodes", type);
    cpSync(join(from, "locales"), join(nodes, type, "locales"), { recursive: true });
    writeFileSync(join(nodes, type, `${type}.html`), withStyles(from, `${type}.html`));
    const icon = join(root, "icons", `${type}.svg`);
    if (existsSync(icon)) cpSync(icon, join(nodes, type, "icons", `${type}.svg`));
  }
}

/** The editor file with its style sheets in it: Node-RED serves no other file of a node's folder. */
function withStyles(folder, name) {
  const html = readFileSync(join(folder, name), "utf8");
  return html.replace(/<link rel="stylesheet" href="([\w-]+\.css)">/g, (_, sheet) => {
    return `<style>\n${readFileSync(join(folder, sheet), "utf8")}</style>`;
  });
}

/** One script for each node whose editor has one. */
async function bundleEditorScripts() {
  const { build } = await import("esbuild");
  const scripts = nodeTypes.map((type) => ({ in: join(root, "nodes", type, "editor", "index.ts"), out: type }));
  await build({
    entryPoints: scripts.filter(({ in: file }) => existsSync(file)),
    outdir: freshResources,
    bundle: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    tsconfig: join(root, "tsconfig.editor.json"),
    logLevel: "warning",
  });
}

function replace(folder, by) {
  const old = `${by}.old`;
  if (existsSync(folder)) renameSync(folder, old);
  renameSync(by, folder);
  rmSync(old, { recursive: true, force: true });
}

/** Removes the remains of a killed build; those of a running build stay. */
function clean() {
  for (const name of readdirSync(root)) {
    const pid = Number(/^(?:dist|resources)\.(\d+)\.tmp(?:\.old)?$/.exec(name)?.[1]);
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
  await bundleEditorScripts();
  replace(dist, fresh);
  replace(resources, freshResources);
} catch (error) {
  console.error(`build: ${error.message}`);
  process.exitCode = 1;
} finally {
  for (const folder of [fresh, freshResources]) rmSync(folder, { recursive: true, force: true });
}
