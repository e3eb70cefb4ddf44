/** What a command prints: tables for people, CSV and JSON for programs, progress on a terminal. */
import { toHex } from "../index";

/** Standard output or standard error. */
export interface Sink {
  readonly isTTY: boolean;
  /** Resolves when the text was taken, or when the reader has gone. */
  write(text: string): Promise<void>;
}

/** Control characters of a meter's text could change the terminal. */
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

export const printable = (text: string): string => text.replace(control, "\uFFFD");

/** A value of the library as text in one line. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  return JSON.stringify(value, jsonValue) ?? "";
}

/** For JSON.stringify: bytes as hex, large integers as decimal strings. */
export function jsonValue(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  // the value before its toJSON: a Buffer has one
  const held = (this as Readonly<Record<string, unknown>>)[key];
  return held instanceof Uint8Array ? toHex(held) : value;
}

export const json = (value: unknown): string => `${JSON.stringify(value, jsonValue, 2) ?? "null"}\n`;
export const jsonLine = (value: unknown): string => `${JSON.stringify(value, jsonValue) ?? "null"}\n`;

/** Columns of text, the head first. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((row) => row.map((cell) => printable(cell).replace(/\s*\n\s*/g, " ")));
  const widths = head.map((_, i) => all.reduce((most, row) => Math.max(most, (row[i] ?? "").length), 0));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** A line of CSV by RFC 4180. */
export function csvLine(cells: readonly string[]): string {
  const quoted = cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
  return `${quoted.join(",")}\r\n`;
}

/** Shortest time between two texts of progress, in ms. */
const progressMs = 200;

/** One line on a terminal that the next text replaces. Prints nothing elsewhere. */
export class Progress {
  readonly #sink: Sink;
  readonly #now: () => number;
  #next = 0;
  #shown = false;

  constructor(sink: Sink, now: () => number) {
    this.#sink = sink;
    this.#now = now;
  }

  show(text: string): void {
    const now = this.#now();
    if (!this.#sink.isTTY || now < this.#next) return;
    this.#next = now + progressMs;
    this.#shown = true;
    void this.#sink.write(`\r\u001b[K${printable(text)}`);
  }

  end(): void {
    if (this.#shown) void this.#sink.write("\r\u001b[K");
    this.#shown = false;
  }
}
