// The meters of a source in its dialog: one row each, with the keys in Node-RED's credentials.
import { type EditedNode, red } from "../../editor/red";
import { asText, textIn } from "../../editor/values";
import { credentialName, type KeyName, keyNames, maxTableMeters } from "../../push/source-table";
import { hidden, keyProblem, timeZoneProblem, titleProblem } from "./checks";
import { field, t } from "./texts";

/** A meter as the flow keeps it. */
export type MeterRow = Readonly<Record<string, unknown>> & { readonly slot: number };

const always = ["name", "systemTitle"] as const;
const seldom = ["peer", "list", "timeZone"] as const;
const flags = ["standardTime", "reversedDeviation"] as const;
const seldomKeys: readonly KeyName[] = ["broadcastKey", "dedicatedKey"];
const problemsOf: Readonly<Record<string, (value: string) => string>> = {
  systemTitle: titleProblem,
  timeZone: timeZoneProblem,
};

interface Row {
  readonly slot: number;
  readonly element: JQuery;
  readonly texts: Readonly<Record<string, JQuery>>;
  readonly flags: Readonly<Record<string, JQuery>>;
  readonly keys: Readonly<Record<KeyName, JQuery>>;
}

function labelled(name: string, input: JQuery, parent: JQuery): JQuery {
  const label = $("<label class='dlms-cell'>").appendTo(parent);
  $("<span>")
    .text(t(`meter.${name}`))
    .appendTo(label);
  return input.appendTo(label);
}

/** Shows the error of a field at the field. */
function check(input: JQuery, problemOf: (value: string) => string): void {
  const show = (): void => {
    const problem = problemOf(textIn(input));
    input.toggleClass("input-error", problem !== "").attr("title", problem);
  };
  input.on("input change", show);
  show();
}

export class MeterRows {
  readonly #node: EditedNode;
  readonly #list = $("#dlms-push-meters");
  readonly #add = $("#dlms-push-add");
  #rows: Row[] = [];

  constructor(node: EditedNode) {
    this.#node = node;
    const given = Array.isArray(node.meters) ? (node.meters as readonly Readonly<Record<string, unknown>>[]) : [];
    this.#list.empty();
    given.slice(0, maxTableMeters).forEach((meter, index) => {
      this.#append(meter, typeof meter.slot === "number" ? meter.slot : index + 1);
    });
    // the dialog starts with one row, because most sources have one meter
    if (this.#rows.length === 0) this.#append({}, 1);
    this.#add.on("click", () => {
      const row = this.#append({}, this.#freeSlot());
      row.texts.name?.trigger("focus");
      this.#list.trigger("change");
    });
  }

  /** The rows that are not empty, for the flow. */
  rows(): MeterRow[] {
    return this.#rows.filter((row) => isFilled(row)).map((row) => plain(row));
  }

  /** The keys in the dialog, by the names of the credentials. */
  keys(): Record<string, string> {
    const entries = this.#rows.flatMap(({ slot, keys }) =>
      keyNames.map((key) => [credentialName(key, slot), textIn(keys[key])] as const),
    );
    return Object.fromEntries(entries);
  }

  /** Fills empty fields of the first meter. */
  fill(values: Readonly<Record<string, string>>): void {
    const [first] = this.#rows;
    if (first === undefined) return;
    for (const [name, value] of Object.entries(values)) {
      const input = first.texts[name] ?? (first.keys as Readonly<Record<string, JQuery>>)[name];
      if (input !== undefined && textIn(input) === "") input.val(value).trigger("change");
    }
  }

  /** Enters a system title that was seen on the line for the first meter without one. */
  takeTitle(title: string): void {
    const free = this.#rows.find(({ texts }) => texts.systemTitle !== undefined && textIn(texts.systemTitle) === "");
    const row = free ?? this.#append({}, this.#freeSlot());
    row.texts.systemTitle?.val(title).trigger("change");
    row.keys.encryptionKey.trigger("focus");
  }

  #freeSlot(): number {
    const taken = new Set(this.#rows.map(({ slot }) => slot));
    for (let slot = 1; slot <= maxTableMeters; slot++) if (!taken.has(slot)) return slot;
    return maxTableMeters;
  }

  #append(meter: Readonly<Record<string, unknown>>, slot: number): Row {
    const element = $("<li class='dlms-meter-row'>").appendTo(this.#list);
    const first = $("<div class='dlms-cells'>").appendTo(element);
    const second = $("<div class='dlms-cells'>").appendTo(element);
    const more = $("<div class='dlms-cells dlms-more'>").appendTo(element);
    const texts: Record<string, JQuery> = {};
    for (const name of [...always, ...seldom]) {
      const parent = (always as readonly string[]).includes(name) ? first : more;
      texts[name] = labelled(name, $("<input type='text'>").val(asText(meter[name])), parent);
      texts[name].attr("placeholder", t(`meter.placeholder.${name}`));
      const problemOf = problemsOf[name];
      if (problemOf !== undefined) check(texts[name], problemOf);
    }
    texts.list?.attr("list", "dlms-push-lists");
    const reader = meterSelect(asText(meter.meter), more);
    if (reader !== undefined) texts.meter = reader;
    const keys = Object.fromEntries(
      keyNames.map((key) => [key, this.#keyInput(key, slot, seldomKeys.includes(key) ? more : second)]),
    ) as Record<KeyName, JQuery>;
    const boxes = Object.fromEntries(flags.map((name) => [name, flagInput(name, meter[name] === true, more)]));
    const row: Row = { slot, element, texts, keys, flags: boxes };
    this.#buttons(row, first, more, isUnusual(row));
    this.#rows.push(row);
    this.#add.prop("disabled", this.#rows.length >= maxTableMeters);
    return row;
  }

  /** Node-RED finds the credential by this id. */
  #keyInput(key: KeyName, slot: number, parent: JQuery): JQuery {
    const name = credentialName(key, slot);
    const stored = this.#node.credentials ?? {};
    const typed = asText(stored[name]);
    const value = typed !== "" ? typed : stored[`has_${name}`] === true ? hidden : "";
    $(`#node-config-input-${name}`).remove();
    const input = $("<input type='password' autocomplete='new-password'>")
      .attr({ id: `node-config-input-${name}`, placeholder: t("meter.placeholder.key") })
      .val(value);
    labelled(key, input, parent);
    check(input, keyProblem);
    return input;
  }

  #buttons(row: Row, place: JQuery, more: JQuery, isOpen: boolean): void {
    more.toggle(isOpen);
    const unfold = $("<button type='button' class='red-ui-button red-ui-button-small'>")
      .text(t("meter.more"))
      .attr("aria-expanded", String(isOpen))
      .on("click", () => {
        const open = unfold.attr("aria-expanded") !== "true";
        unfold.attr("aria-expanded", String(open));
        more.toggle(open);
      });
    const remove = $(
      "<button type='button' class='red-ui-button red-ui-button-small'><i class='fa fa-trash'></i></button>",
    )
      .attr({ "aria-label": t("meter.remove"), title: t("meter.remove") })
      .on("click", () => {
        this.#remove(row);
      });
    $("<span class='dlms-buttons'>").append(unfold, " ", remove).appendTo(place);
  }

  /** The inputs of the keys stay, hidden and empty: Node-RED removes the stored keys by them. */
  #remove(row: Row): void {
    this.#rows = this.#rows.filter((one) => one !== row);
    for (const key of keyNames) row.keys[key].val("").hide().appendTo("#dlms-push-dialog");
    row.element.remove();
    if (this.#rows.length === 0) this.#append({}, this.#freeSlot());
    this.#add.prop("disabled", false);
    this.#list.trigger("change");
  }
}

