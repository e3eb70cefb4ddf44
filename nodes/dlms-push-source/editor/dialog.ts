// The dlms-push-source dialog: shows the fields that the chosen settings need.
import type { EditedNode } from "../../editor/red";
import { findPorts } from "../../editor/serial-ports";
import { asText, type EditedProperties, textIn } from "../../editor/values";
import { Arrivals } from "./arrivals";
import { MeterRows } from "./meter-rows";
import { loadPresets } from "./presets";
import { field, t } from "./texts";

/** Which groups of fields are shown, by the part of their class after "dlms-". */
function shownGroups(from: string, dialIn: boolean): Record<string, boolean> {
  return {
    serial: from === "SERIAL",
    network: from !== "SERIAL" && from !== "MESSAGE",
    tcp: from === "TCP_LISTEN" || from === "TCP_CONNECT",
    server: from === "TCP_LISTEN",
    heartbeat: from === "TCP_LISTEN" && dialIn,
    listen: from === "TCP_LISTEN" || from === "UDP",
    message: from === "MESSAGE",
    port: from !== "MESSAGE",
  };
}

function fold(this: HTMLElement): void {
  const button = $(this);
  const open = button.attr("aria-expanded") !== "true";
  button.attr("aria-expanded", String(open));
  button.find("i").attr("class", open ? "fa fa-caret-down" : "fa fa-caret-right");
  $(button.attr("data-section") ?? "").toggle(open);
}

/** The dialog shows the default of a property that a flow leaves out. */
function showDefaults(node: EditedNode): void {
  for (const [name, { value }] of Object.entries(node._def.defaults)) {
    if (node[name] === undefined && typeof value === "string" && value !== "") field(name).val(value);
  }
}

export class SourceDialog {
  readonly #properties: EditedProperties;
  #meters: MeterRows | undefined;
  #arrivals: Arrivals | undefined;

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
    $("#dlms-push-find-ports").on("click", () => {
      findPorts({
        ...{ path: field("serialPort"), list: $("#dlms-push-ports"), note: $("#dlms-push-ports-note"), t },
        usual: asText(node._def.defaults.serialPort?.value),
      });
    });
    const meters = new MeterRows(node);
    this.#meters = meters;
    this.#arrivals = new Arrivals(node, meters);
    loadPresets(node, meters);
    this.#showNeededFields();
  }

  save(node: EditedNode): void {
    // a node that is saved here has the current version, even if an older flow contained it
    node.version = node._def.defaults.version?.value;
    node.meters = this.#meters?.rows() ?? [];
    this.close();
  }

  close(): void {
    this.#arrivals?.stop();
    this.#arrivals = undefined;
    this.#meters = undefined;
  }

  #showNeededFields(): void {
    const from = textIn(field("from"));
    const groups = shownGroups(from, Boolean(field("dialIn").prop("checked")));
    for (const [name, shown] of Object.entries(groups)) $(`#dlms-push-dialog .dlms-${name}`).toggle(shown);
    $("#dlms-push-host-label").text(t(from === "TCP_CONNECT" ? "label.gateway" : "label.host"));
  }
}
