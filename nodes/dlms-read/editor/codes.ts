// The class table and the OBIS codes that the dlms-read dialog offers, and the meaning of a code.
import type { CommonCode, TablesAnswer } from "../../admin/answers";
import { isObis } from "../../../src/cosem/obis";
import { editorLanguage } from "../../editor/red";
import { isEmpty, isEnv, textIn } from "../../editor/values";
import type { BrowsedObjects } from "./meter-requests";
import { t } from "./texts";

/** Sources of a value besides the dialog. */
export const dynamicTypes = ["msg", "flow", "global", "env", "jsonata"] as const;

/** The dialog requests the meaning of a code when no key was pressed for this time. */
const typingPauseMs = 150;

export class KnownCodes {
  readonly #browsed: BrowsedObjects;
  #tables: JQuery.Promise<TablesAnswer> | undefined;
  #describing: ReturnType<typeof setTimeout> | undefined;

  constructor(browsed: BrowsedObjects) {
    this.#browsed = browsed;
  }

  /** Loads the tables once. Without them the lists offer only the current values and numbers. */
  load(): JQuery.Promise<TablesAnswer> {
    this.#tables ??= $.getJSON("dlms/classes", { language: editorLanguage() }).then(
      (tables: TablesAnswer) => tables,
      () => {
        this.#tables = undefined;
        return $.Deferred<TablesAnswer>().resolve({ classes: [], codes: [] }).promise();
      },
    ) as JQuery.Promise<TablesAnswer>;
    return this.#tables;
  }

  /** Codes to offer: first those that were found in this meter, then common codes. */
  offered(tables: TablesAnswer): CommonCode[] {
    const objects = this.#browsed.of(textIn($("#node-input-meter"))) ?? [];
    const found = objects.map(({ obis, description, objectType }) => ({ obis, label: description, objectType }));
    const known = new Set(found.map(({ obis }) => obis));
    return [...found, ...tables.codes.filter(({ obis }) => !known.has(obis))];
  }

  find(tables: TablesAnswer, obis: string): CommonCode | undefined {
    return this.offered(tables).find((code) => code.obis === obis);
  }

  /** Shows the meaning of a code while it is typed. */
  describe(type: string, value: string): void {
    const note = $("#dlms-read-obis-label");
    clearTimeout(this.#describing);
    if (type !== "str" || isEmpty(value) || isEnv(value)) {
      note.removeClass("dlms-bad").text("");
      return;
    }
    if (!isObis(value)) {
      note.addClass("dlms-bad").text(t("error.obis"));
      return;
    }
    this.#describing = setTimeout(() => {
      void $.getJSON("dlms/describe", { obis: value, language: editorLanguage() }).done(
        (answer: { readonly description: string }) => {
          if ($("#node-input-logicalName").typedInput("value") !== value) return;
          note.removeClass("dlms-bad").text(answer.description);
        },
      );
    }, typingPauseMs);
  }
}
