// State that outlives a restart of Node-RED: its system title and the invocation counters of its keys.
import {
  DlmsConfigError,
  makeSystemTitle,
  parseSystemTitle,
  type RandomSource,
  type Runtime,
  toHex,
} from "../../src/index";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PersistentState } from "./parse-settings";

function readTitle(file: string): Uint8Array | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return parseSystemTitle(text.trim(), `system title in ${file}`);
}

function notStored(problem: string, folder: string, error: unknown, instead = ""): DlmsConfigError {
  return new DlmsConfigError(
    "CONFIG_MISSING",
    `${problem} in ${folder}: ${String(error)}; ${instead}let Node-RED write there`,
    { cause: error },
  );
}

function titleIn(folder: string, random: RandomSource): Uint8Array {
  const file = join(folder, "system-title");
  try {
    const known = readTitle(file);
    if (known !== undefined) return known;
    mkdirSync(folder, { recursive: true });
    const made = makeSystemTitle(random);
    // wx: if two processes start at the same time, the second uses the title of the first
    writeFileSync(file, `${toHex(made)}\n`, { flag: "wx", mode: 0o600 });
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return titleIn(folder, random);
    if (error instanceof DlmsConfigError) throw error;
    throw notStored("systemTitle: none is set, and none can be kept", folder, error, "set one, or ");
  }
}

/** Gives the persistent state of a user directory. */
export class PersistentStates {
  readonly #runtime: Runtime;
  /** folders known to exist */
  readonly #folders = new Set<string>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** The state in the folder `dlms` of a user directory. */
  in(userDir: string): PersistentState {
    const runtime = this.#runtime;
    const folder = join(userDir, "dlms");
    return {
      systemTitle: () => titleIn(folder, runtime.random),
      counter: (systemTitle, key) => {
        this.#make(folder);
        return runtime.keyCounterStore(folder, systemTitle, key);
      },
      received: () => runtime.receivedCounters(join(folder, "received-counters.json")),
    };
  }

  #make(folder: string): void {
    if (this.#folders.has(folder)) return;
    try {
      mkdirSync(folder, { recursive: true });
    } catch (error) {
      throw notStored("invocation counter: it cannot be kept", folder, error);
    }
    this.#folders.add(folder);
  }
}
