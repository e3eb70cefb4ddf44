// The serial ports of the machine, offered in the dlms-meter dialog.
import { textIn } from "../../editor/values";
import { t } from "./checks";
import { field } from "./dialog-fields";

interface Port {
  readonly path: string;
  readonly label?: string;
}

/** A button takes a path also where the browser shows no list below a filled field. */
function portButton(port: Port): JQuery {
  return $("<button type='button' class='red-ui-button red-ui-button-small'>")
    .text(port.path)
    .attr("title", port.label ?? port.path)
    .on("click", () => {
      field("serialPort").val(port.path).trigger("change").trigger("focus");
    });
}

/** @param usual the path of the default: a field that holds it was not filled by a person */
export function findPorts(usual: string): void {
  const list = $("#dlms-meter-ports").empty();
  const note = $("#dlms-meter-ports-note").text(t("ports.searching"));
  void $.getJSON("dlms/serial-ports")
    .done((ports: readonly Port[]) => {
      for (const { path, label } of ports) {
        $("<option>")
          .attr("value", path)
          .text(label ?? path)
          .appendTo(list);
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
