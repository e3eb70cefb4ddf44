/** The most elements in one array while they come: 32 KB of pointers, far from what V8 calls a large object. */
export const longestRun = 4096;

/** One array from runs. The arguments of a call have a limit, and the peer chooses how many runs there are. */
export function joinRuns<T>(runs: readonly (readonly T[])[]): T[] {
  const [only = []] = runs;
  if (runs.length < 2) return only.slice();
  const all = new Array<T>(runs.reduce((sum, run) => sum + run.length, 0));
  let at = 0;
  for (const run of runs) for (const element of run) all[at++] = element;
  return all;
}