const isFilled = ({ texts, flags: boxes, keys }: Row): boolean =>
  [...Object.values(texts), ...Object.values(keys)].some((input) => textIn(input).trim() !== "") ||
  Object.values(boxes).some((box) => box.prop("checked") === true);

const isUnusual = ({ texts, flags: boxes, keys }: Row): boolean =>
  [...seldom, "meter"].some((name) => texts[name] !== undefined && textIn(texts[name]) !== "") ||
  seldomKeys.some((key) => textIn(keys[key]) !== "") ||
  Object.values(boxes).some((box) => box.prop("checked") === true);

function plain({ slot, texts, flags: boxes }: Row): MeterRow {
  const filled = Object.entries(texts).flatMap(([name, input]) => {
    const value = textIn(input).trim();
    return value === "" && name !== "name" ? [] : [[name, value] as const];
  });
  const set = Object.entries(boxes).flatMap(([name, box]) =>
    box.prop("checked") === true ? [[name, true] as const] : [],
  );
  return { slot, ...Object.fromEntries(filled), ...Object.fromEntries(set) };
}

function flagInput(name: string, isOn: boolean, parent: JQuery): JQuery {
  const label = $("<label class='dlms-flag'>").appendTo(parent);
  const box = $("<input type='checkbox'>").prop("checked", isOn).appendTo(label);
  $("<span>")
    .text(` ${t(`meter.${name}`)}`)
    .appendTo(label);
  return box;
}

/** The `dlms-meter` that reads the same meter and supplies its names; undefined if the flow has none. */
function meterSelect(chosen: string, parent: JQuery): JQuery | undefined {
  const select = $("<select>").append($("<option>").val("").text(t("meter.placeholder.meter")));
  let count = 0;
  red().nodes.eachConfig((found) => {
    const node = found as EditedNode;
    if (node.type !== "dlms-meter") return true;
    count++;
    const { label } = node._def as unknown as { readonly label: (this: unknown) => string };
    $("<option>").val(node.id).text(label.call(node)).appendTo(select);
    return true;
  });
  if (count === 0) return undefined;
  return labelled("meter", select.val(chosen), parent);
}

/** Shown in the dialog for a table whose id is typed. */
export function offerLists(ids: readonly string[]): void {
  const list = $("#dlms-push-lists").empty();
  for (const id of ["AUTO", "NONE", ...ids]) $("<option>").attr("value", id).appendTo(list);
  field("lists").attr("list", "dlms-push-lists");
}
