/** Child process that takes invocation counters until it is killed. */
import { writeSync } from "node:fs";
import * as fs from "node:fs/promises";
import { type CounterFileSystem, fileCounterStore } from "../../src/client/connection/file-counter-store";

/**
 * A process that takes counter values until it is killed. A value is on standard output before it counts as used, so
 * what was handed out is known whatever happens next. With a number as second argument it kills itself directly before
 * that file operation. In the mode "unproven" it also uses values above the mark, of which it proves every other.
 */
const [path = "", dieBefore = "never", mode = "claimed"] = process.argv.slice(2);
let operations = 0;

const real: CounterFileSystem = fs;

/** A pipe whose reader is slow refuses bytes for a moment. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

async function watch<T>(name: string, operation: () => Promise<T>): Promise<T> {
  say(`op ${name}`);
  if (String(operations++) === dieBefore) process.kill(process.pid, "SIGKILL");
  return operation();
}

const watched: CounterFileSystem = {
  realpath: (name) => watch("realpath", () => real.realpath(name)),
  readFile: (name, encoding) => watch("readFile", () => real.readFile(name, encoding)),
  stat: (name) => watch("stat", () => real.stat(name)),
  readdir: (name) => watch("readdir", () => real.readdir(name)),
  rename: (from, to) => watch("rename", () => real.rename(from, to)),
  link: (from, to) => watch("link", () => real.link(from, to)),
  unlink: (name) => watch("unlink", () => real.unlink(name)),
  mkdir: (name, options) => watch("mkdir", () => real.mkdir(name, options)),
  open: async (name, flags) => {
    const file = await watch("open", () => real.open(name, flags));
    return {
      writeFile: (text) => watch("writeFile", () => file.writeFile(text)),
      sync: () => watch("sync", () => file.sync()),
      close: () => watch("close", () => file.close()),
    };
  },
};

async function run(): Promise<void> {
  const store = fileCounterStore(path, { block: 3, marker: `${path}.known`, fs: watched });
  for (let round = 0; ; round++) {
    await use(store, 1 + (operations % 2));
    if (mode !== "unproven") continue;
    const unproven = store.tryFrom?.(((await store.mark?.()) ?? 1) + 10 * (operations % 4));
    if (unproven === undefined) throw new Error("the store has no unproven values");
    await use(unproven, 2);
    if (round % 2 === 0) continue;
    await unproven.prove();
    say("proven");
  }
}

async function use(counter: { reserve(count: number): Promise<number> }, count: number): Promise<void> {
  const first = await counter.reserve(count);
  for (let value = first; value < first + count; value++) say(`used ${value}`);
}

run().catch((error: unknown) => {
  say(`failed ${String(error)}`);
  process.exitCode = 1;
});
