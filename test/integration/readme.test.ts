/** What README.md states, checked against the code. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { phraseOf } from "../../nodes/meters/status";
import { DlmsError, type ErrorName, errorCodes } from "../../src/errors";

const root = resolve(__dirname, "..", "..");
const read = (name: string): string => readFileSync(join(root, name), "utf8");
const readme = read("README.md");
const manifest = JSON.parse(read("package.json")) as {
  scripts: Record<string, string>;
  version: string;
  "node-red": { nodes: Record<string, string> };
};

describe("README.md", () => {
  it("has an example without Node-RED that runs unchanged", function () {
    this.timeout(30_000);
    const samples = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
    const whole = samples.filter((text) => text.includes('from "node-red-contrib-dlms"'));
    assert.equal(whole.length, 1);
    const folder = mkdtempSync(join(tmpdir(), "dlms-readme-"));
    try {
      const file = join(folder, "sample.mjs");
      const source = pathToFileURL(join(root, "src", "index.ts")).href;
      writeFileSync(file, (whole[0] ?? "").replace('"node-red-contrib-dlms"', JSON.stringify(source)));
      const run = spawnSync(process.execPath, ["--import", "tsx", file], { cwd: root, encoding: "utf8" });
      assert.equal(run.stderr, "");
      assert.equal(run.status, 0);
      const [voltage, ...rows] = run.stdout.trimEnd().split("\n");
      assert.match(voltage ?? "", /^2\d\d(\.\d)? V$/);
      assert.equal(rows.length, 4);
      for (const row of rows) assert.match(row, /^\d{4}-\d\d-\d\dT\d\d:(00|15|30|45):00\+0\d:00 \d+$/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("lists every example and every node", () => {
    for (const file of readdirSync(join(root, "examples"))) {
      assert.ok(readme.includes(`| ${file.replace(".json", "")} |`), file);
    }
    for (const node of Object.keys(manifest["node-red"].nodes)) assert.ok(readme.includes(`| \`${node}\` |`), node);
  });

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
      assert.match(readme, new RegExp(`^\\| (?:[^|]*, |[^|]*; )?\\*${text}\\*`, "m"), phrase);
    }
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
