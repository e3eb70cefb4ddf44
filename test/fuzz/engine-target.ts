/** Entry point for the fuzzing engine: one target, named by FUZZ_TARGET. */
import { targets } from "./targets";

const name = process.env["FUZZ_TARGET"];
const target = targets.find((one) => one.name === name);
if (target === undefined) throw new Error(`FUZZ_TARGET: no target ${name ?? "is named"}`);

/** Called by the engine. The engine reuses its buffer, so the target gets a copy. */
export function fuzz(data: Buffer): void | Promise<void> | undefined {
  return target?.run(Uint8Array.from(data));
}
