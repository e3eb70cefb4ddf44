// A select box of known values; its last choice turns it into a field for any other value.
import { textIn } from "../../editor/values";
import type { Choice } from "../../editor/class-table";
import { t } from "./texts";

export interface ChoiceFieldOptions {
  readonly css: string;
  readonly label: string;
  /** the choices, including the current value */
  choicesOf(value: string): readonly Choice[];
  /** a typed value in the spelling of the list */
  normal(text: string): string;
  changed(): void;
}

const other = "…";

export class ChoiceField {
  readonly element: JQuery;
  readonly #options: ChoiceFieldOptions;
  readonly #select: JQuery;
  readonly #input: JQuery;
  #value = "";
  /** the value before the field was opened; undefined while the list is shown */
  #before: string | undefined;

  constructor(options: ChoiceFieldOptions) {
    const { css, label } = options;
    this.#options = options;
    this.#select = $("<select>").addClass(css).attr("aria-label", label);
    this.#input = $("<input type='text'>").addClass(`dlms-point-other ${css}-other`).attr("aria-label", label).hide();
    this.element = $("<div>").append(this.#select, this.#input);
    this.#select.on("change", () => {
      if (textIn(this.#select) === other) {
        this.#open();
        return;
      }
      this.#value = textIn(this.#select);
      options.changed();
    });
    this.#input
      .on("input", () => {
        this.set(this.#typed());
      })
      .on("blur", () => {
        this.#close(this.#typed());
      })
      .on("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || !["Enter", "Escape"].includes(event.key)) return;
        event.preventDefault();
        event.stopPropagation();
        this.#close(event.key === "Enter" ? this.#typed() : (this.#before ?? this.#value), true);
      });
  }

  value(): string {
    return this.#value;
  }

  set(value: string): void {
    this.#value = value;
    this.#select.empty();
    for (const choice of [...this.#options.choicesOf(value), { value: other, label: t("list.other") }]) {
      $("<option>").val(choice.value).text(choice.label).appendTo(this.#select);
    }
    this.#select.val(value);
  }

  #typed(): string {
    const text = textIn(this.#input).trim();
    return text === "" ? (this.#before ?? this.#value) : this.#options.normal(text);
  }

  #open(): void {
    this.#before = this.#value;
    this.set(this.#value);
    this.#select.hide();
    this.#input.val(this.#value).show().trigger("focus").trigger("select");
  }

  #close(value: string, stay = false): void {
    // hiding the field takes its focus, which closes it a second time
    if (this.#before === undefined) return;
    const former = this.#before;
    this.#before = undefined;
    this.set(value);
    this.#select.show();
    if (stay) this.#select.trigger("focus");
    this.#input.hide();
    if (value !== former) this.#options.changed();
  }
}
