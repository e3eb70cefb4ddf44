/** What outlives a command: the client's system title and the invocation counters of its keys. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import {
  createRuntime,
  DlmsConfigError,
  type InvocationCounterStore,
  isDlmsError,
  makeSystemTitle,
  parseSystemTitle,
  type ReceivedCounterStore,
  systemRandom,
  toHex,
} from "../index";
import type { Environment } from "./secrets";

/** `DLMS_STATE_DIR`, else the place of the operating system. */
export function stateFolderOf(environment: Environment): string {
  const { DLMS_STATE_DIR: own, XDG_STATE_HOME: state, LOCALAPPDATA: local } = environment;
  if (own !== undefined && own !== "") return own;
  if (process.platform === "win32" && local !== undefined && local !== "") return join(local, "dlms");
  return join(state !== undefined && state !== "" ? state : join(homedir(), ".local", "state"), "dlms");
}

export class StateFolder {
  readonly #folder: string;
  readonly #runtime = createRuntime();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws DlmsConfigError */
  systemTitle(): Uint8Array {
    const file = join(this.#folder, "system-title");
    try {
      this.#make();
      const made = makeSystemTitle(systemRandom);
      // wx: of two commands that start at the same time, the second uses the title of the first
      writeFileSync(file, `${toHex(made)}\n`, { flag: "wx", mode: 0o600 });
      return made;
    } catch (error) {
      if (isDlmsError(error)) throw error;
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw notStored("system title", this.#folder, error);
      return parseSystemTitle(readFileSync(file, "utf8").trim(), `system title in ${file}`);
    }
  }

  /** @throws DlmsConfigError */
  counter(systemTitle: Uint8Array, key: Uint8Array): InvocationCounterStore {
    this.#make();
    return this.#runtime.keyCounterStore(this.#folder, systemTitle, key);
  }

  received(): ReceivedCounterStore {
    return this.#runtime.receivedCounters(join(this.#folder, "received-counters.json"));
  }

  #make(): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw notStored("invocation counter", this.#folder, error);
    }
  }
}

const notStored = (what: string, folder: string, error: unknown): DlmsConfigError =>
  new DlmsConfigError(
    "CONFIG_MISSING",
    `${what}: it cannot be kept in ${folder} (${String((error as NodeJS.ErrnoException).code)}); make the folder writable, or set DLMS_STATE_DIR to another`,
    { cause: error },
  );
