// The dlms-push-source dialog: shows the fields that the chosen settings need.
import type { EditedNode } from "../../editor/red";
import { type EditedProperties, textIn } from "../../editor/values";
import { MeterRows } from "./meter-rows";
import { field, t } from "./texts";

/** Which groups of fields are shown, by the part of their class after "dlms-". */
function shownGroups(from: string): Record<string, boolean> {
  return {
    serial: from === "SERIAL",
    network: from !== "SERIAL" && from !== "MESSAGE",
    tcp: from === "TCP_LISTEN" || from === "TCP_CONNECT",
    listen: from === "TCP_LISTEN" || from === "UDP",
    message: from === "MESSAGE",
  };
}

function fold(this: HTMLElement): void {
  const button = $(this);
  const open = button.attr("aria-expanded") !== "true";
  button.attr("aria-expanded", String(open));
  button.find("i").attr("class", open ? "fa fa-caret-down" : "fa fa-caret-right");
  $(button.attr("data-section") ?? "").toggle(open);
}

/** A property that a flow leaves out has its default, and is shown so. */
function showDefaults(node: EditedNode): void {
  for (const [name, { value }] of Object.entries(node._def.defaults)) {
    if (node[name] === undefined && typeof value === "string" && value !== "") field(name).val(value);
  }
}

export class SourceDialog {
  readonly #properties: EditedProperties;
  #meters: MeterRows | undefined;

  constructor(properties: EditedProperties) {
    this.#properties = properties;
  }

  prepare(node: EditedNode): void {
    this.#properties.opened(node.id);
    showDefaults(node);
    const dialog = $("#dlms-push-dialog");
    dialog.on("change", "select, :checkbox", () => {
      this.#showNeededFields();
    });
    dialog.find(".dlms-fold").on("click", fold);
    this.#meters = new MeterRows(node);
    this.#showNeededFields();
  }

  save(node: EditedNode): void {
    // what was saved here is of this version, also when it came with an older flow
    node.version = node._def.defaults.version?.value;
    node.meters = this.#meters?.rows() ?? [];
    this.close();
  }

  close(): void {
    this.#meters = undefined;
  }

  #showNeededFields(): void {
    const from = textIn(field("from"));
    for (const [name, shown] of Object.entries(shownGroups(from))) $(`#dlms-push-dialog .dlms-${name}`).toggle(shown);
    $("#dlms-push-host-label").text(t(from === "TCP_CONNECT" ? "label.gateway" : "label.host"));
  }
}
