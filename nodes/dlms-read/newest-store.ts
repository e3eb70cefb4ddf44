/** The newest rows that a node has sent, for each meter and profile, in the user directory. */
import { DlmsConfigError, DlmsStateError, type NewestRows } from "../../src/index";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** What the dialog shows. */
export interface SentRows {
  readonly meter: string;
  /** dotted OBIS of the profile */
  readonly logicalName: string;
  readonly newest: NewestRows;
}

/** A file of 5000 fingerprints has about 200 kB; a larger one is something else. */
const maxBytes = 1_000_000;
/** Part of the meter's name in the name of a file; file systems take 255 bytes. */
const maxLabel = 150;
/** Time for the nodes after this one to store the rows: if the process ends earlier, they come again. */
const storeDelayMs = 5000;

/** The state of one meter and profile while a reading uses it. */
export interface NewestTurn {
  readonly newest: NewestRows | undefined;
  /** Keeps the state of rows that were sent. */
  readonly sent: (newest: NewestRows) => void;
  readonly end: () => void;
}

interface Pending {
  readonly rows: SentRows;
  readonly timer: NodeJS.Timeout;
}

export class NewestStore {
  readonly #folder: string;
  readonly #node: string;
  readonly #failed: (error: DlmsConfigError) => void;
  /** readings of the same meter and profile follow one another, or both would send the same rows */
  readonly #turns = new Map<string, Promise<void>>();
  /** sent, and not in a file yet */
  readonly #pending = new Map<string, Pending>();
  readonly #writing = new Set<Promise<void>>();

  /** `failed`: a state could not be written; its rows come again after a restart */
  constructor(userDir: string, nodeId: string, failed: (error: DlmsConfigError) => void) {
    this.#folder = join(userDir, "dlms", "newest");
    this.#node = nodeId.replace(/[^\w.-]/g, "_");
    this.#failed = failed;
  }

  /** Waits for earlier readings of the same meter and profile. */
  async turn(meter: string, logicalName: string, signal: AbortSignal): Promise<NewestTurn> {
    const file = this.#fileOf(meter, logicalName);
    const before = this.#turns.get(file) ?? Promise.resolve();
    let end = (): void => undefined;
    const own = new Promise<void>((resolve) => (end = resolve));
    const chain = before.then(() => own);
    this.#turns.set(file, chain);
    void chain.then(() => {
      if (this.#turns.get(file) === chain) this.#turns.delete(file);
    });
    try {
      await orAborted(before, signal);
      const newest = this.#pending.get(file)?.rows.newest ?? (await this.#read(file))?.newest;
      const sent = (next: NewestRows): void => {
        this.#keep(file, { meter, logicalName, newest: next });
      };
      return { newest, sent, end };
    } catch (error) {
      end();
      throw error;
    }
  }

  /** The states of all meters and profiles. */
  async list(): Promise<SentRows[]> {
    const files = new Set([...(await this.#files()), ...this.#pending.keys()]);
    const found: SentRows[] = [];
    for (const file of files) {
      const rows = this.#pending.get(file)?.rows ?? (await this.#read(file).catch(() => undefined));
      if (rows !== undefined) found.push(rows);
    }
    return found;
  }

  /** Forgets what was sent: the next reading sends all rows. */
  async reset(): Promise<void> {
    for (const { timer } of this.#pending.values()) clearTimeout(timer);
    this.#pending.clear();
    await Promise.all(this.#writing);
    for (const file of await this.#files()) await rm(join(this.#folder, file), { force: true });
  }

  /** Writes what is pending; a closed node has handed its messages on. */
  async close(): Promise<void> {
    for (const file of [...this.#pending.keys()]) this.#writeNow(file);
    await Promise.all(this.#writing);
  }

  #fileOf(meter: string, logicalName: string): string {
    const label = encodeURIComponent(meter).replace(/[*'()!~]/g, "_");
    return `${this.#node}_${label.slice(0, maxLabel)}_${logicalName}.json`;
  }

  async #files(): Promise<string[]> {
    try {
      const names = await readdir(this.#folder);
      return names.filter((name) => name.startsWith(`${this.#node}_`) && name.endsWith(".json"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw this.#problem("the newest rows cannot be read", error);
    }
  }

  /** @throws DlmsConfigError for a damaged file, because all rows would come again */
  async #read(file: string): Promise<SentRows | undefined> {
    let text: string;
    try {
      text = await readFile(join(this.#folder, file), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw this.#problem("the newest rows cannot be read", error);
    }
    const rows = text.length > maxBytes ? undefined : parsed(text);
    if (rows !== undefined) return rows;
    throw new DlmsConfigError(
      "CONFIG_INVALID",
      `range: the file ${file} with the newest rows is damaged; reset them in the node's dialog, then all rows come once more`,
      { details: { property: "range", file } },
    );
  }

  #keep(file: string, rows: SentRows): void {
    clearTimeout(this.#pending.get(file)?.timer);
    const timer = setTimeout(() => {
      this.#writeNow(file);
    }, storeDelayMs);
    // an ending process writes on close
    timer.unref();
    this.#pending.set(file, { rows, timer });
  }

  #writeNow(file: string): void {
    const pending = this.#pending.get(file);
    if (pending === undefined) return;
    clearTimeout(pending.timer);
    const writing = this.#write(file, pending.rows).then(
      () => {
        if (this.#pending.get(file) === pending) this.#pending.delete(file);
      },
      (error: unknown) => {
        this.#failed(this.#problem("the newest rows cannot be kept, so rows come again after a restart", error));
      },
    );
    const done = writing.finally(() => this.#writing.delete(done));
    this.#writing.add(done);
  }

  /** All of the file or nothing: a process may end at any point. */
  async #write(file: string, rows: SentRows): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const path = join(this.#folder, file);
    const temporary = `${path}.tmp`;
    const handle = await open(temporary, "w", 0o600);
    try {
      await handle.writeFile(JSON.stringify(rows));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  }

  #problem(what: string, error: unknown): DlmsConfigError {
    return new DlmsConfigError(
      "CONFIG_INVALID",
      `range: ${what} in ${this.#folder}: ${String(error)}; let Node-RED write there`,
      { details: { property: "range" }, cause: error },
    );
  }
}

/** Undefined if the text is not what this store writes. */
function parsed(text: string): SentRows | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
  const { meter, logicalName, newest } = (value ?? {}) as Partial<SentRows>;
  if (typeof meter !== "string" || typeof logicalName !== "string" || typeof newest !== "object") return undefined;
  const { ms, isLocal, sent } = (newest ?? {}) as Partial<NewestRows>;
  const isSent = (one: unknown): boolean =>
    Array.isArray(one) && typeof one[0] === "number" && typeof one[1] === "string";
  if (typeof ms !== "number" || typeof isLocal !== "boolean" || !Array.isArray(sent) || !sent.every(isSent)) {
    return undefined;
  }
  return { meter, logicalName, newest: { ms, isLocal, sent } };
}

function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      const reason: unknown = signal.reason;
      reject(reason instanceof Error ? reason : new DlmsStateError("STATE_CLOSED", "the read was ended"));
    };
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener("abort", abort, { once: true });
    void work.then(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    });
  });
}
