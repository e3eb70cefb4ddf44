import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DlmsConfigError,
  type InvocationCounterStore,
  fileCounterStore,
  makeSystemTitle,
  parseSystemTitle,
  systemRandom,
  toHex,
} from "../../src/index";
import type { Keepsakes } from "./meter-config";

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
    throw new DlmsConfigError(
      "CONFIG_MISSING",
      `systemTitle: none is set, and none can be kept in ${folder}: ${String(error)}; set one, or let Node-RED write there`,
      { cause: error },
    );
  }
}

/**
 * A number from 0 to 255 for a key under a title, to tell counters apart. Keys that fall together share a counter, which
 * is as safe: a value is still never used twice. More bits would tell more of the key than a file name should.
 */
function bucketOf(systemTitle: Uint8Array, key: Uint8Array): number {
  let sum = 7;
  for (const byte of [...systemTitle, ...key]) sum = (Math.imul(sum, 31) + byte) & 0xffffff;
  return (sum ^ (sum >>> 8) ^ (sum >>> 16)) & 0xff;
}

/** Kept in the folder `dlms` of Node-RED's user directory. */
export function keepsakesIn(userDir: string): Keepsakes {
  const folder = join(userDir, "dlms");
  return {
    systemTitle: () => titleIn(folder),
    counter: (systemTitle, key) => {
      const file = join(folder, `counter-${toHex(systemTitle)}-${bucketOf(systemTitle, key)}.json`);
      const known = stores.get(file);
      if (known !== undefined) return known;
      mkdirSync(folder, { recursive: true });
      const store = fileCounterStore(file);
      stores.set(file, store);
      return store;
    },
  };
}
