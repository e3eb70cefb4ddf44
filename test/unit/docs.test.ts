// The documents name files, constants and headings. These tests report outdated ones.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";
import { environmentText } from "../../src/cli/help";
import { errorCodes } from "../../src/errors/codes";

const root = resolve(__dirname, "../..");
const records = "docs/decisions";

function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return markdownIn(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const documents = ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...markdownIn("docs")];

const withoutCode = (text: string): string => text.replace(/```[\s\S]*?```/g, "");

/** Folders that a build writes: a fresh checkout does not have them. */
const built = read(".gitignore")
  .split("\n")
  .map((line) => line.replace(/\/$/, ""));

/** Paths in code spans, without those that hold a placeholder. */
function pathsIn(text: string): string[] {
  const spans = [...withoutCode(text).matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
  return spans.filter(
    (span) =>
      /^(src|nodes|test|docs|scripts|examples|resources|\.ci|\.github)\/[\w./-]*$/.test(span) && !/NN/.test(span),
  );
}

/** The anchors that GitHub gives to the headings of a document. */
function anchorsIn(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/ /g, "-"),
  );
}

function brokenLink(document: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? document : relative(root, resolve(root, dirname(document), path));
  if (!existsSync(join(root, target))) return `${document}: ${link}`;
  if (anchor === undefined || anchorsIn(read(target)).includes(anchor)) return undefined;
  return `${document}: ${link} (no such heading)`;
}

