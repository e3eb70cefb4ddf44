// The dlms-write dialog: the fields of each action, choices by the class table, warnings, and the bytes of the value.
import type { EditorAttribute, EditorClass, EditorMethod, TablesAnswer } from "../../admin/answers";
import { attributeChoices, attributeIdOf, classChoices, findClass, plainName } from "../../editor/class-table";
import { type EditedNode, editorLanguage, red } from "../../editor/red";
import { type EditedProperties, isEmpty, textIn } from "../../editor/values";
import { ValuePreview } from "./preview";
import { t } from "./texts";

const field = (name: string): JQuery => $(`#node-input-${name}`);
const dynamicTypes = ["msg", "flow", "global", "env", "jsonata"] as const;
const valueTypes = ["msg", "str", "num", "bool", "json", "flow", "global", "env", "jsonata"] as const;
const dataTypes = [
  ...["AUTO", "boolean", "integer", "long", "double-long", "long64", "unsigned", "long-unsigned"],
  ...["double-long-unsigned", "long64-unsigned", "enum", "float32", "float64", "octet-string", "visible-string"],
  ...["utf8-string", "bit-string", "date-time", "date", "time", "null-data"],
];
/** Flows that were written by hand leave these out. */
const usual: Readonly<Record<string, string>> = {
  action: "WRITE",
  value: "payload",
  valueType: "msg",
  dataType: "AUTO",
  maxCorrection: "60",
};

function methodChoices(row: EditorClass | undefined, value: string): { value: string; label: string }[] {
  const choices = (row?.methods ?? []).map(({ id, name }) => ({ value: String(id), label: `${id}  ${name}` }));
  return isEmpty(value) || choices.some((choice) => choice.value === value)
    ? choices
    : [...choices, { value, label: value }];
}

export class WriteDialog {
  readonly #properties: EditedProperties;
  #classes: readonly EditorClass[] = [];
  /** the class whose members are offered */
  #shown: EditorClass | undefined;
  #preview: ValuePreview | undefined;

  constructor(properties: EditedProperties) {
    this.#properties = properties;
  }

  prepare(node: EditedNode): void {
    this.#properties.opened(node.id);
    this.#preview = new ValuePreview($("#dlms-write-preview"));
    for (const [name, value] of Object.entries(usual)) if (isEmpty(node[name])) field(name).val(value);
    if (node.verify === undefined) field("verify").prop("checked", true);
    for (const word of dataTypes) $("<option>").attr("value", word).appendTo($("#dlms-write-types"));
    field("logicalName").typedInput({
      types: ["str", ...dynamicTypes],
      ...{ default: "str", typeField: "#node-input-logicalNameType" },
    });
    void $.getJSON("dlms/classes", { language: editorLanguage() }).then(
      ({ classes }: TablesAnswer) => {
        this.#prepareMembers(node, classes);
      },
      () => {
        this.#prepareMembers(node, []);
      },
    );
  }

  save(node: EditedNode): void {
    node.version = node._def.defaults.version?.value;
  }

