// Rows of a CSV text (RFC 4180), with the separators that spreadsheets use.

/** Rows of fields, from text character by character. */
class RowParser {
  readonly rows: string[][] = [];
  readonly #delimiter: string;
  #row: string[] = [];
  #field = "";
  #quoted = false;
  #begun = false;

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  parse(source: string): string[][] {
    for (let i = 0; i < source.length; i++) {
      const character = source[i] ?? "";
      const next = source[i + 1];
      if (!this.#quoted && !this.#begun) {
        // most fields have no quotes, and are taken as a whole
        const end = this.#plainEnd(source, i);
        if (end > i) {
          this.#field = source.slice(i, end);
          this.#begun = true;
          i = end - 1;
          continue;
        }
      }
      if (this.#quoted) {
        if (character !== '"') this.#field += character;
        else if (next === '"') {
          this.#field += '"';
          i++;
        } else this.#quoted = false;
      } else this.#plain(character, next);
    }
    if (this.#quoted) throw new Error("unclosed");
    if (this.#field !== "" || this.#row.length > 0) this.#endRow();
    return this.rows;
  }

  /** The end of the characters from here that have no meaning in CSV. */
  #plainEnd(source: string, from: number): number {
    let at = from;
    for (; at < source.length; at++) {
      const character = source[at];
      if (character === this.#delimiter || character === "\n" || character === "\r") break;
      if (character === '"' && at === from) break;
    }
    return at;
  }

  #plain(character: string, next: string | undefined): void {
    if (character === '"' && !this.#begun) {
      this.#quoted = true;
      this.#begun = true;
    } else if (character === this.#delimiter) this.#endField();
    else if (character === "\n") this.#endRow();
    else if (character !== "\r" || next !== "\n") {
      this.#field += character;
      this.#begun = true;
    }
  }

  #endField(): void {
    this.#row.push(this.#field);
    this.#field = "";
    this.#begun = false;
  }

  #endRow(): void {
    this.#endField();
    if (this.#row.length > 1 || this.#row[0]?.trim() !== "") this.rows.push(this.#row);
    this.#row = [];
  }
}

/** Rows of fields. Quoted fields may hold delimiters, quotes (doubled) and line ends. */
export function parseCsv(text: string, delimiter: string): string[][] {
  return new RowParser(delimiter).parse(text.replace(/^\uFEFF/, ""));
}

/** Spreadsheets of some countries separate by semicolons. */
export function delimiterOf(text: string): string {
  const first = text.split(/\r?\n/, 1)[0] ?? "";
  return ["\t", ";", ","].find((one) => first.includes(one)) ?? ",";
}