const units: Readonly<Record<string, number>> = {
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  ms: 1,
  s: 1000,
  minutes: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

interface Bound {
  readonly text: string;
  readonly name: string;
  /** bytes, ms or a count */
  readonly value: number;
  readonly files: readonly string[];
}

/** "4 MiB (`maxApdu`)" in any cell of a row, with the files that the row names. */
function boundsIn(table: string): Bound[] {
  return table
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .flatMap((line) => {
      const files = pathsIn(line);
      const found = [...line.matchAll(/([\d,.^ -]*\d) ?([A-Za-z]*)[^(`;|]{0,20}\(`([\w.]+)`\)/g)];
      return found.map(([text, number = "", unit = "", name = ""]) => {
        const [value = "", less = "0"] = number.replace(/,/g, "").trim().split(" - ");
        const [base = "", power = "1"] = value.split("^");
        const amount = Number(base) ** Number(power) - Number(less);
        return { text: text.trim(), name, value: amount * (units[unit] ?? 1), files };
      });
    });
}

/** Upper and lower case and underscores belong to the style of a name. */
const plain = (name: string): string => name.replace(/_/g, "").toLowerCase();

/** The value of a numeric expression, as far as this file defines it. */
function evaluate(node: ts.Expression, file: ts.SourceFile): number | undefined {
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (ts.isParenthesizedExpression(node)) return evaluate(node.expression, file);
  if (ts.isIdentifier(node)) return valuesOf(node.text, file)[0];
  // options with a default: `integer("queueLimit", options.queueLimit ?? 1000, ...)`
  if (ts.isCallExpression(node)) return node.arguments[1] && evaluate(node.arguments[1], file);
  // a row of the settings: `{ kind: "integer", default: 10, ... }`
  if (ts.isObjectLiteralExpression(node)) {
    const row = node.properties.find((one) => one.name?.getText(file) === "default");
    return row !== undefined && ts.isPropertyAssignment(row) ? evaluate(row.initializer, file) : undefined;
  }
  if (!ts.isBinaryExpression(node)) return undefined;
  const right = evaluate(node.right, file);
  if (node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) return right;
  const left = evaluate(node.left, file);
  if (left === undefined || right === undefined) return undefined;
  switch (node.operatorToken.kind) {
    case ts.SyntaxKind.AsteriskToken:
      return left * right;
    case ts.SyntaxKind.MinusToken:
      return left - right;
    case ts.SyntaxKind.PlusToken:
      return left + right;
    case ts.SyntaxKind.AsteriskAsteriskToken:
      return left ** right;
    case ts.SyntaxKind.LessThanLessThanToken:
      return left << right;
    default:
      return undefined;
  }
}

/** The default in `options.maxConnections ?? 256`. */
function defaultOf(node: ts.BinaryExpression, name: string, file: ts.SourceFile): number | undefined {
  const isDefault = node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken;
  if (!isDefault || !ts.isPropertyAccessExpression(node.left) || node.left.name.text !== name) return undefined;
  return evaluate(node.right, file);
}

/** All numbers that the file gives to `name`, or to `object.name`. */
function valuesOf(name: string, file: ts.SourceFile): number[] {
  const [first = "", member] = name.split(".");
  const found: number[] = [];
  const add = (value: number | undefined): void => {
    if (value !== undefined) found.push(value);
  };
  const visit = (node: ts.Node): void => {
    const declares = ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node);
    if (declares && node.initializer !== undefined && plain(node.name.getText(file)) === plain(first)) {
      if (member === undefined) add(evaluate(node.initializer, file));
      else {
        ts.forEachChild(node.initializer, function inner(child): void {
          if (ts.isPropertyAssignment(child) && child.name.getText(file) === member)
            add(evaluate(child.initializer, file));
          ts.forEachChild(child, inner);
        });
      }
    }
    if (ts.isBinaryExpression(node)) add(defaultOf(node, name, file));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

const parsed = new Map<string, ts.SourceFile>();

function parse(path: string): ts.SourceFile {
  const known = parsed.get(path) ?? ts.createSourceFile(path, read(path), ts.ScriptTarget.ES2023, true);
  parsed.set(path, known);
  return known;
}

function wrongBound({ text, name, value, files }: Bound): string | undefined {
  const inCode = files.flatMap((path) => valuesOf(name, parse(path)));
  // a name that ends in a capital S is in seconds
  const expected = /[a-z]S$/.test(name) ? value / 1000 : value;
  if (inCode.includes(expected)) return undefined;
  return `${text}: ${inCode.length === 0 ? "no such constant" : `is ${inCode.join(", ")}`} in ${files.join(", ")}`;
}

describe("documents", () => {
  it("name only files and folders that exist", () => {
    const named = documents.flatMap((document) => pathsIn(read(document)).map((path) => ({ document, path })));
    assert.ok(named.length > 50, `${named.length} paths`);
    assert.deepEqual(
      named
        .filter(({ path }) => !built.includes(path) && !existsSync(join(root, path)))
        .map(({ document, path }) => `${document}: ${path}`),
      [],
    );
  });

  it("link only to files and headings that exist", () => {
    const broken = documents.flatMap((document) =>
      [...withoutCode(read(document)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => brokenLink(document, link)),
    );
    assert.ok(broken.length > 20, `${broken.length} links`);
    assert.deepEqual(
      broken.filter((text) => text !== undefined),
      [],
    );
  });

  it("name only error codes and environment variables that exist", () => {
    const named = documents.flatMap((document) =>
      [...read(document).matchAll(/\bDLMS_([A-Z_]+)\b/g)].map(([, code = ""]) => `${document}: ${code}`),
    );
    assert.ok(named.length > 50, `${named.length} codes`);
    const variables = new Set(environmentText.map(([name]) => name));
    const isKnown = (name: string): boolean => Object.hasOwn(errorCodes, name) || variables.has(`DLMS_${name}`);
    assert.deepEqual(
      named.filter((text) => !isKnown(text.replace(/^.*: /, ""))),
      [],
    );
  });

  it("state the bounds in the code", () => {
    const bounds = boundsIn(read("docs/limits.md"));
    assert.ok(bounds.length > 50, `${bounds.length} bounds`);
    assert.deepEqual(
      bounds.map(wrongBound).filter((text) => text !== undefined),
      [],
    );
  });

  it("notice a bound with another value", () => {
    const [bound] = boundsIn("| codec | nesting | 31 (`defaultMaxDepth`) | `src/codec/limits.ts` | |");
    assert.ok(bound !== undefined);
    assert.match(wrongBound(bound) ?? "", /is 32/);
    assert.match(wrongBound({ ...bound, name: "unknownName" }) ?? "", /no such constant/);
  });

  it("draw only rooms and classes that exist", () => {
    const actors = [...read("docs/architecture.md").matchAll(/participant \w+ as ([\w/-]+)(?:: ([\w.-]+))?$/gm)];
    assert.ok(actors.length > 20, `${actors.length} actors`);
    const missing = actors.filter(([, room = "", name]) => {
      const folder = [room, `src/${room}`].find((path) => existsSync(join(root, path)));
      if (folder === undefined) return true;
      if (name === undefined) return false;
      if (name.endsWith(".ts")) return !existsSync(join(root, folder, name));
      const sources = readdirSync(join(root, folder)).filter((file) => file.endsWith(".ts"));
      const declares = new RegExp(`^export (abstract )?(class|interface|type) ${name}\\b`, "m");
      return !sources.some((file) => declares.test(read(join(folder, file))));
    });
    assert.deepEqual(
      missing.map(([text]) => text),
      [],
    );
  });

  it("use the terms of the glossary", () => {
    const replaced =
      /\b(somebody|nobody|whoever|anew|in vain|for ever|so many|optical head|farewell|of its own accord)\b|asked from the meter|kept by Node-RED/i;
    const found = [...documents.filter((document) => document !== "CONTRIBUTING.md"), "CHANGELOG.md"].flatMap(
      (document) =>
        read(document)
          .split("\n")
          .flatMap((line, index) => {
            const [term] = replaced.exec(line) ?? [];
            return term === undefined ? [] : [`${document}:${index + 1}: ${term}`];
          }),
    );
    assert.deepEqual(found, []);
  });

  it("list every decision", () => {
    const index = read(`${records}/README.md`);
    const missing = readdirSync(join(root, records)).filter((file) => /^\d/.test(file) && !index.includes(`(${file})`));
    assert.deepEqual(missing, []);
  });
});
