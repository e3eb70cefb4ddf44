// Carries the values of the dlms-read dialog over to another mode, where they fit.
import type { TablesAnswer } from "../../admin/answers";
import { isEmpty, textIn } from "../../editor/values";
import { isCode } from "./checks";
import type { KnownCodes } from "./codes";
import type { PointList } from "./list";

const usualProfile = "1-0:99.1.0*255";

interface FormerField {
  readonly input: JQuery;
  readonly type: string;
  readonly value: string;
}

/** In this order, because a code sets its class, and a class its attributes. */
const objectFields = ["logicalName", "objectType", "attributeId"];

export class ModeChange {
  readonly #codes: KnownCodes;
  readonly #list: PointList;
  readonly #tables: TablesAnswer;
  #mode: string;
  /** the object that the usual profile replaced */
  #former: readonly FormerField[] | undefined;

  /** @param mode the mode with which the dialog was opened */
  constructor(codes: KnownCodes, list: PointList, tables: TablesAnswer, mode: string) {
    this.#codes = codes;
    this.#list = list;
    this.#tables = tables;
    this.#mode = mode;
  }

  watch(): void {
    $("#node-input-mode").on("change", () => {
      this.#changed();
    });
    this.#changed();
  }

  #changed(): void {
    const now = textIn($("#node-input-mode"));
    if (now === this.#mode) return;
    const obis = $("#node-input-logicalName");
    const isFixed = obis.typedInput("type") === "str";
    if (this.#mode === "profile" && this.#former !== undefined) {
      if (isFixed && obis.typedInput("value") === usualProfile) this.#restore(this.#former);
      this.#former = undefined;
    }
    const value = obis.typedInput("value").trim();
    if (obis.typedInput("type") === "str") {
      if (now === "profile" && this.#isNoProfile(value)) {
        this.#former = objectFields.map((name) => {
          const input = $(`#node-input-${name}`);
          return { input, type: input.typedInput("type"), value: input.typedInput("value") };
        });
        obis.typedInput("value", usualProfile);
      }
      const intoEmptyList = this.#mode === "attribute" && now === "list" && this.#list.points().length === 0;
      if (intoEmptyList && isCode(value)) this.#list.beginWith(value);
    }
    this.#mode = now;
  }

  #restore(fields: readonly FormerField[]): void {
    for (const { input, type, value } of fields) {
      input.typedInput("type", type);
      input.typedInput("value", value);
    }
  }

  /** A code of another class, or of a measured quantity: profiles have C 98 and 99 in media from 1 on. */
  #isNoProfile(value: string): boolean {
    const code = this.#codes.find(this.#tables, value);
    if (code !== undefined) return code.objectType !== "PROFILE_GENERIC";
    const groups = /^(\d+)-\d+:(\d+)\./.exec(value);
    return isEmpty(value) || (groups !== null && Number(groups[1]) > 0 && Number(groups[2]) < 98);
  }
}
