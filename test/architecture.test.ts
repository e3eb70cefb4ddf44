/** The structure of the source: arrows between folders, cycles, module-level state, and the documents about them. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import ts from "typescript";

/** Which folder of src/ may import which. Imports that are not listed here are refused. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  clock: ["errors"],
  bytes: ["errors"],
  codec: ["bytes", "errors"],
  security: ["bytes", "errors"],
  link: ["bytes", "errors"],
  transport: ["bytes", "errors", "clock"],
  apdu: ["codec", "bytes", "errors"],
  cosem: ["apdu", "codec", "bytes", "errors"],
  names: ["cosem", "codec", "bytes", "errors"],
  values: ["names", "cosem", "codec", "bytes", "errors"],
  session: ["apdu", "security", "codec", "bytes", "errors"],
  inspect: ["link", "transport", "apdu", "security", "cosem", "codec", "bytes", "errors", "clock"],
  driver: ["inspect", "link", "transport", "clock", "bytes", "errors"],
  client: [
    ...["driver", "session", "inspect", "link", "transport", "names", "cosem", "apdu", "security", "codec", "bytes"],
    ...["errors", "clock"],
  ],
  fleet: ["client", "transport", "names", "cosem", "security", "bytes", "errors", "clock"],
  push: ["inspect", "link", "transport", "apdu", "security", "cosem", "codec", "bytes", "errors", "clock"],
  listener: ["push", "transport", "security", "bytes", "errors", "clock"],
  simulator: ["link", "transport", "apdu", "security", "cosem", "codec", "bytes", "errors", "clock"],
  // the command line tool uses the public API alone
  cli: ["index"],
};

/** Which room of a folder may import which of its other rooms. Files directly in the folder may import every room. */
const rooms: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "src/session": {
    steps: [],
    protection: ["steps"],
    exchange: ["protection", "steps"],
    services: ["exchange", "protection", "steps"],
    association: ["services", "exchange", "protection", "steps"],
  },
  "src/push": {
    lists: [],
    units: [],
    opening: [],
    layouts: ["lists", "units"],
  },
  "src/simulator": {
    stations: ["definition"],
    behaviours: ["stations", "definition"],
    push: ["objects", "behaviours", "definition"],
    definition: [],
    objects: ["behaviours", "definition"],
    household: ["objects", "definition"],
    services: ["objects", "behaviours", "definition"],
    association: ["services", "objects", "definition"],
  },
  "src/client": {
    account: [],
    options: ["account"],
    association: ["options", "account"],
    connection: ["association", "options", "account"],
    services: ["association", "options"],
    profile: ["services", "association", "options"],
    control: ["services", "options"],
    diagnosis: ["connection", "association", "options", "account"],
  },
  nodes: {
    editor: ["meters"],
    "node-red": [],
    meters: ["node-red"],
    push: ["meters", "node-red"],
    admin: ["meters", "push", "node-red"],
    "dlms-meter": ["admin", "meters", "node-red", "editor"],
    "dlms-read": ["meters", "node-red", "editor"],
    "dlms-write": ["meters", "node-red", "editor"],
    "dlms-monitor": ["meters", "node-red"],
    "dlms-simulator": ["meters", "node-red", "editor"],
    "dlms-push-source": ["admin", "push", "meters", "node-red", "editor"],
    "dlms-listen": ["push", "meters", "node-red", "editor"],
    "dlms-decode": ["push", "meters", "node-red", "editor"],
  },
};

/** Modules of src/ that the scripts of the dialogs may import in a browser. */
const forEditor = ["cosem", "errors", "link"];
/** Files that the nodes and all scripts of the dialogs share; they import only modules that run in a browser. */
const forBoth = [
  "nodes/node-red/csv-rows.ts",
  "nodes/push/source-table.ts",
  "nodes/meters/settings-table.ts",
  "nodes/meters/settings-rules.ts",
  "nodes/admin/answers.ts",
];
const isEditorScript = (path: string): boolean => /^nodes\/([\w-]+\/)?editor\//.test(path);

/** Modules of the platform, and packages, that only one folder may use. */
const reserved: Readonly<Record<string, string>> = {
  crypto: "security",
  net: "transport",
  tls: "transport",
  dgram: "transport",
  serialport: "transport",
};

