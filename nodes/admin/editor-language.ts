/** The language in which a route answers the editor. */
import { obisLanguage, type ObisLanguageTag } from "../../src/index";

/** The language of the editor that asks; English where it says none, or one that there are no names in. */
export function languageOf(given: Readonly<Record<string, unknown>>): ObisLanguageTag {
  return obisLanguage(given.language);
}
