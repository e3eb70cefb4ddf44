// One row of the table of values: name, code, type and attribute.
import type { CommonCode, EditorClass } from "../../admin/answers";
import { asText, isEmpty, textIn } from "../../editor/values";
import type { Point, PointProblem } from "./checks";
import { ChoiceField } from "./choice";
import { attributeChoices, attributeIdOf, classChoices, findClass } from "../../editor/class-table";
import type { CsvPoint } from "./csv";
import { t } from "./texts";

/** What a row needs of its table. */
export interface PointTable {
  readonly classes: readonly EditorClass[];
  findCode(obis: string): CommonCode | undefined;
  readonly checkSoon: () => void;
}

/** A point as the table holds it. */
export type TablePoint = CsvPoint & { logicalName: string };

/** Rows are moved by the mouse at their handles; with the keyboard, by Alt and an arrow in one of their fields. */
export function movesByKey(row: JQuery, moved: () => void): void {
  const fields = row.find(".dlms-point-name, .dlms-point-obis");
  fields.attr("aria-keyshortcuts", "Alt+ArrowUp Alt+ArrowDown").on("keydown", function (event) {
    const up = event.key === "ArrowUp";
    if (!event.altKey || event.ctrlKey || event.metaKey || !(up || event.key === "ArrowDown")) return;
    event.preventDefault();
    event.stopPropagation();
    const item = row.closest("li");
    if (up) item.insertBefore(item.prev("li"));
    else item.insertAfter(item.next("li"));
    this.focus();
    moved();
  });
}

/** Builds the fields of a row. */
export function fillPointRow(row: JQuery, point: Point, table: PointTable, noteId: string): void {
  const { classes, checkSoon } = table;
  const name = $("<input type='text' class='dlms-point-name'>").val(asText(point.name));
  name.attr({ placeholder: t("list.auto"), "aria-label": t("label.name") });
  const obis = $("<input type='text' class='dlms-point-obis' list='dlms-read-codes'>").val(asText(point.logicalName));
  obis.attr({ placeholder: "1-0:1.8.0*255", "aria-label": t("label.obis") });
  const { type, attribute, setType } = typeAndAttribute(point, classes, checkSoon);
  const note = $("<div class='dlms-row-problem dlms-bad' role='status'>").attr("id", noteId);
  // a long name is cut in its field
  const showWhole = (): void => {
    name.attr("title", textIn(name) || (name.attr("placeholder") ?? ""));
  };
  name.on("input change", showWhole);
  showWhole();
  row.append(name, obis, type.element, attribute.element).after(note);
  movesByKey(row, checkSoon);
  row.on("change", "input, select", checkSoon).on("input", "input", () => {
    // a problem disappears when it is corrected; an incomplete value is not checked
    if ($(".dlms-row-problem:not(:empty)").length > 0) checkSoon();
  });
  obis.on("change", () => {
    const code = table.findCode(textIn(obis));
    if (code === undefined) return;
    if (textIn(name) === "") name.attr("placeholder", code.label);
    showWhole();
    setType(code.objectType);
  });
}

/** The choice of a class, and that of its attributes, which follows it. */
function typeAndAttribute(
  point: Point,
  classes: readonly EditorClass[],
  checkSoon: () => void,
): { type: ChoiceField; attribute: ChoiceField; setType: (value: string) => void } {
  const nameOf = (value: unknown): string => findClass(classes, value)?.name ?? String(value);
  let chosen: EditorClass | undefined;
  const attribute = new ChoiceField({
    ...{ css: "dlms-point-attribute", label: t("label.attributeId"), changed: checkSoon },
    choicesOf: (value) => attributeChoices(chosen, value),
    normal: (text) => attributeIdOf(chosen, text),
  });
  const follow = (): void => {
    const row = findClass(classes, type.value());
    if (row === chosen) return;
    chosen = row;
    attribute.set("2");
    checkSoon();
  };
  const type = new ChoiceField({
    ...{ css: "dlms-point-type", label: t("label.objectType"), changed: follow },
    choicesOf: (value) => classChoices(classes, value),
    normal: nameOf,
  });
  type.set(nameOf(isEmpty(point.objectType) ? "REGISTER" : point.objectType));
  chosen = findClass(classes, type.value());
  attribute.set(attributeIdOf(chosen, isEmpty(point.attributeId) ? "2" : point.attributeId));
  const setType = (value: string): void => {
    type.set(nameOf(value));
    follow();
  };
  return { type, attribute, setType };
}

export function pointOfRow(row: JQuery): TablePoint {
  const name = textIn(row.find(".dlms-point-name")).trim();
  return {
    logicalName: textIn(row.find(".dlms-point-obis")).trim(),
    objectType: textIn(row.find(".dlms-point-type")),
    attributeId: textIn(row.find(".dlms-point-attribute")),
    ...(name === "" ? {} : { name }),
  };
}

const inputsOf: Readonly<Record<PointProblem["field"], string>> = {
  name: ".dlms-point-name",
  logicalName: ".dlms-point-obis",
  objectType: ".dlms-point-type, .dlms-point-type-other",
  attributeId: ".dlms-point-attribute, .dlms-point-attribute-other",
};

/** The error is shown below its row, and a screen reader reads it with the field. */
export function showRowProblem(row: JQuery, problem: PointProblem | undefined): void {
  const note = row.find(".dlms-row-problem");
  if (problem === undefined && note.text() === "") return;
  row.find("input, select").removeClass("input-error").removeAttr("aria-invalid aria-describedby");
  if (problem !== undefined) {
    const field = row.find(inputsOf[problem.field]).addClass("input-error");
    field.attr({ "aria-invalid": "true", "aria-describedby": note.attr("id") ?? "" });
  }
  note.text(problem?.reason ?? "");
}
