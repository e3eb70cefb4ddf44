// The quirks of a meter as check boxes. The property lists the names of the selected ones.
import { isEnv, textIn } from "../../editor/values";
import { settingOfOption } from "../../meters/settings-rules";
import { meterSettings } from "../../meters/settings-table";
import { t } from "./checks";
import { field } from "./dialog-fields";

/** Quirks without their own field. */
const boxes: readonly string[] = meterSettings.quirks.names.filter(
  (name) => settingOfOption(`quirks.${name}`) === "quirks",
);

export function prepareQuirks(): void {
  const list = $("#dlms-meter-quirks").empty();
  const written = textIn(field("quirks"));
  const on = new Set(isEnv(written) ? [] : written.split(/[\s,]+/).filter((name) => name !== ""));
  for (const name of boxes) {
    const id = `dlms-meter-quirk-${name}`;
    const box = $("<input type='checkbox'>").attr("id", id).prop("checked", on.has(name));
    box.on("change", () => {
      if (box.prop("checked") === true) on.add(name);
      else on.delete(name);
      field("quirks")
        .val([...on].join(" "))
        .trigger("change");
    });
    const label = $("<label class='dlms-inline'>")
      .attr("for", id)
      .text(t(`quirk.${name}`));
    list.append($("<div class='dlms-quirk'>").append(box, " ", label));
  }
}
