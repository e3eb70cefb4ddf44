// Published settings of meter families: choosing one in the dlms-meter dialog fills fields in.
import type { Preset } from "../../admin/answers";
import { textIn } from "../../editor/values";
import { t } from "./checks";
import { field } from "./dialog-fields";

/** A preset first restores the fields that the previous preset filled in, unless the user changed them. */
function usePresets(presets: readonly Preset[]): void {
  const select = $("#dlms-meter-preset");
  let filled: Readonly<Record<string, string>> = {};
  let before: Record<string, string> = {};
  for (const { id, source } of presets) {
    $("<option>")
      .val(id)
      .text(t(`preset.${id}`))
      .attr("title", source)
      .appendTo(select);
  }
  select.on("change", () => {
    const preset = presets.find(({ id }) => id === textIn(select));
    $("#dlms-meter-preset-source").text(preset ? t("preset.source", { source: preset.source }) : "");
    for (const [name, value] of Object.entries(filled)) {
      if (textIn(field(name)) === value)
        field(name)
          .val(before[name] ?? "")
          .trigger("change");
    }
    filled = preset?.values ?? {};
    before = {};
    for (const [name, value] of Object.entries(filled)) {
      before[name] = textIn(field(name));
      field(name).val(value).trigger("change");
    }
  });
}

export function loadPresets(): void {
  void $.getJSON("dlms/presets")
    .done(usePresets)
    .fail(() => {
      $("#dlms-meter-preset").closest(".form-row").hide();
    });
}
