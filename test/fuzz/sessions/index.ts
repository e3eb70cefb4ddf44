/** Runs many fuzzed sessions and prints a tally. */
import { caseSeed } from "../seeded";
import { kinds } from "./kinds";
import type { LineFault } from "./mutating-line";
import { runSession } from "./run";

export interface SessionsOptions {
  readonly count: number;
  readonly seed: number;
  /** the first session of the run */
  readonly from: number;
  /** go on after a finding */
  readonly keepGoing: boolean;
  /** only this kind */
  readonly kind?: string;
}

export interface Tally {
  sessions: number;
  right: number;
  errors: number;
  findings: number;
  slowest: number;
  readonly hits: Map<LineFault, number>;
  readonly codes: Map<string, number>;
}

const add = <K>(map: Map<K, number>, key: K, count = 1): void => {
  map.set(key, (map.get(key) ?? 0) + count);
};

/** Runs sessions in sequence and prints each finding with the command that reproduces it. */
export async function fuzzSessions(options: SessionsOptions, say: (line: string) => void): Promise<Tally> {
  const tally: Tally = { sessions: 0, right: 0, errors: 0, findings: 0, slowest: 0, hits: new Map(), codes: new Map() };
  const rejected: unknown[] = [];
  const note = (reason: unknown): void => {
    rejected.push(reason);
  };
  process.on("unhandledRejection", note);
  process.on("uncaughtException", note);
  try {
    for (let index = options.from; index < options.from + options.count; index++) {
      const kind = kinds[index % kinds.length];
      if (kind === undefined || (options.kind !== undefined && kind.name !== options.kind)) continue;
      const problem = await runSession(kind, caseSeed(options.seed, index)).then(
        (result) => {
          tally.right += result.right;
          tally.errors += result.codes.length;
          tally.slowest = Math.max(tally.slowest, result.slowest);
          for (const code of result.codes) add(tally.codes, code);
          for (const [fault, count] of result.hits) add(tally.hits, fault, count);
          return undefined;
        },
        (error: unknown) => error,
      );
      tally.sessions++;
      if (tally.sessions % 2000 === 0) say(`${tally.sessions} sessions, ${tally.findings} findings`);
      const found = problem ?? rejected.shift();
      rejected.length = 0;
      if (found === undefined) continue;
      tally.findings++;
      const reason = found instanceof Error ? (found.stack ?? found.message) : JSON.stringify(found);
      say(`FINDING in session ${index} (${kind.name}): ${reason}`);
      say(`repeat it: npm run fuzz -- sessions --seed ${options.seed} --from ${index} --count 1`);
      if (!options.keepGoing) break;
    }
  } finally {
    process.off("unhandledRejection", note);
    process.off("uncaughtException", note);
  }
  return tally;
}

export function tallyText(tally: Tally): string {
  const list = (map: ReadonlyMap<string, number>): string =>
    [...map]
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ");
  return [
    `${tally.sessions} sessions, ${tally.findings} findings; slowest read ${Math.round(tally.slowest)} ms of virtual time`,
    `  ${tally.right} right values, ${tally.errors} typed errors: ${list(tally.codes) || "none"}`,
    `  faults: ${list(tally.hits) || "none"}`,
  ].join("\n");
}
