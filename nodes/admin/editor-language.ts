/** The language in which a route answers the editor. */
import { obisLanguage, type ObisLanguageTag } from "../../src/index";

/** The language of the requesting editor; English if it sends no language, or one without translated names. */
export function languageOf(given: Readonly<Record<string, unknown>>): ObisLanguageTag {
  return obisLanguage(given.language);
}
