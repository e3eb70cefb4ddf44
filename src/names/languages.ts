// The languages of the names. English is always loaded, the others on first use.
import type { ObisLanguage } from "./code";
import { enUs } from "./en-us";
import type * as LanguageModule from "./language-de";
import { objectTexts } from "./objects-en-us";

/** A language of the names. */
export type ObisLanguageTag = "en-US" | "de" | "zh-CN";

/** The languages of the names. The first is the fallback for a text missing in the others. */
export const obisLanguages: readonly ObisLanguageTag[] = ["en-US", "de", "zh-CN"];

const english: ObisLanguage = { phrases: enUs, objects: objectTexts, units: {} };

/** The texts of a language, read-only. */
export function obisTexts(tag: ObisLanguageTag): ObisLanguage {
  switch (tag) {
    case "en-US":
      return english;
    case "de":
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded synchronously, at the first call
      return (require("./language-de") as typeof LanguageModule).language;
    case "zh-CN":
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded synchronously, at the first call
      return (require("./language-zh-cn") as typeof LanguageModule).language;
  }
}
