// `npm start`: a local Node-RED with these nodes and the first example. It listens on 127.0.0.1 only and opens no connection to other machines.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const host = "127.0.0.1";
const usage = `npm start [-- options]
  --port <n>        port of the editor (or the variable PORT; 1880)
  --user-dir <dir>  where flows and settings are kept (.node-red in this folder)
  --example <file>  example to begin with when there are no flows yet (01-first-value.json)
  --once            end after the first value
  --help            this text`;

class UserError extends Error {}

function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        port: { type: "string" },
        "user-dir": { type: "string" },
        example: { type: "string" },
        once: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }));
  } catch (error) {
    throw new UserError(`${error.message}\n${usage}`);
  }
  const port = Number(values.port ?? process.env.PORT ?? 1880);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new UserError(`port: expected 1 to 65535, got "${values.port ?? process.env.PORT}"`);
  }
  return { ...values, port, userDir: resolve(root, values["user-dir"] ?? ".node-red") };
}

function newestChange(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestChange(join(path, name))), 0);
}

/** Builds when dist/ or resources/ is missing or older than its sources. */
function ensureBuilt() {
  const results = [join("dist", "src", "index.js"), join("resources", "dlms-read.js")];
  const built = Math.min(...results.map((name) => statSync(join(root, name), { throwIfNoEntry: false })?.mtimeMs ?? 0));
  if (built > 0 && !existsSync(join(root, "src"))) return;
  const sources = ["src", "nodes", "icons", "tsconfig.json", "tsconfig.editor.json"];
  const changed = Math.max(...sources.map((name) => newestChange(join(root, name))));
  if (built >= changed) return;
  console.log("Building ...");
  const result = spawnSync(process.execPath, [join(root, "scripts", "build.mjs")], { stdio: "inherit" });
  if (result.status !== 0) throw new UserError("the build failed, see above");
}

function readExample(name, file) {
  let nodes;
  try {
    nodes = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UserError(`example ${name}: this is no JSON: ${error.message}`);
  }
  if (!Array.isArray(nodes)) throw new UserError(`example ${name}: this is no flow, which is a list of nodes`);
  return nodes;
}

/**
 * Node-RED takes passwords and keys out of a flow when it is imported in the editor, not when it lies in the folder of
 * the user. Those of the examples are published ones, so they may lie there in clear until the first deploy encrypts them.
 */
function prepareUserDir(options) {
  mkdirSync(options.userDir, { recursive: true });
  const flows = join(options.userDir, "flows.json");
  if (existsSync(flows)) return;
  const name = options.example ?? "01-first-value.json";
  const example = isAbsolute(name) ? name : join(root, "examples", name);
  if (!existsSync(example)) throw new UserError(`example ${name}: there is no such file in examples/`);
  const nodes = readExample(name, example);
  const secrets = nodes.filter(({ credentials }) => credentials).map(({ id, credentials }) => [id, credentials]);
  const secretsFile = join(options.userDir, "flows_cred.json");
  if (secrets.length === 0 || existsSync(secretsFile)) {
    copyFileSync(example, flows);
    return;
  }
  writeFileSync(secretsFile, JSON.stringify(Object.fromEntries(secrets)), { mode: 0o600 });
  writeFileSync(
    flows,
    JSON.stringify(nodes, (key, value) => (key === "credentials" ? undefined : value), 4),
  );
}

/** Omits Node-RED's own advice for servers; shows errors and the output of nodes. */
function showLog(entry) {
  const isError = entry.level <= 20;
  if (!isError && !entry.id) return;
  const text = entry.msg?.message ?? entry.msg;
  const who = entry.type ? `${entry.name || entry.type}: ` : "";
  console.error(`${now()}  ${isError ? "error" : "warning"}  ${who}${text}`);
}

function now() {
  return new Date().toTimeString().slice(0, 8);
}

