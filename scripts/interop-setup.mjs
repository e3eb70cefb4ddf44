// Builds the Java peers and installs the Python peers of test/interop. Test-only: none of it is shipped.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const venv = join(root, ".cache", "interop-venv");

function run(command, args, cwd = root) {
  console.log(`> ${command} ${args.join(" ")}`);
  const result = spawnSync(command, args, { cwd, stdio: "inherit" });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ended with ${result.status}`);
}

// two jars and two processes: their licences differ
for (const peer of ["java", "jdlms"]) run("mvn", ["-q", "-B", "package"], join(root, "test", "interop", peer));
mkdirSync(join(root, ".cache"), { recursive: true });
if (!existsSync(join(venv, "bin", "python"))) run("python3", ["-m", "venv", venv]);
run(join(venv, "bin", "python"), [
  "-m",
  "pip",
  "install",
  "--quiet",
  "--disable-pip-version-check",
  "-r",
  join(root, "test", "interop", "python", "requirements.txt"),
]);
console.log("The peers are ready: npm run test:interop");