/** Folders without socket, file, timer, clock or randomness. */
const sansIo = ["errors", "bytes", "codec", "apdu", "cosem", "names", "values", "security", "link", "session"];
const impure = ["setTimeout", "setInterval", "setImmediate", "performance", "Date.now", "Math.random"];

/** Files that lie side by side, without the folders in it. */
const maxFilesInFolder = 22;

const root = resolve(__dirname, "..");

interface Import {
  /** path below the root, "/" separated */
  readonly from: string;
  readonly specifier: string;
  /** path below the root, for relative imports */
  readonly to: string | undefined;
  readonly typeOnly: boolean;
}

function sourceFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

function folders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => [join(folder, entry.name), ...folders(join(folder, entry.name))]);
}

const below = (path: string): string => relative(root, path).split(sep).join("/");

function target(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  const base = resolve(file, "..", specifier);
  const found = [`${base}.ts`, join(base, "index.ts"), base].find((path) => path.endsWith(".ts") && existsSync(path));
  return below(found ?? base);
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = clause.namedBindings;
  if (clause.name !== undefined || named === undefined || !ts.isNamedImports(named)) return false;
  return named.elements.length > 0 && named.elements.every((element) => element.isTypeOnly);
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ES2023, true);
}

function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean): void => {
    found.push({ from: below(file), specifier, to: target(file, specifier), typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const specifier = node.moduleSpecifier;
      if (specifier !== undefined && ts.isStringLiteral(specifier)) add(specifier.text, isTypeOnly(node));
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      if (ts.isStringLiteral(node.argument.literal)) add(node.argument.literal.text, true);
    } else if (ts.isExternalModuleReference(node) && ts.isStringLiteral(node.expression)) {
      add(node.expression.text, false);
    } else if (ts.isCallExpression(node)) {
      const [first] = node.arguments;
      const loads = node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === "require";
      if (loads && first !== undefined && ts.isStringLiteral(first)) add(first.text, false);
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return found;
}

function impuritiesOf(file: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const property = ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression);
    const text = property ? node.getText() : ts.isIdentifier(node) && !isMemberName(node) ? node.text : "";
    if (impure.includes(text)) found.push(`${below(file)}: ${text}`);
    if (ts.isNewExpression(node) && node.expression.getText() === "Date" && (node.arguments?.length ?? 0) === 0) {
      found.push(`${below(file)}: new Date()`);
    }
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return found;
}

/** Whether an identifier is the name of a property or method, not a variable. */
function isMemberName(node: ts.Identifier): boolean {
  const parent = node.parent;
  return (
    (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
    ((ts.isPropertyAssignment(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isMethodSignature(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isPropertyDeclaration(parent)) &&
      parent.name === node)
  );
}

/**
 * Allowed module-level state, with the reason. All other state belongs in an object that a caller creates, such as the
 * runtime of src/fleet.
 */
const stateExceptions: Readonly<Record<string, string>> = {
  "nodes/meters/node-runtime.ts: runtimes": "the runtime of each Node-RED; its API objects differ by module",
  "nodes/node-red/flows-started.ts: waiting": "one listener for each Node-RED; it goes when the flows have started",
  "nodes/admin/browse-routes.ts: uses": "belongs to the node that it is keyed by, and ends with it",
  "src/client/connection/file-counter-store.ts: shared": "two stores of one file must not hand out one value twice",
  "src/security/received-counters.ts: heardPushes": "clients that share a meter's keys need not know each other",
  "src/security/received-counters.ts: order": "the order of arrival for heardPushes",
  "src/simulator/meter.ts: unusedCounter": "meters made with one key in one process must not reuse a counter",
  "src/client/services/attribute-request.ts: requestsByRef": "memo of a pure function, keyed weakly",
  "src/client/services/read.ts: lastTime": "memo of a pure function, of its last argument",
  "src/cosem/time-zone.ts: zones": "memo of a pure function, bounded",
  "src/names/patterns.ts: compiled": "memo of a pure function, keyed weakly",
  "src/bytes/writer.ts: wide": "scratch bytes of one synchronous call",
  "src/bytes/writer.ts: wideBytes": "scratch bytes of one synchronous call",
  "src/cosem/scaling.ts: f32": "scratch bytes of one synchronous call",
  "src/security/gcm.ts: ivBytes": "scratch bytes of one synchronous call",
  "src/security/gcm.ts: plainBytes": "scratch bytes of one synchronous call",
  "src/client/options/resolve-security.ts: processReceivedCounters":
    "connect() takes no runtime; clients of a key share",
  "src/driver/shared-line.ts: processLines": "connect() takes no runtime; a port opens once per process, whoever asks",
};

const collections = ["Map", "Set", "WeakMap", "WeakSet", "Array"];
const immutables = ["TextDecoder", "TextEncoder", "RegExp", "NumberFormat", "DateTimeFormat", "Collator", "Error"];
const factories = /^(memory|file|create|make)[A-Z]\w*$/;
const writingMethods = /^(set\w*|add|delete|clear|push|pop|shift|unshift|splice|sort|fill|reverse|copyWithin)$/;

/** Names of module-level variables that can change after the module was loaded. */
function moduleStateOf(source: ts.SourceFile): string[] {
  const found = new Set<string>();
  const candidates = new Set<string>();
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    const isConst = (statement.declarationList.flags & ts.NodeFlags.Const) !== 0;
    for (const { name, initializer } of statement.declarationList.declarations) {
      const text = name.getText(source);
      if (!isConst || isStateful(initializer)) found.add(text);
      else candidates.add(text);
    }
  }
  for (const name of writtenIn(source, candidates)) found.add(name);
  return [...found].map((name) => `${below(source.fileName)}: ${name}`);
}

/** An object of a class or factory that may change, or a weak collection, which can only be filled later. */
function isStateful(initializer: ts.Expression | undefined): boolean {
  const value = initializer === undefined ? undefined : unwrapped(initializer);
  if (value === undefined) return false;
  if (ts.isCallExpression(value)) return factories.test(value.expression.getText());
  if (!ts.isNewExpression(value)) return false;
  const name = value.expression.getText().split(".").at(-1) ?? "";
  if (name.startsWith("Weak")) return true;
  if (collections.includes(name) || immutables.includes(name)) return false;
  const isBytes = name === "DataView" || name.endsWith("Array");
  return !isBytes || value.arguments?.[0]?.getText() !== "0";
}

function unwrapped(value: ts.Expression): ts.Expression {
  const wrapped = ts.isAsExpression(value) || ts.isSatisfiesExpression(value) || ts.isParenthesizedExpression(value);
  return wrapped ? unwrapped(value.expression) : value;
}

/** The names that a function of the file writes to. A table that is filled while the module loads does not count. */
function writtenIn(source: ts.SourceFile, names: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  const visit = (node: ts.Node, inFunction: boolean): void => {
    const name = inFunction ? targetOf(node) : undefined;
    if (name !== undefined && names.has(name) && !isShadowed(node, name)) found.add(name);
    const inside = inFunction || ts.isFunctionLike(node);
    ts.forEachChild(node, (child) => {
      visit(child, inside);
    });
  };
  visit(source, false);
  return found;
}

/** The variable that an expression writes to. */
function targetOf(node: ts.Node): string | undefined {
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const { name, expression } = node.expression;
    return writingMethods.test(name.text) && ts.isIdentifier(expression) ? expression.text : undefined;
  }
  if (ts.isDeleteExpression(node)) return ownerOf(node.expression);
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    const counts = node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken;
    return counts ? ownerOf(node.operand) : undefined;
  }
  if (!ts.isBinaryExpression(node)) return undefined;
  const { kind } = node.operatorToken;
  const assigns = kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
  return assigns ? ownerOf(node.left) : undefined;
}

function ownerOf(node: ts.Expression): string | undefined {
  if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return undefined;
  return ts.isIdentifier(node.expression) ? node.expression.text : ownerOf(node.expression);
}

/** Whether a function around the node has a parameter or variable of the same name. */
function isShadowed(node: ts.Node, name: string): boolean {
  for (let at: ts.Node = node; !ts.isSourceFile(at); at = at.parent) {
    if (ts.isFunctionLike(at) && at.parameters.some((parameter) => declares(parameter.name, name))) return true;
    if (!ts.isBlock(at)) continue;
    const lists = at.statements.filter((statement) => ts.isVariableStatement(statement));
    const all = lists.flatMap(({ declarationList }) => [...declarationList.declarations]);
    if (all.some((declaration) => declares(declaration.name, name))) return true;
  }
  return false;
}

function declares(binding: ts.BindingName, name: string): boolean {
  if (ts.isIdentifier(binding)) return binding.text === name;
  return binding.elements.some((element) => !ts.isOmittedExpression(element) && declares(element.name, name));
}

/** "src/link/hdlc/frame.ts" -> "link"; undefined for files directly in src/ and for other trees. */
function layerOf(path: string): string | undefined {
  const [tree, layer, ...rest] = path.split("/");
  return tree === "src" && layer !== undefined && rest.length > 0 ? layer : undefined;
}

/** The room of a path within `folder`; undefined for files directly in it and for other trees. */
function roomOf(folder: string, path: string): string | undefined {
  if (!path.startsWith(`${folder}/`)) return undefined;
  const [room, ...rest] = path.slice(folder.length + 1).split("/");
  return rest.length > 0 ? room : undefined;
}

function roomRefusal({ from, to }: Import): string | undefined {
  if (isEditorScript(from) && forBoth.includes(to ?? "")) return undefined;
  for (const [folder, allowed] of Object.entries(rooms)) {
    const room = roomOf(folder, from);
    if (room === undefined || to?.startsWith(`${folder}/`) !== true) continue;
    const target = roomOf(folder, to);
    if (target === undefined) return `${from} -> ${to}: a room does not use the files above it`;
    if (target === room || allowed[room]?.includes(target) === true) continue;
    return `${from} -> ${to}: ${folder}/${room} may not use ${folder}/${target}`;
  }
  return undefined;
}

function refusal(edge: Import): string | undefined {
  return layerRefusal(edge) ?? roomRefusal(edge);
}

function layerRefusal(edge: Import): string | undefined {
  const from = layerOf(edge.from);
  const bare = edge.specifier.replace(/^node:/, "").split("/")[0] ?? "";
  const owner = reserved[bare];
  if (edge.to === undefined) {
    if (owner !== undefined && from !== owner) return `${edge.from} -> ${edge.specifier}: only src/${owner} may`;
    if (from !== undefined && sansIo.includes(from) && !(from === owner)) {
      return `${edge.from} -> ${edge.specifier}: src/${from} is a pure core`;
    }
    return undefined;
  }
  if (isEditorScript(edge.from) || forBoth.includes(edge.from)) {
    const fine = isEditorScript(edge.to) || forBoth.includes(edge.to) || forEditor.includes(layerOf(edge.to) ?? "");
    return fine ? undefined : `${edge.from} -> ${edge.to}: this does not run in a browser`;
  }
  if (edge.from.startsWith("nodes/") && isEditorScript(edge.to)) {
    return `${edge.from} -> ${edge.to}: this runs in a browser only`;
  }
  if (edge.from.startsWith("nodes/")) {
    const fine = edge.to.startsWith("nodes/") || edge.to === "src/index.ts";
    return fine ? undefined : `${edge.from} -> ${edge.to}: nodes use src/index only`;
  }
  const to = layerOf(edge.to);
  if (from === "cli" || to === "cli") {
    const fine = from === "cli" && (to === "cli" || edge.to === "src/index.ts");
    return fine ? undefined : `${edge.from} -> ${edge.to}: src/cli uses src/index only, and only its program uses it`;
  }
  if (edge.from === "src/index.ts") return edge.to.startsWith("src/") ? undefined : `${edge.from} -> ${edge.to}`;
  if (from === undefined || to === undefined) return `${edge.from} -> ${edge.to}: outside the layers`;
  const allowed = arrows[from];
  if (allowed === undefined) return `${edge.from}: src/${from} is not in the architecture`;
  return from === to || allowed.includes(to)
    ? undefined
    : `${edge.from} -> ${edge.to}: src/${from} may not use src/${to}`;
}

/** The first cycle of a graph as a path that ends where it begins. */
function findCycle(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (node: string): string[] | undefined => {
    const at = path.indexOf(node);
    if (at >= 0) return [...path.slice(at), node];
    if (done.has(node)) return undefined;
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const cycle = walk(next);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const cycle = walk(node);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function graphOf(edges: readonly Import[], name: (path: string) => string | undefined): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const edge of edges) {
    const from = name(edge.from);
    const to = edge.to === undefined ? undefined : name(edge.to);
    if (from === undefined || to === undefined || from === to) continue;
    const targets = graph.get(from) ?? new Set<string>();
    graph.set(from, targets.add(to));
  }
  return graph;
}

/** All that can be reached over one arrow or more. */
function reach(graph: ReadonlyMap<string, ReadonlySet<string>>, from: string): Set<string> {
  const found = new Set<string>();
  const walk = (node: string): void => {
    for (const next of graph.get(node) ?? []) {
      if (found.has(next)) continue;
      found.add(next);
      walk(next);
    }
  };
  walk(from);
  return found;
}

describe("architecture", () => {
  const files = [...sourceFiles(join(root, "src")), ...sourceFiles(join(root, "nodes"))];
  const edges = files.flatMap(importsOf);

  it("is visible to these tests", () => {
    assert.ok(files.length > 10, `${files.length} files`);
    assert.ok(edges.filter((edge) => edge.to !== undefined).length > 10, `${edges.length} imports`);
  });

  it("rejects each kind of violation", () => {
    const edge = (from: string, specifier: string, to?: string): Import => ({ from, specifier, to, typeOnly: false });
    assert.ok(refusal(edge("src/simulator/meter.ts", "../session", "src/session/index.ts")));
    assert.ok(refusal(edge("src/link/link.ts", "../codec/value", "src/codec/value.ts")));
    assert.ok(refusal(edge("src/client/connection/file-counter-store.ts", "node:crypto")));
    assert.ok(refusal(edge("nodes/dlms-read/dlms-read.ts", "serialport")));
    assert.ok(refusal(edge("src/codec/value.ts", "node:fs")));
    assert.ok(
      refusal(edge("nodes/dlms-read/dlms-read.ts", "../../src/client/options", "src/client/options/options.ts")),
    );
    assert.equal(refusal(edge("nodes/dlms-read/dlms-read.ts", "../../src", "src/index.ts")), undefined);
    assert.ok(refusal(edge("src/cli/run.ts", "../client", "src/client/index.ts")));
    assert.ok(refusal(edge("src/index.ts", "./cli/run", "src/cli/run.ts")));
    assert.equal(refusal(edge("src/cli/run.ts", "../index", "src/index.ts")), undefined);
    assert.equal(refusal(edge("src/security/gcm.ts", "node:crypto")), undefined);
    const inner = edge("src/client/services/get.ts", "../connection/supervisor", "src/client/connection/supervisor.ts");
    assert.ok(refusal(inner));
    assert.ok(refusal(edge("src/client/options/options.ts", "../client", "src/client/client.ts")));
    assert.ok(refusal(edge("nodes/dlms-read/dlms-read.ts", "../admin/presets", "nodes/admin/presets.ts")));
    assert.ok(refusal(edge("nodes/dlms-read/editor/codes.ts", "../../../src", "src/index.ts")));
    assert.ok(refusal(edge("nodes/admin/answers.ts", "../../src", "src/index.ts")));
    assert.ok(refusal(edge("nodes/dlms-read/dlms-read.ts", "../admin/answers", "nodes/admin/answers.ts")));
    assert.ok(refusal(edge("nodes/dlms-read/dlms-read.ts", "./editor/codes", "nodes/dlms-read/editor/codes.ts")));
    const ring = new Map([
      ["a", new Set(["b"])],
      ["b", new Set(["c"])],
      ["c", new Set(["a"])],
    ]);
    assert.deepEqual(findCycle(ring), ["a", "b", "c", "a"]);
  });

  it("has only the allowed arrows", () => {
    assert.deepEqual(
      edges.map(refusal).filter((text) => text !== undefined),
      [],
    );
  });

  it("has no cycle between folders, types included", () => {
    assert.equal(findCycle(graphOf(edges, layerOf)), undefined);
  });

  it("has no cycle between files, types included", () => {
    assert.equal(findCycle(graphOf(edges, (path) => path)), undefined);
  });

  it("has no folder with more than 22 files", () => {
    const counts = new Map<string, number>();
    for (const file of files) counts.set(dirname(below(file)), (counts.get(dirname(below(file))) ?? 0) + 1);
    assert.deepEqual(
      [...counts].filter(([, count]) => count > maxFilesInFolder),
      [],
    );
  });

  it("has a comment at the top of each file but lists of exports", () => {
    // a program for the shell begins with the line that names its interpreter
    const bare = files.map(parse).filter(({ text }) => !/^(#!.*\n)?\/[*/]/.test(text));
    const missing = bare.filter(({ statements }) => !statements.every((each) => ts.isExportDeclaration(each)));
    assert.deepEqual(
      missing.map(({ fileName }) => below(fileName)),
      [],
    );
  });

  it("matches the drawing in the documents", () => {
    const text = readFileSync(join(root, "docs/architecture.md"), "utf8");
    const drawn = new Map<string, Set<string>>();
    for (const [, from = "", to = ""] of text.matchAll(/^ {2}(\S+) --> (\S+)$/gm)) {
      drawn.set(from, (drawn.get(from) ?? new Set()).add(to));
    }
    const built = Object.keys(arrows).filter((room) => existsSync(join(root, "src", room)));
    const reached = new Set([...reach(drawn, "nodes"), "cli"]);
    assert.deepEqual([...reached].sort(), [...built, "index"].sort());
    for (const room of built) {
      const allowed = new Set(arrows[room]);
      assert.deepEqual(
        [...(drawn.get(room) ?? [])].filter((to) => !allowed.has(to)),
        [],
        `${room}: drawn, not allowed`,
      );
      const reached = reach(drawn, room);
      assert.deepEqual(
        [...allowed].filter((to) => !reached.has(to)),
        [],
        `${room}: allowed, not drawn`,
      );
    }
  });

  it("has the inner rooms that the documents list", () => {
    const text = readFileSync(join(root, "docs/architecture.md"), "utf8");
    const listed = [...text.matchAll(/^\| `([\w/-]+)` \| [^|]+ \|([^|]*)\|$/gm)];
    const sorted = (names: readonly string[]): string => [...names].sort().join(", ");
    assert.deepEqual(
      Object.fromEntries(listed.map(([, room = "", uses = ""]) => [room, sorted(uses.trim().split(", "))])),
      Object.fromEntries(
        Object.entries(rooms).flatMap(([folder, inner]) =>
          Object.entries(inner).map(([room, uses]) => [`${folder}/${room}`, sorted(uses)]),
        ),
      ),
    );
  });

  it("keeps timers, clocks and randomness out of the cores", () => {
    const cores = files.filter((file) => sansIo.includes(layerOf(below(file)) ?? ""));
    assert.deepEqual(cores.flatMap(impuritiesOf), []);
  });

  it("has no module-level state but the exceptions, and each exception exists", () => {
    const state = files.flatMap((file) => moduleStateOf(parse(file))).sort();
    assert.deepEqual(state, Object.keys(stateExceptions).sort());
  });

  it("detects module-level state in each of its forms", () => {
    const stateIn = (text: string): string[] =>
      moduleStateOf(ts.createSourceFile(join(root, "x.ts"), text, ts.ScriptTarget.ES2023, true));
    const state = [
      "let x = 1;",
      "var x;",
      "const x = new Thing();",
      "export const x = new WeakMap<object, number>();",
      "const x = new Map(); function f() { x.set(1, 2); }",
      "const x = [] as number[]; const f = () => x.push(1);",
      "const x = { n: 0 }; class A { f() { x.n++; } }",
      "const x = { a: { n: 0 } }; function f() { x.a.n = 1; }",
      "const x = new Uint8Array(4);",
      "const x = memoryStore();",
    ];
    for (const text of state) assert.deepEqual(stateIn(text), ["x.ts: x"], text);
    const tables = [
      "const x = new Set([1, 2]); function f() { return x.has(1); }",
      "const x = new Map(); for (const n of [1]) x.set(n, n);",
      "const x = new Map(); function f(x: Set<number>) { x.add(1); }",
      "const x = new Uint8Array(0);",
      "const x = { n: 0 } as const; function f() { let n = x.n; n++; }",
    ];
    for (const text of tables) assert.deepEqual(stateIn(text), [], text);
  });

  it("has no folder called shared, common, utils or helpers", () => {
    const names = ["src", "nodes", "test"].flatMap((tree) => folders(join(root, tree)));
    assert.deepEqual(
      names.filter((path) => /(^|[\\/])(utils?|helpers?|common|shared)$/i.test(path)),
      [],
    );
  });
});