function settingsFor(options) {
  return {
    userDir: options.userDir,
    flowFile: "flows.json",
    nodesDir: [root],
    uiHost: host,
    uiPort: options.port,
    httpAdminRoot: "/",
    httpNodeRoot: "/",
    logging: { console: { level: "off" }, terminal: { level: "warn", handler: () => showLog } },
    telemetry: { enabled: false, updateNotification: false },
    externalModules: {
      autoInstall: false,
      palette: { allowInstall: false, allowUpdate: false, allowUpload: false },
      modules: { allowInstall: false },
    },
    editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] } },
    functionGlobalContext: {},
  };
}

/** The server starts first, so that a port in use is found before anything else starts. */
function listen(app, port) {
  const server = createServer(app);
  return new Promise((done, fail) => {
    server.once("error", (error) => {
      if (error.code === "EADDRINUSE") {
        fail(
          new UserError(
            `port ${port} is taken, perhaps by another Node-RED. Choose another: npm start -- --port ${port + 1}`,
          ),
        );
      } else if (error.code === "EACCES") {
        fail(
          new UserError(`port ${port} is not allowed for this user. Choose one above 1023: npm start -- --port 1880`),
        );
      } else fail(error);
    });
    server.listen(port, host, () => done(server));
  });
}

const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 6, useGrouping: false });

function show(value) {
  if (typeof value === "number") return number.format(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** `1.0.1.7.0.255` in the usual notation: `1-0:1.7.0*255` */
function obisText(dotted) {
  const parts = dotted.split(".");
  return parts.length === 6 ? `${parts[0]}-${parts[1]}:${parts[2]}.${parts[3]}.${parts[4]}*${parts[5]}` : dotted;
}

function itemLine(name, info) {
  if (info.error) return `${name.padEnd(20)}  ${info.error.code}: ${info.error.message}`;
  const unit = info.unit ? ` ${info.unit}` : "";
  return `${name.padEnd(20)}  ${show(info.value)}${unit}`;
}

/** The values that a dlms-read node sent, one per line. */
function linesOf(msg) {
  const info = msg.dlms;
  if (!info) return [];
  if (info.items) return Object.entries(info.items).map(([name, item]) => itemLine(name, item));
  if (info.columns) return [`${obisText(info.logicalName).padEnd(20)}  ${info.rows} rows`];
  if (info.mode === "objects") return [`${msg.payload.length} objects`];
  return [itemLine(obisText(info.logicalName), info)];
}

function watchValues(RED, onValue) {
  RED.hooks.add("onSend.dlms-start", (events) => {
    for (const event of events) {
      if (event.source.node?.type !== "dlms-read") continue;
      for (const line of linesOf(event.msg)) console.log(`${now()}  ${line}`);
      onValue();
    }
  });
}

async function run() {
  const options = readOptions();
  if (options.help) {
    console.log(usage);
    return;
  }
  ensureBuilt();
  prepareUserDir(options);

  const require = createRequire(import.meta.url);
  const RED = require(process.env.NODE_RED_PATH ?? "node-red");
  const express = createRequire(require.resolve(process.env.NODE_RED_PATH ?? "node-red"))("express");
  const app = express();
  const server = await listen(app, options.port);
  const { port } = server.address();
  // as in Node-RED's own settings file; example 05 finds its stand-in for a database by it
  process.env.PORT = String(port);
  const settings = settingsFor({ ...options, port });
  RED.init(server, settings);
  app.use("/", RED.httpAdmin);
  app.use("/", RED.httpNode);

  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    // Node-RED waits up to 15 s for a node that does not close; the shell waits no longer than that
    const bound = setTimeout(() => process.exit(1), 16000);
    await RED.stop();
    server.close();
    server.closeAllConnections();
    clearTimeout(bound);
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => void end());

  watchValues(RED, () => {
    if (options.once) void end();
  });
  RED.events.once("flows:started", () => {
    console.log(`\nNode-RED with the DLMS nodes is at  http://${host}:${port}/   (Ctrl-C ends it)\n`);
  });
  await RED.start();
}

run().catch((error) => {
  console.error(error instanceof UserError ? error.message : error);
  process.exit(1);
});
