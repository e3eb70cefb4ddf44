/** Builds large arrays from runs that the garbage collector can move cheaply. */

/**
 * Maximum number of elements per array while decoding: 32 KB of pointers, far below the size of a large object in V8.
 */
export const maxRunLength = 4096;

/**
 * Joins runs to one array, without a spread call: the number of arguments is limited, and the peer chooses the number
 * of runs.
 */
export function joinRuns<T>(runs: readonly (readonly T[])[]): T[] {
  const [only = []] = runs;
  if (runs.length < 2) return only.slice();
  const all = new Array<T>(runs.reduce((sum, run) => sum + run.length, 0));
  let at = 0;
  for (const run of runs) for (const element of run) all[at++] = element;
  return all;
}
