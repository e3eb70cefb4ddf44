// The key file of a source: the meters of a fleet with their keys, as JSON or CSV. It is read again when it changes.
import { type Clock, type DlmsError, DlmsConfigError, isDlmsError } from "../../src/index";
import { readFileSync, statSync } from "node:fs";
import { delimiterOf, parseCsv } from "../node-red/csv-rows";
import { quote, type RawSettings } from "../node-red/raw-settings";
import { type KnownMeter, knownMeter, meterProperties, PropertyNames } from "./known-meter";

const maxKeyFileBytes = 16_777_216;
const maxKeyFileMeters = 100_000;
/** Maximum number of ignored names in a message. */
const maxShownNames = 5;
/** Interval at which the file is checked for changes, in ms. */
const lookEvery = 1000;
/** Bits of a file's mode that let others read or write it. */
const openToOthers = 0o006;

export interface KeyFileOptions {
  readonly path: string;
  readonly clock: Clock;
  /** the value of an environment variable */
  readonly variable: (name: string) => string | undefined;
  /** receives the reason why a changed file was rejected; the meters of the earlier file stay */
  readonly onProblem: (problem: DlmsError) => void;
  /** receives a sentence about columns that were ignored */
  readonly onIgnored?: (text: string) => void;
}

const wrong = (path: string, problem: string): DlmsConfigError =>
  new DlmsConfigError("CONFIG_INVALID", `keyFile: ${path} ${problem}`, { details: { property: "keyFile" } });

/** @throws DlmsConfigError; no message quotes the file */
function readText(path: string): { text: string; mark: string } {
  try {
    const { mode, mtimeMs, size, ino } = statSync(path);
    if (process.platform !== "win32" && (mode & openToOthers) !== 0) {
      throw wrong(path, "may be read or written by every user of this machine; take that right away (chmod o-rw)");
    }
    if (size > maxKeyFileBytes) throw wrong(path, `has ${size} bytes; at most ${maxKeyFileBytes} are read`);
    return { text: readFileSync(path, "utf8"), mark: `${mtimeMs} ${size} ${ino}` };
  } catch (error) {
    if (isDlmsError(error)) throw error;
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    throw new DlmsConfigError("CONFIG_MISSING", `keyFile: ${path} ${why}`, { details: { property: "keyFile" } });
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function rowsOf(path: string, text: string): RawSettings[] {
  if (/^\s*[[{]/.test(text.replace(/^\uFEFF/, ""))) {
    let content: unknown;
    try {
      content = JSON.parse(text.replace(/^\uFEFF/, ""));
    } catch {
      // the parser's message would quote the file
      throw wrong(path, "begins like JSON but is not valid JSON");
    }
    const list = isRecord(content) ? content.meters : content;
    if (Array.isArray(list) && list.every(isRecord)) return list;
    throw wrong(path, "holds no list of meters: expected [{name, systemTitle, encryptionKey, authenticationKey}]");
  }
  let rows: string[][];
  try {
    rows = parseCsv(text, delimiterOf(text));
  } catch {
    throw wrong(path, "is no CSV: a quoted field has no end");
  }
  const [head = [], ...others] = rows;
  const names = head.map((name) => name.trim());
  if (names.length < 2) throw wrong(path, "is neither JSON nor CSV with a first row of names (name, systemTitle, ...)");
  return others
    .filter((row) => row.some((cell) => cell.trim() !== ""))
    .map((row) => Object.fromEntries(names.map((name, i) => [name, (row[i] ?? "").trim()])));
}

/** A name that may be a key, in a file without a first row of names, is not quoted. */
const shown = (name: string): string =>
  /[0-9a-f]{16}/i.test(name.replace(/[\s:,;-]+/g, "")) ? "(hex digits)" : quote(name);

/** A sentence about columns or properties that no meter has; "" for none. */
function ignoredText(path: string, unknown: readonly string[]): string {
  if (unknown.length === 0) return "";
  const names = unknown.slice(0, maxShownNames).map(shown).join(", ");
  const more = unknown.length > maxShownNames ? ` and ${unknown.length - maxShownNames} more` : "";
  return `keyFile: ${path}: ${names}${more} ignored; known names: ${meterProperties.join(", ")}`;
}

export interface KeyFileContent {
  readonly meters: readonly KnownMeter[];
  /** a sentence about names that were ignored; "" for none */
  readonly ignored: string;
}

/** The content of a key file. @throws DlmsConfigError */
export function parseKeyFile(
  path: string,
  text: string,
  variable: (name: string) => string | undefined = () => undefined,
): KeyFileContent {
  const rows = rowsOf(path, text);
  if (rows.length > maxKeyFileMeters)
    throw wrong(path, `holds ${rows.length} meters; at most ${maxKeyFileMeters} are read`);
  const names = new PropertyNames();
  const meters = rows.map((row, index) => {
    const values: Record<string, unknown> = {};
    for (const name in row) values[name] = resolved(row[name], variable);
    return knownMeter(values, `keyFile: meter ${index + 1}: `, names);
  });
  return { meters, ignored: ignoredText(path, names.unknown) };
}

function resolved(value: unknown, variable: (name: string) => string | undefined): unknown {
  const name = typeof value === "string" ? /^\$\{([^}]+)\}$/.exec(value)?.[1] : undefined;
  return name === undefined ? value : (variable(name) ?? value);
}

export class KeyFile {
  readonly #options: KeyFileOptions;
  #mark: string;
  #meters: readonly KnownMeter[];
  #lookedAt: number;
  /** the problem reported last, so that it is reported once */
  #told = "";

  /** @throws DlmsConfigError */
  constructor(options: KeyFileOptions) {
    this.#options = options;
    const { text, mark } = readText(options.path);
    this.#mark = mark;
    this.#meters = this.#parsed(text);
    this.#lookedAt = options.clock.now();
  }

  /** The meters; a new array after the file has changed. */
  get meters(): readonly KnownMeter[] {
    const now = this.#options.clock.now();
    if (now - this.#lookedAt >= lookEvery) {
      this.#lookedAt = now;
      this.#look();
    }
    return this.#meters;
  }

  #parsed(text: string): readonly KnownMeter[] {
    const { path, variable, onIgnored } = this.#options;
    const { meters, ignored } = parseKeyFile(path, text, variable);
    if (ignored !== "") onIgnored?.(ignored);
    return meters;
  }

  #look(): void {
    const { path, onProblem } = this.#options;
    try {
      const { text, mark } = readText(path);
      if (mark !== this.#mark) {
        this.#mark = mark;
        this.#meters = this.#parsed(text);
      }
      this.#told = "";
    } catch (error) {
      if (!isDlmsError(error)) throw error;
      if (this.#told === error.message) return;
      this.#told = error.message;
      onProblem(error);
    }
  }
}