  #prepareMembers(node: EditedNode, classes: readonly EditorClass[]): void {
    if ($("#dlms-write-dialog").length === 0) return;
    this.#classes = classes;
    this.#shown = findClass(classes, textIn(field("objectType")));
    if (this.#shown !== undefined) field("objectType").val(this.#shown.name);
    const options = classChoices(classes, node.objectType);
    field("objectType").typedInput({
      types: [{ value: "str", label: t("label.objectType"), icon: "fa fa-cube", options }, "num", ...dynamicTypes],
      ...{ default: "str", typeField: "#node-input-objectTypeType" },
    });
    const attributeId = textIn(field("attributeId"));
    field("attributeId").val(attributeIdOf(this.#shown, isEmpty(attributeId) ? "2" : attributeId));
    field("attributeId").typedInput({
      types: this.#memberTypes("attributeId"),
      ...{ default: "str", typeField: "#node-input-attributeIdType" },
    });
    const method = this.#shown?.methods.find(({ name }) => plainName(name) === plainName(textIn(field("method"))));
    if (method !== undefined) field("method").val(String(method.id));
    field("method").typedInput({
      types: this.#memberTypes("method"),
      ...{ default: "str", typeField: "#node-input-methodType" },
    });
    field("value").typedInput({
      types: this.#valueTypes(),
      ...{ default: "msg", typeField: "#node-input-valueType" },
    });
    field("objectType").on("change", () => {
      this.#typeChanged();
    });
    field("attributeId").on("change", () => {
      this.#offerValues();
    });
    const all = ["action", "meter", "logicalName", "objectType", "attributeId", "method", "value", "dataType"];
    for (const name of [...all, "allowDangerous"]) {
      field(name).on("change input", () => {
        this.#update();
      });
    }
    this.#update();
  }

  #memberTypes(name: "attributeId" | "method") {
    const value = textIn(field(name));
    const known = name === "method" ? methodChoices(this.#shown, value) : attributeChoices(this.#shown, value);
    const fromClass = { value: "str", label: t(`label.${name}`), icon: "fa fa-list-ol", options: known };
    return [known.length === 0 ? ("str" as const) : fromClass, "num" as const, ...dynamicTypes];
  }

  /** The names of an enumeration are offered as values. */
  #valueTypes() {
    const enumeration = this.#action() === "WRITE" ? this.#attribute()?.enumeration : undefined;
    if (enumeration === undefined) return [...valueTypes];
    const options = Object.entries(enumeration).map(([value, name]) => ({ value, label: `${value}  ${name}` }));
    const choice = { value: "num", label: t("label.value"), icon: "fa fa-list", options };
    return valueTypes.map((type) => (type === "num" ? choice : type));
  }

  #offerValues(): void {
    const input = field("value");
    const [type, value] = [input.typedInput("type"), input.typedInput("value")];
    input.typedInput("types", this.#valueTypes());
    input.typedInput("type", type);
    input.typedInput("value", value);
  }

  /** Another class has other members. */
  #typeChanged(): void {
    const row = findClass(this.#classes, field("objectType").typedInput("value"));
    if (row === this.#shown) return;
    this.#shown = row;
    for (const name of ["attributeId", "method"] as const) {
      const input = field(name);
      const type = input.typedInput("type");
      input.typedInput("types", this.#memberTypes(name));
      input.typedInput("type", type);
    }
    this.#offerValues();
  }

  #action(): string {
    return textIn(field("action"));
  }

  #attribute(): EditorAttribute | undefined {
    const value = String(field("attributeId").typedInput("value"));
    return this.#shown?.attributes.find(({ id }) => String(id) === value);
  }

  #method(): EditorMethod | undefined {
    const value = String(field("method").typedInput("value"));
    return this.#shown?.methods.find(({ id }) => String(id) === value);
  }

  #update(): void {
    const action = this.#action();
    $("#dlms-write-dialog [data-actions]").each((_, element) => {
      $(element).toggle(($(element).attr("data-actions") ?? "").split(" ").includes(action));
    });
    $("#dlms-write-value-label").text(t(action === "METHOD" ? "label.argument" : "label.value"));
    this.#showRights(action);
    this.#showDanger(action);
    this.#showBytes(action);
  }

  /** What the chosen meter allows, as it is in the editor. */
  #showRights(action: string): void {
    const meter = red().nodes.node(textIn(field("meter"))) as unknown as EditedNode | null;
    const right = meter === null ? "" : meter.allowWriting;
    const enough = meter === null || right === "ALL" || (right === "CLOCK" && action === "SET_CLOCK");
    const key = enough ? "hint.rights" : right === "CLOCK" ? "warning.clockOnly" : "warning.readOnly";
    $("#dlms-write-rights").toggleClass("dlms-bad", !enough).text(t(key));
  }

  #showDanger(action: string): void {
    const danger = (action === "METHOD" ? this.#method() : action === "WRITE" ? this.#attribute() : undefined)?.danger;
    const on = field("allowDangerous").prop("checked") === true;
    const text =
      danger === undefined ? "" : t(on ? "warning.dangerOn" : "warning.danger", { what: t(`danger.${danger}`) });
    $("#dlms-write-danger")
      .toggle(danger !== undefined)
      .toggleClass("dlms-on", on)
      .text(text);
  }

  #showBytes(action: string): void {
    const [valueType, value] = [field("value").typedInput("type"), field("value").typedInput("value")];
    const method = this.#method();
    const isFixed = ["str", "num", "bool", "json"].includes(valueType);
    if (!isFixed) {
      this.#preview?.say(action === "METHOD" && method?.plain === true ? "none" : "fromMessage");
      return;
    }
    const objectType = field("objectType").typedInput("value");
    const member =
      action === "METHOD"
        ? { method: field("method").typedInput("value") }
        : { attributeId: field("attributeId").typedInput("value") };
    this.#preview?.ask({ objectType, ...member, value, valueType, dataType: textIn(field("dataType")) });
  }
}
