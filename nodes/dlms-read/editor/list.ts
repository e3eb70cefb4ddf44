// The table of a dlms-read node that reads a list of values: rows, import and export.
import type { TablesAnswer } from "../../admin/answers";
import { asText, textIn } from "../../editor/values";
import { isCode, type Point, type ReadChecks } from "./checks";
import type { KnownCodes } from "./codes";
import { readCsv, writeCsv } from "./csv";
import { fillPointRow, pointOfRow, showRowProblem, type TablePoint } from "./point-row";
import { t } from "./texts";

/** Errors of a CSV file that are shown. */
const maxShownErrors = 5;

const list = (): JQuery => $("#node-input-points-container");

/** Editable lists have no types for the results of their actions. */
function act(action: "items" | "empty"): JQuery {
  return (list().editableList as unknown as (action: string) => JQuery).call(list(), action);
}
function addItem(point: Point): void {
  list().editableList("addItem", point);
}

export class PointList {
  readonly #checks: ReadChecks;
  readonly #codes: KnownCodes;
  #due: ReturnType<typeof setTimeout> | undefined;
  #rows = 0;

  constructor(checks: ReadChecks, codes: KnownCodes) {
    this.#checks = checks;
    this.#codes = codes;
  }

  prepare(points: unknown, tables: TablesAnswer): void {
    this.#checks.useClasses(tables.classes);
    const datalist = $("#dlms-read-codes").empty();
    for (const { obis, label } of this.#codes.offered(tables)) $("<option>").val(obis).text(label).appendTo(datalist);
    const checkSoon = (): void => {
      this.#checkSoon();
    };
    const columns = ["name", "obis", "objectType", "attributeId"].map((key) => $("<span>").text(t(`label.${key}`)));
    list()
      .css({ "min-height": "180px", "min-width": "440px" })
      .editableList<Point>({
        ...{ sortable: true, removable: true, removeItem: checkSoon, sortItems: checkSoon },
        addButton: t("list.add"),
        header: $("<div class='dlms-row dlms-head'>").append(columns),
        addItem: (container, _index, point) => {
          const row = $("<div class='dlms-row'>").appendTo(container);
          const findCode = (obis: string) => this.#codes.find(tables, obis);
          const table = { classes: tables.classes, findCode, checkSoon };
          fillPointRow(row, point, table, `dlms-row-problem-${++this.#rows}`);
          checkSoon();
        },
      });
    for (const point of Array.isArray(points) ? (points as Point[]) : []) addItem(point);
  }

  points(): TablePoint[] {
    return this.#filled().map((item) => pointOfRow(item));
  }

  add(point: Point): void {
    addItem(point);
  }

  /** Starts the list with the object of the single-value mode. */
  beginWith(obis: string): void {
    const plain = (name: string): string => {
      const input = $(`#node-input-${name}`);
      return ["str", "num"].includes(input.typedInput("type")) ? input.typedInput("value") : "";
    };
    act("empty");
    addItem({ logicalName: obis, objectType: plain("objectType"), attributeId: plain("attributeId") });
  }

  /** A name that is not in the list yet. */
  freeName(text: string): string {
    const names = $(".dlms-point-name")
      .toArray()
      .map((input) => textIn($(input)).trim());
    let name = text;
    for (let n = 2; names.includes(name); n++) name = `${text} ${n}`;
    return name;
  }

  prepareCsv(): void {
    $("#dlms-read-csv-export").on("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([writeCsv(this.points())], { type: "text/csv" }));
      link.download = "dlms-points.csv";
      link.click();
      URL.revokeObjectURL(link.href);
    });
    $("#dlms-read-csv-import").on("click", () => {
      $("#dlms-read-csv-file").trigger("click");
    });
    const input = $<HTMLInputElement>("#dlms-read-csv-file");
    input.on("change", () => {
      const file = input[0]?.files?.[0];
      if (file === undefined) return;
      file
        .text()
        .then((text) => {
          this.#importCsv(text);
        })
        .catch((error: unknown) => {
          $("#dlms-read-csv-note").addClass("dlms-bad").text(String(error));
        })
        .finally(() => {
          input.val("");
        });
    });
  }

  #importCsv(text: string): void {
    const { points, errors } = readCsv(text, isCode, (point) => this.#checks.pointProblem(point)?.reason);
    for (const point of points) addItem(point);
    const problems = errors
      .slice(0, maxShownErrors)
      .map(({ row, key, reason }) => t("error.row", { row, reason: reason ?? t(`csv.${asText(key)}`) }));
    const lines = [t("csv.imported", { count: points.length }), ...problems];
    $("#dlms-read-csv-note")
      .toggleClass("dlms-bad", problems.length > 0)
      .text(lines.join("\n"));
  }

  #items(): JQuery[] {
    return act("items")
      .toArray()
      .map((item) => $(item));
  }

  #filled(): JQuery[] {
    return this.#items().filter((item) => pointOfRow(item).logicalName !== "");
  }

  #checkSoon(): void {
    clearTimeout(this.#due);
    this.#due = setTimeout(() => {
      if (list().length > 0) this.#check();
    }, 0);
  }

  #check(): void {
    const filled = this.#filled();
    const problems = this.#checks.pointProblems(filled.map((item) => pointOfRow(item)));
    const empty = this.#items().filter((item) => pointOfRow(item).logicalName === "");
    for (const item of empty) showRowProblem(item, undefined);
    filled.forEach((item, index) => {
      showRowProblem(item, problems[index]);
    });
  }
}
