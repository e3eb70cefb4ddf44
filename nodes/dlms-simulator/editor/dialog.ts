// The dialog of dlms-simulator: the household meter, or a definition in JSON.
import { type EditedNode, red } from "../../editor/red";
import { isEmpty } from "../../editor/values";
import { t } from "./texts";

const input = (): JQuery => $("#node-input-definition");

/** Opens the JSON editor of Node-RED on the definition. */
function expand(): void {
  red().editor.editJSON({
    value: String(input().typedInput("value")),
    complete: (text: unknown) => {
      input().typedInput("value", String(text));
    },
  });
}

/** Shows the push settings that apply to the household meter and to the chosen destination. */
function showPush(): void {
  const household = input().typedInput("type") === "household";
  const place = household ? String($("#node-input-push").val() ?? "") : "";
  $(".dlms-household").toggle(household);
  $(".dlms-push").toggle(place !== "");
  $(".dlms-push-socket").toggle(place === "TCP" || place === "UDP");
  $(".dlms-push-serial").toggle(place === "SERIAL");
}

export class SimulatorDialog {
  prepare(node: EditedNode): void {
    const household = { value: "household", label: t("definition.household"), icon: "fa fa-home", hasValue: false };
    const icon = "red/images/typedInput/json.svg";
    const json = { value: "json", label: t("definition.json"), icon, expand };
    input().typedInput({ types: [household, json], default: "household" });
    input().typedInput("type", isEmpty(node.definition) ? "household" : "json");
    input().on("change", showPush);
    $("#node-input-push").on("change", showPush);
    showPush();
  }

  /** Stores the household meter as an empty definition; a definition contains its own pushes. */
  save(): void {
    if (input().typedInput("type") !== "household") {
      $("#node-input-push").val("");
      return;
    }
    input().typedInput("type", "json");
    input().typedInput("value", "");
    input().val("");
  }
}
