// Reads the values of attributes that a person clicks in the object browser, one at a time.
import type { ReadAnswer } from "../../admin/answers";
import { askMeter, type MeterRequest, sentenceOf } from "./meter-requests";
import { choiceKeyOf, type ObjectLeaf } from "./object-branches";
import { t } from "./texts";

const profileClass = 7;

export interface ShownValue {
  readonly text: string;
  readonly failed: boolean;
}

function valueText({ text, unit, valueName }: ReadAnswer, isCount: boolean): string {
  if (isCount) return t("browse.entries", { count: text });
  return `${text}${unit ? ` ${unit}` : ""}${valueName ? ` (${valueName})` : ""}`;
}

export class ValueReader {
  readonly #meterId: () => string;
  readonly #changed: (key: string) => void;
  readonly #values = new Map<string, ShownValue>();
  #reading: MeterRequest<ReadAnswer> | undefined;
  #waiting: ObjectLeaf[] = [];

  /** @param changed called when the value of this key has changed */
  constructor(meterId: () => string, changed: (key: string) => void) {
    this.#meterId = meterId;
    this.#changed = changed;
  }

  valueOf(key: string): ShownValue | undefined {
    return this.#values.get(key);
  }

  forget(): void {
    this.#values.clear();
  }

  stop(): void {
    this.#waiting = [];
    this.#reading?.abort();
  }

  /** @param queued read after the pending ones; otherwise only the newest request counts */
  read(leaf: ObjectLeaf, queued: boolean): void {
    const { object, attribute } = leaf;
    const key = choiceKeyOf(leaf);
    const attributeId = attribute === undefined ? object.shownAttributeId : attribute.id;
    const isBuffer = object.classId === profileClass && attributeId === 2;
    if (attributeId === null || isBuffer) return;
    this.#values.set(key, { text: "…", failed: false });
    this.#changed(key);
    if (this.#reading !== undefined && queued) {
      this.#waiting.push(leaf);
      return;
    }
    this.#reading?.abort();
    const { classId, logicalName } = object;
    const request = askMeter<ReadAnswer>(this.#meterId(), "read", { classId, logicalName, attributeId });
    this.#reading = request;
    request
      .done((answer) => {
        const isCount = classId === profileClass && attribute === undefined;
        this.#values.set(key, { failed: false, text: valueText(answer, isCount) });
      })
      .fail((failure) => {
        if (failure.aborted) this.#values.delete(key);
        else this.#values.set(key, { failed: true, text: sentenceOf(failure) });
      })
      .always(() => {
        this.#changed(key);
        if (this.#reading !== request) return;
        this.#reading = undefined;
        const next = this.#waiting.shift();
        if (next !== undefined) this.read(next, queued);
      });
  }
}
