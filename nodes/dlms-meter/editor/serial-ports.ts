// The serial ports of the machine, offered in the dlms-meter dialog.
import type { PortChoice } from "../../admin/answers";
import { textIn } from "../../editor/values";
import { t } from "./checks";
import { field } from "./dialog-fields";

/** Buttons fill in a path too, because browsers show no list below a filled field. */
function portButton(port: PortChoice): JQuery {
  return $("<button type='button' class='red-ui-button red-ui-button-small'>")
    .text(port.path)
    .attr("title", port.label)
    .on("click", () => {
      field("serialPort").val(port.path).trigger("change").trigger("focus");
    });
}

/** @param usual the default path: a field that holds it was not filled in by the user */
export function findPorts(usual: string): void {
  const list = $("#dlms-meter-ports").empty();
  const note = $("#dlms-meter-ports-note").text(t("ports.searching"));
  void $.getJSON("dlms/serial-ports")
    .done((ports: readonly PortChoice[]) => {
      for (const { path, label } of ports) {
        $("<option>").attr("value", path).text(label).appendTo(list);
      }
      const [only] = ports;
      if (only === undefined) {
        note.text(t("ports.none"));
        return;
      }
      note.empty().append(ports.map(portButton));
      const untouched = ["", usual].includes(textIn(field("serialPort")).trim());
      if (ports.length === 1 && untouched) field("serialPort").val(only.path).trigger("change");
    })
    .fail(() => {
      note.text(t("ports.failed"));
    });
}
