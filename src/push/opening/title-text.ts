/** The text of system titles. */
import { bytesEqual, toHex } from "../../bytes";

/** A system title as text: lower-case digits for the look-ups, upper-case digits for users. */
export interface TitleText {
  readonly key: string;
  readonly shown: string;
}

/** Formats system titles; keeps the last one, because a connection usually carries the pushes of one meter. */
export class TitleTexts {
  #title = new Uint8Array(0);
  #text: TitleText = { key: "", shown: "" };

  of(title: Uint8Array): TitleText {
    if (bytesEqual(title, this.#title)) return this.#text;
    const key = toHex(title);
    this.#title = title.slice();
    this.#text = { key, shown: key.toUpperCase() };
    return this.#text;
  }
}
