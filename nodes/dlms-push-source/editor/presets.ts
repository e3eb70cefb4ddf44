// "My meter is": published settings by country and operator fill in fields and name the keys needed.
import type { PushPreset, PushPresetsAnswer } from "../../admin/answers";
import type { EditedNode } from "../../editor/red";
import { asText, textIn } from "../../editor/values";
import { type MeterRows, offerLists } from "./meter-rows";
import { field, t } from "./texts";

function keysText({ keys, operator }: PushPreset): string {
  return t(`preset.keys.${keys}`, { operator: operator ?? t("preset.keys.operator") });
}

function showPreset(preset: PushPreset | undefined): void {
  $("#dlms-push-preset-keys").text(preset === undefined ? "" : keysText(preset));
  $("#dlms-push-preset-source").text(preset === undefined ? "" : t("preset.source", { source: preset.source }));
}

/** One group for each country, in the order of the table. */
function fillSelect(select: JQuery, presets: readonly PushPreset[]): void {
  const groups = new Map<string, JQuery>();
  for (const { id, country } of presets) {
    const group = groups.get(country) ?? $("<optgroup>").attr("label", t(`preset.group.${country || "none"}`));
    groups.set(country, group);
    $("<option>")
      .val(id)
      .text(t(`preset.${id}`))
      .appendTo(group);
  }
  for (const group of groups.values()) group.appendTo(select);
}

export function loadPresets(node: EditedNode, meters: MeterRows): void {
  const select = field("preset");
  void $.getJSON("dlms/push-presets")
    .done(({ presets, lists }: PushPresetsAnswer) => {
      offerLists(lists);
      fillSelect(select, presets);
      const chosen = (): PushPreset | undefined => presets.find(({ id }) => id === textIn(select));
      select.val(asText(node.preset));
      showPreset(chosen());
      select.on("change", () => {
        const preset = chosen();
        showPreset(preset);
        if (preset === undefined) return;
        for (const [name, value] of Object.entries(preset.values)) field(name).val(value).trigger("change");
        meters.fill(preset.meter ?? {});
      });
    })
    .fail(() => {
      $("#dlms-push-preset-source").text(t("preset.failed"));
    });
}
