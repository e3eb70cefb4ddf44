// The serial ports of the machine, offered in the dialogs.
import type { PortChoice } from "../admin/answers";
import type { Translate } from "./red";
import { textIn } from "./values";

export interface PortFields {
  /** the input of the path */
  readonly path: JQuery;
  readonly list: JQuery;
  readonly note: JQuery;
  /** the default path: a field that holds it was not filled in by the user */
  readonly usual: string;
  readonly t: Translate;
}

/** Buttons fill in a path too, because browsers show no list below a filled field. */
function portButton(port: PortChoice, path: JQuery): JQuery {
  return $("<button type='button' class='red-ui-button red-ui-button-small'>")
    .text(port.path)
    .attr("title", port.label)
    .on("click", () => {
      path.val(port.path).trigger("change").trigger("focus");
    });
}

export function findPorts({ path, list, note, usual, t }: PortFields): void {
  list.empty();
  note.text(t("ports.searching"));
  void $.getJSON("dlms/serial-ports")
    .done((ports: readonly PortChoice[]) => {
      for (const port of ports) $("<option>").attr("value", port.path).text(port.label).appendTo(list);
      const [only] = ports;
      if (only === undefined) {
        note.text(t("ports.none"));
        return;
      }
      note.empty().append(ports.map((port) => portButton(port, path)));
      const untouched = ["", usual].includes(textIn(path).trim());
      if (ports.length === 1 && untouched) path.val(only.path).trigger("change");
    })
    .fail(() => {
      note.text(t("ports.failed"));
    });
}
