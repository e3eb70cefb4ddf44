import {
  DlmsConfigError,
  fileCounterStore,
  fileReceivedCounters,
  type InvocationCounterStore,
  keyFingerprint,
  makeSystemTitle,
  parseSystemTitle,
  type ReceivedCounterStore,
  systemRandom,
  toHex,
} from "../../src/index";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Keepsakes } from "./parse-settings";

/** One store per file in this process: two would hand out values in turn, each unaware of the other. */
const stores = new Map<string, InvocationCounterStore>();

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

function notKept(what: string, folder: string, error: unknown, instead = ""): DlmsConfigError {
  return new DlmsConfigError(
    "CONFIG_MISSING",
    `${what} in ${folder}: ${String(error)}; ${instead}let Node-RED write there`,
    { cause: error },
  );
}

function titleIn(folder: string): Uint8Array {
  const file = join(folder, "system-title");
  try {
    const known = readTitle(file);
    if (known !== undefined) return known;
    mkdirSync(folder, { recursive: true });
    const made = makeSystemTitle(systemRandom);
    // wx: of two processes that begin at one time, the second takes the title of the first
    writeFileSync(file, `${toHex(made)}\n`, { flag: "wx", mode: 0o600 });
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return titleIn(folder);
    if (error instanceof DlmsConfigError) throw error;
    throw notKept("systemTitle: none is set, and none can be kept", folder, error, "set one, or ");
  }
}

const mostNames = 1000;
const names = new Map<string, string>();

/** Part of the counter's file name; it costs some time, so it is worked out once for a key. */
function nameOf(systemTitle: Uint8Array, key: Uint8Array): string {
  const id = `${toHex(systemTitle)} ${toHex(key)}`;
  const known = names.get(id);
  if (known !== undefined) return known;
  if (names.size >= mostNames) names.clear();
  const name = keyFingerprint(systemTitle, key);
  names.set(id, name);
  return name;
}

const receivedStores = new Map<string, ReceivedCounterStore>();

/** Kept in the folder `dlms` of Node-RED's user directory. */
export function keepsakesIn(userDir: string): Keepsakes {
  const folder = join(userDir, "dlms");
  return {
    systemTitle: () => titleIn(folder),
    counter: (systemTitle, key) => {
      const file = join(folder, `counter-${toHex(systemTitle)}-${nameOf(systemTitle, key)}.json`);
      const known = stores.get(file);
      if (known !== undefined) return known;
      try {
        mkdirSync(folder, { recursive: true });
      } catch (error) {
        throw notKept("invocation counter: it cannot be kept", folder, error);
      }
      const store = fileCounterStore(file, { marker: `${file}.known` });
      stores.set(file, store);
      return store;
    },
    received: () => {
      const file = join(folder, "received-counters.json");
      const store = receivedStores.get(file) ?? fileReceivedCounters(file);
      receivedStores.set(file, store);
      return store;
    },
  };
}
