// The range and the columns of a dlms-read node that reads a profile.
import type { ColumnsAnswer } from "../../admin/answers";
import type { EditedNode } from "../../editor/red";
import { asText, isEnv, textIn } from "../../editor/values";
import type { ReadChecks } from "./checks";
import { dynamicTypes } from "./codes";
import { askMeter, sentenceOf } from "./meter-requests";
import { prepareNewest } from "./newest";
import { isPeriod, parseRange, type StoredRange, timesProblem } from "./range";
import { t } from "./texts";

const isProfileMode = (): boolean => textIn($("#node-input-mode")) === "profile";
const trimmed = (selector: string): string => textIn($(selector)).trim();

function kindOf({ last, from, entries, word }: StoredRange): string {
  if (word !== undefined) return word === "new" ? "new" : "period";
  if (isPeriod(last)) return "period";
  if (last) return "last";
  if (from) return "time";
  return entries ? "entries" : "all";
}

function chosenRange(kind: string): StoredRange | undefined {
  switch (kind) {
    case "last":
      return { last: Number(trimmed("#dlms-read-last")) };
    case "entries":
      return { entries: [Number(trimmed("#dlms-read-first")), Number(trimmed("#dlms-read-final"))] };
    case "period": {
      const period = trimmed("#dlms-read-period");
      return isPeriod(period) ? { last: period } : { word: period };
    }
    case "new":
      return { word: "new" };
    case "time": {
      const to = trimmed("#dlms-read-to");
      return { from: trimmed("#dlms-read-from"), ...(to === "" ? {} : { to }) };
    }
    default:
      return undefined;
  }
}

function fillRangeFields({ last, from, to, entries, word = "new" }: StoredRange): void {
  $("#dlms-read-last").val(Number(last) > 0 ? Number(last) : 96);
  $("#dlms-read-from").val(from ?? "");
  $("#dlms-read-to").val(to ?? "");
  $("#dlms-read-first").val(entries?.[0] ?? 1);
  $("#dlms-read-final").val(entries?.[1] ?? 96);
  $("#dlms-read-period").val(isPeriod(last) ? last : word === "new" ? "day" : word);
  $("#dlms-read-from, #dlms-read-to").on("input change", () => {
    const problem = timesProblem(trimmed("#dlms-read-from"), trimmed("#dlms-read-to"));
    $("#dlms-read-times-note")
      .toggleClass("dlms-bad", problem !== "")
      .text(problem);
  });
}

/** The columns of the profile as check boxes, read from the meter. */
function prepareColumns(): void {
  const field = $("#node-input-columns");
  const panel = $("#dlms-read-columns-panel");
  const button = $("#dlms-read-columns");
  field.typedInput({
    types: [{ value: "str", label: t("label.columns"), icon: "fa fa-columns" }, ...dynamicTypes],
    ...{ default: "str", typeField: "#node-input-columnsType" },
  });
  // check boxes apply only to columns that the node holds
  field
    .on("change", () => {
      const here = field.typedInput("type") === "str";
      button.toggle(here);
      if (!here) panel.hide();
    })
    .trigger("change");
  button.on("click", () => {
    const id = textIn($("#node-input-meter"));
    panel.empty().show();
    if (id === "" || id === "_ADD_") {
      panel.addClass("dlms-bad").text(t("browse.noMeter"));
      return;
    }
    panel.removeClass("dlms-bad").text(t("browse.loading"));
    const logicalName = $("#node-input-logicalName").typedInput("value");
    askMeter<ColumnsAnswer>(id, "columns", { logicalName })
      .done(({ columns }) => {
        panel.empty().append(columns.map((column) => columnBox(field, column)));
      })
      .fail((failure) => {
        panel.addClass("dlms-bad").text(sentenceOf(failure));
      });
  });
}

function columnBox(field: JQuery, { key, label, unit }: ColumnsAnswer["columns"][number]): JQuery {
  const chosen = (): string[] =>
    field
      .typedInput("value")
      .split(/[,;\s]+/)
      .filter((one) => one !== "");
  const box = $("<input type='checkbox'>").val(key).prop("checked", chosen().includes(key));
  box.on("change", () => {
    const others = chosen().filter((one) => one !== key);
    field.typedInput("value", (box.prop("checked") ? [...others, key] : others).join(", "));
  });
  const text = $("<span>").text(` ${label}${unit ? ` [${unit}]` : ""}`);
  return $("<label class='dlms-box'>").append(box, $("<code>").text(key), text);
}

export class ProfileFields {
  readonly #checks: ReadChecks;
  /** the node reads no profile, and no range was ever chosen */
  #unset = false;

  constructor(checks: ReadChecks) {
    this.#checks = checks;
  }

  prepare(node: EditedNode): void {
    this.#prepareRange(node);
    $("#node-input-rangeKind").on("change", () => {
      this.showRange();
    });
    prepareColumns();
    prepareNewest(node);
  }

  showRange(): void {
    const kind = isProfileMode() ? textIn($("#node-input-rangeKind")) : "";
    $("#dlms-read-dialog .dlms-range").each((_, element) => {
      $(element).toggle($(element).attr("data-range") === kind);
    });
  }

  save(): void {
    // a node that reads no profile chose nothing
    const kind = this.#unset && !isProfileMode() ? "all" : textIn($("#node-input-rangeKind"));
    const field = $("#node-input-range");
    if (kind === "dynamic") {
      // the field does not report the first type offered, because no user chose it
      $("#node-input-rangeType").val(field.typedInput("type"));
      return;
    }
    const range = chosenRange(kind);
    $("#node-input-rangeType").val("str");
    field.typedInput("types", ["str"]);
    field.typedInput("type", "str");
    field.typedInput("value", range === undefined ? "" : (range.word ?? JSON.stringify(range)));
  }

  #prepareRange(node: EditedNode): void {
    const range = parseRange(node.range);
    const field = $("#node-input-range");
    const moves = !this.#checks.isFixed(node, "range") || isEnv(node.range);
    fillRangeFields(range);
    field.typedInput({ types: [...dynamicTypes], default: "msg", typeField: "#node-input-rangeType" });
    // the field selects the source of the range; a range as text is not a source
    if (!moves) field.typedInput("value", "range");
    this.#unset = asText(node.mode) !== "profile" && !moves && Object.keys(range).length === 0;
    // all rows of a full profile take hours on a slow line, so the user has to choose them
    $("#node-input-rangeKind").val(this.#unset ? "period" : moves ? "dynamic" : kindOf(range));
  }
}
