/** Text with a size limit. */
import { toHex } from "../bytes";

/** Maximum length of the text about one frame, APDU or value, without the few lines that count omitted parts. */
export const maxTextCharacters = 8192;

/** Usual depth of a list's lines in an APDU and a frame. */
const indentation = 3;

/**
 * Room for the text about received data. Every piece of text takes its length out of it, and a loop over a list ends
 * when the room is used up: the text of millions of values costs no more than the part that is shown.
 */
export class TextRoom {
  #left: number;
  #depth = 0;

  constructor(length = maxTextCharacters) {
    this.#left = length;
  }

  get full(): boolean {
    return this.#left <= 0;
  }

  /** A line, cut to the available room. */
  line(text: string): string {
    const shown = text.length > this.#left ? `${text.slice(0, Math.max(0, this.#left))}...` : text;
    this.#left -= shown.length + 2 * (this.#depth + indentation) + 1;
    return shown;
  }

  /** The beginning of a text that may be long; it is charged with its line. */
  start(text: string): string {
    return text.length > this.#left ? text.slice(0, Math.max(0, this.#left)) : text;
  }

  /** Bytes in hex, as many as fit; they are charged with their line. */
  hex(bytes: Uint8Array): string {
    const most = Math.max(0, this.#left - 40) >> 1;
    return bytes.length > most
      ? `${toHex(bytes.subarray(0, most))}... (${bytes.length - most} more bytes)`
      : toHex(bytes);
  }

  /** The lines of each item, indented, until the room is full. */
  items<T>(items: readonly T[], lines: (item: T, index: number) => readonly string[]): string[] {
    const all: string[] = [];
    this.#depth++;
    for (const [index, item] of items.entries()) {
      if (this.full) {
        all.push(`  ... (${items.length - index} more)`);
        break;
      }
      for (const line of lines(item, index)) all.push(`  ${line}`);
    }
    this.#depth--;
    return all;
  }
}
