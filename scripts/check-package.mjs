// Checks the package to publish: it contains exactly the files that Node-RED and users need, and the node sets exist.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const problems = [];
const check = (ok, text) => {
  if (!ok) problems.push(text);
};

const listing = JSON.parse(
  execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root, encoding: "utf8" }),
);
const packed = Array.isArray(listing) ? listing[0] : Object.values(listing)[0];
const files = new Set(packed.files.map((file) => file.path));

for (const [type, file] of Object.entries(manifest["node-red"].nodes)) {
  // the parts of the editor file that the flow library's scorecard reads
  const editor = readFileSync(join(root, "nodes", type, `${type}.html`), "utf8");
  check(
    editor.includes(`registerType("${type}", {`),
    `${type}: the editor file does not register it by a literal name`,
  );
  check(/defaults: \{/.test(editor) && !/defaults: \{[^}]*\.\.\./.test(editor), `${type}: defaults are not a literal`);
  check(!/text\/x-red/.test(editor), `${type}: text/x-red is deprecated`);
  check(!/src="https?:/.test(editor), `${type}: loads something from another machine`);
  for (const [, resource] of editor.matchAll(/src="resources\/node-red-contrib-dlms\/([^"]+)"/g)) {
    check(files.has(`resources/${resource}`), `${type}: resources/${resource} is not in the package`);
  }
  const served = join(root, file.replace(/\.js$/, ".html"));
  check(!existsSync(served) || !/<link/.test(readFileSync(served, "utf8")), `${type}: a style sheet is not built in`);
  check(files.has(file), `${type}: ${file} is not in the package`);
  check(files.has(file.replace(/\.js$/, ".html")), `${type}: its editor file is not in the package`);
  for (const language of ["en-US", "de", "zh-CN"]) {
    for (const kind of ["json", "html"]) {
      const locale = `dist/nodes/${type}/locales/${language}/${type}.${kind}`;
      check(files.has(locale), `${type}: ${locale} is not in the package`);
    }
  }
}
for (const file of ["package.json", "README.md", "LICENSE", "CHANGELOG.md", manifest.main, manifest.types]) {
  check(files.has(file), `${file} is not in the package`);
}
for (const [name, file] of Object.entries(manifest.bin)) {
  check(files.has(file), `the program ${name} is not in the package: ${file}`);
  check(
    !existsSync(join(root, file)) || readFileSync(join(root, file), "utf8").startsWith("#!/usr/bin/env node\n"),
    `${file} does not begin with the line that names its interpreter`,
  );
}
check(
  [...files].some((file) => file.startsWith("examples/")),
  "no example is in the package",
);
for (const file of files) {
  check(
    !/^(test|scripts|\.ci|src|nodes|node_modules)\/|^resources\/(?!dlms-[\w-]+\.js$)/.test(file),
    `${file} should not be published`,
  );
}

const dependencies = { ...manifest.dependencies, ...manifest.optionalDependencies };
check(Object.keys(dependencies).length <= 6, "more than 6 runtime dependencies");
for (const [name, version] of Object.entries(dependencies)) {
  check(!/^(git|http|file|github)/.test(version), `${name}: not a registry dependency`);
}
check(manifest.keywords.includes("node-red"), 'the keyword "node-red" is missing');
check(/^>=\d/.test(manifest["node-red"].version), "node-red.version is missing");
check(/^>=\d/.test(manifest.engines.node), "engines.node is missing");
check(/^[a-z0-9-]+$/.test(manifest.name), "the name is not what the flow library expects");
for (const field of ["description", "repository", "bugs", "homepage", "author"]) {
  check(manifest[field] !== undefined, `package.json: ${field} is missing`);
}
for (const [name, script] of Object.entries(manifest.scripts)) {
  check(
    !/^(pre|post)?install$/.test(name),
    `package.json: the script ${name} would run on the user's machine: ${script}`,
  );
}
check(manifest.license === "Apache-2.0", "the licence is not Apache-2.0");
check(existsSync(join(root, "examples")), "examples/ is missing");

for (const problem of problems) console.error(problem);
console.log(`${files.size} files would be published, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
