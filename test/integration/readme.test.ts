/** What README.md and the pages beside it state, checked against the code. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { phraseOf } from "../../nodes/meters/status";
import { DlmsError, type ErrorName, errorCodes } from "../../src/errors";
import { createMeter, householdDefinition } from "../../src/index";

const run = promisify(execFile);

const root = resolve(__dirname, "..", "..");
const read = (name: string): string => readFileSync(join(root, name), "utf8");
const readme = read("README.md");
const troubleshooting = read("docs/troubleshooting.md");
const manifest = JSON.parse(read("package.json")) as {
  scripts: Record<string, string>;
  version: string;
  "node-red": { nodes: Record<string, string> };
};

describe("README.md", () => {
  it("lists every example and every node", () => {
    for (const file of readdirSync(join(root, "examples"))) {
      assert.match(readme, new RegExp(`^\\| .*\\b${file.replace(".json", "")}\\b`, "m"), file);
    }
    for (const node of Object.keys(manifest["node-red"].nodes)) assert.ok(readme.includes(`| \`${node}\` |`), node);
  });

  it("names only scripts, error codes and files that exist", () => {
    for (const [, script = ""] of readme.matchAll(/npm run ([a-z0-9:-]+)/g))
      assert.ok(script in manifest.scripts, script);
    for (const [, code = ""] of readme.matchAll(/DLMS_([A-Z_]+[A-Z])/g)) assert.ok(code in errorCodes, code);
    for (const [, path = ""] of readme.matchAll(/\]\(([^)#]+)\)/g)) {
      if (!path.startsWith("http")) assert.ok(existsSync(join(root, path)), path);
    }
    for (const [, version] of readme.matchAll(/node-red-contrib-dlms-([\d.]+\d)\.tgz/g)) {
      assert.equal(version, manifest.version);
    }
  });

  it("has a heading for every link within the page", () => {
    const anchors = [...readme.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, "")
        .replace(/ /g, "-"),
    );
    for (const [, anchor = ""] of readme.matchAll(/\]\(#([^)]+)\)/g)) assert.ok(anchors.includes(anchor), anchor);
  });
});

describe("docs/troubleshooting.md", () => {
  it("suggests a remedy for every status of a failure", () => {
    const texts = JSON.parse(read("nodes/dlms-read/locales/en-US/dlms-read.json")) as {
      "dlms-read": { status: Record<string, string> };
    };
    class ErrorOfCode extends DlmsError {
      constructor(code: ErrorName) {
        super("DlmsConfigError", code, "x");
      }
    }
    const phrases = (Object.keys(errorCodes) as ErrorName[]).map((name) => phraseOf(new ErrorOfCode(name)));
    for (const phrase of new Set([...phrases, "invalid", "offline"])) {
      const text = texts["dlms-read"].status[phrase] ?? "";
      assert.match(troubleshooting, new RegExp(`^\\| (?:[^|]*, |[^|]*; )?\\*${text}\\*`, "m"), phrase);
    }
  });
});

describe("statuses in the tables of docs/troubleshooting.md", () => {
  const statuses = ["dlms-read", "dlms-write", "dlms-listen", "dlms-decode"].flatMap((node) => {
    const texts = JSON.parse(read(`nodes/${node}/locales/en-US/${node}.json`)) as {
      [node: string]: { status: Record<string, string | Record<string, string>> };
    };
    const found = Object.values(texts[node]?.status ?? {});
    return found.flatMap((text) => (typeof text === "string" ? [text] : Object.values(text)));
  });

  for (const section of ["Reading", "Writing", "Pushes"]) {
    it(`are those of the nodes: ${section}`, () => {
      const [text = ""] = new RegExp(`^## ${section}\\n[^]*?(?=^## )`, "m").exec(troubleshooting) ?? [];
      const named = [...text.matchAll(/^\| ([^|]*)/gm)].flatMap(([, cell = ""]) => [...cell.matchAll(/\*([^*]+)\*/g)]);
      assert.ok(named.length >= 4, `${named.length} statuses`);
      for (const [, phrase = ""] of named)
        assert.ok(
          statuses.some((status) => status.startsWith(phrase)),
          phrase,
        );
    });
  }
});

describe("docs/examples.md", () => {
  it("lists every example with its simulators' ports", () => {
    const rows = read("docs/examples.md").split("\n");
    for (const path of readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" })) {
      if (!path.endsWith(".json")) continue;
      const row = rows.find((line) =>
        line
          .split(" | ")[0]
          ?.match(/[\w/-]+/g)
          ?.includes(path.replace(".json", "")),
      );
      assert.ok(row !== undefined, path);
      const nodes = JSON.parse(read(join("examples", path))) as { type: string; port?: string }[];
      for (const { type, port } of nodes) {
        if (type === "dlms-simulator") assert.ok(listsPort(row, Number(port)), `${path}: ${port}`);
      }
    }
  });

  /** "4067, 4068" and "4064 to 4066" */
  function listsPort(row: string, port: number): boolean {
    return [...row.matchAll(/\b(\d{4})\b(?: to (\d{4}))?/g)].some(
      ([, first, last = first]) => Number(first) <= port && port <= Number(last),
    );
  }
});

describe("the program without Node-RED", () => {
  /** The one program in a page, run from the sources: its lines of output. */
  async function outputOf(page: string, edit = (program: string): string => program): Promise<string[]> {
    const samples = [...read(page).matchAll(/```js\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
    const [program = "", ...others] = samples.filter((text) => text.includes('from "node-red-contrib-dlms"'));
    assert.equal(others.length, 0);
    const folder = mkdtempSync(join(tmpdir(), "dlms-readme-"));
    try {
      const file = join(folder, "sample.mjs");
      const source = pathToFileURL(join(root, "src", "index.ts")).href;
      writeFileSync(file, edit(program).replace('"node-red-contrib-dlms"', JSON.stringify(source)));
      const { stdout, stderr } = await run(process.execPath, ["--import", "tsx", file], { cwd: root });
      assert.equal(stderr, "");
      return stdout.trimEnd().split("\n");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  it("of README.md reads a simulated household", async function () {
    this.timeout(60_000);
    const meter = await createMeter(householdDefinition()).listen({ port: 0 });
    try {
      const lines = await outputOf("README.md", (program) => program.replace("port: 4059", `port: ${meter.port}`));
      assert.match(lines.join("\n"), /^2\d\d(\.\d)? V$/);
    } finally {
      await meter.close();
    }
  });

  it("of docs/library.md runs unchanged", async function () {
    this.timeout(60_000);
    const [voltage, ...rows] = await outputOf("docs/library.md");
    assert.match(voltage ?? "", /^2\d\d(\.\d)? V$/);
    assert.equal(rows.length, 4);
    for (const row of rows) assert.match(row, /^\d{4}-\d\d-\d\dT\d\d:(00|15|30|45):00\+0\d:00 \d+$/);
  });
});
