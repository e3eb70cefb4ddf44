/** Bundles the script of a child process once, so that a child starts without compiling the source. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buildSync } from "esbuild";

/** Returns the path of the bundle, which is deleted when this process ends. */
export function bundledChild(script: string): string {
  const folder = mkdtempSync(join(tmpdir(), "dlms-child-"));
  process.once("exit", () => {
    rmSync(folder, { recursive: true, force: true });
  });
  const outfile = join(folder, `${basename(script, ".ts")}.cjs`);
  buildSync({ entryPoints: [script], outfile, bundle: true, platform: "node", packages: "external" });
  return outfile;
}
