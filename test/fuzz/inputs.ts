/** Runs fuzz targets on seeds and mutated seeds. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { allSeeds, seedsFor } from "./corpus";
import { mutated } from "./mutations";
import { caseSeed, Seeded } from "./seeded";
import { type Target, targets } from "./targets";

export interface InputsOptions {
  readonly root: string;
  readonly runs: number;
  readonly seed: number;
  readonly findings: string;
  readonly only?: string;
}

export function wanted(only: string | undefined): readonly Target[] {
  const chosen = targets.filter((target) => only === undefined || target.name === only);
  if (chosen.length > 0) return chosen;
  throw new Error(`no target ${only}; there are ${targets.map(({ name }) => name).join(", ")}`);
}

/** Runs each target on its seeds and on mutated ones. Returns the number of inputs and of findings. */
export async function fuzzInputs(
  options: InputsOptions,
  say: (line: string) => void,
): Promise<{ readonly inputs: number; readonly findings: number }> {
  const seeds = await allSeeds(options.root);
  const chosen = wanted(options.only);
  const each = Math.ceil(options.runs / chosen.length);
  let inputs = 0;
  let findings = 0;
  for (const target of chosen) {
    const own = seedsFor(target, seeds);
    for (let index = 0; index < Math.max(each, own.length); index++) {
      const input = own[index] ?? mutated(new Seeded(caseSeed(options.seed, index)), own);
      inputs++;
      try {
        await target.run(input);
      } catch (error) {
        findings++;
        mkdirSync(options.findings, { recursive: true });
        const file = join(options.findings, `${target.name}-${options.seed}-${index}`);
        writeFileSync(file, input);
        say(`FINDING in ${target.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
        say(`repeat it: npm run fuzz -- repeat ${file} --target ${target.name}`);
        break;
      }
    }
  }
  return { inputs, findings };
}
